--- Editor types in LuaCATS. library/bedrock.d.lua has our own functions and types and every operation as a
--- method; library/bedrock/SPACE.d.lua has the types of a service's parameters and results. They are
--- apart because the Lua language server skips files above 500 kB.
local facts = require "facts"
local streams = require "bedrock.streams"

local library = {}

local STREAM_METHODS = facts.set { "close", "events", "gather", "next" }

local SCALARS = {
    blob = "string",
    boolean = "boolean",
    double = "number",
    float = "number",
    integer = "integer",
    long = "integer",
    number = "number",
    string = "string",
}

local INLINE_LENGTH = 200

local OBJECTS = {
    ["bedrock.Chat"] = "local Chat = {}",
    ["bedrock.Connection"] = "local Connection = {}",
    ["bedrock.AgentSession"] = "local AgentSession = {}",
    ["bedrock.Stream"] = "local Stream = {}",
}

--- @class library.Writer
--- @field service reference.Service
--- @field lines string[]
--- @field reached table<string, boolean>
--- @field inputs table<string, boolean> shapes that an input reaches
--- @field streams table<string, boolean> outputs that are streams
--- @field top table<string, boolean> parameters, results and events of operations
--- @field uses table<string, integer> how often a shape is referred to
--- @field inline table<string, boolean> structures written where they are used
--- @field same table<string, string> shapes that another one's type stands for
--- @field written table<string, boolean> event types
local Writer = {}
Writer.__index = Writer

