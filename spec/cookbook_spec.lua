--- The blocks of docs/chat.md and docs/cookbook.md do what they say, and print what stands behind their "-->". Those
--- about chats in the README run.
local bedrock = require "bedrock"
local conversation = require "spec.endpoint.server.conversation"
local doc_blocks = require "spec.support.doc_blocks"
local doc_run = require "spec.support.doc_run"
local files = require "spec.support.files"
local json = require "spec.support.plain_json"
local mime = require "mime"
local service = require "spec.support.service"

--- Every conversation that was sent is one that Converse takes.
local function check_conversations(ep)
    for _, request in ipairs(ep:requests()) do
        if request.operation and request.operation:find "^Converse" then
            assert.is_nil(conversation.problem(json.decode(mime.unb64(request.body64))))
        end
    end
end

local function count(script)
    local sum = 0
    for _, rule in ipairs(script or {}) do
        sum = sum + (rule.times or 1)
    end
    return sum
end

local function run(ep, block, script, globals)
    if script then
        ep:script(script)
    end
    assert.equal(doc_run.expected(block.code), doc_run.run(block.code, "=" .. block.title, globals))
    assert.equal(count(script), ep:counters().scripted or 0)
    check_conversations(ep)
end

describe("docs/chat.md", function()
    local blocks, scripts = doc_blocks "docs/chat.md", require "spec.support.chat_page"
    local conn
    local ep = service.each_connected(function(new) conn = new end)

    for _, block in ipairs(blocks) do
        it("is right about " .. block.title, function()
            assert.truthy(block.code:find("-->", 1, true), "it prints nothing")
            run(ep, block, scripts[block.title], { bedrock = bedrock, conn = conn })
        end)
    end
end)

describe("README.md", function()
    local conn
    local ep = service.each_connected(function(new) conn = new end)

    for i, block in ipairs(doc_blocks "README.md") do
        if block.title == "Chat" then
            it("has an example of a chat that runs, number " .. i, function()
                assert.matches("You asked", doc_run.run(block.code, "=README.md", { bedrock = bedrock, conn = conn }))
                check_conversations(ep)
            end)
        end
    end
end)

--- The files that the recipes have beside them, by their names.
local FILES = {
    ["photo.png"] = "\137PNG\r\n\26\n…",
    ["manual.pdf"] = "%PDF-1.7 …",
    ["handbook.txt"] = ("Lunch is at noon. "):rep(200),
    ["notes/ferry.txt"] = "The ferry leaves at nine.",
    ["notes/lunch.txt"] = "Lunch is at noon.",
}

local function make_files()
    local dir = os.tmpname()
    os.remove(dir)
    assert(os.execute("mkdir -p " .. dir .. "/notes"))
    for name, text in pairs(FILES) do
        files.write(dir .. "/" .. name, text)
    end
    return dir
end

--- A block that finds its files in a directory.
local function in_directory(code, dir)
    return (code:gsub('"([%w.]+)"', function(name)
        local of_files = FILES[name] or name == "notes" or name == "chat.json" or name == "boat.png"
        return of_files and ('"%s/%s"'):format(dir, name) or nil
    end))
end

--- What API keys do not serve.
local SIGNED = { Agents = true, ["Knowledge bases"] = true }

--- What require gives to a block: the module, whose connections lead to the endpoint.
local function required(ep, opened, title)
    local key = { auth = "api_key", api_key = ep.api_key, endpoint = ep.https, ca_file = ep.ca_file }
    local module = setmetatable({
        connect = function()
            local conn, err = bedrock.connect(SIGNED[title] and service.settings(ep) or key)
            opened[#opened + 1] = conn
            return conn, err
        end,
    }, { __index = bedrock })
    return function(name)
        return name == "bedrock" and module or require(name)
    end
end

describe("docs/cookbook.md", function()
    local blocks, scripts = doc_blocks "docs/cookbook.md", require "spec.support.cookbook_page"
    local setup = table.remove(blocks, 1).code
    local ep = service.each()
    local dir, opened
    before_each(function()
        dir, opened = make_files(), {}
    end)
    after_each(function()
        for _, conn in ipairs(opened) do
            conn:close()
        end
        os.execute("rm -rf " .. dir)
    end)

    local seen = {}
    for _, block in ipairs(blocks) do
        seen[block.title] = (seen[block.title] or 0) + 1
        local name = block.title .. (seen[block.title] > 1 and ", " .. seen[block.title] or "")
        it("is right about " .. name, function()
            assert.truthy(block.code:find("-->", 1, true), "it prints nothing")
            local whole = { title = name, code = setup .. in_directory(block.code, dir) }
            run(ep, whole, scripts[name], { require = required(ep, opened, block.title) })
        end)
    end
end)
