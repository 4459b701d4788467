--- docs/getting-started.md: its steps run from top to bottom, with openssl, this module's command and the local
--- endpoint as IAM Roles Anywhere; its policies name actions that there are; its errors are those that one gets.
local bedrock = require "bedrock"
local command = require "spec.support.command"
local doc_blocks = require "spec.support.doc_blocks"
local doc_run = require "spec.support.doc_run"
local files = require "spec.support.files"
local json = require "spec.support.plain_json"
local program = require "spec.support.program"
local refused = require "spec.support.getting_started_page"
local service = require "spec.support.service"

local PAGE = "docs/getting-started.md"
local quoted = command.quoted

--- The AWS CLI, as far as the steps need it: what each command makes has this ARN.
local AWS = [[#!/bin/sh
echo "$@" | tr '\n' ' ' >>"$HOME/aws.log"
echo >>"$HOME/aws.log"
case "$2" in
create-trust-anchor) echo arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/steps ;;
create-role) echo arn:aws:iam::123456789012:role/bedrock ;;
create-profile) echo arn:aws:rolesanywhere:us-east-1:123456789012:profile/steps ;;
esac
]]

local function blocks_of(language, wanted)
    local found = {}
    for _, block in ipairs(doc_blocks(PAGE, language)) do
        if block.title:find(wanted) then
            found[#found + 1] = block.code
        end
    end
    return table.concat(found, "\n")
end

--- Each part of a line, between "…", stands in a text, in that order.
local function assert_says(line, text)
    local from = 1
    for part in line:gsub("…", "\1"):gmatch "[^\1]+" do
        local _, to = text:find(part:match "^%s*(.-)%s*$", from, true)
        assert.is_number(to, ("%q is not in %q"):format(part, text))
        from = to + 1
    end
end

local function assert_says_all(code, text)
    for line in code:gmatch "[^\n]+" do
        assert_says(line, text)
    end
end

describe(PAGE, function()
    local home, own

    local function executable(name, text)
        files.write(home .. "/bin/" .. name, text)
        os.execute("chmod +x " .. quoted(home .. "/bin/" .. name))
    end

    --- An endpoint whose trust anchor is the page's own authority.
    local function endpoint_of_page()
        local pki, dir = home .. "/pki", home .. "/endpoint"
        os.execute(("mkdir %s && cp %s/tls-* %s"):format(quoted(pki), quoted(service.endpoint().pki), quoted(pki)))
        files.write(pki .. "/ca.pem", files.read(home .. "/bedrock/ca.pem"))
        files.output(("env -u LD_PRELOAD %s spec/endpoint/cli.lua start %s %s 2>&1"):format(program.interpreter(),
            quoted(dir), quoted(pki)))
        own = require("spec.endpoint.endpoint").attach(dir)
    end

    --- Only this module needs what sanitizers preload; other programs may hang with it.
    local function with_module(line)
        local preload = os.getenv "LD_PRELOAD"
        return ('#!/bin/sh\n%sexec %s "$@"\n'):format(preload and "LD_PRELOAD=" .. quoted(preload) .. " " or "",
            program.interpreter() .. line)
    end

    --- @return string what it wrote, errors, too
    local function shell(code, more)
        local script = home .. "/steps.sh"
        files.write(script, "set -e\ncd ~/bedrock 2>/dev/null || cd\n" .. code)
        local env = ("env -u LD_PRELOAD %s HOME=%s PATH=%s:\"$PATH\" XDG_CONFIG_HOME= XDG_CACHE_HOME=%s"):format(
            more or "", quoted(home), quoted(home .. "/bin"), quoted(home .. "/cache"))
        return files.output(("%s sh %s 2>&1; echo \"ended with $?\""):format(env, quoted(script)))
    end

    local function at_endpoint()
        return ("BEDROCK_ENDPOINT=%s BEDROCK_CA_FILE=%s"):format(quoted(own.https), quoted(own.ca_file))
    end

    before_each(function()
        home = command.home()
        os.execute("mkdir " .. quoted(home .. "/bin"))
        local here = files.output "pwd":gsub("\n$", "")
        executable("aws", AWS)
        executable("bedrock", with_module(" " .. quoted(here .. "/bin/bedrock")))
        executable("lua", with_module "")
    end)

    after_each(function()
        if own then
            own:stop()
            own = nil
        end
        command.remove(home)
    end)

    --- The flags of `aws rolesanywhere` are members of the operation.
    local function check_flags(line)
        local operation, rest = line:match "^rolesanywhere (%S+) (.*)$"
        local takes = operation and tostring(bedrock.describe("rolesanywhere." .. operation:gsub("%-", "_")))
        for flag in (rest or ""):gmatch "%-%-(%l[%l%-]+)" do
            local member = flag:gsub("%-(%l)", string.upper)
            assert.truthy(flag == "query" or flag == "output" or takes:find("\n  " .. member .. ":", 1, true), flag)
        end
        return operation
    end

    it("leads from an authority by openssl to the first answer", function()
        local made = shell(blocks_of("sh", "^1%."))
        assert.matches("refused +no: Roles Anywhere would take it\nended with 0\n$", made)
        endpoint_of_page()
        local said = shell(blocks_of("sh", "^[2-5]%."), at_endpoint())
        assert.matches("ok +credentials", said)
        assert.matches("ok +model", said)
        assert.matches("You asked: Why is the sky blue%?", said)
        assert.matches("ended with 0\n$", said)
        assert.same({ own:counters().CreateSession, own:counters().refused }, { 1, 0 })
        local trust = json.decode(files.read(home .. "/bedrock/trust.json"))
        assert.equal("arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/steps",
            trust.Statement[1].Condition.ArnEquals["aws:SourceArn"])
        assert.is_table(json.decode(files.read(home .. "/bedrock/policy.json")).Statement)
        local operations = {}
        for line in files.read(home .. "/aws.log"):gmatch "[^\n]+" do
            operations[#operations + 1] = check_flags(line)
        end
        assert.same({ "create-trust-anchor", "create-profile", "update-profile" }, operations)
        local name = home .. "/first.lua"
        files.write(name, blocks_of("lua", "^5%."))
        assert.matches("You asked: Why is the sky blue%?",
            shell("lua " .. quoted(name), at_endpoint()))
    end)

    describe("says what goes wrong:", function()
        local ep, conn = service.each(), nil

        local function roles_anywhere(name)
            conn = assert(bedrock.connect(service.roles_anywhere(ep, name, {
                certificate = ep.pki .. "/p256.chain.pem", private_key = ep.pki .. "/p256.key.pkcs8.pem",
                cache = false })))
            return conn
        end

        after_each(function()
            if conn then
                conn:close()
                conn = nil
            end
        end)

        local function refuse(operation, message)
            ep:script { { match = { operation = operation }, times = -1, action = { status = 403,
                headers = { ["x-amzn-errortype"] = "AccessDeniedException" }, json = { message = message } } } }
        end

        it("a certificate of another authority", function()
            refuse("CreateSession", "Untrusted signing certificate")
            local _, err = roles_anywhere("anchor"):converse(service.ask "Hello")
            assert_says_all(blocks_of("text", "^2%."), tostring(err))
        end)

        it("a trust policy that does not fit", function()
            refuse("CreateSession", "Unable to assume role for arn:aws:iam::123456789012:role/bedrock")
            local _, err = roles_anywhere("role"):test()
            assert_says_all(blocks_of("text", "^3%."), tostring(err.report))
        end)

        it("a profile that takes no session names", function()
            ep:config { accept_session_names = false }
            assert_says_all(blocks_of("text", "^4%."), tostring(assert(roles_anywhere("profile"):test())))
        end)

        it("no credentials on a machine that is no instance", function()
            local name = home .. "/instance.lua"
            files.write(name, ([[
                local conn = assert(require("bedrock").connect { auth = "instance", instance = { endpoint = %q } })
                print(select(2, conn:converse { modelId = "m", messages = {} }))]]):format(ep.refused))
            assert_says_all(blocks_of("text", "^The short ways$"),
                shell("lua " .. quoted(name), "-u AWS_EC2_METADATA_DISABLED"))
        end)

        it("a certificate without digitalSignature", function()
            local report = assert(bedrock.certificate(ep.pki .. "/nodigsig.crt.pem"))
            assert_says_all(blocks_of("text", "^Other authorities$"), tostring(report))
        end)

        for title, row in pairs(refused) do
            it("a policy without the statement of " .. title, function()
                local operation, action, resource, ask = row[1], row[2], row[3], row[4]
                refuse(operation, ("User: arn:aws:sts::123456789012:assumed-role/bedrock/nightly is not authorized to "
                    .. "perform: %s%s because no identity-based policy allows the %s action"):format(action,
                    resource and " on resource: " .. resource or "", action))
                conn = service.connect(ep)
                local answer, err = ask(conn)
                assert.is_nil(answer)
                local said = blocks_of("text", "^" .. title:gsub("%p", "%%%0") .. "$")
                assert.truthy(said ~= "", "no error is told")
                assert_says_all(said, tostring(err))
            end)
        end
    end)

    describe("has the short ways:", function()
        local ep = service.each()

        it("all of them connect", function()
            local count = 0
            local module = { connect = function(settings)
                count = count + 1
                local more = ({
                    api_key = { endpoint = ep.https, ca_file = ep.ca_file },
                    access_keys = { endpoint = ep.https, ca_file = ep.ca_file },
                    profile = { config_file = home .. "/config", credentials_file = home .. "/config" },
                    container = { container = { uri = ep.http .. "/container/credentials" } },
                    chain = { config_file = home .. "/config", credentials_file = home .. "/config" },
                })[settings.auth]
                local conn, err = bedrock.connect(service.merged(settings, more))
                if conn then
                    conn:close()
                end
                return conn, err
            end }
            files.write(home .. "/config", "[profile dev]\naws_access_key_id = AKIAEXAMPLEEXAMPLE12\n"
                .. "aws_secret_access_key = secret\nregion = us-east-1\n")
            local system = { getenv = function(name)
                return name == "AWS_BEARER_TOKEN_BEDROCK" and ep.api_key or name
            end }
            for _, block in ipairs(doc_blocks(PAGE)) do
                if block.title == "The short ways" then
                    doc_run.run(block.code, "=" .. PAGE, { bedrock = module, os = system })
                end
            end
            assert.equal(6, count)
        end)
    end)

    describe("has policies", function()
        --- Actions that are not an operation's name, or of a service that this module does not call.
        local OTHERS = { ["bedrock:CallWithBearerToken"] = true, ["bedrock-mantle:CallWithBearerToken"] = true,
            ["bedrock-mantle:CreateInference"] = true, ["bedrock:RenderPrompt"] = true, ["iam:PassRole"] = true,
            ["s3:GetObject"] = true, ["s3:PutObject"] = true, ["s3:ListBucket"] = true, ["sts:AssumeRole"] = true }

        local function check(action)
            local operation = action:match "^bedrock[%l%-]*:(%u%a+)$"
            local name = operation and operation:gsub("%u", "_%0"):sub(2):lower()
            assert.truthy(OTHERS[action] or name and bedrock.describe(name), action)
        end

        local blocks = doc_blocks(PAGE, "json")

        it("for each use", function()
            assert.truthy(#blocks >= 12)
        end)

        for i, block in ipairs(blocks) do
            it(("that name actions that there are: %s (%d)"):format(block.title, i), function()
                assert.truthy(refused[block.title], "no error is told")
                local policy = json.decode(block.code)
                assert.equal("2012-10-17", policy.Version)
                for _, statement in ipairs(policy.Statement) do
                    assert.equal("Allow", statement.Effect)
                    assert.truthy(statement.Resource or statement.Principal)
                    local actions = type(statement.Action) == "table" and statement.Action or { statement.Action }
                    for _, action in ipairs(actions) do
                        check(action)
                    end
                end
            end)
        end
    end)

    it("has commands that a shell can read", function()
        for _, block in ipairs(doc_blocks(PAGE, "sh")) do
            files.write(home .. "/block.sh", block.code)
            assert.equal("0\n", files.output(("sh -n %s; echo $?"):format(quoted(home .. "/block.sh"))))
        end
    end)
end)
