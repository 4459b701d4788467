--- What people get wrong at the command, and what it says: options, files, variables, names.
local command = require "spec.support.command"
local files = require "spec.support.files"
local program = require "spec.support.program"
local service = dofile "spec/support/service.lua"
local cjson = require "cjson"
local mime = require "mime"

--- Each write of a program as a packet, in brackets.
local WRITES = [[
import socket, subprocess, sys
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
program = subprocess.Popen(sys.argv[1], shell=True, stdout=theirs, stdin=subprocess.DEVNULL)
theirs.close()
for packet in iter(lambda: ours.recv(65536), b""):
    sys.stdout.write("[" + packet.decode() + "]")
program.wait()
]]

describe("a slip", function()
    local ep = service.each()
    local here = command.each(ep)

    local function sent()
        return cjson.decode((mime.unb64(service.last_request(ep).body64)))
    end

    it("a secret as an option is told where secrets go, and is not shown", function()
        for _, words in ipairs { { "ask", "--api-key", "hid/den", "hi" },
            { "models", "--secret-access-key=hid/den" } } do
            local got = here.fails(2, "secrets are no arguments.*BEDROCK_%u[%u_]+ in the environment", words)
            assert.is_nil(got.err:find("hid/den", 1, true))
        end
    end)

    it("words that begin with - are told what to stand behind", function()
        here.fails(2, "'?-1'? is taken for an option: .* stand behind %-%-", { "ask", "what", "is", "-1" })
        here.fails(2, "values of options behind =", { "ask", "--max-tokens", "-1", "hi" })
        here.run { "ask", "--", "what", "is", "-1" }
        assert.equal("what is -1", sent().messages[1].content[1].text)
        here.fails(6, "max_tokens: expected a whole number from 1, got %-1", { "ask", "--max-tokens=-1", "hi" })
    end)

    it("an empty value is none", function()
        here.fails(2, "%-%-region: an empty value", { "ask", "--region", "", "hi" })
        here.fails(2, "%-%-profile: an empty value", { "ask", "--profile=", "hi" })
    end)

    it("a file's name in place of JSON is told of @", function()
        files.write(here.home() .. "/question.json", "{}")
        here.fails(2, "; of a file: @" .. here.home():gsub("%p", "%%%0") .. "/question%.json",
            { "call", "converse", here.home() .. "/question.json" })
    end)

    it("a file in S3 is asked for there, and its ending must tell what it is", function()
        here.run { "ask", "-f", "s3://bucket/a.png", "-f", "s3://bucket/b.pdf", "-f", "s3://bucket/c.mp4", "What?" }
        local content, found = sent().messages[1].content, {}
        for _, block in ipairs(content) do
            local media = block.image or block.document or block.video
            found[#found + 1] = media and media.source.s3Location.uri
        end
        table.sort(found)
        assert.same({ "s3://bucket/a.png", "s3://bucket/b.pdf", "s3://bucket/c.mp4" }, found)
        here.fails(1, "s3://bucket/a: its name ends with no format", { "ask", "-f", "s3://bucket/a", "What?" })
    end)

    it("text in a picture's name is no picture", function()
        files.write(here.home() .. "/x.png", "hello")
        here.fails(1, "x%.png: its name says png, but it holds text", { "ask", "-f", here.home() .. "/x.png", "What?" })
        files.write(here.home() .. "/x.gif", "GIF89a-and-so-on")
        assert.equal(0, here.run({ "ask", "-f", here.home() .. "/x.gif", "What?" }).code)
    end)

    it("a provider of no model gets the nearest, or all", function()
        assert.matches("no model is of amazn %(did you mean Amazon%?%)",
            here.run({ "models", "--provider", "amazn" }).err)
        assert.matches("no model is of xyzzy; there are: A", here.run({ "models", "--provider", "xyzzy" }).err)
    end)

    it("a variable that is no setting's is told of where it is like one", function()
        local got = here.run({ "config", "show" }, { env = { BEDROCK_REGOIN = "eu-central-1", BEDROCK_TEST = "1" } })
        assert.matches("BEDROCK_REGOIN is no setting %(did you mean BEDROCK_REGION%?%)", got.err)
        assert.is_nil(got.err:find("BEDROCK_TEST", 1, true))
        assert.equal("", here.run({ "ask", "hi" }).err)
    end)

    it("a private key that others may read is told of by test", function()
        local key = here.home() .. "/key.pem"
        files.write(key, files.read(ep.pki .. "/p256.key.pkcs8.pem"))
        local env = { BEDROCK_AUTH = false, BEDROCK_ACCESS_KEY_ID = false, BEDROCK_SECRET_ACCESS_KEY = false,
            BEDROCK_PROFILE_ARN = "arn:aws:rolesanywhere:us-east-1:123456789012:profile/slips",
            BEDROCK_TRUST_ANCHOR_ARN = "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/slips",
            BEDROCK_ROLE_ARN = "arn:aws:iam::123456789012:role/slips", BEDROCK_SESSION_NAME = "slips",
            BEDROCK_CERTIFICATE = ep.pki .. "/p256.crt.pem", BEDROCK_PRIVATE_KEY = key,
            BEDROCK_CERTIFICATE_CHAIN = ep.pki .. "/intermediate.pem", XDG_CACHE_HOME = here.home() .. "/cache" }
        assert(os.execute("chmod 644 " .. key))
        local got = here.run({ "test" }, { env = env })
        assert.equal(0, got.code, got.err)
        assert.matches("may read private_key: chmod 600 " .. key, got.out, 1, true)
        assert(os.execute("chmod 640 " .. key))
        assert.is_nil(here.run({ "test" }, { env = env }).out:find("chmod", 1, true))
    end)

    it("answers into a file or pipe come in whole lines", function()
        ep:script { { match = { operation = "ConverseStream" }, action = { frames = {
            { event = "messageStart", json = { role = "assistant" } },
            { event = "contentBlockDelta", json = { contentBlockIndex = 0, delta = { text = "one " } } },
            { event = "contentBlockDelta", json = { contentBlockIndex = 0, delta = { text = "two\nth" } } },
            { event = "contentBlockDelta", json = { contentBlockIndex = 0, delta = { text = "ree" } } },
            { event = "messageStop", json = { stopReason = "end_turn" } } } } } }
        local line = command.line(ep, here.home(), { "ask", "hi" })
        assert.equal("[one two\n][three\n]", files.output("python3 -c " .. command.quoted(WRITES) .. " "
            .. command.quoted(line)))
    end)

    it("without lua-argparse it says what to install", function()
        local line = command.line(ep, here.home(), { "ask", "hi" })
        local path = files.output(program.interpreter() .. " -e 'io.write(package.path)'")
        files.write(here.home() .. "/argparse.lua", "error 'not here'")
        local out = files.output(("LUA_PATH='%s/?.lua;%s' %s 2>&1 </dev/null; printf %%s $?"):format(here.home(), path,
            line))
        assert.equal("bedrock: lua-argparse is missing: apt install lua-argparse, or luarocks install argparse\n1", out)
    end)
end)
