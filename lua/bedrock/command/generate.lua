--- bedrock generate [-m MODEL] [PROMPT | -]
local number = require("bedrock.terminal.arguments").number
local generate = { summary = "Text from a prompt, in one shot, from any model family." }

function generate.arguments(parser)
    parser:argument("prompt", "The prompt; - or nothing: standard input."):args "*"
    parser:option("-m --model", "A model ID, an ARN, an inference profile, or a part of a name."):argname "MODEL"
    parser:option("-s --system", "The system prompt."):argname "TEXT"
    number(parser, "--max-tokens", "The longest answer.")
    number(parser, "--temperature", "0 to 1.")
    parser:option("--family", "Instead of the one that the model's name says."):argname "NAME"
end

function generate.run(self, args)
    local prompt = self:text(args.prompt, "generate what? bedrock generate PROMPT")
    local answer = self:check(self:connect():generate {
        model = self:model(), prompt = prompt, system = require("bedrock.terminal.talk").system(self, args),
        max_tokens = args.max_tokens, temperature = args.temperature, family = args.family, heal = true,
    })
    for _, sentence in ipairs(answer.healed or {}) do
        self:note(sentence)
    end
    if self.json then
        self:put_json { text = answer.text, stop_reason = answer.stop_reason, usage = answer.usage }
    else
        self:out(answer.text or tostring(answer), "\n")
    end
end

return generate
