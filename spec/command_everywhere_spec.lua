--- What holds for every subcommand: it works where no terminal is, tells wrong usage, what the service refuses and that
--- it was interrupted by its exit code and a line, and ends quietly when nobody reads.
local cjson = require "cjson"
local command = require "spec.support.command"
local eventually = require("spec.support.patience").eventually
local files = require "spec.support.files"
local service = dofile "spec/support/service.lua"

local ASK = '{"modelId":"amazon.nova-lite-v1:0","messages":[{"role":"user","content":[{"text":"hi"}]}]}'
local CANVAS, TITAN = "amazon.nova-canvas-v1:0", "amazon.titan-embed-text-v2:0"
local URL = "https://bedrock.us-east-1.amazonaws.com/foundation-models"
local AGENT = { "--agent-id", "AGENT12345", "--alias-id", "ALIAS12345" }

--- right: arguments that work; wrong: that do not; asks: the operation that it makes; refused, says: the exit code (if
--- not 5) and the words when that is refused; stdin: what it reads; keyless: its credentials are of Roles Anywhere.
local ROWS = {
    { "ask", right = { "hi" }, wrong = { "--nonsense" }, asks = "ConverseStream" },
    { "chat", right = {}, wrong = { "text" }, asks = "ConverseStream", stdin = "hi\n", refused = 0, goes_on = true },
    { "generate", right = { "hi" }, wrong = { "--max-tokens", "x", "hi" }, asks = "InvokeModel" },
    { "image", right = { "-m", CANVAS, "-o", "-", "a cat" }, wrong = { "a cat" }, asks = "InvokeModel" },
    { "embed", right = { "-m", TITAN }, wrong = { "a", "b" }, asks = "InvokeModel", stdin = "a\nb\n" },
    { "agent", right = { "ask", "hi", AGENT[1], AGENT[2], AGENT[3], AGENT[4] }, wrong = { "ask", "hi" },
        asks = "InvokeAgent" },
    { "kb", right = { "ask", "--id", "KB12345678", "hi" }, wrong = { "ask", "hi" },
        asks = "RetrieveAndGenerateStream" },
    { "models", right = {}, wrong = { "--kind" }, asks = "ListFoundationModels", refused = 0 },
    { "resolve", right = { "claude", "sonnet", "4.5" }, wrong = {}, asks = "ListInferenceProfiles", refused = 6 },
    { "call", right = { "converse", ASK }, wrong = { "nosuch" }, asks = "Converse" },
    { "describe", right = { "converse" }, wrong = { "nosuch" } },
    { "skeleton", right = { "converse" }, wrong = {} },
    { "operations", right = {}, wrong = { "nosuch" } },
    { "test", right = {}, wrong = { "more" }, asks = "ListFoundationModels", refused = 0,
        says = "may not list models" },
    { "certificate", right = {}, wrong = { "--days", "soon" }, keyless = true },
    { "credentials", right = {}, wrong = { "--format", "xml" }, asks = "CreateSession", refused = 4, keyless = true },
    { "exec", right = { "echo", "hi" }, wrong = {}, asks = "CreateSession", refused = 4, keyless = true },
    { "api-key", right = {}, wrong = { "--duration", "soon" }, asks = "CreateSession", refused = 4, keyless = true },
    { "sign", right = { URL }, wrong = { "nonsense" }, asks = "CreateSession", refused = 4, keyless = true },
    { "presign", right = { URL }, wrong = { URL, "--expires", "soon" }, asks = "CreateSession", refused = 4,
        keyless = true },
    { "cache", right = { "list", "--json" }, wrong = { "shake" } },
    { "config", right = { "show" }, wrong = { "shake" } },
    { "completion", right = { "bash" }, wrong = { "tcsh" } },
    { "help", right = {}, wrong = { "nonsense" } },
    { "version", right = {}, wrong = { "more" } },
}

