--- The examples of docs/prompt.md run, each by itself after the first, and write what stands behind their "-->".
local doc_blocks = require "spec.support.doc_blocks"
local program = require "spec.support.program"
local says = require "spec.support.model_says"
local service = require "spec.support.service"

local WORDS = "Air scatters blue light more than red light."

local function lines_of(text)
    local lines = {}
    for line in text:gmatch "[^\n]+" do
        lines[#lines + 1] = line:match "^%s*(.-)%s*$"
    end
    return lines
end

local function expected(code)
    local lines = {}
    for line in code:gmatch "[^\n]+" do
        lines[#lines + 1] = line:match "^%-%->%s*(.-)%s*$"
    end
    return lines
end

describe("docs/prompt.md", function()
    local ep = service.each()
    local blocks = doc_blocks "docs/prompt.md"
    local setup = table.remove(blocks, 1).code

    --- Its own connection, but to the local endpoint.
    local function here()
        local text, count = setup:gsub('os.getenv "AWS_ACCESS_KEY_ID"', ("%q"):format(ep.access_key_id))
        text = text:gsub('os.getenv "AWS_SECRET_ACCESS_KEY"', ("%q"):format(ep.secret_access_key))
        assert.equal(1, count)
        return (text:gsub('region = "us%-east%-1"', ("endpoint = %q, ca_file = %q"):format(ep.https, ep.ca_file)))
    end

    for i, block in ipairs(blocks) do
        it(("is right about %s (example %d)"):format(block.title, i), function()
            local say = block.code:find "converse_stream" and says.streamed or says.whole
            ep:script { say(WORDS) }
            local wanted = expected(block.code)
            assert.truthy(#wanted > 0, "it prints nothing")
            assert.same(wanted, lines_of((program.run(here() .. block.code))))
        end)
    end
end)
