--- What stands behind a subcommand: its own arguments, and the options that all subcommands have.
local options = require "bedrock.settings.options"

local arguments = {}

--- Flags of every subcommand, which take no value.
local FLAGS = { ["--debug"] = true, ["--help"] = true, ["--json"] = true, ["-h"] = true }

--- Options of bedrock.connect that every subcommand's help tells.
local SHOWN = {
    auth = "Where credentials come from: roles_anywhere, profile, chain, environment, …",
    profile = "A profile of AWS's own files.",
    region = "The region.",
}

local EPILOG = "All options of bedrock.connect but secrets may be given, too: --certificate FILE, --role-arn ARN, …"

local WIDTH, DESCRIPTIONS_AT = 80, 30

local function dashed(name)
    return "--" .. name:gsub("_", "-")
end

--- Does this option of all subcommands stand alone?
local function is_flag(option)
    local known = options.known[option:gsub("^%-%-", ""):gsub("%-", "_")]
    return FLAGS[option] or known ~= nil and known.type == "boolean"
end

--- Splits the subcommand off: the first word that is neither an option nor the value of one.
--- @param words string[]
--- @return string? name
--- @return string[] rest
function arguments.split(words)
    local name, rest, is_value = nil, {}, false
    for _, word in ipairs(words) do
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

--- A program's own words end the options: "--" before the first of them, if it is not there.
--- @param words string[]
--- @return string[]
local function ended(words)
    local rest, is_value = {}, false
    for i, word in ipairs(words) do
        if word == "--" then
            return words
        elseif word:find "^%-." or is_value then
            rest[i] = word
            is_value = not is_value and not word:find "=" and not is_flag(word)
        else
            rest[i] = "--"
            for at = i, #words do
                rest[at + 1] = words[at]
            end
            return rest
        end
    end
    return rest
end

--- @param taken table<string, true>
--- @param is_wanted fun(name: string): boolean
local function sorted_options(taken, is_wanted)
    local list = {}
    for name, known in pairs(options.known) do
        if not known.secret and not known.own and not taken[dashed(name)] and is_wanted(name) then
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

local function add_common(parser, names)
    parser:option("--settings", "A settings file."):argname "FILE"
    parser:flag("--json", "Output and errors as JSON.")
    parser:flag("--debug", "Tell on standard error what happens.")
    for _, name in ipairs(names) do
        if options.known[name].type == "boolean" then
            parser:flag(dashed(name)):hidden(true)
        else
            parser:option(dashed(name), SHOWN[name]):argname(name:upper()):hidden(not SHOWN[name])
        end
    end
end

--- Adds a subcommand's arguments to a parser.
--- @param parser table
--- @param sub table
--- @param is_wanted? fun(name: string): boolean which options of bedrock.connect; nil: those that help shows
--- @return string[] names of these
function arguments.add(parser, sub, is_wanted)
    if sub.arguments then
        sub.arguments(parser)
    end
    local names = sorted_options(taken_by(parser), is_wanted or function(name)
        return SHOWN[name] ~= nil
    end)
    add_common(parser, names)
    return names
end

local function all()
    return true
end

--- "-m, --model MODEL" is one line, where argparse makes two.
local function label_lines(option)
    local takes = table.concat(option:_get_argument_list(), " ")
    return { table.concat(option._public_aliases, ", ") .. (takes ~= "" and " " .. takes or "") }
end

--- @param is_wanted? fun(name: string): boolean
--- @return table parser
--- @return string[] names of the options of bedrock.connect that it knows
function arguments.parser(name, sub, is_wanted)
    local parser = require "argparse"("bedrock " .. name, sub.summary)
    parser:usage_margin(4):usage_max_width(WIDTH):help_max_width(WIDTH):help_description_margin(DESCRIPTIONS_AT)
    -- argparse's own would print, and end the program.
    parser._options[parser._help_option_idx]:action(function()
        parser._is_help_asked = true
    end)
    local names = arguments.add(parser, sub, is_wanted or all)
    for _, option in ipairs(parser._options) do
        option._get_label_lines = label_lines
    end
    parser:epilog(EPILOG)
    return parser, names
end

--- Making a parser of all options takes longer than a question: those that are not written are left out.
local function written_in(words)
    local written = {}
    for _, word in ipairs(words) do
        local option = word:match "^%-%-([^=]+)"
        if option then
            written[option:gsub("-", "_")] = true
        end
    end
    return function(name)
        return SHOWN[name] ~= nil or written[name] == true
    end
end

--- argparse's own words, on one line; near names of one letter help nobody.
local function one_line(why)
    return (why:gsub("\nDid you mean one of these: .*$", ""):gsub("\nDid you mean ('%-%-.*')%?$", " (did you mean %1?)")
        :gsub("\nDid you mean .*$", ""))
end

--- @param args table as argparse read them
--- @param names string[]
--- @return table? given options of bedrock.connect
--- @return string? why
local function given_options(args, names)
    local given = {}
    for _, name in ipairs(names) do
        local value, why = args[name], nil
        if value == "" then
            why = "an empty value; leave the option out for none"
        elseif type(value) == "string" then
            value, why = options.value(name, value)
        end
        if why then
            return nil, dashed(name) .. ": " .. why
        end
        given[name] = value
    end
    if given.profile and not given.auth then
        given.auth = "profile"
    end
    return given
end

--- Reads a subcommand's words.
--- @param name string
--- @param sub table
--- @param words string[]
--- @return table? args {is_help_asked = true}: that alone
--- @return table|string given options of bedrock.connect, or what is wrong
function arguments.read(name, sub, words)
    words = sub.runs and ended(words) or words
    local parser, names = arguments.parser(name, sub, written_in(words))
    local ok, args = parser:pparse(words)
    if parser._is_help_asked then
        return { is_help_asked = true }, {}
    elseif not ok then
        local told = require "bedrock.terminal.slip"(words)
        if told then
            return nil, ("%s: %s"):format(name, told)
        end
        -- What is near a wrong name may be an option that was left out.
        local whole, why = arguments.parser(name, sub):pparse(words)
        return nil, ("%s: %s; see `bedrock help %s`"):format(name, one_line(whole and args or why), name)
    end
    local given, why = given_options(args, names)
    if not given then
        return nil, ("%s: %s"):format(name, why)
    end
    return args, given
end

--- Adds an option that is a number.
function arguments.number(parser, name, description)
    parser:option(name, description):argname "N":convert(function(text)
        local number = tonumber(text)
        if not number then
            return nil, ('%s: expected a number, got "%s"'):format(name, text)
        end
        return number
    end)
end

return arguments
