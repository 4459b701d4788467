--- docs/seeing.md: every block runs, and prints what it says.
local bedrock = require "bedrock"
local doc_blocks = require "spec.support.doc_blocks"
local doc_run = require "spec.support.doc_run"
local host = require "bedrock.host"
local service = dofile "spec/support/service.lua"

--- Times and names of requests differ each time, and what an earlier spec used may be a kept connection.
local function plain(text)
    return (text:gsub("[^\n]*: new connection to [^\n]*\n", ""):gsub("%d+%.?%d* ms", "N ms")
        :gsub("%x+%-%x+%-[%x%-]+", "ID"):gsub("%d+ bytes", "N bytes"))
end

describe("docs/seeing.md", function()
    local ep, conn, note = service.each()

    before_each(function()
        note = host.note
        conn = service.connect(ep)
    end)

    after_each(function()
        bedrock.log(false)
        host.note = note
        conn:close()
    end)

    for n, block in ipairs(doc_blocks "docs/seeing.md") do
        it(("block %d, %s"):format(n, block.title), function()
            local lines = {}
            host.note = function(line)
                lines[#lines + 1] = line
            end
            if block.code:find "503" then
                local busy = { status = 503, json = { message = "busy" },
                    headers = { ["x-amzn-errortype"] = "ServiceUnavailableException" } }
                ep:script { { match = { operation = "Converse" }, times = 1, action = busy } }
            end
            local own = setmetatable({ connect = function(settings)
                return bedrock.connect(service.settings(ep, { on = settings.on }))
            end }, { __index = bedrock })
            local said = doc_run.run(block.code, block.title, { bedrock = own, conn = conn,
                ask = service.ask "Why is the sky blue?" })
            said = said .. (said ~= "" and "\n" or "") .. table.concat(lines, "\n")
            assert.equal(plain(doc_run.expected(block.code)), (plain(said):gsub("\n$", "")))
        end)
    end
end)
