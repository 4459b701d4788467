--- Finalizers of the program's own, which run at any moment: in them, what the module is at work with is used, too.
local bedrock = require "bedrock"
local collector = require "spec.support.collector"

local ROUNDS = 300

--- A string to be collected has this many bytes, so that something is collected soon.
local WASTE = 2000

--- An object that runs a function when it is collected.
local function finalizer(f)
    if newproxy then
        local proxy = newproxy(true)
        getmetatable(proxy).__gc = f
    else
        setmetatable({}, { __gc = f })
    end
end

--- Runs `f` again and again while a finalizer, each time at another moment of it, runs `inside`. Interpreted: LuaJIT's
--- compiler itself hangs or crashes under so eager a collector, without this module, too.
local function disturbed(inside, f)
    if jit then
        jit.off()
    end
    local calm = collector.make_eager()
    for i = 1, ROUNDS do
        local ran = false
        finalizer(function()
            ran = true
            inside(i)
        end)
        local waste = ("x"):rep(i % WASTE)
        f(i, waste)
        collectgarbage()
        collectgarbage()
        assert.is_true(ran)
    end
    calm()
    if jit then
        jit.on()
    end
end

describe("finalizers", function()
    local function request(who)
        return { method = "POST", url = "https://example.com/" .. who, region = "us-east-1",
            access_key_id = "AKID" .. who, secret_access_key = "secret" .. who, session_token = who:rep(20),
            headers = { ["x-who"] = who }, time = 1700000000 }
    end

    it("may sign while a signature is made", function()
        local outer, inner = request "outer", request "inner"
        local wanted, other = bedrock.sign(outer), bedrock.sign(inner)
        disturbed(function()
            assert.same(other, bedrock.sign(inner))
        end, function()
            assert.same(wanted, bedrock.sign(outer))
        end)
    end)

    it("may close the connection that a call is made on", function()
        local conn
        disturbed(function()
            if conn then
                conn:close()
            end
        end, function(i)
            conn = assert(bedrock.connect {
                auth = "access_keys",
                access_key_id = "AKIDEXAMPLE",
                secret_access_key = "secret",
                endpoint = "http://127.0.0.1:9",
            })
            if i % 3 == 0 then
                assert.matches("^bedrock.connection %(", tostring(conn))
                return
            end
            local made, err
            if i % 3 == 1 then
                made, err = conn:prepare("list_foundation_models")
            else
                made, err = conn:credentials()
            end
            assert.is_true(made ~= nil or err.code == "Closed" or err.code == "Cancelled")
        end)
    end)
end)
