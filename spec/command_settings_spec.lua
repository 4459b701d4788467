--- What the command says of settings that are missing, wrong or not to be read, and how names of models become IDs.
local cjson = require "cjson"
local command = require "spec.support.command"
local files = require "spec.support.files"
local service = dofile "spec/support/service.lua"

local SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
local CONFIGURE = "`bedrock configure` writes the settings"

describe("settings of the command", function()
    local ep = service.each()
    local here = command.each(ep)
    local nothing

    before_each(function()
        nothing = { BEDROCK_AUTH = false, BEDROCK_ACCESS_KEY_ID = false, BEDROCK_SECRET_ACCESS_KEY = false,
            BEDROCK_MODEL = false, XDG_CACHE_HOME = here.home() .. "/cache" }
    end)

    local function place()
        assert(os.execute("mkdir -p -m 700 " .. here.home() .. "/.config/bedrock"))
        return here.home() .. "/.config/bedrock/settings.lua"
    end

    local function write(text)
        files.write(place(), text)
    end

    describe("that may not be read", function()
        --- As root may read all there is: a link to itself, which nobody may.
        it("are an error that says why, and not as if there were none", function()
            assert(os.execute("ln -s settings.lua " .. place()))
            for _, words in ipairs { { "ask", "hi" }, { "config", "show" }, { "test" }, { "configure" } } do
                local got = here.fails(words[1] == "configure" and 1 or 3, "settings.lua: it cannot be read: "
                    .. "Too many levels of symbolic links", words, { env = nothing })
                assert.is_nil(got.err:find(CONFIGURE, 1, true))
            end
            here.fails(3, "it cannot be read: Too many", { "models", "--settings", place() }, { env = nothing })
        end)

        it("are none where a part of the path is no directory", function()
            files.write(here.home() .. "/file", "")
            local got = here.run({ "config", "show" }, { env = service.merged(nothing, {
                XDG_CONFIG_HOME = here.home() .. "/file" }) })
            assert.equal(0, got.code, got.err)
        end)
    end)

    describe("that are wrong", function()
        it("get the advice to configure only where something is missing", function()
            for _, text in ipairs { "return { region = 'nowhere' }", "return {", "return { regoin = 'us-east-1' }" } do
                write(text)
                local got = here.run({ "models" }, { env = { BEDROCK_MODEL = false } })
                assert.equal(3, got.code, text)
                assert.is_nil(got.err:find(CONFIGURE, 1, true), got.err)
            end
            write "return { region = 'us-east-1' }"
            here.fails(3, CONFIGURE, { "models" }, { env = nothing })
        end)

        it("a new machine hears of configure first, from ask and from test", function()
            local got = here.fails(3, "`bedrock configure` writes one\n  %-%-profile NAME", { "ask", "hi" },
                { env = nothing })
            assert.is_nil(got.err:find("which model", 1, true))
            assert.equal(2, select(2, got.err:gsub("\n", "")), got.err)
            got = here.run({ "test" }, { env = nothing })
            assert.equal(1, got.code)
            assert.matches("`bedrock configure` writes one\n +hint: %-%-profile NAME or %-%-auth chain takes AWS's own"
                .. "\n$", got.out)
            assert.equal("", got.err)
            here.fails(2, "which model", { "ask", "hi" }, { env = { BEDROCK_MODEL = false } })
        end)

        it("and of AWS's own credentials where they are", function()
            local own = "AWS's own credentials seem to be here (%s): --auth chain takes them"
            local function told(sign, env)
                env = service.merged(nothing, env)
                assert.matches("\n  " .. own:format(sign), here.run({ "ask", "hi" }, { env = env }).err, 1, true)
                assert.matches("hint: " .. own:format(sign), here.run({ "test" }, { env = env }).out, 1, true)
            end
            told("AWS_ACCESS_KEY_ID", { AWS_ACCESS_KEY_ID = "AKIAIOSFODNN7EXAMPLE" })
            told("AWS_BEARER_TOKEN_BEDROCK", { AWS_BEARER_TOKEN_BEDROCK = ep.api_key })
            local file = here.home() .. "/config"
            files.write(file, "[default]\n")
            told(file, { AWS_CONFIG_FILE = file })
        end)

        it("a test takes an API key of AWS's variable alone, as calls do", function()
            local env = service.merged(nothing, { AWS_BEARER_TOKEN_BEDROCK = ep.api_key,
                AWS_EC2_METADATA_DISABLED = "true" })
            local got = here.run({ "--auth", "chain", "test" }, { env = env })
            assert.equal(0, got.code, got.out)
            assert.matches("ok   credentials .* API key from AWS_BEARER_TOKEN_BEDROCK", got.out)
            env.AWS_BEARER_TOKEN_BEDROCK = false
            got = here.run({ "--auth", "chain", "test" }, { env = env })
            assert.equal(1, got.code, got.out)
            assert.matches("FAIL credentials", got.out)
        end)

        it("a test's report says that there is no file, in place of all that it would hold", function()
            local got = here.run({ "test" }, { env = nothing })
            local place_of_it = here.home() .. "/.config/bedrock/settings.lua"
            assert.matches("FAIL settings .* no settings file at " .. place_of_it:gsub("%p", "%%%0")
                .. "; `bedrock configure` writes one", got.out)
            assert.is_nil(got.out:find("missing", 1, true), got.out)
            local report = cjson.decode(here.run({ "test", "--json" }, { env = nothing }).out)
            assert.matches("no settings file at " .. place_of_it, report.steps[1].detail, 1, true)
            write "return { regoin = 'us-east-1' }"
            assert.matches("regoin: unknown option", here.run({ "test" }, { env = nothing }).out, 1, true)
        end)

        it("a test tells of a disk that is too full for credentials", function()
            local line = command.line(ep, here.home(), { "test" }, { env = service.merged(nothing, {
                BEDROCK_AUTH = "roles_anywhere", BEDROCK_CERTIFICATE = ep.pki .. "/p256.crt.pem",
                BEDROCK_CERTIFICATE_CHAIN = ep.pki .. "/intermediate.pem",
                BEDROCK_PRIVATE_KEY = ep.pki .. "/p256.key.pkcs8.pem", BEDROCK_SESSION_NAME = "full",
                BEDROCK_TRUST_ANCHOR_ARN = "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/full",
                BEDROCK_PROFILE_ARN = "arn:aws:rolesanywhere:us-east-1:123456789012:profile/full",
                BEDROCK_ROLE_ARN = "arn:aws:iam::123456789012:role/full" }) })
            local told = files.output("(trap '' XFSZ; ulimit -f 0; " .. line .. " 2>&1 </dev/null | cat)")
            assert.matches("hint: the cache in files cannot be used, so each process gets credentials of its own: its "
                .. "directory cannot be written to (File too large); cache_dir must be", told, 1, true)
            assert.matches("ok   bedrock", told, 1, true)
            assert.is_nil(files.output(line .. " </dev/null"):find("hint: the cache", 1, true))
        end)
    end)

    describe("configure", function()
        local ARN = "arn:aws:rolesanywhere:us-east-1:123456789012:"

        local function pki(name)
            return ep.pki .. "/" .. name
        end

        --- Answers in order; {place, …} goes before that one.
        local function configure(change, before)
            local list, lines = { "certificate", pki "p256.crt.pem", pki "p256.key.pkcs8.pem", pki "intermediate.pem",
                ARN .. "trust-anchor/names", ARN .. "profile/names", "arn:aws:iam::123456789012:role/names", "names",
                "us-east-1", "-" }, {}
            for at, answer in pairs(change or {}) do
                list[at] = answer
            end
            for i, answer in ipairs(list) do
                lines[#lines + 1] = before and before[i]
                lines[#lines + 1] = answer
            end
            return here.run({ "configure" }, { env = nothing, stdin = table.concat(lines, "\n") .. "\n" })
        end

        local function written()
            return assert(loadfile(place()))()
        end

        it("refuses - for what is needed, and the certificate as its own issuer, at the question", function()
            local got = configure(nil, { [4] = pki "p256.crt.pem", [5] = "-", [6] = "-", [8] = "-" })
            assert.equal(0, got.code, got.err)
            assert.equal(3, select(2, got.err:gsub("an answer is needed", "")))
            assert.matches("that is the certificate itself", got.err, 1, true)
            assert.equal(pki "intermediate.pem", written().certificate_chain)
        end)

        it("forgets the password of a key that is no longer there", function()
            local got = configure({ [3] = pki "p256.key.pkcs8.enc.pem\ntest-password" })
            assert.equal(0, got.code, got.err)
            assert.equal("test-password", written().private_key_password)
            assert.equal(0, configure({ [3] = "" }).code)
            assert.equal("test-password", written().private_key_password)
            assert.equal(0, configure().code)
            assert.is_nil(written().private_key_password)
        end)

        it("writes the ID that a name stands for, and asks again where none does", function()
            local got = configure({ [10] = "claude sonnet 4.5" }, { [10] = "no such thing" })
            assert.equal(0, got.code, got.err)
            assert.equal(SONNET, written().model)
            assert.matches('fits "no such thing"', got.err, 1, true)
            assert.matches("claude sonnet 4.5 is " .. SONNET, got.err, 1, true)
        end)

        it("keeps a name that cannot be looked up, and says so", function()
            ep:script { { times = -1, match = { operation = "CreateSession" },
                action = { status = 403, json = { message = "not yet" } } } }
            local got = configure({ [10] = "claude sonnet 4.5" })
            assert.equal(1, got.code)
            assert.equal("claude sonnet 4.5", written().model)
            assert.matches("is written as it is", got.err, 1, true)
        end)
    end)

    describe("a model's name", function()
        local function asked()
            local paths = {}
            for _, request in ipairs(ep:requests()) do
                paths[#paths + 1] = request.uri:match "^/model/([^/]+)/"
            end
            return table.concat(paths, " "):gsub("%%3A", ":")
        end

        for _, words in ipairs {
            { "ask", "-m", "claude sonnet 4.5", "hi" },
            { "ask", "-m", "sonnet-4.5", "hi" },
            { "generate", "-m", "claude sonnet 4.5", "hi" },
            { "test", "-m", "claude sonnet 4.5" },
        } do
            it("is looked up: " .. table.concat(words, " "), function()
                local got = here.run(words)
                assert.equal(0, got.code, got.err)
                assert.equal(SONNET, asked():match "^%S+")
            end)
        end

        it("is looked up in the settings, in embed, and by /model", function()
            write "return { model = 'claude sonnet 4.5' }"
            assert.equal(0, here.run({ "ask", "hi" }, { env = { BEDROCK_MODEL = false } }).code)
            assert.equal(0, here.run({ "embed", "-m", "titan embed text v2" }, { stdin = "a\n" }).code)
            local got = here.run({ "chat" }, { stdin = "/model claude sonnet 4.5\nhi\n/model no such thing\n" })
            assert.equal(0, got.code, got.err)
            assert.matches("now with " .. SONNET, got.out, 1, true)
            assert.matches('fits "no such thing"', got.out, 1, true)
            assert.equal(SONNET .. " amazon.titan-embed-text-v2:0 " .. SONNET, (asked()))
        end)

        it("that fits none is an error, before anything is asked", function()
            here.fails(6, 'fits "no such thing"', { "ask", "-m", "no such thing", "hi" })
            assert.equal("", (asked()))
        end)

        it("of one word that leads nowhere is taken as it is, as gateways have their own", function()
            local got = here.fails(5, "model identifier", { "ask", "-m", "nonexistent", "hi" })
            assert.matches('no model in us-east-1 fits "nonexistent"', got.err, 1, true)
            ep:reset()
            ep:script { { times = -1, match = { operation = "ListFoundationModels" }, action = { status = 404,
                json = { message = "no such route" } } }, { times = -1, match = { operation = "ListInferenceProfiles" },
                action = { status = 404, json = { message = "no such route" } } } }
            here.run { "ask", "-m", "ours", "hi" }
            assert.equal("ours", (asked()))
            here.fails(5, "no such route", { "ask", "-m", "ours two", "hi" })
        end)

        it("of one word that fits several is refused with the list, and asks nothing, wherever it stands", function()
            for _, words in ipairs { { "ask", "-m", "nova", "hi" }, { "generate", "-m", "nova", "hi" },
                { "test", "-m", "nova" }, { "ask", "-m", "nova-", "hi" } } do
                here.fails(6, 'fits several models: amazon%.nova', words)
            end
            assert.equal("", (asked()))
            local got = here.run({ "chat" }, { stdin = "/model nova\nhi\n" })
            assert.matches("fits several models: amazon.nova", got.out, 1, true)
            assert.equal("amazon.nova-lite-v1:0", (asked()))
        end)

        it("IDs, profiles and ARNs are asked for no list", function()
            for _, id in ipairs { "amazon.nova-lite-v1:0", "eu.amazon.nova-lite-v1:0", "newprovider.model-v1:0",
                "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6", "a1b2c3d4e5f6" } do
                here.run { "ask", "-m", id, "hi" }
            end
            assert.equal(0, ep:counters().ListFoundationModels or 0)
            assert.equal(0, ep:counters().ListInferenceProfiles or 0)
        end)
    end)

    it("ask --dry-run shows the request that would be sent", function()
        local function path(words)
            return cjson.decode(here.run(words).out).url:match "[^/]+$"
        end
        assert.matches("/converse%-stream\n", here.run({ "ask", "--dry-run", "hi" }).out)
        assert.equal("converse", path { "ask", "--dry-run", "--json", "hi" })
        files.write(here.home() .. "/schema.json", '{"type":"object","properties":{"a":{"type":"string"}}}')
        assert.matches("/converse\n", here.run({ "ask", "--dry-run", "--schema", here.home() .. "/schema.json", "hi" })
            .out)
    end)
end)
