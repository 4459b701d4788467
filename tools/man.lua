--- bedrock.1, from the subcommands' own help:  lua5.4 tools/man.lua >bedrock.1
--- Needs LUA_PATH and LUA_CPATH for the module.
local names = require "bedrock.terminal.names"

local function put(...)
    io.write(...)
end

--- Text that roff leaves alone.
local function escaped(text)
    text = text:gsub("\\", "\\e"):gsub("%-", "\\-"):gsub("\n", " "):gsub("…", "...")
    return (text:gsub("^([.'])", "\\&%1"))
end

local function bold(text)
    return "\\fB" .. escaped(text) .. "\\fR"
end

local function italic(text)
    return "\\fI" .. escaped(text) .. "\\fR"
end

local function argument_name(element)
    return type(element._argname) == "table" and element._argname[1] or element._argname or ""
end

local function put_option(option)
    local labels = {}
    for i, alias in ipairs(option._aliases) do
        labels[i] = bold(alias)
    end
    local takes = option._maxargs and option._maxargs > 0 and " " .. italic(argument_name(option)) or ""
    put(".TP\n", table.concat(labels, ", "), takes, "\n", escaped(option._description or ""), "\n")
end

local function put_argument(argument)
    put(".TP\n", italic(argument._name), "\n", escaped(argument._description or ""), "\n")
end

--- What every subcommand has is told once.
local function is_common(option)
    for _, alias in ipairs(option._aliases) do
        if alias == "--settings" or alias == "--json" or alias == "--debug" or alias == "--help"
            or alias == "--auth" or alias == "--profile" or alias == "--region" then
            return true
        end
    end
    return option._hidden
end

local function put_subcommand(name)
    local sub = require("bedrock.command." .. names.file(name))
    local parser = require("bedrock.terminal.arguments").parser(name, sub)
    put(".SS ", bold("bedrock " .. name), "\n", escaped(sub.summary), "\n")
    for _, argument in ipairs(parser._arguments) do
        put_argument(argument)
    end
    for _, option in ipairs(parser._options) do
        if not is_common(option) then
            put_option(option)
        end
    end
end

local function put_list(rows)
    for _, row in ipairs(rows) do
        put(".TP\n", bold(row[1]), "\n", escaped(row[2]), "\n")
    end
end

--- Lines of a program stay lines.
local function program(text)
    return (text:gsub("[^\n]+", escaped):gsub("'", "\\(aq"))
end

local function put_examples(rows)
    for _, row in ipairs(rows) do
        put(".PP\n", escaped(row[1]), "\n.PP\n.RS 4\n.EX\n", program(row[2]), "\n.EE\n.RE\n")
    end
end

put(".\\\" Made by tools/man.lua.\n.TH BEDROCK 1 \"\" \"bedrock ", require("bedrock")._VERSION, "\"\n")
put(".SH NAME\nbedrock \\- Amazon Bedrock on the command line\n")
put(".SH SYNOPSIS\n.B bedrock\n", italic "SUBCOMMAND", " [", italic "options", "]\n")
put(".SH DESCRIPTION\n", escaped("Talks to the models, agents and knowledge bases of Amazon Bedrock, makes any of its "
    .. "operations, and gives credentials of IAM Roles Anywhere (a certificate and a private key in place of access "
    .. "keys) to other programs."), "\n")
put ".SH SUBCOMMANDS\n"
for _, row in ipairs(names.rows()) do
    if row[2] then
        put_subcommand(row[1])
    end
end
put ".SH OPTIONS OF ALL SUBCOMMANDS\n"
put_list {
    { "--settings FILE", "A settings file." },
    { "--auth WAY", "Where credentials come from: roles_anywhere, profile, chain, environment, …" },
    { "--profile NAME", "A profile of AWS's own files; without --auth it means --auth profile." },
    { "--region REGION", "The region." },
    { "--json", "Output and errors as JSON." },
    { "--debug", "Tells on standard error what happens, without secrets." },
}
put(".PP\n", escaped("All other options of the module's connections may be given, too: --certificate FILE, --role-arn "
    .. "ARN, and so on. Secrets may not: they are read from the environment or the settings file."), "\n")
put ".SH SETTINGS\n"
put(escaped("The strongest first: options; variables of the environment, BEDROCK_ and an option's name in capitals; "
    .. "the file that --settings or BEDROCK_SETTINGS names, else the user's own. A file is Lua that returns a table, "
    .. "or JSON. It is data: it runs with an empty environment, and is refused where others may write it."), "\n")
put ".SH FILES\n"
put_list {
    { "$XDG_CONFIG_HOME/bedrock/settings.lua, settings.json", "The settings; in ~/.config where that is not set." },
    { "$XDG_CACHE_HOME/lua-bedrock", "Credentials, sealed with the private key; in ~/.cache where that is not set." },
}
put ".SH EXIT STATUS\n"
put_list {
    { "0", "It is done. A pipe that nobody reads any more is no error." },
    { "1", "It failed: network, timeout, a check, output that cannot be written." },
    { "2", "Wrong usage." }, { "3", "Wrong settings." },
    { "4", "No credentials." }, { "5", "The service refused." }, { "6", "Input that the service would refuse." },
    { "129, 130, 143", "Ended by SIGHUP, interrupted, ended by SIGTERM." },
}
put ".SH EXAMPLES\n"
put_examples {
    { "Set it up, and ask:", "bedrock configure\nbedrock ask 'What is a monad?'" },
    { "Credentials for the AWS CLI and SDKs, in ~/.aws/config:",
        "[profile bedrock]\ncredential_process = bedrock credentials" },
    { "Any operation:", "bedrock call ListFoundationModels --query 'modelSummaries[*].modelId'" },
    { "From cron, a week before a certificate ends:",
        "bedrock certificate --days 7 || mail -s 'renew it' root </dev/null" },
}
put ".SH SEE ALSO\n.BR aws (1),\n.BR curl (1)\n"
