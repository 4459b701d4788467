--- What more operations cost, N times, for bench/measure.lua.
---
---     lua5.4 bench/count/services.lua load OPERATIONS N     a file of so many is loaded; N is 60 at most
---     lua5.4 bench/count/services.lua prepare FILES N       a request by an operation's name, after so many files
local bedrock = require "bedrock"
local cjson = require "cjson"
local service = dofile "bench/service.lua"
local timed = dofile "bench/count/timed.lua"

local file = os.tmpname()

--- A service of so many operations, each with shapes of its own; loaded from a file.
local function load_service(id, count)
    local operations, shapes = {}, { Text = { type = "string", min = 1, max = 80 } }
    for i = 1, count do
        local input = ("GetThing%d%sRequest"):format(i, id)
        operations[("GetThing%d%s"):format(i, id)] = {
            snake = ("get_thing_%d_%s"):format(i, id), method = "POST", uri = "/things/" .. i, code = 200,
            ["in"] = input, out = input, errors = cjson.empty_array,
        }
        shapes[input] = { type = "structure", members = { text = { shape = "Text" }, other = { shape = "Text" } } }
    end
    local out = assert(io.open(file, "wb"))
    out:write(cjson.encode {
        service = {
            id = "bedrock-" .. id, endpointPrefix = "bedrock-" .. id, signingName = "bedrock",
            apiVersion = "2027-01-02", protocol = "rest-json", auth = { "aws.auth#sigv4" },
        },
        operations = operations, shapes = shapes, paginators = {}, waiters = {},
    })
    out:close()
    return function()
        assert(bedrock.load_api(file))
    end
end

local jobs = {}

function jobs.load(count)
    return load_service("things", count)
end

function jobs.prepare(files)
    for i = 1, files do
        load_service("shelf" .. string.char(97 + math.floor(i / 8), 97 + i % 8), 100)()
    end
    local conn, request = service.connect("https://127.0.0.1:1"), service.request()
    return function()
        assert(conn:prepare("converse", request))
    end
end

timed(tonumber(arg[3]), jobs[arg[1]](tonumber(arg[2])))
os.remove(file)
