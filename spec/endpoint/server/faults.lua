--- The rules of a script: which request they are for, how often, and what happens to it.
-- luacheck: std ngx_lua
local eventstream = require "server.eventstream"
local json = require "server.json"
local state = require "server.state"

local faults = {}

local function fits(match, request, route)
    return (not match.operation or match.operation == (route and route.operation))
        and (not match.service or match.service == (route and route.service))
        and (not match.method or match.method == request.method)
        and (not match.path or request.path:find(match.path) ~= nil)
end

local function normalise(rule)
    if type(rule) ~= "table" or type(rule.action) ~= "table" then
        return nil
    end
    return {
        match = rule.match or {},
        action = rule.action,
        skip = rule.skip or 0,
        left = rule.times or 1,
        early = rule.after_verify == false or rule.action.after_verify == false,
    }
end

--- Appends rules; the first that fits a request and is not used up is taken.
--- @return boolean|nil, string|nil
function faults.add(rules)
    local added = {}
    for i, rule in ipairs(rules) do
        added[i] = normalise(rule)
        if not added[i] then
            return nil, "rule " .. i .. " has no action"
        end
    end
    for _, rule in ipairs(added) do
        table.insert(state.rules, rule)
    end
    return true
end

--- Takes the action due for this request, if any.
--- @param early boolean before the request is verified, or after
function faults.take(request, route, early)
    for _, rule in ipairs(state.rules) do
        if rule.early == early and rule.left ~= 0 and fits(rule.match, request, route) then
            if rule.skip == 0 then
                rule.left = rule.left - 1
                state.count("scripted")
                return rule.action
            end
            rule.skip = rule.skip - 1
        end
    end
end

local function frames_answer(action)
    return {
        status = action.status or 200,
        headers = { ["Content-Type"] = "application/vnd.amazon.eventstream" },
        stream = function(write)
            for _, frame in ipairs(action.frames) do
                if frame.delay_ms then
                    ngx.sleep(frame.delay_ms / 1000)
                end
                write(eventstream.described(frame))
            end
        end,
    }
end

--- The answer an action brings itself; nil when it only shapes the usual one.
function faults.answer(action)
    if action.frames then
        return frames_answer(action)
    end
    if action.status or action.body or action.body64 or action.json then
        local body = action.body or (action.body64 and ngx.decode_base64(action.body64))
            or (action.json and json.encode(action.json)) or ""
        return { status = action.status or 200, body = body }
    end
    if action.hang or action.close then
        return { status = 500, body = "" }
    end
end

return faults
