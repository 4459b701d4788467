--- bedrock ask [-m MODEL] [-s SYSTEM] [-f FILE]… [--schema FILE] [-c] [TEXT | -]
local talk = require "bedrock.terminal.talk"

local ask = { summary = "Asks a model one question; the answer is written as it comes." }

function ask.arguments(parser)
    parser:argument("text", "The question; - or nothing: from standard input, which else is appended."):args "*"
    talk.arguments(parser)
    parser:option("-f --file", "A picture, a document, a film, or text to go with it."):argname "FILE":count "*"
    parser:option("--schema", "A file with JSON Schema: the answer is JSON that fits."):argname "FILE"
    parser:flag("-c --continue", "Go on with the last talk."):target "continued"
    parser:flag("--strict", "Exit 1 when the answer was cut or stopped."):target "strict_end"
    parser:flag("--dry-run", "Print the request that would be sent, without secrets.")
end

--- Standard input, if it is meant: a file or pipe with something in it.
local function piped(self)
    local kind = require("bedrock.core").input(0)
    if kind == "file" or kind == "ready" then
        return self:read_all()
    elseif kind == "silent" then
        self:note "standard input is open but silent, so it is left alone; - waits for it"
    end
end

local function question(self, args)
    local text = table.concat(args.text, " ")
    if text == "-" or text == "" and not args.file[1] then
        return self:text(args.text, "ask what? bedrock ask TEXT")
    end
    local more = piped(self)
    if more and more:find "%S" then
        text = text ~= "" and text .. "\n\n" .. more or more
    end
    return text
end

local function input_of(self, args)
    local input = { text = question(self, args) }
    for _, path in ipairs(args.file) do
        local why = require("bedrock.terminal.attachments").add(input, path)
        if why then
            self:fail(why)
        end
    end
    return input
end

local function schema_of(self, path)
    if not path then
        return nil
    end
    local schema, err = require("bedrock.core").decode(self:read(path))
    if type(schema) ~= "table" then
        self:fail(path .. ": " .. (err and err.message or "no JSON Schema"))
    end
    return schema
end

function ask.run(self, args)
    local options = talk.options(self, args)
    options.schema = schema_of(self, args.schema)
    options.messages = args.continued and talk.last(self) or nil
    local input = input_of(self, args)
    local chat = self:check(talk.open(self, options))
    if args.dry_run then
        local as = (self.json or options.schema) and "say" or "stream"
        return require "bedrock.terminal.request"(self, chat:prepare(input, nil, as))
    end
    local answer
    if options.schema and not self.json then
        answer = self:check(chat:say(input))
        self:out(answer.text, "\n")
    else
        answer = talk.ask(self, chat, input)
    end
    talk.keep(self, chat)
    local whole = talk.tell(self, answer)
    return (whole or not args.strict_end) and 0 or 1
end

return ask
