--- At the prompts of lua5.4 and luajit, in a terminal: results print, and Ctrl-C ends a call and nothing else.
local eventually = require("spec.support.patience").eventually
local program = require "spec.support.program"
local service = dofile "spec/support/service.lua"
local terminal = require "spec.support.terminal"

--- Read by the prompt's first line. What is asked for is answered late or never, until it is `quick()`.
local SETUP = [[
bedrock = require "bedrock"
conn = assert(bedrock.connect { auth = "access_keys", access_key_id = %q, secret_access_key = %q, endpoint = %q,
    ca_file = %q })
question = { modelId = %q, messages = { { role = "user", content = { { text = "Hi" } } } } }
function ask() return conn:converse(question) end
function talk() return conn:converse_stream(question):print() end
chat = conn:chat { model = question.modelId }
function both() return bedrock.parallel(ask, ask) end
function await() return conn:wait("memory_created", { memoryId = "memory_x-0123456789" }) end
print "set up"
]]

local CREATING = { memory = { status = "CREATING" } }

local WAYS = {
    { "a call", "ask()" },
    { "a stream that is printed", "talk()", sees = "You asked" },
    { "a chat that is printed", 'chat:print "Hi"', sees = "You asked" },
    { "calls that run at the same time", "both()" },
    { "a wait for something", "await()" },
}

describe("at the prompt", function()
    local ep = service.each()
    local term, setup

    before_each(function()
        setup = os.tmpname()
        local file = assert(io.open(setup, "w"))
        file:write(SETUP:format(ep.access_key_id, ep.secret_access_key, ep.https, ep.ca_file, service.MODEL))
        file:close()
        term = terminal.open(program.interpreter() .. " -i")
        term:sees "> "
        term:type(("dofile %q\n"):format(setup))
        term:sees "set up\r"
    end)

    after_each(function()
        term:close()
        os.remove(setup)
    end)

    local function is_asked()
        return ep:counters().requests > 0
    end

    local function slow()
        ep:reset()
        ep:config { stream_interval_ms = 200 }
        ep:script {
            { match = { operation = "Converse" }, times = -1, action = { hang = true } },
            { match = { operation = "GetMemory" }, times = -1, action = { json = CREATING } },
        }
    end

    for _, way in ipairs(WAYS) do
        it("Ctrl-C ends " .. way[1] .. ", also a second time", function()
            for round = 1, 2 do
                slow()
                term:type(way[2] .. "\n")
                assert.is_true(eventually(is_asked), "nothing was sent")
                term:sees(way.sees or "")
                term:interrupt()
                term:sees "interrupted!"
                ep:reset()
                term:type(("print(ask() and 'answered %d')\n"):format(round))
                term:sees("answered " .. round .. "\r")
            end
        end)
    end

    it("an answer prints as its text, and a call that fails as its error", function()
        term:type "print(ask())\n"
        term:sees "You asked: Hi\r"
        term:type "print(conn:converse {})\n"
        term:sees "nil%s+converse: modelId: missing"
    end)

    it("help shows itself", function()
        term:type "bedrock.help 'conn:close'\n"
        term:sees "conn:close%(%)\r?\nCancels what runs on it"
        term:type "bedrock.help 'convrese'\n"
        term:sees 'help: topic: there is no help for "convrese"'
        term:type "conn:help()\n"
        term:sees "bedrock.connection %(us%-east%-1, access_keys%)\r?\nconn:a"
        term:type "print(#tostring(bedrock), conn.runtime)\n"
        term:sees "%d+%s+bedrock.namespace %(bedrock%-runtime%)\r?\n"
    end)
end)
