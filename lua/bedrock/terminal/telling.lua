--- What goes wrong, as the command tells it: on standard error, a line and a hint, or JSON.
local standard = require "bedrock.terminal.standard"

local telling = {}

--- Exit codes by the kind of an error; others are 1.
local CODES = { config = 3, credentials = 4, service = 5, validation = 6 }
local FAILED = 1

local HINTS = {
    credentials = "`bedrock test` says step by step what is wrong",
    model = "`bedrock models` lists what can be called, `bedrock resolve NAME` finds it",
    password = "BEDROCK_PRIVATE_KEY_PASSWORD in the environment, or private_key_password in the settings file",
}

--- What the module's texts call, as the command has it.
local CALLED = {
    { "bedrock%.operations%(%)", "`bedrock operations`" },
    { "bedrock%.help%(%)", "`bedrock help`" },
    { 'bedrock%.help "([%w_]+)"', "`bedrock help %1`" },
    { "conn:models *[({][^)}]*[)}]", "`bedrock models`" },
    { "conn:test *{[^}]*}", "`bedrock test -m MODEL`" },
    { "conn:models", "`bedrock models`" },
    { 'service = "(%w+)"', "--service %1" },
}

--- Something that a connection needs is not set. Where all is set, and something of it wrong, its own words say more.
local function is_missing(err)
    for _, problem in ipairs(err.kind == "config" and err.operation == "connect" and err.errors or {}) do
        if problem.kind == "missing" then
            return true
        end
    end
    return false
end

--- Where settings, or credentials without any, come from. The error may have said the first.
local function other_ways(text)
    local sign = require("bedrock.settings.refused").sign_of_aws(os.getenv)
    local own = sign and ("AWS's own credentials seem to be here (%s): --auth chain takes them")
        :format(sign) or "--profile NAME or --auth chain takes AWS's own"
    return text:find("`bedrock configure`", 1, true) and own or "`bedrock configure` writes the settings; " .. own
end

--- What to do about an error.
--- @param err bedrock.Error
--- @return string?
function telling.advice(err)
    local text = tostring(err)
    if text:find("private_key_password", 1, true) then
        return HINTS.password
    elseif err.kind == "service" and text:find("model identifier", 1, true) then
        return HINTS.model
    elseif is_missing(err) then
        return other_ways(text)
    end
    return HINTS[err.kind]
end

--- A text of the module's, in the command's words.
--- @param text string
--- @return string
function telling.plain(text)
    for _, row in ipairs(CALLED) do
        text = text:gsub(row[1], row[2])
    end
    return (text:gsub("^(%w+): %1: ", "%1: "))
end

local function put_json(fields)
    standard.tell(require("bedrock.core").encode { error = fields })
end

--- @param err bedrock.Error|string
--- @param as_json boolean
--- @return integer code to exit with
function telling.failure(err, as_json)
    local is_ours = type(err) == "table"
    local text = telling.plain(tostring(err))
    if as_json then
        put_json(is_ours and { kind = err.kind, code = err.code, message = err.message, operation = err.operation,
            status = err.status, request_id = err.request_id, errors = err.errors } or { message = text })
    else
        standard.note(text)
        local hint = is_ours and telling.advice(err)
        if hint then
            standard.tell("  " .. hint)
        end
    end
    return is_ours and CODES[err.kind] or FAILED
end

--- @param text string
--- @param as_json boolean
function telling.usage(text, as_json)
    if as_json then
        put_json { kind = "usage", message = text }
    else
        standard.note(text)
    end
end

return telling
