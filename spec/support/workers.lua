--- Processes of one identity that obtain credentials at the same time.
local eventually = require("spec.support.patience").eventually
local files = require "spec.support.files"

local INTERPRETER = rawget(_G, "jit") and "luajit" or "lua5.4"

local PROGRAM = [[
local bedrock = require "bedrock"
local conn = assert(bedrock.connect(dofile(arg[1])))
local creds, err = conn:credentials()
io.write(creds and creds.cache .. " " .. creds.access_key_id or "failed " .. tostring(err), "\n")
]]

local Workers = {}
Workers.__index = Workers

--- @param ep table the endpoint
--- @return table workers with a folder of their own, `dir`
local function new(ep)
    local dir = files.output("mktemp -d"):gsub("\n", "")
    files.write(dir .. "/worker.lua", PROGRAM)
    return setmetatable({ ep = ep, dir = dir }, Workers)
end

--- @param more string fields of a table, in Lua: what the settings of the processes to come have beside a certificate
function Workers:settle(more)
    local ep = self.ep
    files.write(self.dir .. "/settings.lua", ([[return {
        profile_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:profile/one",
        role_arn = "arn:aws:iam::123456789012:role/one",
        trust_anchor_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/one",
        session_name = "processes", endpoint = %q, ca_file = %q,
        certificate = %q, private_key = %q, certificate_chain = %q, %s
    }]]):format(ep.https, ep.ca_file, ep.pki .. "/p256.crt.pem", ep.pki .. "/p256.key.pkcs8.pem",
        ep.pki .. "/intermediate.pem", more))
end

function Workers:command()
    return ("%s '%s/worker.lua' '%s/settings.lua'"):format(INTERPRETER, self.dir, self.dir)
end

--- Starts n at once and waits for all.
--- @param cache string where sets may be from beside an exchange: "file", "redis"
--- @return table<string, integer> said how many said what
--- @return integer distinct how many keys there were
function Workers:run(n, cache)
    local pipes, said, keys, distinct = {}, {}, {}, 0
    for i = 1, n do
        pipes[i] = assert(io.popen("exec " .. self:command() .. " 2>&1"))
    end
    for i = 1, n do
        local text = pipes[i]:read "*a"
        pipes[i]:close()
        local word, key = text:match "^(%S+) (.*)\n$"
        assert(word == "exchange" or word == cache, text)
        said[word] = (said[word] or 0) + 1
        distinct = distinct + (keys[key] and 0 or 1)
        keys[key] = true
    end
    return said, distinct
end

--- Starts one in the background, until its exchange has begun.
--- @return string pid
function Workers:hold()
    local pid = files.output(self:command() .. " >/dev/null 2>&1 & echo $!"):gsub("\n", "")
    assert(eventually(function()
        return self.ep:counters().CreateSession == 1
    end), "the holder did not begin its exchange")
    return pid
end

function Workers:remove()
    os.execute("rm -rf '" .. self.dir .. "'")
end

return new
