--- The command `bedrock`: finds the subcommand's file, reads its options, runs it, and turns what it says into an exit
--- code. Each subcommand is a file here: {summary, arguments = function(parser), run = function(context, args)}.
local context = require "bedrock.command.context"
local names = require "bedrock.command.names"
local options = require "bedrock.settings.options"

local command = {}

local USAGE = 2

--- Options that every subcommand has, and that take no value.
local FLAGS = { ["--debug"] = true, ["--help"] = true, ["--json"] = true, ["--version"] = true, ["-h"] = true }

--- Options of bedrock.connect that every subcommand's help tells.
local SHOWN = { auth = true, profile = true, region = true }

local function dashed(name)
    return "--" .. name:gsub("_", "-")
end

local function is_flag(option)
    local known = options.known[option:gsub("^%-%-", ""):gsub("%-", "_")]
    return FLAGS[option] or known ~= nil and known.type == "boolean"
end

--- Splits the subcommand off: the first word that is neither an option nor the value of one.
--- @param arguments string[]
--- @return string? name
--- @return string[] rest
local function split(arguments)
    local name, rest, is_value = nil, {}, false
    for _, word in ipairs(arguments) do
        local is_option = word:find "^%-." ~= nil
        if name == nil and not is_option and not is_value then
            name = word
        else
            rest[#rest + 1] = word
            is_value = name == nil and is_option and not word:find "=" and not is_flag(word)
        end
    end
    return name, rest
end
command.split = split

--- @param taken table<string, true>
--- @param only_shown boolean?
local function sorted_options(taken, only_shown)
    local list = {}
    for name, known in pairs(options.known) do
        if not known.secret and not known.own and not taken[dashed(name)] and (SHOWN[name] or not only_shown) then
            list[#list + 1] = name
        end
    end
    table.sort(list)
    return list
end

--- The names that a subcommand has taken for options of its own.
local function taken_by(parser)
    local taken = {}
    for _, option in ipairs(parser._options) do
        for _, name in ipairs(option._aliases) do
            taken[name] = true
        end
    end
    return taken
end

--- The options of all subcommands: those of bedrock.connect but its secrets.
--- @param taken table<string, true>
--- @param only_shown boolean? leaves out what help does not show
local function add_common(parser, taken, only_shown)
    parser:option("--settings", "A settings file."):argname "FILE"
    parser:flag("--json", "Output and errors as JSON.")
    parser:flag("--debug", "Tell on standard error what happens.")
    for _, name in ipairs(sorted_options(taken, only_shown)) do
        if options.known[name].type == "boolean" then
            parser:flag(dashed(name)):hidden(true)
        else
            parser:option(dashed(name)):argname(name:upper()):hidden(not SHOWN[name])
        end
    end
end

--- @return table given options of bedrock.connect
--- @return string? problem
local function given_options(args, taken)
    local given = {}
    for _, name in ipairs(sorted_options(taken)) do
        local value = args[name]
        if type(value) == "string" then
            local read, why = options.value(name, value)
            if why then
                return given, dashed(name) .. ": " .. why
            end
            value = read
        end
        given[name] = value
    end
    if given.profile and not given.auth then
        given.auth = "profile"
    end
    return given
end

--- @param parser table
--- @param sub table
--- @param only_shown boolean? leaves out what help does not show
--- @return table<string, true> taken options that mean something else to this subcommand than to bedrock.connect
function command.add_arguments(parser, sub, only_shown)
    if sub.arguments then
        sub.arguments(parser)
    end
    local taken = taken_by(parser)
    add_common(parser, taken, only_shown)
    return taken
end

--- @return table parser
--- @return table<string, true> taken
local function parser_of(name, sub)
    local parser = require "argparse"("bedrock " .. name, sub.summary)
    parser:usage_margin(4):help_max_width(100)
    local taken = command.add_arguments(parser, sub)
    parser:epilog("All options of bedrock.connect but secrets may be given, too: --certificate FILE, --role-arn ARN, …")
    return parser, taken
end
command.parser_of = parser_of

local function usage(text)
    io.stderr:write("bedrock: ", text, "\n")
    return USAGE
end

local function unknown(name)
    local near = require("bedrock.core").suggest(name, names.list())
    return usage(('there is no subcommand "%s"%s; `bedrock help` lists them'):format(name,
        near and (" (did you mean %s?)"):format(near) or ""))
end

local function run(name, rest)
    local sub = require("bedrock.command." .. names.file(name))
    local parser, taken = parser_of(name, sub)
    local ok, args = parser:pparse(rest)
    if not ok then
        return usage(("%s: %s; see `bedrock help %s`"):format(name, args, name))
    end
    local given, problem = given_options(args, taken)
    if problem then
        return usage(("%s: %s"):format(name, problem))
    end
    return context.run(sub, given, args)
end

--- @param arguments string[] without the program's name
--- @return integer code to exit with
function command.main(arguments)
    require("bedrock.core").keep_pipe_errors()
    local name, rest = split(arguments)
    if not name then
        for _, word in ipairs(rest) do
            if word == "--version" then
                name = "version"
            elseif word == "--help" or word == "-h" then
                name = "help"
            end
        end
        if not name then
            io.stderr:write(require("bedrock.command.help").overview())
            return USAGE
        end
        rest = {}
    elseif not names.file(name) then
        return unknown(name)
    end
    return run(name, rest)
end

return command
