--- The command where its output cannot be written: a full disk, a closed descriptor. Each as a process of its own.
local cjson = require "cjson"
local command = require "spec.support.command"
local files = require "spec.support.files"
local service = dofile "spec/support/service.lua"

local ASK = '{"modelId":"amazon.nova-lite-v1:0","messages":[{"role":"user","content":[{"text":"hi"}]}]}'
local CANVAS, TITAN = "amazon.nova-canvas-v1:0", "amazon.titan-embed-text-v2:0"
local URL = "https://bedrock.us-east-1.amazonaws.com/foundation-models"
local AGENT = { "--agent-id", "AGENT12345", "--alias-id", "ALIAS12345" }
local FULL = "standard output: No space left on device"

--- Arguments of each subcommand that writes to standard output.
local ROWS = {
    { "ask", "hi" },
    { "ask", "--json", "hi" },
    { "ask", "--dry-run", "hi" },
    { "ask", "--help" },
    { "chat" },
    { "generate", "hi" },
    { "embed", "-m", TITAN },
    { "image", "-m", CANVAS, "-o", "-", "a cat" },
    { "agent", "ask", "hi", AGENT[1], AGENT[2], AGENT[3], AGENT[4] },
    { "kb", "ask", "--id", "KB12345678", "hi" },
    { "models" },
    { "resolve", "claude", "sonnet", "4.5" },
    { "call", "ListFoundationModels" },
    { "call", "converse_stream", ASK },
    { "describe", "converse" },
    { "skeleton", "converse" },
    { "operations" },
    { "test" },
    { "certificate" },
    { "credentials" },
    { "credentials", "--format", "env" },
    { "credentials", "--format", "ini" },
    { "credentials", "--format", "table" },
    { "api-key" },
    { "sign", URL },
    { "presign", URL },
    { "cache", "list", "--json" },
    { "config", "show" },
    { "completion", "bash" },
    { "help" },
    { "version" },
}

describe("where the output cannot be written", function()
    local ep = service.each()
    local here = command.each(ep)

    local function ends(arguments, redirected, more)
        local home = here.home()
        local env = service.merged({ XDG_CACHE_HOME = home .. "/cache", BEDROCK_CERTIFICATE = ep.pki .. "/p256.crt.pem",
            BEDROCK_PRIVATE_KEY = ep.pki .. "/p256.key.pkcs8.pem" }, more)
        files.write(home .. "/in", "hi\n")
        local code = files.output(("%s <%s/in 2>%s/err %s; printf %%s $?"):format(
            command.line(ep, home, arguments, { env = env }), home, home, redirected))
        return code, files.read(home .. "/err")
    end

    for _, row in ipairs(ROWS) do
        it(table.concat(row, " "):sub(1, 40) .. " fails on a full disk, and says so once", function()
            local code, err = ends(row, ">/dev/full")
            assert.equal("1", code, err)
            local _, times = err:gsub(FULL, "")
            assert.equal(1, times, err)
            assert.is_nil(err:find("traceback", 1, true))
        end)
    end

    it("a closed one is an error, too, and no file that is opened takes its place", function()
        local code, err = ends({ "ask", "hi" }, ">&-")
        assert.equal("1", code)
        assert.matches("standard output: Bad file descriptor", err, 1, true)
        assert.equal("0", (ends({ "ask", "hi" }, ">/dev/null <&-")))
        assert.equal("0", (ends({ "ask", "hi" }, ">/dev/null 2>&-")))
    end)

    it("the error is JSON where that is asked for, and a worse code stays", function()
        local code, err = ends({ "models", "--json" }, ">/dev/full")
        assert.equal("1", code)
        assert.equal(FULL, cjson.decode(err).error.message)
        assert.equal("3", (ends({ "models" }, ">/dev/full", { BEDROCK_REGION = "nowhere" })))
    end)

    it("an image's file says why", function()
        local code, err = ends({ "image", "-m", CANVAS, "-o", "/dev/full", "a cat" }, ">/dev/null")
        assert.equal("1", code)
        assert.matches("/dev/full: No space left on device", err, 1, true)
    end)

    it("an image goes into a pipe by its name, too", function()
        local line = command.line(ep, here.home(), { "image", "-m", CANVAS, "-o", "/dev/stdout", "a cat" })
        assert.matches("^\137PNG", files.output(line .. " </dev/null 2>&1 | cat"))
    end)

    describe("an image whose disk is full", function()
        --- Files of the command's own may have no byte: the same as a full disk, for anybody who runs this.
        local function draws(path)
            local home = here.home()
            return files.output(("(trap '' XFSZ; ulimit -f 0; %s 2>&1 </dev/null | cat)"):format(command.line(ep, home,
                { "image", "-m", CANVAS, "-o", path, "a cat" })))
        end

        it("leaves no file, and the one that was there as it was", function()
            local new, old = here.home() .. "/new.png", here.home() .. "/old.png"
            assert.matches("new.png: File too large", draws(new), 1, true)
            files.write(old, "a dog")
            assert.matches("old.png: File too large", draws(old), 1, true)
            assert.equal("a dog", files.read(old))
            assert.equal("old.png\n", files.output("ls " .. here.home()))
        end)
    end)
end)
