--- bedrock completion bash|zsh|fish
local names = require "bedrock.terminal.names"

--- All subcommands as one parser, which knows how shells complete.
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

local WRITERS = { bash = "get_bash_complete", fish = "get_fish_complete", zsh = "get_zsh_complete" }

--- As a file of $fpath it is called; where it is sourced, it says what it is for.
local ZSH_END = [[

if [ "$funcstack[1]" = _bedrock ]; then
  _bedrock "$@"
else
  compdef _bedrock bedrock
fi
]]

return {
    summary = "What makes a shell complete this command: source <(bedrock completion bash), and likewise in others.",
    arguments = function(parser)
        parser:argument("shell", "bash, zsh or fish"):choices { "bash", "fish", "zsh" }
    end,
    run = function(self, args)
        local parser = whole()
        local text = parser[WRITERS[args.shell]](parser)
        if args.shell == "zsh" then
            text = text:gsub("\n_bedrock%s*$", ZSH_END)
        end
        self:out(text)
    end,
}
