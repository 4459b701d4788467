--- Texts of callers in paths: none may make another path of it, on the way or at the service.
local bedrock = require "bedrock"

local LOOSE = { validate = false, unknown = "pass" }
local STRICT = { strict = true }

local conn

setup(function()
    conn = assert(bedrock.connect {
        auth = "access_keys", access_key_id = "AKIDEXAMPLE0000000001", secret_access_key = "s", cache = false,
    })
end)

teardown(function()
    conn:close()
end)

local function path_of(operation, params, options)
    local request, err = conn:prepare(operation, params, options)
    return request and request.url:match "^https://[^/]*([^?]*)", err
end

local function delete(id, options)
    return path_of("delete_data_source", { knowledgeBaseId = "KB12345678", dataSourceId = id }, options)
end

--- One of its problems is that of the label, whatever the options.
local function refused(operation, params, member)
    for _, options in ipairs { {}, STRICT, LOOSE } do
        local path, err = path_of(operation, params, options)
        assert.is_nil(path)
        assert.equal("validation", err.kind)
        local kinds = {}
        for _, problem in ipairs(err.errors) do
            kinds[problem.path .. " " .. problem.kind] = problem.message
        end
        assert.matches("part of the path", kinds[member .. " label-value"] or tostring(err))
    end
end

describe("a label", function()
    it("that is a dot or two is refused, whatever is left to AWS", function()
        for _, id in ipairs { ".", "..", "../x", "x/..", "./x", "a/../b" } do
            refused("delete_data_source", { knowledgeBaseId = "KB12345678", dataSourceId = id }, "dataSourceId")
        end
        refused("converse", { modelId = "..", messages = {} }, "modelId")
        refused("invoke_model", { modelId = ".", body = "{}" }, "modelId")
    end)

    it("is refused with control characters", function()
        for _, c in ipairs { "\0", "\n", "\r", "\t", "\27", "\127", "\194\128", "\194\133", "\194\159" } do
            refused("delete_data_source", { knowledgeBaseId = "KB12345678", dataSourceId = "DS" .. c .. "345678" },
                "dataSourceId")
        end
    end)

    it("stays itself with dots, percent signs, slashes and all that is no control character", function()
        local function ends_in(encoded, id)
            assert.equal("/knowledgebases/KB12345678/datasources/" .. encoded, (delete(id, LOOSE)))
        end
        ends_in("%252e%252e", "%2e%2e")
        ends_in("%252E", "%2E")
        ends_in("...", "...")
        ends_in("..a", "..a")
        ends_in("a..", "a..")
        ends_in("a%2Fb", "a/b")
        ends_in("..%5Cx", "..\\x")
        ends_in("%C2%A0", "\194\160")
        ends_in("%C3%A9%3F%23", "\195\169?#")
        local arn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0"
        assert.equal("/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2F"
            .. "us.amazon.nova-lite-v1%3A0/converse", (path_of("converse", { modelId = arn, messages = {} })))
    end)

    it("of several segments has no dots for one", function()
        local operation
        for _, name in ipairs(bedrock.operations()) do
            local one = bedrock.describe(name)
            operation = operation or (one.method == "GET" and one.uri == "/tags/{resourceArn+}" and name)
        end
        assert.is_string(operation)
        local function tags(arn, options)
            return path_of(operation, { resourceArn = arn }, options)
        end
        assert.equal("/tags/arn%3Aaws%3Ax/y/", (tags("arn:aws:x/y/", LOOSE)))
        for _, arn in ipairs { "..", "arn:aws:x/../y", "arn:aws:x/." } do
            refused(operation, { resourceArn = arn }, "resourceArn")
        end
    end)
end)

describe("the path of a raw request", function()
    it("is refused with dot segments, as they are or encoded", function()
        for _, path in ipairs { "/..", "/a/../b", "/a/.", "/./a", "/a/%2e%2E/b", "/a/.%2e", "/%2e" } do
            local answer, err = conn:request { path = path }
            assert.is_nil(answer)
            assert.equal("path", err.errors[1].path)
            assert.equal("pattern", err.errors[1].kind)
            assert.matches("segments", err.errors[1].message)
        end
    end)
end)
