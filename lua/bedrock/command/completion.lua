--- bedrock completion bash|zsh|fish
local names = require "bedrock.terminal.names"

--- All subcommands as one parser, which knows how shells complete options.
local function whole()
    local arguments = require "bedrock.terminal.arguments"
    local parser = require "argparse"("bedrock", "Amazon Bedrock on the command line.")
    for _, row in ipairs(names.rows()) do
        if row[2] then
            local sub = require("bedrock.command." .. names.file(row[1]))
            arguments.add(parser:command(row[1], row[2]), sub)
        end
    end
    return parser
end

--- What a subcommand's first argument may be: words, or what shells ask the command for when it is wanted, in the
--- spelling that was begun.
local OPERATIONS = "$(command bedrock operations --like=BEGUN 2>/dev/null)"

--- What each shell calls the word that was begun. Fish's leaves the whole option out where there is none.
local BEGUN = { bash = '"$cur"', fish = "(commandline -ct)", zsh = '"$PREFIX"' }

--- Those that the parser does not know.
local OWN = {
    call = OPERATIONS, describe = OPERATIONS, skeleton = OPERATIONS, help = table.concat(names.list(), " "),
}

local function first_arguments(parser)
    local first = {}
    for name, words in pairs(OWN) do
        first[name] = words
    end
    for _, command in ipairs(parser._commands) do
        local argument = command._arguments[1]
        if argument and argument._choices then
            first[command._name] = table.concat(argument._choices, " ")
        end
    end
    return first
end

--- @param first table<string, string>
--- @param form string of a line, with the subcommand and its words
local function lines_of(first, form)
    local lines = {}
    for _, name in ipairs(names.list()) do
        lines[#lines + 1] = first[name] and form:format(name, first[name])
    end
    return table.concat(lines, "\n")
end

local BASH = [=[
    if [[ "$prev" = "$cmd" && "$cur" != -* ]]; then
        case "$cmd" in
%s
        esac
    fi

]=]
--- What follows the words: options.
local BASH_END = '    if [[ "$cur" = -* ]]'

local WRITERS = {}

function WRITERS.bash(parser, first)
    local cases = lines_of(first, [[            %s) COMPREPLY=($(compgen -W "%s" -- "$cur")) ;;]])
    local text = parser:get_bash_complete()
    local at = assert(text:find(BASH_END, 1, true))
    return text:sub(1, at - 1) .. BASH:format(cases) .. text:sub(at)
end

--- As a file of $fpath it is called; where it is sourced, it says what it is for.
local ZSH_END = [[

if [ "$funcstack[1]" = _bedrock ]; then
  _bedrock "$@"
else
  compdef _bedrock bedrock
fi
]]

--- The parser writes its own there.
function WRITERS.zsh(parser)
    local text = parser:get_zsh_complete():gsub("\n_bedrock%s*$", ZSH_END)
    for name, words in pairs(OWN) do
        text = text:gsub(("(\n    %s%%)\n.-\n        \"%%*?: ):_files\""):format(name), function(before)
            return ("%s:(%s)\""):format(before, words)
        end, 1)
    end
    return text
end

function WRITERS.fish(parser, first)
    local form = "complete -c bedrock -n '__fish_bedrock_seen_command %s' -xa '%s'"
    return parser:get_fish_complete() .. lines_of(first, form):gsub("%$%(", "(") .. "\n"
end

return {
    summary = "What makes a shell complete this command: source <(bedrock completion bash), and likewise in others.",
    arguments = function(parser)
        parser:argument("shell", "bash, zsh or fish"):choices { "bash", "fish", "zsh" }
    end,
    run = function(self, args)
        local parser = whole()
        local text = WRITERS[args.shell](parser, first_arguments(parser)):gsub("BEGUN", BEGUN[args.shell])
        self:out(text)
    end,
}
