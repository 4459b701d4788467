--- The examples of docs/command.md and docs/credentials-for-other-programs.md run, each block by a shell, with settings
--- of Roles Anywhere for the endpoint. Programs of others are stand-ins, which spec/interop has as they are.
local command = require "spec.support.command"
local doc_blocks = require "spec.support.doc_blocks"
local files = require "spec.support.files"
local program = require "spec.support.program"
local service = dofile "spec/support/service.lua"

local MODEL = "amazon.nova-lite-v1:0"
local QUESTION = ('{"modelId":"%s","messages":[{"role":"user","content":[{"text":"Hi"}]}]}'):format(MODEL)
local OBJECT = '{"type":"object","properties":{"name":{"type":"string"}}}'
local OTHERS = { "aws", "curl", "git", "my-program", "terraform" }
--- One that notes how it was called, and reads what it is given.
local STAND_IN = [[#!/bin/sh
echo "$(basename "$0") $*" >>"$HOME/called"
[ -t 0 ] || cat >/dev/null
]]
--- `bedrock`; what a person would type into configure and into a skeleton comes from files.
local WRAPPER = [[#!/bin/sh
cd %s || exit
for word; do
    shift
    case $word in
    @*) word=@$OLDPWD/${word#@} ;;
    *.pdf | *.png | *.pem | person.json | talk.json) word=$OLDPWD/$word ;;
    esac
    set -- "$@" "$word"
done
case $1 in
configure) exec %s bin/bedrock "$@" <"$HOME/answers" ;;
skeleton) %s bin/bedrock "$@" >"$HOME/skeleton" && exec cat "$HOME/filled" ;;
esac
exec %s bin/bedrock "$@"
]]

describe("the pages of the command", function()
    local ep = service.each()
    local here = command.each(ep)

    local function write(name, text)
        files.write(here.home() .. "/" .. name, text)
    end

    local function write_program(name, text)
        write("bin/" .. name, text)
        os.execute("chmod 755 " .. here.home() .. "/bin/" .. name)
    end

    local SETTINGS = [[return {
        profile_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:profile/page",
        role_arn = "arn:aws:iam::123456789012:role/page",
        trust_anchor_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/page",
        session_name = "page", model = %q, certificate = %q, private_key = %q, certificate_chain = %q,
    }]]

    before_each(function()
        os.execute("cd " .. here.home() .. " && mkdir -p bin work .aws && mkdir -m 700 -p .config/bedrock")
        write(".config/bedrock/settings.lua", SETTINGS:format(MODEL, ep.pki .. "/p256.crt.pem",
            ep.pki .. "/p256.key.pkcs8.pem", ep.pki .. "/intermediate.pem"))
        write(".aws/config", "[profile dev]\nregion = us-east-1\n")
        write(".aws/credentials", ("[dev]\naws_access_key_id = %s\naws_secret_access_key = %s\n"):format(
            ep.access_key_id, ep.secret_access_key))
        -- Each answer of before, that there is.
        write("answers", ("\n"):rep(20))
        write("filled", QUESTION)
        write("work/question.json", QUESTION)
        write("work/person.json", OBJECT)
        write("work/talk.json", ('{"version":1,"model":"%s","messages":[{"role":"user","content":[{"text":"Hi"}]},'
            .. '{"role":"assistant","content":[{"text":"Yes"}]}]}'):format(MODEL))
        write("work/invoice.pdf", "%PDF-1.4\n")
        write("work/page.txt", "Ada\n")
        write("work/lines.txt", "one\ntwo\n")
        write("work/questions.txt", "How?\nWhy?\n")
        write("work/client.pem", files.read(ep.pki .. "/p256.crt.pem"))
        local lua = program.interpreter()
        write_program("bedrock", WRAPPER:format((files.output "pwd":gsub("\n", "")), lua, lua, lua))
        for _, name in ipairs(OTHERS) do
            write_program(name, STAND_IN)
        end
        ep:script { { times = -1, match = { operation = "Converse", body = "outputConfig" }, action = { json = {
            output = { message = { role = "assistant", content = { { text = '{"name":"Ada"}' } } } },
            stopReason = "end_turn", usage = { inputTokens = 1, outputTokens = 1, totalTokens = 2 },
            metrics = { latencyMs = 1 },
        } } } }
    end)

    local function run(code)
        local home = here.home()
        write("script", "set -e\ncd " .. home .. "/work\n" .. code)
        local variables = ("HOME=%s PATH=%s/bin:$PATH XDG_CONFIG_HOME= XDG_STATE_HOME= XDG_CACHE_HOME= "
            .. "BEDROCK_ENDPOINT=%s BEDROCK_CA_FILE=%s"):format(home, home, ep.https, ep.ca_file)
        return files.output(("env -u AWS_PROFILE %s sh %s/script </dev/null 2>&1; printf '[%%s]' $?"):format(variables,
            home))
    end

    for _, page in ipairs { "docs/command.md", "docs/credentials-for-other-programs.md" } do
        for i, block in ipairs(doc_blocks(page, "sh")) do
            -- That completions load in their shells has a test of its own.
            if block.title ~= "Completion" then
                it(("%s, %s (%d)"):format(page, block.title, i), function()
                    local said = run(block.code)
                    assert.equal("[0]", said:match "%[%d+%]$", said)
                    assert.is_nil(said:find("traceback", 1, true), said)
                end)
            end
        end
    end

    it("has settings that are settings", function()
        local path = here.home() .. "/example.lua"
        files.write(path, doc_blocks("docs/command.md")[1].code)
        local found = assert(require("bedrock.settings.file").read(path))
        assert.equal("nightly", found.session_name)
        for name in pairs(found) do
            assert.truthy(require("bedrock.settings.options").known[name], name)
        end
    end)
end)
