--- The blocks of docs/generate.md run.
local bedrock = require "bedrock"
local doc_blocks = require "spec.support.doc_blocks"
local doc_run = require "spec.support.doc_run"
local says = require "spec.support.model_says"
local service = require "spec.support.service"

local PNG = "\137PNG\r\n\26\n...."

--- What the models must say, by headlines.
local SCRIPTS = { Objects = { says.whole '{"city":"Rostock","days":3}' } }

--- A part of what a block prints, by headlines.
local PRINTED = {
    ["As it is written"] = "You asked: A tale of the sea",
    Objects = "Rostock\t3",
    ["Images and videos in"] = "You asked: What is this?",
    Videos = "s3://films/new/",
    ["Embeddings and ranks"] = "%S+",
}

describe("docs/generate.md", function()
    local conn, path
    local ep = service.each_connected(function(new) conn = new end)

    before_each(function()
        path = os.tmpname()
        local file = assert(io.open(path, "wb"))
        file:write(PNG)
        file:close()
    end)

    after_each(function()
        os.remove(path)
    end)

    for i, block in ipairs(doc_blocks "docs/generate.md") do
        it(("has an example that runs: %s (%d)"):format(block.title, i), function()
            ep:script(SCRIPTS[block.title] or {})
            local code = block.code:gsub('"[%w]+%.%l%l%l"', ("%q"):format(path))
            local printed = doc_run.run(code, "=generate.md", { bedrock = bedrock, conn = conn })
            assert.matches(PRINTED[block.title] or "", printed)
        end)
    end
end)
