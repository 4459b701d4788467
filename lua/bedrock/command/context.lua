--- What a subcommand runs in: its connection, its output, and how it fails.
local context = {}

--- Exit codes by the kind of an error; others are 1.
local CODES = { config = 3, credentials = 4, service = 5, validation = 6 }
local FAILED, USAGE, INTERRUPTED = 1, 2, 130

--- @class bedrock.command.Context
--- @field args table what argparse read
--- @field json boolean
--- @field found bedrock.FoundSettings
local Context = {}
Context.__index = Context

--- Raised to end a subcommand with that code.
local Exit = {}
Exit.__index = Exit

local function exit(code)
    error(setmetatable({ code = code }, Exit), 0)
end
context.exit = exit

--- A pipe that nobody reads any more is no error, but the end.
--- @param ... string
function Context.out(_, ...)
    if not io.stdout:write(...) then
        exit(0)
    end
end

--- Writes it now, as a stream's pieces are.
function Context:flush(...)
    self:out(...)
    if not io.stdout:flush() then
        exit(0)
    end
end

function Context.note(_, text)
    io.stderr:write("bedrock: ", text, "\n")
end

--- A value as one line of JSON.
function Context:put_json(value)
    local text, err = require("bedrock.core").encode(value)
    if not text then
        self:fail(err)
    end
    self:out(text, "\n")
end

--- The same for people to read, where they do.
function Context:show_json(value)
    if not require("bedrock.core").terminal(1) then
        return self:put_json(value)
    end
    self:out(require("bedrock.command.indented")(self:check(require("bedrock.core").encode(value))), "\n")
end

local HINTS = {
    config = "`bedrock configure` writes the settings; --profile NAME or --auth chain takes AWS's own",
    credentials = "`bedrock test` says step by step what is wrong",
}

--- What other operations call wrong is not in the settings.
local IS_OF_SETTINGS = { connect = true, settings = true }

local function tell(self, err)
    if self.json and type(err) == "table" then
        local fields = { kind = err.kind, code = err.code, message = err.message, operation = err.operation,
            status = err.status, request_id = err.request_id, errors = err.errors }
        io.stderr:write(require("bedrock.core").encode { error = fields }, "\n")
        return
    end
    io.stderr:write("bedrock: ", tostring(err), "\n")
    local hint = type(err) == "table" and (err.kind ~= "config" or IS_OF_SETTINGS[err.operation]) and HINTS[err.kind]
    if hint then
        io.stderr:write("  ", hint, "\n")
    end
end

--- Ends with an error's text and code.
function Context:fail(err)
    tell(self, err)
    exit(type(err) == "table" and CODES[err.kind] or FAILED)
end

--- Ends because it was called wrongly.
function Context:usage(text)
    self:note(text)
    exit(USAGE)
end

--- What a call gave, or the end.
function Context:check(value, err)
    if value == nil then
        self:fail(err)
    end
    return value
end

--- The settings, found when first needed.
function Context:settings()
    if not self.found then
        self.found = self:check(require("bedrock.settings").find(self.given, self.args.settings))
    end
    return self.found
end

--- The connection, made when first needed.
--- @return bedrock.Connection
function Context:connect()
    if not self.conn then
        self.conn = self:check(require("bedrock").connect(self:settings().connect))
    end
    return self.conn
end

--- The model that was named, or that of the settings.
--- @return string
function Context:model()
    local model = self.args.model or self:settings().own.model
    if not model then
        self:usage "which model? -m MODEL, or model in the settings file; `bedrock models` lists them"
    end
    return model
end

--- Standard input, whole.
function Context:read_all()
    require("bedrock.core").interruptible(true)
    local text = io.stdin:read "*a"
    return text or self:fail "standard input cannot be read"
end

--- A file, or standard input for "-".
function Context:read(path)
    if path == "-" then
        return self:read_all()
    end
    local file, why = io.open(path, "rb")
    local text = file and file:read "*a"
    if file then
        file:close()
    end
    return text or self:fail(why or path .. ": it cannot be read")
end

--- @param sub table
--- @param given table options of bedrock.connect
--- @param args table
--- @return integer code
function context.run(sub, given, args)
    local self = setmetatable({ given = given, args = args, json = args.json or false }, Context)
    if args.debug then
        require("bedrock").log "debug"
    end
    local ok, raised = pcall(sub.run, self, args)
    if self.conn then
        self.conn:close()
    end
    if ok then
        return type(raised) == "number" and raised or 0
    elseif getmetatable(raised) == Exit then
        return raised.code
    elseif require("bedrock.tasks.raised").is_for_the_caller(raised) then
        return INTERRUPTED
    end
    tell(self, raised)
    return type(raised) == "table" and CODES[raised.kind] or FAILED
end

return context
