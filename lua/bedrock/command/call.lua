--- bedrock call OPERATION
local by_shape = require "bedrock.terminal.by_shape"
local core = require "bedrock.core"
local operation = require "bedrock.terminal.operation"
local query = require "bedrock.terminal.query"

local DEPTH = 8

--- @class bedrock.command.Call
--- @field name string
--- @field index integer
--- @field op table as core.describe gives it
--- @field steps? bedrock.QueryStep[]
--- @field params table
--- @field body_is_json boolean

--- A body of JSON where the operation takes bytes, as InvokeModel does.
local function put_body(call, params)
    for _, member in ipairs(call.op.input and call.op.input.members or {}) do
        local value = params[member.name]
        if member.payload and member.type == "blob" and type(value) == "table" then
            params[member.name] = core.base64_encode(assert(core.encode(value)))
            call.body_is_json = true
        end
    end
end

local function input(self, call, given)
    local text = given or "{}"
    if text == "-" then
        text = self:read "-"
    elseif text:sub(1, 1) == "@" then
        text = self:read(text:sub(2))
    end
    local params, err = core.decode(text)
    if type(params) ~= "table" then
        self:usage("the input must be a JSON object" .. (err and ": " .. tostring(err.message) or ""))
    end
    put_body(call, params)
    local why
    params, why = by_shape.value(params, call.op.input)
    if why then
        self:fail(require("bedrock.errors").validation(call.op.name, { { path = "input", kind = "value",
            message = why } }))
    end
    return params
end

local function shown(self, call, value, line)
    if call.steps then
        value = query.apply(value, call.steps)
    end
    if line then
        self:put_json(value)
        self:flush()
    else
        self:show_json(value)
    end
end

--- Who sent JSON gets JSON back.
local function read_body(call, answer, json)
    for _, member in ipairs(call.body_is_json and call.op.output.members or {}) do
        if member.payload and member.type == "blob" then
            json[member.name] = core.decode(answer[member.name] or "") or json[member.name]
        end
    end
end

local function put_answer(self, call, answer, line)
    local json = by_shape.json(answer, call.op.output)
    read_body(call, answer, json)
    shown(self, call, json, line)
end

local function events_of(op)
    for _, member in ipairs(op.output and op.output.members or {}) do
        if member.stream then
            return member
        end
    end
end

local function put_stream(self, call, stream)
    local shapes = {}
    for _, event in ipairs((events_of(call.op) or {}).members or {}) do
        shapes[event.name] = event
    end
    repeat
        local name, event = stream:next()
        if name then
            shown(self, call, { [name] = by_shape.json(event, shapes[name]) }, true)
        elseif event then
            self:fail(event)
        end
    until not name
end

local function put_pages(self, call)
    local pages = self:connect():pages(call.name, call.params)
    repeat
        local page, err = pages:next()
        if page then
            put_answer(self, call, page, true)
        elseif err then
            self:fail(err)
        end
    until not page
end

local function prepared(self, call)
    local request = self:check(self:connect():prepare(call.name, call.params))
    if self.json then
        local headers = {}
        for name, value in pairs(request.headers) do
            headers[name] = core.is_public_header(name) and value or "(hidden)"
        end
        self:put_json { method = request.method, url = request.url, headers = headers, body = request.body }
    else
        self:out(tostring(request), "\n")
    end
end

--- All that can be wrong is looked at before anything is sent.
local function read(self, args)
    local call = { name = operation.needed(self, args.operation) }
    call.index = core.find(call.name)
    call.op = core.describe(call.index, DEPTH)
    if args.query then
        local steps, why = query.parse(args.query)
        call.steps = steps or self:usage(why)
    end
    if call.op.two_way then
        self:usage(call.name .. " takes a stream of events, which a command cannot give: use the module")
    elseif args.pages and not core.paginator(call.index) then
        self:usage(call.name .. " has no pages")
    end
    call.params = input(self, call, args.input)
    return call
end

return {
    summary = "Makes any operation of Amazon Bedrock's. The answer is JSON: bytes are base64, times ISO 8601. A stream "
        .. "is one JSON object a line.",
    arguments = function(parser)
        parser:argument("operation", "converse, list_agents, ListAgents, bedrock-agent.list-agents, …")
        parser:argument("input", "JSON, @FILE, or - for standard input. InvokeModel's body may be JSON."):args "?"
        parser:flag("--pages", "All pages of a list, one JSON object a line.")
        parser:option("--query", "What to show of it, as JMESPath writes members, indexes, slices and projections: "
            .. "modelSummaries[*].modelId."):argname "EXPR"
        parser:flag("--dry-run", "Print the request, without secrets, and do not send it.")
    end,
    run = function(self, args)
        local call = read(self, args)
        if args.dry_run then
            return prepared(self, call)
        elseif args.pages then
            return put_pages(self, call)
        end
        local answer = self:check(self:connect():call(call.op.service, call.op.operation, call.params))
        if events_of(call.op) then
            put_stream(self, call, answer)
        else
            put_answer(self, call, answer)
        end
    end,
}
