--- Lists of the service that are asked for once for a connection, however many coroutines want them at the same time.
local connection = require "bedrock.connection"
local core = require "bedrock.core"

--- How long a list is good, and how long to wait for another coroutine that asks for it. That one may have been
--- abandoned without anybody noticing.
local LIFE_MS, WAIT_MS = 3600000, 15000

--- By connection, then by name: {list, at_ms}, and the request that is on its way: {sleepers, done, list, err}.
local lists = setmetatable({}, { __mode = "k" })
local flights = setmetatable({}, { __mode = "k" })

local function own(all, conn)
    all[conn] = all[conn] or {}
    return all[conn]
end

local function wake(flight)
    for timer in pairs(flight.sleepers) do
        timer:cancel()
    end
end

local function ask(conn, name, read, options)
    local flight, under_way = { sleepers = {} }, own(flights, conn)
    under_way[name] = flight
    local ok, list, err = pcall(read, conn, options)
    if under_way[name] == flight then
        under_way[name] = nil
    end
    if ok then
        flight.done, flight.list, flight.err = true, list, err
    end
    wake(flight)
    if not ok then
        error(list, 0)
    end
    if list then
        own(lists, conn)[name] = { list = list, at_ms = core.now_ms() }
    end
    return list, err
end

local function patience(options)
    local total = options and options.total_timeout
    return type(total) == "number" and total >= 1 and math.min(total, WAIT_MS) or WAIT_MS
end

local kept_list = {}

--- If many coroutines ask at once, one sends the request and the others wait for it.
--- @param conn bedrock.Connection
--- @param name string of the list
--- @param read fun(conn: bedrock.Connection, options: table?): table?, bedrock.Error? asks the service
--- @param options table? as for any operation
--- @return table? list
--- @return bedrock.Error? err
function kept_list.get(conn, name, read, options)
    local known = own(lists, conn)[name]
    if known and core.now_ms() - known.at_ms < LIFE_MS then
        return known.list
    end
    local flight = own(flights, conn)[name]
    if not flight then
        return ask(conn, name, read, options)
    end
    local _, err = connection.pause(conn, patience(options), flight.sleepers)
    if err then
        return nil, err
    elseif flight.done then
        return flight.list, flight.err
    end
    return ask(conn, name, read, options)
end

--- The next one who wants a list asks the service.
--- @param conn bedrock.Connection
function kept_list.forget(conn)
    lists[conn] = nil
end

return kept_list