function Writer:put(format, ...)
    self.lines[#self.lines + 1] = select("#", ...) > 0 and format:format(...) or format
end

function Writer:class_name(shape_name)
    return "bedrock." .. self.service.space .. "." .. shape_name
end

local function array_of(element)
    return (element:find "[ |]" and "(" .. element .. ")" or element) .. "[]"
end

local function field_name(name, optional)
    local is_keyword = not load("local " .. name)
    return (is_keyword and '["' .. name .. '"]' or name) .. (optional and "?" or "")
end

local function enum_text(shape)
    local values = {}
    for i, value in ipairs(shape.enum) do
        values[i] = ("%q"):format(value)
    end
    table.sort(values)
    return table.concat(values, "|") .. "|string"
end

--- A small structure with one place to be is written there. Decided once, before types are merged.
function Writer:is_inline(name)
    local decided = self.inline[name]
    if decided == nil then
        local members = self.service.shapes[name].members
        decided = self.uses[name] == 1 and not self.top[name] and next(members or {}) ~= nil
            and #self:literal(name) <= INLINE_LENGTH
        self.inline[name] = decided
    end
    return decided
end

function Writer:literal(name)
    local shape, parts = self.service.shapes[name], {}
    local required = facts.must_be_given(shape)
    for i, member in ipairs(facts.sorted_keys(shape.members)) do
        parts[i] = field_name(member, not required[member]) .. ": "
            .. self:type(shape.members[member].shape, name)
    end
    return "{" .. table.concat(parts, ", ") .. "}"
end

function Writer:structure_type(name)
    if not next(self.service.shapes[name].members or {}) then
        return "table"
    end
    return self:is_inline(name) and self:literal(name) or self:class_name(self.same[name] or name)
end

function Writer:enum_type(name)
    return self.uses[name] == 1 and enum_text(self.service.shapes[name]) or self:class_name(self.same[name] or name)
end

--- @param owner string the structure it is a member of, as times are given in more than one form
function Writer:type(name, owner)
    local shape = self.service.shapes[name]
    if shape.document then
        return "any"
    elseif shape.type == "structure" then
        return self:structure_type(name)
    elseif shape.type == "list" then
        return array_of(self:type(facts.target(shape, "member"), owner))
    elseif shape.type == "map" then
        return "table<string, " .. self:type(facts.target(shape, "value"), owner) .. ">"
    elseif shape.type == "timestamp" then
        return self.inputs[owner] and "bedrock.Timestamp" or "number"
    elseif shape.enum then
        return self:enum_type(name)
    end
    return assert(SCALARS[shape.type], name .. ": unknown type " .. tostring(shape.type))
end

--- A payload of bytes is also taken as a table, to be sent as JSON.
function Writer:member_type(shape_name, shape, name)
    local target = shape.members[name].shape
    local is_body = shape.payload == name and self.service.shapes[target].type == "blob"
    local type = self:type(target, shape_name)
    return is_body and self.inputs[shape_name] and type .. "|table" or type
end

function Writer:fields(shape_name, shape, left_out)
    local required, lines = facts.must_be_given(shape), {}
    for _, name in ipairs(facts.sorted_keys(shape.members)) do
        if not left_out[name] then
            lines[#lines + 1] = ("---@field %s %s"):format(field_name(name, not required[name]),
                self:member_type(shape_name, shape, name))
        end
    end
    return table.concat(lines, "\n")
end

--- What a type of its own consists of; nil if the shape has none.
function Writer:body(name)
    local shape = self.service.shapes[name]
    if shape.document or shape.eventstream or self.streams[name] then
        return nil
    elseif shape.type == "structure" then
        local has_class = next(shape.members or {}) and not self:is_inline(name)
        return has_class and self:fields(name, shape, {}) or nil
    end
    return shape.enum and self.uses[name] > 1 and enum_text(shape) or nil
end

--- Types that differ by name alone become one, the shortest name's; parameters and results keep theirs.
function Writer:merge(names)
    local first, changed = {}, false
    for _, name in ipairs(names) do
        local body = not self.top[name] and not self.same[name] and self:body(name)
        if body and first[body] then
            self.same[name], changed = first[body], true
        elseif body then
            first[body] = name
        end
    end
    return changed
end

function Writer:types()
    local names = facts.sorted_keys(self.reached)
    table.sort(names, function(a, b)
        return #a == #b and a < b or #a < #b
    end)
    local changed
    repeat
        changed = self:merge(names)
    until not changed
    for _, name in ipairs(facts.sorted_keys(self.reached)) do
        local body = not self.same[name] and self:body(name)
        if body then
            local is_class = self.service.shapes[name].type == "structure"
            self:put("---@%s %s%s%s", is_class and "class" or "alias", self:class_name(name),
                is_class and "\n" or " ", body)
        end
    end
end

function Writer:gathered(op)
    local gathered = streams.of(op.snake).gathered[op.snake]
    if type(gathered) ~= "table" then
        return gathered or "bedrock.GatheredEvents"
    end
    for _, other in ipairs(self.service.operations) do
        if other.snake == gathered[1] then
            return self:class_name(other.fact.out)
        end
    end
    error(op.snake .. " gathers to an operation that is not there: " .. gathered[1])
end

--- The names and the types of a stream's events.
function Writer:events(name)
    local shape, event_names, types, seen = self.service.shapes[name], {}, {}, {}
    for _, event in ipairs(facts.events(self.service, shape)) do
        local type = self:type(shape.members[event].shape, name)
        event_names[#event_names + 1] = '"' .. event .. '"'
        types[#types + 1] = not seen[type] and type or nil
        seen[type] = true
    end
    self:put("---@alias %s.Name %s|string", self:class_name(name), table.concat(event_names, "|"))
    self:put("---@alias %s.Event %s", self:class_name(name), table.concat(types, "|"))
end

function Writer:stream(op)
    local out = self.service.shapes[op.fact.out]
    local member = out.members[op.fact.eventOut]
    local class, events = self:class_name(op.fact.out), self:class_name(member.shape)
    local left_out = facts.set { op.fact.eventOut }
    for method in pairs(STREAM_METHODS) do
        left_out[method] = true
    end
    if not self.written[member.shape] then
        self.written[member.shape] = true
        self:events(member.shape)
    end
    self:put("---@class %s: bedrock.Stream", class)
    self:put("---@field events fun(self: %s): fun(): %s.Name, %s.Event", class, events, events)
    self:put("---@field next fun(self: %s): %s.Name?, %s.Event|bedrock.Error|nil", class, events, events)
    self:put("---@field gather fun(self: %s): %s?, bedrock.Error?", class, self:gathered(op))
    local fields = self:fields(op.fact.out, out, left_out)
    if fields ~= "" then
        self:put("%s", fields)
    end
end

function Writer:method(op)
    local input = self.service.shapes[op.fact["in"]]
    local optional = next(facts.must_be_given(input)) == nil
    local params, result = self:type(op.fact["in"]), self:type(op.fact.out)
    self:put("---@param params%s %s", optional and "?" or "", params)
    self:put "---@param options? bedrock.CallOptions"
    if op.fact.streamOut then
        self:put("---@overload fun(self, params: %s, options: bedrock.StreamOptions): "
            .. "bedrock.ServerSentStream|bedrock.ByteStream|nil, bedrock.Error?", params)
    end
    self:put("---@return %s? %s", result, op.fact.eventOut and "stream" or "result")
    self:put "---@return bedrock.Error? err"
    self:put("function %s_%s:%s(params, options) end", self.service.space, op.flat and "flat" or "own", op.snake)
end

--- Two classes, as a connection has all flat methods but not those that several services have.
function Writer:namespace()
    local space = self.service.space
    self:put("---@class bedrock.%s.Flat", space)
    self:put("local %s_flat = {}", space)
    self:put("---@class bedrock.%s: bedrock.%s.Flat", space, space)
    self:put("local %s_own = {}", space)
end

local function mark_events(service, op, marks)
    local stream = service.shapes[service.shapes[op.fact.out].members[op.fact.eventOut].shape]
    for _, event in ipairs(facts.events(service, stream)) do
        marks[stream.members[event].shape] = true
    end
end

--- What the operations reach, and from where.
local function survey(service)
    local found = { inputs = {}, reached = {}, streams = {}, top = {}, uses = {} }
    for _, op in ipairs(service.operations) do
        found.top[op.fact["in"]], found.top[op.fact.out] = true, true
        facts.reach(service, op.fact["in"], found.inputs)
        facts.reach(service, op.fact["in"], found.reached)
        facts.reach(service, op.fact.out, found.reached)
        if op.fact.eventOut then
            assert(not found.streams[op.fact.out], op.fact.out .. " is the output of two streams")
            found.streams[op.fact.out] = true
            mark_events(service, op, found.top)
        end
    end
    for name in pairs(found.reached) do
        for _, reference in ipairs(facts.references(service.shapes[name])) do
            found.uses[reference] = (found.uses[reference] or 0) + 1
        end
    end
    return found
end

local function writer_of(service)
    local writer = survey(service)
    writer.service, writer.same, writer.inline, writer.written, writer.lines = service, {}, {}, {}, {}
    return setmetatable(writer, Writer)
end

function Writer:finish()
    local text = table.concat(self.lines, "\n") .. "\n"
    self.lines = {}
    return text
end

local HEAD = "-- Generated by tools/generate_docs.lua from csrc/model/facts%s.\n-- luacheck: ignore\n"

function Writer:types_text()
    self:put "---@meta _"
    self:put(HEAD:format "")
    self:types()
    for _, op in ipairs(self.service.operations) do
        if op.fact.eventOut then
            self:stream(op)
        end
    end
    return self:finish()
end

function Writer:methods_text()
    self:put("-- %s %s\n", self.service.id, self.service.fact.apiVersion)
    self:namespace()
    for _, op in ipairs(self.service.operations) do
        self:method(op)
    end
    return self:finish()
end

local function alias(name, values)
    local quoted = {}
    for i, value in ipairs(values) do
        quoted[i] = '"' .. value .. '"'
    end
    table.sort(quoted)
    return "---@alias " .. name .. " " .. table.concat(quoted, "|") .. "|string"
end

local function error_codes(services)
    local codes = {}
    for _, service in ipairs(services) do
        for _, op in ipairs(service.operations) do
            for _, name in ipairs(op.fact.errors) do
                local fact = service.shapes[name].error
                codes[type(fact) == "table" and fact.code or name] = true
            end
        end
    end
    return facts.sorted_keys(codes)
end

--- Besides the services with operations, those of csrc/model/routes.c.
local function names(services)
    local operations, paged, waiters = {}, {}, {}
    local ids = { ["bedrock-mantle"] = true, mantle = true }
    for _, service in ipairs(services) do
        ids[service.id], ids[service.space] = true, true
        for _, op in ipairs(service.operations) do
            operations[#operations + 1] = op.full
            paged[#paged + 1] = op.paginator and op.full or nil
        end
        for _, waiter in ipairs(service.waiters) do
            waiters[#waiters + 1] = waiter
        end
    end
    return {
        alias("bedrock.ServiceName", facts.sorted_keys(ids)),
        alias("bedrock.OperationName", operations),
        alias("bedrock.PagedOperation", paged),
        alias("bedrock.WaiterName", waiters),
        alias("bedrock.ServiceErrorCode", error_codes(services)),
    }
end

local function connection(services, lines)
    local parents = {}
    for i, service in ipairs(services) do
        parents[i] = "bedrock." .. service.space .. ".Flat"
    end
    lines[#lines + 1] = "\n---@class bedrock.Connection: " .. table.concat(parents, ", ")
    for _, service in ipairs(services) do
        lines[#lines + 1] = ("---@field %s bedrock.%s %s"):format(service.space, service.space, service.id)
    end
end

--- A block of our own annotations, as LuaCATS has it; methods need a local of their class.
local function own_block(block)
    local lines = {}
    for i, sentence in ipairs(block.doc) do
        lines[i] = "--- " .. sentence
    end
    for _, tag in ipairs(block.tags) do
        lines[#lines + 1] = "---@" .. tag.kind .. " " .. tag.text
    end
    lines[#lines + 1] = block.class and OBJECTS[block.class] or not block.class and block.code or nil
    return table.concat(lines, "\n") .. "\n"
end

--- @param services reference.Service[]
--- @param own table our own annotations, as annotations.read has them
--- @return {path: string, text: string}[]
function library.all(services, own)
    local head = "---@meta bedrock\n" .. HEAD:format ", lua/bedrock and tools/reference/surface.lua"
    local lines = { head .. "\n" .. own.written .. "\n" }
    for _, blocks in ipairs { own.classes, own.functions } do
        for _, block in ipairs(blocks) do
            lines[#lines + 1] = own_block(block)
        end
    end
    for _, line in ipairs(names(services)) do
        lines[#lines + 1] = line
    end
    local files = {}
    for i, service in ipairs(services) do
        local writer = writer_of(service)
        files[i] = { path = "library/bedrock/" .. service.space .. ".d.lua", text = writer:types_text() }
        lines[#lines + 1] = "\n" .. writer:methods_text():gsub("\n$", "")
    end
    connection(services, lines)
    lines[#lines + 1] = "\nreturn bedrock\n"
    files[#files + 1] = { path = "library/bedrock.d.lua", text = table.concat(lines, "\n") }
    return files
end

return library
