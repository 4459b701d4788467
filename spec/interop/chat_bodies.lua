--- Has the conversations of conversations.json by conn:chat, with the answers that the endpoint is told to give.
--- Prints the bodies that it sent, one conversation a line: for chat_adapters.py. The same by streams must send the
--- same.
---
---     lua5.4 spec/interop/chat_bodies.lua ENDPOINT_DIR
local assert = require "luassert"
local cjson = require "cjson"
local endpoint = dofile "spec/endpoint/endpoint.lua"
local files = require "spec.support.files"
local json = require "spec.support.plain_json"
local mime = require "mime"
local says = require "spec.support.model_says"
local service = require "spec.support.service"

local ep = endpoint.attach(arg[1])
local conn = service.connect(ep)

local function tools_of(conversation)
    local tools = conversation.tools
    for _, tool in ipairs(tools or {}) do
        tool.run = function(_, call)
            local result = conversation.results[call.id]
            if type(result) == "table" and result.error then
                return nil, result.error
            end
            return result
        end
    end
    return tools
end

local function input_of(turn)
    local function bytes(name)
        return turn[name] and { (mime.unb64(turn[name])) } or nil
    end
    return { text = turn.text, documents = bytes "document", images = bytes "image" }
end

local function bodies()
    local list = {}
    for i, request in ipairs(ep:requests()) do
        list[i] = (mime.unb64(request.body64))
    end
    return list
end

--- @param rule fun(content: table[]): table
--- @param say fun(chat: table, input: table)
local function have(conversation, rule, say)
    local rules = {}
    for i, content in ipairs(conversation.answers) do
        rules[i] = rule(content)
    end
    ep:reset()
    ep:script(rules)
    local chat = assert(conn:chat {
        model = conversation.model,
        system = conversation.system,
        max_tokens = conversation.max_tokens,
        temperature = conversation.temperature,
        top_p = conversation.top_p,
        stop = conversation.stop,
        tools = tools_of(conversation),
        tool_choice = conversation.tool_choice,
        reasoning = conversation.reasoning,
        guardrail = conversation.guardrail,
        cache = conversation.cache,
        citations = conversation.citations,
        schema = conversation.schema,
    })
    for _, turn in ipairs(conversation.turns) do
        say(chat, input_of(turn))
    end
    return bodies()
end

local function by_say(chat, input)
    assert(chat:say(input))
end

local function by_stream(chat, input)
    for _ in chat:stream(input) do -- its pieces are not of interest
    end
end

for _, conversation in ipairs(cjson.decode(files.read "spec/interop/conversations.json")) do
    local said, streamed = have(conversation, says.whole, by_say), have(conversation, says.streamed, by_stream)
    for i = 1, math.max(#said, #streamed) do
        assert.same(json.decode(said[i]), json.decode(streamed[i]), conversation.name)
    end
    print(cjson.encode { name = conversation.name, bodies = said })
end
