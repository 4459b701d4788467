--- bedrock agent ask --agent-id ID --alias-id ID [--session-id ID] TEXT
local core = require "bedrock.core"

local agent = { summary = "Asks an agent, an AgentCore harness or a runtime." }

function agent.arguments(parser)
    parser:argument("action", "ask"):choices { "ask" }
    parser:argument("text", "The question; - or nothing: standard input."):args "*"
    parser:option("--agent-id", "An agent, with its alias."):argname "ID"
    parser:option("--alias-id", "TSTALIASID is the draft's."):argname "ID"
    parser:option("--harness-arn", "Or a harness."):argname "ARN"
    parser:option("--runtime-arn", "Or a runtime."):argname "ARN"
    parser:option("--session-id", "Go on with that session."):argname "ID"
end

function agent.run(self, args)
    if not (args.agent_id or args.harness_arn or args.runtime_arn) then
        self:usage "agent: --agent-id and --alias-id, or --harness-arn, or --runtime-arn"
    end
    if args.agent_id and not args.alias_id then
        self:usage "agent: --agent-id needs --alias-id, too (TSTALIASID is the draft's)"
    end
    local text = self:text(args.text, "ask what? bedrock agent ask … TEXT")
    local session = self:check(self:connect():agent_session {
        agent_id = args.agent_id, alias_id = args.alias_id, harness_arn = args.harness_arn,
        runtime_arn = args.runtime_arn, session_id = args.session_id,
    })
    if self.json then
        local answer = self:check(session:ask(text))
        self:put_json { text = answer.text, session_id = session.session_id,
            citations = core.array(answer.citations or {}) }
        return 0
    end
    for piece in session:stream(text) do
        self:flush(piece)
    end
    self:out "\n"
    self:note("session " .. session.session_id)
end

return agent
