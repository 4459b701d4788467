--- Lists that come in pages.
local bedrock = require "bedrock"
local cjson = require "cjson"
local mime = require "mime"
local service = dofile "spec/support/service.lua"

describe("pages", function()
    local conn
    local ep = service.each_connected(function(new)
        conn = new
    end, { max_attempts = 1 })

    local function agents(...)
        local list = bedrock.array()
        for i, name in ipairs { ... } do
            list[i] = { agentId = name, agentStatus = "PREPARED", updatedAt = "2026-01-02T03:04:05Z" }
        end
        return list
    end

    local function ok(answer)
        return { status = 200, headers = { ["Content-Type"] = "application/json" }, body = bedrock.json.encode(answer) }
    end

    --- Each answer is for one request, in this order.
    local function answers(operation, list)
        local rules = {}
        for i, answer in ipairs(list) do
            rules[i] = { match = { operation = operation }, action = ok(answer) }
        end
        ep:script(rules)
    end

    local function sent_bodies()
        local bodies = {}
        for i, request in ipairs(ep:requests()) do
            bodies[i] = cjson.decode((mime.unb64(request.body64)))
        end
        return bodies
    end

    local function three_pages()
        answers("ListAgents", {
            { agentSummaries = agents("A", "B"), nextToken = "t1" },
            { agentSummaries = agents(), nextToken = "t2" },
            { agentSummaries = agents("C") },
        })
    end

    local function caught(run)
        local passed, err = pcall(run)
        assert.is_false(passed)
        return err
    end

    it("come one after the other until there is no token", function()
        three_pages()
        local sizes = {}
        for page in conn:pages("list_agents", { maxResults = 2 }) do
            assert.equal(200, bedrock.metadata(page).status)
            sizes[#sizes + 1] = #page.agentSummaries
        end
        assert.same({ 2, 0, 1 }, sizes)
        assert.same({
            { maxResults = 2 },
            { maxResults = 2, nextToken = "t1" },
            { maxResults = 2, nextToken = "t2" },
        }, sent_bodies())
    end)

    it("leave the caller's parameters alone, and begin at the caller's token", function()
        three_pages()
        local params = { nextToken = "t0" }
        for _ in conn:pages("agent.list_agents", params) do end
        assert.same({ nextToken = "t0" }, params)
        assert.same({ nextToken = "t0" }, sent_bodies()[1])
    end)

    it("give their items one by one", function()
        three_pages()
        local names = {}
        for agent in conn:items "list_agents" do
            names[#names + 1] = agent.agentId
        end
        assert.same({ "A", "B", "C" }, names)
    end)

    it("are fetched when they are needed", function()
        three_pages()
        local items = conn:items "list_agents"
        assert.equal("A", items:next().agentId)
        assert.equal("B", items:next().agentId)
        assert.equal(1, ep:counters().ListAgents)
    end)

    it("can be taken without a loop, and then end for good", function()
        answers("ListAgents", { { agentSummaries = agents("A"), nextToken = "" } })
        local pages = conn:pages "list_agents"
        assert.equal("A", pages:next().agentSummaries[1].agentId)
        for _ = 1, 2 do
            local page, err = pages:next()
            assert.is_nil(page)
            assert.is_nil(err)
        end
        assert.equal(1, ep:counters().ListAgents)
    end)

    it("raise what fails in a loop, and return it otherwise", function()
        ep:script {
            { match = { operation = "ListAgents" },
                action = ok { agentSummaries = agents("A"), nextToken = "t1" } },
            { match = { operation = "ListAgents" }, times = -1,
                action = { status = 403, headers = { ["x-amzn-ErrorType"] = "AccessDeniedException" },
                    json = { message = "no" } } },
        }
        local seen = 0
        local err = caught(function()
            for _ in conn:items "list_agents" do
                seen = seen + 1
            end
        end)
        assert.equal(1, seen)
        assert.equal("AccessDeniedException", err.code)
        assert.equal("list_agents", err.operation)

        local pages = conn:pages "list_agents"
        for _ = 1, 2 do
            local page, again = pages:next()
            assert.is_nil(page)
            assert.equal("AccessDeniedException", again.code)
        end
        assert.equal(3, ep:counters().ListAgents)
    end)

    it("stop at a token that comes twice in a row", function()
        answers("ListAgents", {
            { agentSummaries = agents("A"), nextToken = "t1" },
            { agentSummaries = agents("B"), nextToken = "t1" },
        })
        local err = caught(function()
            for _ in conn:pages "list_agents" do end
        end)
        assert.equal("transport", err.kind)
        assert.equal("BadResponse", err.code)
        assert.matches('nextToken does not advance: "t1" was repeated', err.message, 1, true)
        assert.equal(2, ep:counters().ListAgents)
    end)

    it("stop when tokens go round in a circle", function()
        local list = {}
        for i = 1, 40 do
            list[i] = { agentSummaries = agents("A"), nextToken = "t" .. i % 5 }
        end
        answers("ListAgents", list)
        local err = caught(function()
            for _ in conn:pages "list_agents" do end
        end)
        assert.equal("BadResponse", err.code)
        assert.is_true(ep:counters().ListAgents < 20)
    end)

    it("exist where the model has forgotten to say so", function()
        answers("ListBrowserSessions", {
            { items = { { sessionId = "s1" } }, nextToken = "t" },
            { items = { { sessionId = "s2" } } },
        })
        local ids = {}
        for session in conn:items("list_browser_sessions", { browserIdentifier = "b" }) do
            ids[#ids + 1] = session.sessionId
        end
        assert.same({ "s1", "s2" }, ids)
    end)

    it("pass validation and options on", function()
        local page, err = conn:pages("list_agents", { maxResultz = 1 }):next()
        assert.is_nil(page)
        assert.equal("ValidationError", err.code)
        page, err = conn:pages("list_agents", {}, { read_timeot = 1 }):next()
        assert.is_nil(page)
        assert.equal("ConfigError", err.code)
    end)

    it("name the operations that have some", function()
        local err = caught(function()
            return conn:pages "get_agent"
        end)
        assert.equal("config", err.kind)
        assert.matches('"get_agent" has no pages (did you mean "list_agents"?)', err.message, 1, true)
        assert.matches("list_prompts", err.message, 1, true)
        err = caught(function()
            return conn:items "list_agent"
        end)
        assert.matches('did you mean "list_agents"?', err.message, 1, true)
        err = caught(function()
            return conn:items "list_sessions"
        end)
        assert.matches("agentcore.list_sessions", err.message, 1, true)
    end)

    it("raise misuse at the caller", function()
        assert.matches("pages_spec.lua:%d+: pages: expected the name of an operation, got a number", caught(function()
            conn:pages(1)
        end))
        assert.matches("pages_spec.lua:%d+: the parameters must be a table, got a string", caught(function()
            conn:items("list_agents", "x")
        end))
        assert.matches("pages_spec.lua:%d+: not a connection", caught(function()
            conn.pages("list_agents")
        end))
    end)

    it("come from every operation of the facts that has a paginator", function()
        local count = 0
        for _, name in ipairs(bedrock.operations()) do
            count = count + (pcall(conn.pages, conn, name) and 1 or 0)
        end
        assert.equal(117, count)
    end)
end)
