--- The examples of docs/agents.md run, each by itself.
local bedrock = require "bedrock"
local blocks_of = require "spec.support.doc_blocks"
local service = dofile "spec/support/service.lua"

local load_text = rawget(_G, "loadstring") or load

describe("docs/agents.md", function()
    local conn
    service.each_connected(function(new)
        conn = new
    end)

    --- What the examples write.
    local written

    local function write(...)
        for i = 1, select("#", ...) do
            written[#written + 1] = tostring((select(i, ...)))
        end
    end

    --- What the examples under a headline write, among other things.
    local SAY = {
        ["Agents and knowledge bases"] = "You asked: Tell me more.",
        ["The answer"] = "table.csv text/csv 8 s3://papers/source.txt",
        ["Tools"] = 'I was told: {"days":3,"sky":"clear"}',
        ["Confirmation"] = "WeatherAPIs.bookTrip? I was told: DENYthe user wants to wait",
        ["Calls that wait"] = "WeatherAPIs.getWeather oslo 3 I was told: rain",
        ["Options"] = "You asked: ",
        ["Harnesses"] = 'The tool said (success): {"number":42,"status":"sent"} end_turn 30',
        ["Runtimes"] = "You asked: Hello there, as a stream",
        ["Knowledge bases"] = "0.900  s3://papers/1.txt",
    }

    for i, block in ipairs(blocks_of "docs/agents.md") do
        it(("is right about %s (example %d)"):format(block.title, i), function()
            written = {}
            local chunk = assert(load_text("local bedrock, conn, print, io = ...\n" .. block.code, "=agents.md"))
            chunk(bedrock, conn, write, { write = write })
            local all = table.concat(written, " ")
            local apart = table.concat(written)
            assert.truthy(all:find(SAY[block.title], 1, true) or apart:find(SAY[block.title], 1, true), all)
        end)
    end
end)
