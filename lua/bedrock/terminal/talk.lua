--- What ask and chat share: options, the answer as it comes, what is said beneath it, where talks are kept.
local number = require("bedrock.terminal.arguments").number

local talk = {}

function talk.arguments(parser)
    parser:option("-m --model", "A model ID, an ARN, an inference profile, or a part of a name."):argname "MODEL"
    parser:option("-s --system", "The system prompt; \"\": none, whatever the settings say."):argname "TEXT"
    number(parser, "--max-tokens", "The longest answer.")
    number(parser, "--temperature", "0 to 1.")
    parser:option("--reasoning", "How much the model thinks first: low, medium, high."):argname "LEVEL"
end

--- The system prompt; -s "" takes away that of the settings.
--- @return string?
function talk.system(self, args, goes_on)
    if args.system then
        return args.system ~= "" and args.system or nil
    end
    return not goes_on and self:settings().own.system or nil
end

--- Options of conn:chat. A talk that goes on keeps its model and system prompt. What a model does not take is left out,
--- and told.
--- @return table
function talk.options(self, args)
    local goes_on = args.continued or args.resume
    return {
        model = (args.model or not goes_on) and self:model() or nil,
        system = talk.system(self, args, goes_on),
        max_tokens = args.max_tokens,
        temperature = args.temperature,
        reasoning = args.reasoning,
        heal = true,
    }
end

--- Where the last talk and the lines of chat are kept: the user's state directory.
--- @return string? path nil: there is no home
function talk.place(name)
    local base = os.getenv "XDG_STATE_HOME"
    if not base or base == "" then
        local home = os.getenv "HOME"
        if not home or home == "" then
            return nil
        end
        base = home .. "/.local/state"
    end
    return base .. "/bedrock/" .. name, base .. "/bedrock"
end

--- A chat of those options. Of a saved one that cannot be read, that alone is told.
--- @return bedrock.Chat?
--- @return bedrock.Error|string|nil err
function talk.open(self, options)
    local chat, err = self:connect():chat(options)
    local problem = err and err.errors and err.errors[1]
    if problem and problem.path == "messages" and type(options.messages) == "string" then
        return nil, (problem.message:gsub("; leave messages out.*", ""))
    end
    return chat, err
end

--- The last talk's file.
function talk.last(self)
    local path = talk.place "last.json"
    if not path or not require("bedrock.settings.file").exists(path) then
        self:usage "there is no talk to go on with"
    end
    return path
end

--- Keeps a talk for `ask -c` and `chat --resume`. That it cannot is told, and no more.
function talk.keep(self, chat)
    local path, directory = talk.place "last.json"
    if not path then
        return
    end
    local ok, err = require("bedrock.core").make_directory(directory)
    if ok then
        ok, err = chat:save(path)
    end
    if not ok then
        self:note("the talk is not kept: " .. tostring(err))
    end
end

local ENDINGS = {
    max_tokens = "the answer was cut by max_tokens",
    model_context_window_exceeded = "the answer was cut: the model's context is full",
    guardrail_intervened = "a guardrail stopped this",
    content_filtered = "a content filter stopped this",
}

--- Tells what is to be known of an answer beside its text.
--- @return boolean whole
function talk.tell(self, answer)
    for _, sentence in ipairs(answer.healed or {}) do
        self:note(sentence)
    end
    local ending = ENDINGS[answer.stop_reason]
    if ending then
        self:note(ending)
    end
    return ending == nil
end

--- What is written at once: pieces for people to see, else whole lines, so that those of programs that share an output
--- stay whole.
local function by_lines(self)
    local is_terminal, held, last = require("bedrock.core").terminal(1), {}, "\n"
    return function(piece)
        last = piece:sub(-1)
        if is_terminal then
            return self:flush(piece)
        end
        local lines, rest = piece:match "^(.*\n)([^\n]*)$"
        if lines then
            self:flush(table.concat(held), lines)
            held = {}
        end
        held[#held + 1] = rest or piece
    end, function()
        if last ~= "\n" then
            self:flush(table.concat(held), "\n")
        end
    end
end

--- Writes an answer as it comes, and ends its line.
local function stream_to(self, chat, input)
    local write, finish = by_lines(self)
    local stream, err = chat:stream(input)
    if err then
        error(err, 0)
    end
    local ok, raised = pcall(function()
        for piece in stream do
            write(piece)
        end
    end)
    finish()
    if not ok then
        stream:close()
        error(raised, 0)
    end
    return stream.answer
end

local function as_json(self, chat, input)
    local answer, err = chat:say(input)
    if not answer then
        error(err, 0)
    end
    self:put_json {
        text = answer.text, object = answer.object, reasoning = answer.reasoning, citations = answer.citations,
        stop_reason = answer.stop_reason, usage = answer.usage, rounds = answer.rounds, healed = answer.healed,
    }
    self:flush()
    return answer
end

--- Asks, and writes the answer. What stops it is raised.
--- @return bedrock.ChatAnswer
function talk.ask(self, chat, input)
    return (self.json and as_json or stream_to)(self, chat, input)
end

return talk
