--- The command `bedrock`: finds the subcommand's file, reads its options, runs it, and turns what it says into an exit
--- code. Each subcommand is a file here: {summary, arguments = function(parser), run = function(context, args)}; runs:
--- its arguments are another program's.
local names = require "bedrock.terminal.names"

local command = {}

local FAILED, USAGE = 1, 2

--- What stands alone, by what it is called elsewhere.
local ALONE = { ["--help"] = "help", ["-h"] = "help", ["-?"] = "help", ["--version"] = "version", ["-V"] = "version",
    ["-v"] = "version" }

--- @param words string[]
local function usage(words, text)
    require("bedrock.terminal.telling").usage(text, table.concat(words, " "):find("--json", 1, true) ~= nil)
    return USAGE
end

local function unknown(name, words)
    if name:find "%s" then
        return usage(words, ("a question goes to a subcommand: bedrock ask %s"):format(
            require("bedrock.terminal.quoting").shell(name)))
    end
    local near = require("bedrock.core").suggest(name, names.list())
    return usage(words, ('there is no subcommand "%s"%s; `bedrock help` lists them'):format(name,
        near and (" (did you mean %s?)"):format(near) or ""))
end

local function run(name, words)
    if not pcall(require, "argparse") then
        io.stderr:write("bedrock: lua-argparse is missing: apt install lua-argparse, or luarocks install argparse\n")
        return FAILED
    end
    local arguments = require "bedrock.terminal.arguments"
    local sub = require("bedrock.command." .. names.file(name))
    local args, given = arguments.read(name, sub, words)
    if not args then
        return usage(words, given)
    elseif args.is_help_asked then
        return run("help", { name })
    end
    return require("bedrock.terminal.context").run(sub, given, args)
end

--- Options without a subcommand.
local function alone(words)
    for _, word in ipairs(words) do
        if ALONE[word] then
            return run(ALONE[word], {})
        end
    end
    if words[1] then
        return usage(words, words[1] .. ": no subcommand is given; `bedrock help` lists them")
    end
    io.stderr:write(require("bedrock.command.help").overview())
    return USAGE
end

--- @param words string[] without the program's name
--- @return integer code to exit with
function command.main(words)
    local core = require "bedrock.core"
    core.keep_output_errors()
    core.endable()
    local name, rest = require("bedrock.terminal.arguments").split(words)
    if not name then
        return alone(rest)
    elseif not names.file(name) then
        return unknown(name, words)
    end
    return run(name, rest)
end

return command
