--- Faults of chats that their users found.
local bedrock = require "bedrock"
local files = require "spec.support.files"
local mime = require "mime"
local says = require "spec.support.model_says"
local service = require "spec.support.service"

describe("chat", function()
    local conn
    local ep = service.each_connected(function(new) conn = new end)

    it("returns one value, so that print(assert(chat:say(…))) is the text and nothing else", function()
        ep:script { says.whole "Hello." }
        local chat = assert(conn:chat { model = service.MODEL })
        assert.equal(1, select("#", chat:say "Hi"))
        assert.equal("Hello.", tostring(chat.answer))
    end)

    it("takes images by path and tells MPEG by its bytes, in LuaJIT too, whose patterns end at a zero", function()
        local path = os.tmpname()
        files.write(path, "\137PNG\r\n\26\n")
        local chat = assert(conn:chat { model = service.MODEL })
        local _, err = chat:say { text = "What is this?", images = { path }, video = "\0\0\1\186" }
        os.remove(path)
        assert.is_nil(err)
        local sent = bedrock.json.decode((mime.unb64(service.last_request(ep).body64))).messages[1].content
        assert.equal("png", sent[1].image.format)
        assert.equal("mpeg", sent[2].video.format)
    end)

    it("sends whole numbers as such, also those that are floats to Lua", function()
        local chat = assert(conn:chat { model = "us.anthropic.claude-sonnet-4-5-20250929-v1:0" })
        assert(chat:say("Hi", { reasoning = 4000 / 2, top_k = 100 / 2 }))
        local body = mime.unb64(service.last_request(ep).body64)
        assert.truthy(body:find('"budget_tokens":2000,', 1, true), body)
        assert.truthy(body:find('"top_k":50}', 1, true) or body:find('"top_k":50,', 1, true), body)
    end)
end)
