--- Waiting for some time, as a connection does between two requests.
local core = require "bedrock.core"
local host = require "bedrock.host"

local pauses = host.shared "pauses"

--- Waits so long, or until the connection is closed.
--- @param conn bedrock.Connection
--- @param ms number
--- @param sleepers table? holds the timer as a key meanwhile: who cancels it ends the pause
--- @return true? ok
--- @return bedrock.Error? err
local function pause(conn, ms, sleepers)
    local timer, err = core.timer(ms)
    if not timer then
        return nil, err
    end
    local own = pauses[conn] or {}
    pauses[conn] = own
    own[timer] = true
    sleepers = sleepers or {}
    sleepers[timer] = true
    local ok, why = pcall(host.await, timer)
    own[timer], sleepers[timer] = nil, nil
    if not ok then
        error(why, 0)
    end
    return true
end

return { pause = pause }
