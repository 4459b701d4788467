--- The facts as the generators of documentation need them: services in the order of their names, each
--- with its operations, namespace and flat names.
local cjson = require "cjson"

local facts = {}

--- @class reference.Operation
--- @field name string "CreateAgent"
--- @field snake string "create_agent"
--- @field full string what finds it without a service: "create_agent", "agent.tag_resource"
--- @field flat boolean it is a method of the connection itself
--- @field fact table
--- @field paginator table?

--- @class reference.Service
--- @field id string "bedrock-agent"
--- @field space string its namespace in Lua: "agent"
--- @field fact table
--- @field shapes table<string, table>
--- @field operations reference.Operation[] sorted by snake
--- @field waiters string[] in snake case, sorted

local function read(path)
    local file = io.open(path, "rb")
    if not file then
        return nil
    end
    local text = file:read "a"
    file:close()
    return cjson.decode(text)
end

function facts.sorted_keys(t)
    local keys = {}
    for key in pairs(t or {}) do
        keys[#keys + 1] = key
    end
    table.sort(keys)
    return keys
end

function facts.set(list)
    local set = {}
    for _, item in ipairs(list or {}) do
        set[item] = true
    end
    return set
end

local SPACES = { rolesanywhere = "roles_anywhere" }

local function space_of(id)
    return SPACES[id] or (id:gsub("^bedrock%-", ""):gsub("%-", "_"))
end

local function snake_of(name)
    return (name:gsub("(%l)(%u)", "%1_%2"):lower())
end

--- Two list operations page without having a paginator in the model.
local DERIVED = facts.set { "ListBrowserSessions", "ListCodeInterpreterSessions" }
local DERIVED_PAGINATOR = { ["in"] = "nextToken", out = "nextToken", limit = "maxResults", result = "items" }

--- Stands for the parameters or the result of an operation that has none.
local NOTHING = "Unit"

local function operations_of(data)
    local list = {}
    data.shapes[NOTHING] = data.shapes[NOTHING] or { type = "structure", members = {} }
    for name, fact in pairs(data.operations) do
        fact["in"], fact.out, fact.errors = fact["in"] or NOTHING, fact.out or NOTHING, fact.errors or {}
        list[#list + 1] = {
            name = name,
            snake = fact.snake,
            fact = fact,
            paginator = (data.paginators or {})[name] or (DERIVED[name] and DERIVED_PAGINATOR) or nil,
        }
    end
    table.sort(list, function(a, b)
        return a.snake < b.snake
    end)
    return list
end

local function service_of(data)
    local waiters = {}
    for i, name in ipairs(facts.sorted_keys(data.waiters)) do
        waiters[i] = snake_of(name)
    end
    return {
        id = data.service.id,
        space = space_of(data.service.id),
        fact = data.service,
        shapes = data.shapes,
        operations = operations_of(data),
        waiters = waiters,
    }
end

local function file_names(dir)
    local pipe = assert(io.popen("ls '" .. dir:gsub("'", "'\\''") .. "'"))
    local names = {}
    for name in pipe:lines() do
        names[#names + 1] = name:match "^(.+)%.json$"
    end
    pipe:close()
    table.sort(names)
    return names
end

--- A flat name belongs to the service it is pinned to, else to the only one that has it.
local function name_flat(services, pins)
    local count = {}
    for _, service in ipairs(services) do
        for _, op in ipairs(service.operations) do
            count[op.snake] = (count[op.snake] or 0) + 1
        end
    end
    for _, service in ipairs(services) do
        for _, op in ipairs(service.operations) do
            local pin = pins[op.snake]
            if pin == nil then
                op.flat = count[op.snake] == 1
            else
                op.flat = pin == service.id
            end
            op.full = op.flat and op.snake or service.space .. "." .. op.snake
        end
    end
end

--- @param dir string
--- @return reference.Service[]
function facts.read(dir)
    local services = {}
    for _, name in ipairs(file_names(dir)) do
        local data = assert(read(dir .. "/" .. name .. ".json"))
        if data.service and data.operations then
            services[#services + 1] = service_of(data)
        end
    end
    assert(#services > 0, dir .. ": no facts of a service here")
    name_flat(services, read(dir .. "/pins.json") or {})
    return services
end

--- The shapes that a shape refers to, once each reference, in a stable order.
--- @return string[]
function facts.references(shape)
    local list = {}
    for _, name in ipairs(facts.sorted_keys(shape.members)) do
        list[#list + 1] = shape.members[name].shape
    end
    for _, role in ipairs { "member", "key", "value" } do
        list[#list + 1] = facts.target(shape, role)
    end
    return list
end

--- The shape's name in a list's or map's role.
--- @return string?
function facts.target(shape, role)
    local target = shape[role]
    return type(target) == "table" and target.shape or target
end

--- An event that is an exception reaches nobody as an event: it becomes an error.
--- @return string[] names of the events of a stream's shape
function facts.events(service, shape)
    local names = {}
    for _, name in ipairs(facts.sorted_keys(shape.members)) do
        if not service.shapes[shape.members[name].shape].error then
            names[#names + 1] = name
        end
    end
    return names
end

--- Marks in `seen` all that is reached from a shape, errors left out.
function facts.reach(service, name, seen)
    local shape = assert(service.shapes[name], service.id .. ": no shape " .. name)
    if seen[name] or shape.error then
        return
    end
    seen[name] = true
    for _, reference in ipairs(facts.references(shape)) do
        facts.reach(service, reference, seen)
    end
end

--- A member that the library fills in need not be given.
function facts.must_be_given(shape)
    local required = facts.set(shape.required)
    for name in pairs(required) do
        required[name] = not (shape.members[name] or {}).idem or nil
    end
    return required
end

return facts
