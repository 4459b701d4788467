--- Which operation a method and a raw path mean, from the published operations in operations.txt.
local routes = {}

local buckets = {}

local function first_segment(path)
    return path:match("^/([^/]*)")
end

local function pattern_of(uri)
    local pattern = uri:gsub("[%-%.%+]", "%%%0"):gsub("{[^}]*}", "([^/]+)")
    local literal = uri:gsub("{[^}]*}", "")
    return "^" .. pattern .. "$", #literal
end

function routes.add(service, method, uri, operation)
    local pattern, literal = pattern_of(uri)
    local key = method .. " " .. first_segment(uri)
    buckets[key] = buckets[key] or {}
    table.insert(buckets[key], { service = service, operation = operation, pattern = pattern, literal = literal })
end

--- Reads the list; called once, before the first request.
function routes.load(file)
    for line in io.lines(file) do
        routes.add(line:match("^(%S+) (%S+) (%S+) (%S+)$"))
    end
end

local function preference(route, agentcore)
    local of_agentcore = route.service:find("^bedrock%-agentcore") ~= nil
    return route.literal + (of_agentcore == agentcore and 1000 or 0)
end

--- @param method string
--- @param path string as it came, still percent-encoded
--- @param agentcore boolean the request is signed for AgentCore, whose paths overlap with others
--- @return table|nil {service, operation}, string[]|nil labels, still percent-encoded
function routes.find(method, path, agentcore)
    local best, labels
    for _, route in ipairs(buckets[method .. " " .. (first_segment(path) or "")] or {}) do
        local found = { path:match(route.pattern) }
        if found[1] and (not best
            or preference(route, agentcore) > preference(best, agentcore)) then
            best, labels = route, found
        end
    end
    return best, labels
end

return routes
