--- Lists that come in pages.
---
---     for page in conn:pages("list_agents", { … }) do … end      raises when a request fails
---     for agent in conn:items("list_agents", { … }) do … end
---     local page, err = pages:next()                             nil: the end; nil, err: it failed
local method_check = require "bedrock.base.method_check"
local connection = require "bedrock.connection"
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local host = require "bedrock.host"
local printed = require "bedrock.prints.printed"

--- For a generic `for`, where an error is raised. `next` returns the error.
--- @class bedrock.Pages
--- @field next fun(self: bedrock.Pages): table?, bedrock.Error?
--- @overload fun(): table

--- For a generic `for`, where an error is raised. `next` returns the error.
--- @class bedrock.Items
--- @field next fun(self: bedrock.Items): any, bedrock.Error?
--- @overload fun(): any

local pages = {}

--- The value at a dotted path; null and what is no table on the way count as absent.
local function at(value, path)
    for part in path:gmatch "[^.]+" do
        value = type(value) == "table" and value[part]
    end
    if value == core.null or value == false then
        return nil
    end
    return value
end

local function failed(self, err)
    self._state, self._error = "failed", err
    return nil, err
end

local function stuck(self, token)
    return failed(self, errors.new {
        kind = "transport",
        code = "BadResponse",
        operation = self._name,
        message = self._paginator.output .. " does not advance: " .. ('"%s"'):format(core.shown(tostring(token)))
            .. " was repeated",
    })
end

--- Has the token been there before? Compared with the last one, and with one that is replaced ever
--- more rarely, which finds circles of any length in constant memory.
local function repeats(self, token)
    if token == self._params[self._paginator.input] or token == self._mark then
        return true
    end
    self._count = self._count + 1
    if self._count >= self._next_mark then
        self._mark, self._next_mark = token, self._next_mark * 2
    end
    return false
end

local function next_token(paginator, page)
    local token = at(page, paginator.output)
    if token == "" or (paginator.more and not at(page, paginator.more)) then
        return nil
    end
    return token
end

local function next_page(self)
    if self._state ~= "open" then
        return nil, self._error
    end
    local page, err = self._operation(self._conn, self._params, self._options)
    if not page then
        return failed(self, err)
    end
    local token = next_token(self._paginator, page)
    if token == nil then
        self._state = "ended"
    elseif repeats(self, token) then
        return stuck(self, token)
    else
        -- A token that is longer than the model says is known by the page that it came with.
        self._params[self._paginator.input], self._page = token, page
    end
    return page
end

--- Items of the page that was taken last, then of the next.
local function next_item(self)
    while true do
        self._at = self._at + 1
        local item = self._list[self._at]
        if item ~= nil then
            return type(item) == "table" and not getmetatable(item) and setmetatable(item, printed.of "item") or item
        end
        local page, err = self._pages:next()
        if not page then
            return nil, err
        end
        self._list, self._at = at(page, self._result) or {}, 0
    end
end

local function text_of(kind)
    return function(self)
        local source = self._pages or self
        return ("bedrock.%s (%s, %s)"):format(kind, source._name, source._state)
    end
end

local function raise_or_next(self)
    local value, err = self:next()
    if err then
        error(host.raisable(err), 0)
    end
    return value
end

local Pages = { __name = "bedrock.pages", __call = raise_or_next, __tostring = text_of "pages" }
local Items = { __name = "bedrock.items", __call = raise_or_next, __tostring = text_of "items" }
Pages.__index = method_check(Pages, { next = next_page }, "pages")
Items.__index = method_check(Items, { next = next_item }, "items")

--- Names of a service's operations that page.
local function paged(service)
    local names = {}
    for _, name in ipairs(core.operations(service)) do
        if core.paginator((core.find(name))) then
            names[#names + 1] = name
        end
    end
    return names
end

--- get_agent -> list_agents
local function listing(name)
    return "list_" .. name:gsub("^%l+_", "") .. "s"
end

local function without_pages(name, index)
    local service, all = core.describe(index, 1).service, paged()
    local near = core.suggest(listing(name), all) or core.suggest(name, all)
    local message = ('"%s" has no pages%s; of %s these have: %s'):format(name,
        near and (' (did you mean "%s"?)'):format(near) or "", service, table.concat(paged(service), ", "))
    return { path = "operation", kind = "value", message = message }
end

local function find(caller, name)
    if type(name) ~= "string" then
        error(caller .. ": expected the name of an operation, got " .. errors.type_of(name), 4)
    end
    local index, kind, snake = core.find(name)
    if not index then
        error(errors.config(caller, { { path = "operation", kind = "unknown", message = kind } }), 0)
    end
    local paginator = core.paginator(index)
    if not paginator then
        error(errors.config(caller, { without_pages(name, index) }), 0)
    end
    return paginator, connection.operation(index, kind, snake), snake
end

local function copy(params)
    local result = {}
    for name, value in pairs(params or {}) do
        result[name] = value
    end
    return result
end

local function new(caller, conn, name, params, options)
    connection.client_of(conn, params, options, 3)
    local paginator, operation, snake = find(caller, name)
    return setmetatable({
        _conn = conn,
        _name = snake,
        _paginator = paginator,
        _operation = operation,
        _params = copy(params),
        _options = options,
        _state = "open",
        _count = 0,
        _next_mark = 1,
    }, Pages)
end

--- The pages of a list, one answer after the other. An unknown name is raised.
--- @param name bedrock.PagedOperation
--- @param params? table sent with every request
--- @param options? bedrock.CallOptions
--- @return bedrock.Pages
function pages.pages(conn, name, params, options)
    local source = new("pages", conn, name, params, options)
    return source
end

--- The items of all pages of a list.
--- @param name bedrock.PagedOperation
--- @param params? table sent with every request
--- @param options? bedrock.CallOptions
--- @return bedrock.Items
function pages.items(conn, name, params, options)
    local source = new("items", conn, name, params, options)
    return setmetatable({ _pages = source, _result = source._paginator.result, _list = {}, _at = 0 }, Items)
end

return pages
