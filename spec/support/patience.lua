--- For what takes a moment: nobody knows how long it takes on a slow and busy machine, or under tools that watch.
local socket = require "socket"

local PATIENCE_S, PAUSE_S = 30, 0.01
local FACTOR = tonumber(os.getenv "BEDROCK_TEST_PATIENCE") or 1

local patience = {}

--- Until f gives something; what it gave, or nil when that took too long.
function patience.eventually(f)
    local late = socket.gettime() + PATIENCE_S * FACTOR
    repeat
        local result = f()
        if result then
            return result
        end
        socket.sleep(PAUSE_S)
    until socket.gettime() > late
end

--- Milliseconds after which something comes that must not be there yet when a test looks.
patience.LATE_MS = 400 * FACTOR

return patience
