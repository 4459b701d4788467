--- The lines of the log: what happened to a call, for people.
local log = require "bedrock.log"
local wire_lines = require "bedrock.log.wire"

local log_lines = {}

local function ms(time)
    return (time < 10 and "%.1f ms" or "%.0f ms"):format(time)
end

local function where(state)
    return state.region and state.operation .. " " .. state.region or state.operation
end

local function of_attempt(state, raw)
    return ("%s attempt %d"):format(where(state), raw.attempt or 0)
end

--- In parentheses, what there is of it.
local function notes(...)
    local list = {}
    for i = 1, select("#", ...) do
        list[#list + 1] = (select(i, ...)) or nil
    end
    return list[1] and " (" .. table.concat(list, ", ") .. ")" or ""
end

local function request_of(raw)
    return raw.request_id and "request " .. raw.request_id
end

local function tokens_of(raw)
    local tokens = raw.tokens
    return tokens and tokens.input_tokens and ("%d tokens in, %d out"):format(tokens.input_tokens,
        tokens.output_tokens or 0)
end

local function bytes_of(raw)
    return raw.bytes and raw.bytes .. " bytes"
end

--- Messages may have several lines, and be long.
local function short(text)
    text = tostring(text):gsub("%s+", " ")
    return #text > 300 and text:sub(1, 300) .. "…" or text
end

local REASONS = {
    clock_corrected = "with the service's time",
    credentials_renewed = "with new credentials",
    kept_connection_dead = "on a new connection",
}

--- Why, and when, it is sent again.
local function again(raw)
    local how = REASONS[raw.reason]
    return raw.delay_ms == 0 and how and "again at once, " .. how or ("again in %d ms"):format(raw.delay_ms)
end

local function outcome(raw)
    if raw.code and raw.status then
        return ("%d %s"):format(raw.status, raw.code)
    end
    return raw.code or tostring(raw.status)
end

local writers = {}

function writers.attempt(state, raw)
    log.write("debug", ("%s: to %s"):format(of_attempt(state, raw), raw.host))
end

function writers.connection(state, raw)
    local at = ("%s:%d"):format(raw.host, raw.port)
    if raw.kept == 1 then
        return log.write("debug", ("%s: on a kept connection to %s"):format(where(state), at))
    end
    local times = raw.ms
    log.write("info", ("%s: new connection to %s in %s (DNS %s, connect %s, TLS %s)"):format(where(state), at,
        ms(times.dns + times.connect + times.tls), ms(times.dns), ms(times.connect), ms(times.tls)))
end

--- A retry that follows is told in the same line.
function writers.response(state, raw, following)
    local retry = following and following.event == "retry" and following
    local text = ("%s: %s in %s"):format(of_attempt(state, raw), outcome(raw), ms(raw.ms.attempt or raw.ms.total))
    if retry then
        text = ("%s, %s"):format(text, again(retry))
    end
    if raw.streams == 1 then
        text = text .. ", a stream begins"
    end
    local shown = raw.code and raw.message and not raw.status and ": " .. short(raw.message) or ""
    log.write("info", text .. notes(raw.streams ~= 1 and bytes_of(raw), tokens_of(raw), request_of(raw)) .. shown)
    if raw.code and raw.status then
        log.write("debug", ("%s: %s: %s"):format(of_attempt(state, raw), raw.code, short(raw.message)))
    end
    state.told = retry
end

function writers.retry(state, raw)
    if state.told == raw then
        return
    end
    log.write("info", ("%s: %s, %s%s"):format(of_attempt(state, raw), raw.code, again(raw), notes(request_of(raw))))
end

function writers.exchange(_, raw)
    local text = ("%s %s attempt %d: %s in %s"):format(raw.by, raw.operation, raw.attempt, outcome(raw),
        ms(raw.ms.attempt))
    if raw.delay_ms then
        text = text .. (raw.delay_ms == 0 and ", again at once" or (", again in %d ms"):format(raw.delay_ms))
    end
    log.write("info", text .. (raw.code and ": " .. short(raw.message) or ""))
end

local CACHES = { file = "files", redis = "Redis" }

function writers.cache(state, raw)
    local name = CACHES[raw.cache] or tostring(raw.cache)
    if raw.trouble then
        return log.write("info", ("%s: the cache in %s is done without: %s"):format(where(state), name, raw.trouble))
    end
    local found = raw.used == 1 and "credentials found" or raw.found == 1 and "credentials found, but not to be used"
        or "nothing found"
    log.write("info", ("%s: cache in %s: %s"):format(where(state), name, found))
end

function writers.lock(state, raw)
    log.write("info", ("%s: waits for the exchange of another process (by the cache in %s)"):format(where(state),
        CACHES[raw.cache] or tostring(raw.cache)))
end

function writers.credentials(state, raw)
    local source = raw.source or "credentials"
    if raw.code then
        return log.write("info", ("%s: no credentials from %s after %s: %s: %s"):format(where(state), source,
            ms(raw.ms.credentials), raw.code, short(raw.message)))
    end
    local from = raw.cache == "exchange" and "by an exchange" or "from " .. (CACHES[raw.cache] or tostring(raw.cache))
    log.write(raw.cache == "memory" and "debug" or "info", ("%s: credentials of %s %s in %s"):format(where(state),
        source, from, ms(raw.ms.credentials)))
end

function writers.stream_end(state, raw)
    local err = raw.error
    log.write("info", ("%s: stream %s after %s%s"):format(where(state),
        err and ("broke (%s: %s)"):format(err.code, short(err.message)) or "ended", ms(raw.ms.total),
        notes(bytes_of(raw), tokens_of(raw))))
end

function writers.dropped(state, raw)
    log.write("info", ("%s: %d events had no room, and are not told"):format(where(state), raw.count))
end

for _, event in ipairs { "answer", "piece", "request" } do
    writers[event] = function(state, raw)
        wire_lines.write(where(state), raw)
    end
end

--- @param state table of its call
--- @param raw table an event as the core has it
--- @param following table? the next, if it is known by now
function log_lines.write(state, raw, following)
    local writer = writers[raw.event]
    if writer then
        writer(state, raw, following)
    end
end

return log_lines
