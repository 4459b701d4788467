--- A conversation in the terminal: what is typed is a question, or /COMMAND.
local attachments = require "bedrock.terminal.attachments"
local core = require "bedrock.core"
local raised = require "bedrock.tasks.raised"
local talk = require "bedrock.terminal.talk"
local telling = require "bedrock.terminal.telling"

--- @class bedrock.command.Session
--- @field context bedrock.command.Context
--- @field chat bedrock.Chat
--- @field options table for conn:chat
--- @field input table files for the next question
--- @field prompt string "" where nobody is to see one
local Session = {}
Session.__index = Session

local HELP = [[
/model [NAME]    tell or change the model
/system [TEXT]   tell or change the system prompt
/file PATH       a picture, a document, or text to go with the next question
/tools           the tools that the model has
/undo            forget the last question and its answer
/save FILE       write the chat; bedrock chat --resume FILE goes on with it
/load FILE       go on with that one
/usage           tokens so far
/quit            end; so does Ctrl-D. Ctrl-C stops an answer
]]

function Session:say(text)
    self.context:out(text, "\n")
end

function Session:keep(options, new)
    options.messages, options.model, options.system = nil, new._options.model, new._options.system
    self.options, self.chat = options, new
end

--- A chat with other options and the same history.
function Session:renew(changes)
    local options = {}
    for name, value in pairs(self.options) do
        options[name] = value
    end
    for name, value in pairs(changes) do
        options[name] = value
    end
    options.messages = self.chat.messages
    return self:go_on(options)
end

--- The chat of those options. Its model and system prompt are what a saved one has, unless the options name others.
function Session:go_on(options)
    local new, err = talk.open(self.context, options)
    if not new then
        return self:say(tostring(err))
    end
    self:keep(options, new)
    return true
end

local commands = {}

function commands.help(self)
    self.context:out(HELP)
end

function commands.model(self, name)
    if name == "" then
        self:say(self.options.model or tostring(self.chat))
        return
    end
    local id, err = self.context:model_id(name)
    if not id then
        self:say(tostring(err))
    elseif self:renew { model = id } then
        self:say("now with " .. id)
    end
end

function commands.system(self, text)
    if text == "" then
        self:say(tostring(self.options.system or "(none)"))
    else
        self:renew { system = text }
    end
end

function commands.file(self, path)
    local why = attachments.add(self.input, path)
    self:say(why or path .. " goes with the next question")
end

function commands.tools(self)
    self:say "none: tools are functions of a program's own (docs/chat.md)"
end

function commands.undo(self)
    self:say(self.chat:undo() and "forgotten" or "there is nothing to forget")
end

function commands.save(self, path)
    local ok, err = self.chat:save(path)
    self:say(ok and "saved in " .. path or tostring(err))
end

function commands.load(self, path)
    local options = {}
    for name, value in pairs(self.options) do
        options[name] = value
    end
    options.messages, options.model, options.system = path, nil, nil
    if self:go_on(options) then
        self:say(("%d messages"):format(#self.chat.messages))
    end
end

function commands.usage(self)
    local usage, cached = self.chat.usage, ""
    if usage.cache_read_tokens > 0 then
        cached = (" (%d of those in came from the cache)"):format(usage.cache_read_tokens)
    end
    self:say(("%d tokens in, %d out%s"):format(
        usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens, usage.output_tokens, cached))
end
Session.usage = commands.usage

local NEEDS = { file = "PATH", load = "FILE", save = "FILE" }
local NAMES = { "file", "help", "load", "model", "quit", "save", "system", "tools", "undo", "usage" }

--- @return boolean quit
function Session:obey(name, rest)
    if name == "quit" or name == "exit" then
        return true
    elseif not commands[name] then
        local near = core.suggest(name, NAMES)
        self:say(("there is no /%s%s; /help tells what there is"):format(name,
            near and " (did you mean /" .. near .. "?)" or ""))
    elseif NEEDS[name] and rest == "" then
        self:say(("/%s %s"):format(name, NEEDS[name]))
    else
        commands[name](self, rest)
    end
    return false
end

--- Files, and the question behind their text.
local function with_text(files, text)
    local input = {}
    for name, value in pairs(files) do
        input[name] = value
    end
    input.text = input.text and input.text .. "\n\n" .. text or text
    return input
end

--- An answer that breaks or is stopped leaves the chat as it was before, and the files for the next question.
function Session:ask(text)
    local input = with_text(self.input, text)
    local ok, answer = pcall(talk.ask, self.context, self.chat, input)
    if ok then
        self.input = {}
        talk.tell(self.context, answer)
        return
    elseif raised.is_for_the_caller(answer) and not core.ended_by() then
        self:say "(stopped)"
    elseif type(answer) == "table" and answer.kind then
        telling.failure(answer, self.context.json)
    else
        error(answer, 0)
    end
end

--- Ctrl-C stops an answer, and nothing else.
function Session:answer(text)
    core.interruptible(true)
    local ok, why = pcall(self.ask, self, text)
    core.interruptible(false)
    if not ok then
        error(why, 0)
    end
end

function Session:greet()
    self:say(("%s, %d messages; /help tells more, Ctrl-D ends"):format(self.options.model, #self.chat.messages))
end

--- @param read fun(prompt: string): string?
function Session:run(read)
    while true do
        local line = read(self.prompt)
        if not line then
            return
        end
        local name, rest = line:match "^%s*/(%w+)%s*(.-)%s*$"
        if name and self:obey(name, rest) then
            return
        elseif not name and line:find "%S" then
            self:answer(line)
        end
    end
end

--- @param context bedrock.command.Context
--- @param options table for conn:chat
--- @param prompt string
--- @return bedrock.command.Session
return function(context, options, prompt)
    local self = setmetatable({ context = context, input = {}, prompt = prompt }, Session)
    self:keep(options, context:check(talk.open(context, options)))
    return self
end
