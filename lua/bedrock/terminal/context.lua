--- What a subcommand runs in: its connection, its input and output, and how it ends.
local standard = require "bedrock.terminal.standard"

local context = {}

--- Loaded when there is something to tell.
local function telling()
    return require "bedrock.terminal.telling"
end

local FAILED, USAGE, SIGNALLED, INTERRUPTED = 1, 2, 128, 130

--- @class bedrock.command.Context
--- @field args table what argparse read
--- @field json boolean
--- @field given table options of bedrock.connect
--- @field found bedrock.FoundSettings
local Context = {}
Context.__index = Context

--- Raised to end a subcommand with that code.
local Exit = {}
Exit.__index = Exit

local function exit(code)
    error(setmetatable({ code = code }, Exit), 0)
end

--- The code to exit with: an answer that could not be written is none. A pipe that nobody reads any more is no error.
local function code_after(self, code, lost)
    if not lost or lost.is_unread then
        return code
    elseif not self.has_told then
        self.has_told = true
        telling().failure(lost.why, self.json)
    end
    return code ~= 0 and code or FAILED
end

local function end_if(self, lost)
    if lost then
        exit(code_after(self, 0, lost))
    end
end

--- @param ... string
function Context:out(...)
    end_if(self, standard.out(...))
end

--- Writes it now, as a stream's pieces are.
function Context:flush(...)
    self:out(...)
    end_if(self, standard.flush())
end

--- A line on standard error.
function Context.note(_, text)
    standard.note(text)
end

--- A value as one line of JSON.
function Context:put_json(value)
    self:out(self:check(require("bedrock.core").encode(value)), "\n")
end

--- The same for people to read, where they do.
function Context:show_json(value)
    if not require("bedrock.core").terminal(1) then
        return self:put_json(value)
    end
    self:out(require("bedrock.terminal.indented")(self:check(require("bedrock.core").encode(value))), "\n")
end

--- Ends with an error's text and code.
function Context:fail(err)
    exit(telling().failure(err, self.json))
end

--- Ends because it was called wrongly.
function Context:usage(text)
    telling().usage(text, self.json)
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
        local settings = require "bedrock.settings"
        self.found = self:check(settings.find(self.given, self.args.settings))
        for _, slip in ipairs(self.json and {} or settings.slips()) do
            self:note(("%s is no setting (did you mean %s?)"):format(slip[1], slip[2]))
        end
    end
    return self.found
end

--- The connection, made when first needed.
--- @return bedrock.Connection
function Context:connect()
    if not self.conn then
        require "bedrock"
        self.conn = self:check(require("bedrock.settings").connect(self:settings()))
    end
    return self.conn
end

--- Is it what operations take? Anything else is a part of a model's name. Those made by AWS have a provider before a
--- dot, or are twelve letters and digits (of application profiles).
local function is_model_id(name)
    return name:find "^arn:" ~= nil or not name:find "%s" and (name:find "%w%.%a" ~= nil
        or #name == 12 and name:find "^%l*%d[%l%d]*$" ~= nil)
end

--- Do the lists know what the name could mean? Then it is no name of somebody else's.
local function is_refused(err)
    local kind = err.kind == "validation" and err.errors[1].kind
    return kind and kind ~= "unknown" and kind ~= "pattern"
end

--- What operations take for the name of a model. One word that leads nowhere may still be one, of a gateway's own say:
--- the service decides.
--- @param name string
--- @return string? id
--- @return bedrock.Error? err
function Context:model_id(name)
    if is_model_id(name) then
        return name
    end
    local id, err = self:connect():resolve(name)
    if id or name:find "%s" or is_refused(err) then
        return id, err
    elseif not self.json then
        self:note(telling().plain(tostring(err)))
    end
    return name
end

--- The model that was named, or that of the settings.
--- @return string
function Context:model()
    local model = self.args.model or self:settings().own.model
    if not model then
        -- Where nothing is configured, that is what is to be done first.
        self:connect()
        self:usage "which model? -m MODEL, or model in the settings file; `bedrock models` lists them"
    end
    local id = self:check(self:model_id(model))
    if id ~= model and require("bedrock.core").terminal(2) then
        self:note(model .. " is " .. id)
    end
    return id
end

--- Standard input, whole.
function Context:read_all()
    local core = require "bedrock.core"
    core.interruptible(true)
    if core.terminal(0) then
        self:note "reads from the terminal; Ctrl-D ends the text"
    end
    local text = io.stdin:read "*a"
    return text or self:fail "standard input cannot be read"
end

--- A file, or standard input for "-".
function Context:read(path)
    if path == "-" then
        return self:read_all()
    end
    local file, why = io.open(path, "rb")
    local text
    if file then
        text, why = file:read "*a"
        file:close()
        why = ("%s: %s"):format(path, why)
    end
    return text or self:fail(why)
end

--- What is asked: words of the command line; "-" or none: standard input.
--- @param words string[]
--- @param what string for the message, if there is nothing
--- @return string
function Context:text(words, what)
    local text = table.concat(words, " ")
    local is_read = text == "-" or text == "" and not require("bedrock.core").terminal(0)
    text = is_read and self:read_all() or text
    return text:find "%S" and text
        or self:usage(what .. (is_read and "; standard input is empty" or ", or - for standard input"))
end

--- @return integer code
local function run(self, sub)
    local ok, raised = pcall(sub.run, self, self.args)
    if self.conn then
        self.conn:close()
    end
    if ok then
        return type(raised) == "number" and raised or 0
    elseif getmetatable(raised) == Exit then
        return raised.code
    elseif require("bedrock.tasks.raised").is_for_the_caller(raised) then
        local signal = require("bedrock.core").ended_by()
        return signal and SIGNALLED + signal or INTERRUPTED
    end
    return telling().failure(raised, self.json)
end

--- @param sub table
--- @param given table options of bedrock.connect
--- @param args table
--- @return integer code
function context.run(sub, given, args)
    local self = setmetatable({ given = given, args = args, json = args.json or false }, Context)
    if args.debug then
        require("bedrock").log(standard.tell, "debug")
    end
    local code = run(self, sub)
    return code_after(self, code, standard.finish())
end

return context
