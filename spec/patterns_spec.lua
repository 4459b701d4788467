--- What strict says, and checks, where the module was built without PCRE2; `make test-modules` builds one.
local program = require "spec.support.program"

local abi = rawget(_G, "jit") and "5.1" or "5.4"

local CODE = [[
    package.cpath = "@build@/?.so;" .. package.cpath
    local host = require "bedrock.host"
    host.report = print
    local bedrock = require "bedrock"
    for _, strict in ipairs { true, false } do
        local conn = assert(bedrock.connect { region = "us-east-1", auth = "access_keys", access_key_id = "AKIDEXAMPLE",
            secret_access_key = "secret", strict = strict })
        local function try(role, id)
            local params = { modelId = "amazon.nova-lite-v1:0", messages = { { role = role, content = {
                { toolUse = { toolUseId = id, name = "a", input = {} } } } } } }
            local _, err = conn:prepare("converse", params)
            print(strict, role, err and err.errors[1].kind or "fine")
        end
        try("user", "no pattern!")
        try("nobody", "id")
    end
]]

local function said(build)
    return (program.run((CODE:gsub("@build@", build .. abi))))
end

describe("strict", function()
    local build = (os.getenv "BUILD" or "build") .. "/"

    it("without PCRE2 checks enum values, not patterns, and connect says so", function()
        assert.equal("bedrock: strict checks enum values and regions only, not patterns: built without PCRE2\n"
            .. "true\tuser\tfine\ntrue\tnobody\tenum\nfalse\tuser\tfine\nfalse\tnobody\tfine\n",
            said(build .. "bare/"))
    end)

    it("with PCRE2 checks both, and connect says nothing", function()
        assert.equal("true\tuser\tpattern\ntrue\tnobody\tenum\nfalse\tuser\tfine\nfalse\tnobody\tfine\n", said(build))
    end)
end)
