--- The input of `bedrock call`: JSON, as the operation takes it.
local by_shape = require "bedrock.terminal.by_shape"
local core = require "bedrock.core"

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

--- @param self bedrock.command.Context
--- @param call bedrock.command.Call
--- @param given string? what the command line has: JSON, @FILE, or - for standard input
--- @return table params
return function(self, call, given)
    local text = given or "{}"
    if text == "-" then
        text = self:read "-"
    elseif text:sub(1, 1) == "@" then
        text = self:read(text:sub(2))
    end
    local params, err = core.decode(text)
    if type(params) ~= "table" then
        local file = io.open(text, "rb")
        if file then
            file:close()
        end
        self:usage("the input must be a JSON object" .. (file and "; of a file: @" .. text
            or err and ": " .. tostring(err.message) or ""))
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
