--- bedrock kb ask --id ID [--model MODEL] TEXT; bedrock kb retrieve --id ID TEXT
local number = require("bedrock.terminal.arguments").number
local kb = { summary = "Asks a knowledge base, or shows what it finds." }

function kb.arguments(parser)
    parser:argument("action", "ask, or retrieve: only what is found."):choices { "ask", "retrieve" }
    parser:argument("text", "The question; - or nothing: standard input."):args "*"
    parser:option("--id", "The knowledge base."):argname "ID":count "1"
    parser:option("-m --model", "The model that answers, or a part of its name."):argname "MODEL"
    number(parser, "--results", "How many passages.")
end

local function ask(self, base, text)
    if self.json then
        local answer = self:check(base:ask(text))
        return self:put_json { text = answer.text, citations = require("bedrock.core").array(answer.citations or {}) }
    end
    for piece in base:stream(text) do
        self:flush(piece)
    end
    self:out "\n"
end

local function retrieve(self, base, text)
    local found = self:check(base:retrieve(text))
    if not self.json then
        return self:out(tostring(found), "\n")
    end
    for _, passage in ipairs(found) do
        self:put_json(passage)
    end
end

function kb.run(self, args)
    local text = self:text(args.text, "ask what? bedrock kb ask --id ID TEXT")
    local base = self:check(self:connect():knowledge {
        id = args.id, model = args.action == "ask" and self:model() or nil, results = args.results,
    })
    return (args.action == "ask" and ask or retrieve)(self, base, text)
end

return kb
