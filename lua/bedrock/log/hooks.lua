--- Connections with hooks: `on`, whose functions are told of each call. Other connections never load this file.
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local guarded = require "bedrock.tasks.guarded"
local is_callable = require "bedrock.base.is_callable"
local listen = require "bedrock.log.listen"

local hooks = {}

--- Functions that are told of each call. What they raise is told on standard error, and stops nothing.
--- @class bedrock.Hooks
--- @field attempt? fun(event: bedrock.CallEvent) a request goes out
--- @field response? fun(event: bedrock.CallEvent) what came of it
--- @field retry? fun(event: bedrock.CallEvent) it will be sent again
--- @field credentials? fun(event: bedrock.CallEvent)
--- @field stream_end? fun(event: bedrock.CallEvent)

local NAMES = { "attempt", "credentials", "response", "retry", "stream_end" }

--- @class bedrock.Heard stands for the client of a connection with hooks
local Heard = { __name = "bedrock.client" }
local methods = {}

for _, name in ipairs { "call", "identity", "request" } do
    methods[name] = function(self, ...)
        local call, err = self._client[name](self._client, ...)
        if call then
            listen.hear(call, self._on)
        end
        return call, err
    end
end

function Heard.__index(_, name)
    local method = methods[name]
    if method == nil then
        function method(this, ...)
            local client = rawget(this, "_client")
            return client[name](client, ...)
        end
        methods[name] = method
    end
    return method
end

--- @param on bedrock.Hooks
--- @return table problems
local function problems_of(on)
    local problems = {}
    if type(on) ~= "table" then
        return { { path = "on", kind = "type", message = "must be a table of functions, got " .. errors.type_of(on) } }
    end
    local known = {}
    for _, name in ipairs(NAMES) do
        known[name] = true
    end
    for name, f in pairs(on) do
        if not known[name] then
            local near = type(name) == "string" and core.suggest(name, NAMES)
            problems[#problems + 1] = { path = "on." .. core.shown(tostring(name)), kind = "unknown",
                message = near and "unknown (did you mean " .. near .. "?)"
                    or "unknown: there are " .. table.concat(NAMES, ", ") }
        elseif not is_callable(f) and f ~= core.null then
            problems[#problems + 1] = { path = "on." .. name, kind = "type",
                message = "must be a function, got " .. errors.type_of(f) }
        end
    end
    return problems
end

--- As core.connect, of settings with `on`. All that is wrong is in one error.
--- @param settings bedrock.Settings
--- @return userdata? client
--- @return bedrock.Error? err
function hooks.connect(settings)
    local plain = {}
    for name, value in next, settings do
        plain[name] = value
    end
    plain.on = nil
    local problems = settings.on ~= core.null and problems_of(settings.on) or {}
    local client, err = core.connect(plain)
    if #problems == 0 then
        return client, err
    end
    for _, problem in ipairs(err and err.errors or {}) do
        problems[#problems + 1] = problem
    end
    return nil, errors.config("connect", problems)
end

--- The client of a connection whose calls are told of to those functions.
--- @param client userdata
--- @param on bedrock.Hooks
function hooks.client(client, on)
    local told = {}
    for name, f in pairs(on) do
        told[name] = f ~= core.null and guarded("on." .. name, f) or nil
    end
    client:listen()
    listen.begin()
    return setmetatable({ _client = client, _on = told }, Heard)
end

return hooks
