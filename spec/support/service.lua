--- What most specs begin with: the local endpoint, connections to it, and something to ask.
local busted = require "busted"
local bedrock = require "bedrock"
local endpoint = dofile "spec/endpoint/endpoint.lua"

local service = { MODEL = "amazon.nova-lite-v1:0" }

function service.endpoint()
    return endpoint.attach(assert(os.getenv "BEDROCK_TEST_ENDPOINT"))
end

--- In a describe block: the endpoint, as new before each test.
function service.each()
    local ep = service.endpoint()
    busted.before_each(function()
        ep:reset()
    end)
    return ep
end

--- Likewise, with a connection to it for each test, which ends with that.
--- @param take fun(conn: table) gets it
--- @param settings table? besides those of service.settings
function service.each_connected(take, settings)
    local ep, conn = service.each()
    busted.before_each(function()
        conn = service.connect(ep, settings)
        take(conn)
    end)
    busted.after_each(function()
        conn:close()
    end)
    return ep
end

--- In a describe block: a function that gives a connection to a region. The one before ends then, the last with the
--- test.
--- @param take fun(conn: table) gets it, too
function service.each_region(ep, take)
    local conn
    local function close()
        if conn then
            conn:close()
            conn = nil
        end
    end
    busted.after_each(close)
    return function(region)
        close()
        conn = service.connect(ep, { custom_region = region })
        take(conn)
        return conn
    end
end

--- The last request as the endpoint saw it.
function service.last_request(ep)
    local all = ep:requests()
    return all[#all]
end

local function merged(one, other)
    local all = {}
    for name, value in pairs(one) do
        all[name] = value
    end
    for name, value in pairs(other or {}) do
        all[name] = value
    end
    return all
end
service.merged = merged

--- @return table settings with the endpoint's own access keys
function service.settings(ep, more)
    return merged({
        auth = "access_keys",
        access_key_id = ep.access_key_id,
        secret_access_key = ep.secret_access_key,
        endpoint = ep.https,
        ca_file = ep.ca_file,
    }, more)
end

--- @return table settings without a certificate; the name sets its credentials apart from other specs'
function service.roles_anywhere(ep, name, more)
    return merged({
        profile_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:profile/" .. name,
        role_arn = "arn:aws:iam::123456789012:role/" .. name,
        trust_anchor_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/" .. name,
        session_name = name,
        endpoint = ep.https,
        ca_file = ep.ca_file,
    }, more)
end

function service.connect(ep, more)
    return assert(bedrock.connect(service.settings(ep, more)))
end

--- Parameters of converse.
function service.ask(text, more)
    return merged({ modelId = service.MODEL, messages = { { role = "user", content = { { text = text } } } } }, more)
end

function service.first_line(answer)
    return answer.output.message.content[1].text:match "^[^\n]*"
end

--- A header of a request as the endpoint saw it.
function service.header(request, name)
    for _, pair in ipairs(request.headers) do
        if pair[1] == name then
            return pair[2]
        end
    end
end

--- A whole answer, by a generator of the program's own that waits inside.
function service.spoken(conn, text)
    local list = {}
    local words = coroutine.wrap(function()
        for name, event in assert(conn:converse_stream(service.ask(text))):events() do
            if name == "contentBlockDelta" then
                coroutine.yield(event.delta.text)
            end
        end
    end)
    for word in words do
        list[#list + 1] = word
    end
    return table.concat(list)
end

--- An object whose finalizer is called like that.
function service.finalized(run_it)
    local proxy = rawget(_G, "newproxy")
    if not proxy then
        return setmetatable({}, { __gc = run_it })
    end
    local object = proxy(true)
    getmetatable(object).__gc = run_it
    return object
end

return service
