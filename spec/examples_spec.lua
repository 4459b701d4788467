--- The examples, as `make demo` runs them, and the prompt of `make play`: with nothing but the local endpoint.
local cjson = require "cjson"
local socket = require "socket"
local files = require "spec.support.files"
local interpreter = require("spec.support.program").interpreter()

local MINUTES = 5

--- @param command string
--- @return string output
--- @return boolean ok
local function run(command)
    local line = ("LUA=%s timeout -k 5 %d %s 2>&1; echo $?"):format(interpreter, MINUTES * 60, command)
    local pipe = assert(io.popen(line))
    local text = pipe:read "*a"
    pipe:close()
    local output, code = text:match "^(.*)(%d+)\n$"
    return output, code == "0"
end

describe("the examples", function()
    it("do what they say", function()
        local output, ok = run "tools/demo.sh"
        assert.is_true(ok, output)
        for _, part in ipairs {
            "ok +bedrock", "models of kind on_demand", "model: You asked: And why is it red", "%(31 tokens%)",
            "%(%d+ steps of reasoning", "50 of 50 answered", "Translate isthmus.\tYou asked",
            "Exchanges the endpoint counted: 1\n",
            "custom region +%d+ inference profiles, as arn:aws:bedrock:eu%-north%-9:",
            "role.lua: %w+, via assume_role < roles_anywhere\n    You asked: Say hello",
            "container.lua: %w+, via container\n    You asked",
        } do
            assert.matches(part, output)
        end
    end)

    it("need settings, and say so", function()
        local output, ok = run("env BEDROCK_SETTINGS=/nowhere/settings.lua " .. interpreter
            .. " examples/03-converse.lua")
        assert.is_false(ok)
        assert.truthy(output:find("/nowhere/settings.lua", 1, true), output)
    end)

    it("have a prompt to play at, whose endpoint ends with it", function()
        local name = os.tmpname()
        files.write(name, [[
            print(conn.region, own.model)
            print(conn:chat({ model = own.model }):say("at play").text)
        ]])
        local output, ok = run("tools/play.sh <" .. name)
        os.remove(name)
        assert.is_true(ok, output)
        assert.matches("bedrock ask.*us%-east%-1\tamazon.nova%-lite%-v1:0.*You asked: at play", output)
        local place = cjson.decode(files.read((os.getenv "BUILD" or "build") .. "/play/endpoint/endpoint.json")).https
        assert.is_nil((socket.connect("127.0.0.1", tonumber(place:match ":(%d+)$"))))
    end)
end)
