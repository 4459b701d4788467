--- bedrock help [TOPIC]
local names = require "bedrock.command.names"

local help = { summary = "Help for a subcommand, an operation, or a function of the module." }

--- @return string text
function help.overview()
    local lines = { "usage: bedrock SUBCOMMAND [options]\n" }
    for _, row in ipairs(names.rows()) do
        lines[#lines + 1] = row[2] and ("  %-12s %s"):format(row[1], row[2]) or "\n" .. row[1]
    end
    lines[#lines + 1] = "\nbedrock help SUBCOMMAND tells its options. Settings: options, BEDROCK_… variables, the file "
        .. "of `bedrock configure`."
    return table.concat(lines, "\n") .. "\n"
end

function help.arguments(parser)
    parser:argument("topic", "A subcommand, an operation, or a function."):args "?"
end

function help.run(self, args)
    local topic = args.topic
    if not topic then
        self:out(help.overview())
    elseif names.file(topic) then
        local sub = require("bedrock.command." .. names.file(topic))
        local parser = require("bedrock.command").parser_of(topic, sub)
        self:out(parser:get_help(), "\n")
    else
        self:out(tostring(require("bedrock").help(topic)), "\n")
    end
end

return help