describe("the command, everywhere:", function()
    local ep = service.each()
    local here = command.each(ep)

    local function with(row, arguments)
        local words = { row[1] }
        for _, word in ipairs(arguments) do
            words[#words + 1] = word
        end
        return words
    end

    --- The certificate as an identity that has nothing in the cache.
    local function options(row, how)
        local env = { XDG_CACHE_HOME = here.home() .. "/cache", BEDROCK_MAX_ATTEMPTS = "1" }
        if row.keyless then
            env.BEDROCK_AUTH, env.BEDROCK_ACCESS_KEY_ID, env.BEDROCK_SECRET_ACCESS_KEY = false, false, false
            env.BEDROCK_PROFILE_ARN = "arn:aws:rolesanywhere:us-east-1:123456789012:profile/everywhere"
            env.BEDROCK_TRUST_ANCHOR_ARN = "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/everywhere"
            env.BEDROCK_ROLE_ARN = "arn:aws:iam::123456789012:role/everywhere"
            env.BEDROCK_SESSION_NAME = "everywhere"
            env.BEDROCK_CERTIFICATE = ep.pki .. "/p256.crt.pem"
            env.BEDROCK_PRIVATE_KEY = ep.pki .. "/p256.key.pkcs8.pem"
            env.BEDROCK_CERTIFICATE_CHAIN = ep.pki .. "/intermediate.pem"
        end
        return service.merged({ env = env, stdin = row.stdin }, how)
    end

    --- By bash: words of a script around the line; CODE is the line's.
    local function script(row, text)
        local input = here.home() .. "/.input"
        files.write(input, row.stdin or "")
        local line = ("%s <%s 2>%s/.err"):format(command.line(ep, here.home(), with(row, row.right), options(row)),
            input, here.home())
        return "bash -c " .. command.quoted((text:gsub("LINE", (line:gsub("%%", "%%%%"))))) .. " 2>/dev/null"
    end

    local function told()
        return files.read(here.home() .. "/.err")
    end

    for _, row in ipairs(ROWS) do
        describe(row[1], function()
            it("works without a terminal", function()
                local got = here.run(with(row, row.right), options(row))
                assert.equal(0, got.code, got.err)
                assert.matches("%S", got.out)
            end)

            it("tells no secret when it tells what happens", function()
                local arguments = with(row, row.right)
                table.insert(arguments, 1, "--debug")
                local got = here.run(arguments, options(row))
                local said = got.err .. (row.keyless and "" or got.out)
                assert.is_nil(said:find(ep.secret_access_key, 1, true))
                assert.is_nil(said:lower():find("security%-token: [^(%s]"))
                assert.is_nil(said:lower():find("signature=%x"))
            end)

            it("tells wrong usage", function()
                local got = here.run(with(row, row.wrong), options(row))
                assert.equal(2, got.code, got.err)
                assert.matches("^bedrock: [^\n]+\n$", got.err)
                assert.equal("", got.out)
                assert.equal("usage", cjson.decode(here.run(with(row, service.merged(row.wrong, {
                    [#row.wrong + 1] = "--json" })), options(row)).err).error.kind)
            end)

            it("ends quietly when nobody reads", function()
                local out = files.output(script(row, "exec 3> >(exit); wait $!; LINE >&3; echo $?"))
                -- What exec runs ends as it would in a shell.
                assert.equal(row[1] == "exec" and "141\n" or "0\n", out)
                assert.equal("", (told():gsub("bedrock: session %S+\n", ""):gsub("bedrock: no settings file .-\n", "")))
            end)

            if row.asks then
                it("tells what the service refuses", function()
                    ep:script { { times = -1, match = { operation = row.asks }, action = { status = 403,
                        json = { message = "not for you" },
                        headers = { ["x-amzn-errortype"] = "AccessDeniedException" } } } }
                    local got = here.run(with(row, row.right), options(row))
                    assert.equal(row.refused or 5, got.code, got.err)
                    assert.matches(row.says or "not for you", got.err .. got.out)
                    assert.is_nil((got.err .. got.out):find("traceback", 1, true))
                end)
            end

            if row.asks and not row.goes_on then
                it("ends with 130 when it is interrupted", function()
                    ep:script { { times = -1, match = { operation = row.asks }, action = { hang = true } } }
                    local pipe = assert(io.popen(script(row, "set -m; LINE >/dev/null & pid=$!; echo $pid; wait $pid; "
                        .. "echo $?")))
                    local pid = pipe:read "*l"
                    eventually(function()
                        return (ep:counters()[row.asks] or 0) > 0
                    end)
                    os.execute("kill -INT " .. pid)
                    assert.equal("130", pipe:read "*l")
                    pipe:close()
                    assert.is_nil(told():find("traceback", 1, true))
                end)
            end
        end)
    end

    it("every subcommand is among them", function()
        local rows = { configure = true }
        for _, row in ipairs(ROWS) do
            rows[row[1]] = true
        end
        for _, name in ipairs(require("bedrock.terminal.names").list()) do
            assert.truthy(rows[name], name)
        end
    end)
end)
