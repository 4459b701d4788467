--- bedrock help [TOPIC]
local names = require "bedrock.terminal.names"

local help = { summary = "Help for a subcommand, an operation, or a function of the module." }

--- @return string text
function help.overview()
    local lines = { "Usage: bedrock SUBCOMMAND [options]" }
    for _, row in ipairs(names.rows()) do
        lines[#lines + 1] = row[2] and ("  %-12s %s"):format(row[1], row[2]) or "\n" .. row[1]
    end
    lines[#lines + 1] = "\nBegin with `bedrock configure`, which writes a settings file and tests it. Options, and\n"
        .. "variables BEDROCK_…, go before the file. bedrock help SUBCOMMAND tells its options."
    return table.concat(lines, "\n") .. "\n"
end

function help.arguments(parser)
    parser:argument("topic", "A subcommand, an operation, or a function."):args "*"
end

--- What the module's own help says, of an operation in any of its spellings.
local function of_module(self, topic)
    local bedrock = require "bedrock"
    local text, err = bedrock.help(topic)
    if not text then
        local name = require("bedrock.terminal.operation").name(topic)
        text = name and bedrock.help(name)
    end
    return text or self:usage(require("bedrock.terminal.telling").plain(err.errors[1].message))
end

function help.run(self, args)
    local topic = args.topic[1]
    if not topic then
        self:out(help.overview())
    elseif names.file(topic) then
        local sub = require("bedrock.command." .. names.file(topic))
        self:out(require("bedrock.terminal.arguments").parser(topic, sub):get_help(), "\n")
    else
        self:out(of_module(self, table.concat(args.topic, " ")), "\n")
    end
end

return help
