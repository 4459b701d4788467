--- What newcomers write, and what they are told: where it is, what is wrong, what to write instead. Nothing is sent.
local bedrock = require "bedrock"

local MODEL = "amazon.nova-lite-v1:0"
local PKI = os.getenv "BEDROCK_TEST_PKI" or "build/pki"

local KEYS = { auth = "access_keys", access_key_id = "AKIAEXAMPLE", secret_access_key = "secret" }
local CERTIFICATE = {
    profile_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:profile/one",
    role_arn = "arn:aws:iam::123456789012:role/one",
    trust_anchor_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/one",
    session_name = "slips",
    certificate = PKI .. "/p256.chain.pem",
    private_key = PKI .. "/p256.key.pkcs8.pem",
}

local function merged(one, other)
    local all = {}
    for _, part in ipairs { one, other } do
        for name, value in pairs(part) do
            all[name] = value
        end
    end
    return all
end

--- What is said at that path, and nothing else may be wrong.
local function only(err, path)
    assert.equal(1, #err.errors, tostring(err))
    assert.equal(path, err.errors[1].path)
    return err.errors[1].message
end

describe("slips with connect:", function()
    local function refused(base, option, value)
        local conn, err = bedrock.connect(merged(base, { [option] = value }))
        assert.is_nil(conn)
        return only(err, option)
    end

    for option, value in pairs {
        profile_arn = CERTIFICATE.profile_arn,
        role_arn = CERTIFICATE.role_arn,
        trust_anchor_arn = CERTIFICATE.trust_anchor_arn,
        session_name = "name",
        region = "us-east-1",
        custom_region = "us-north-9",
        roles_anywhere_region = "us-east-1",
        roles_anywhere_custom_region = "us-north-9",
        access_key_id = "AKIA",
        secret_access_key = "secret",
        session_token = "token",
        api_key = "key",
        ca_file = PKI .. "/tls-ca.pem",
        cache_dir = "/tmp/cache",
        proxy = "http://proxy.example.com:3128",
        endpoint = "https://gateway.example.com",
    } do
        it("a line break or space around " .. option, function()
            local base = CERTIFICATE[option] and CERTIFICATE or KEYS
            assert.equal("ends in a line break: remove it", refused(base, option, value .. "\n"))
            assert.equal("ends in a line break: remove it", refused(base, option, value .. "\r\n"))
            assert.equal("ends in a space: remove it", refused(base, option, value .. " "))
            assert.equal("begins with a space or line break: remove it", refused(base, option, " " .. value))
        end)
    end

    it("the same in a table of endpoints", function()
        local message = refused(KEYS, "endpoint", { ["bedrock-runtime"] = "https://gateway.example.com\n" })
        assert.equal('for "bedrock-runtime": ends in a line break: remove it', message)
    end)

    it("an error is one line, whatever was given", function()
        local message = refused(CERTIFICATE, "role_arn", "arn:aws:iam::123456789012:role/o\nne")
        assert.matches("without spaces and line breaks, got ", message, 1, true)
        assert.is_nil(message:find "\n")
        assert.is_nil(refused(KEYS, "region", "us-\neast-1"):find "\n")
        assert.is_nil(refused(KEYS, "custom_region", "us-\neast-1"):find "\n")
    end)

    it("a path with a line break", function()
        for _, option in ipairs { "certificate", "private_key" } do
            local _, err = bedrock.connect(merged(CERTIFICATE, { [option] = CERTIFICATE[option] .. "\n" }))
            assert.equal(option, err.errors[1].path)
            assert.matches("if it is a path, remove the line break", err.errors[1].message, 1, true)
        end
    end)

    local function in_utf16(name)
        local from = assert(io.open(PKI .. "/" .. name))
        local text = from:read "*a"
        from:close()
        return "\255\254" .. text:gsub(".", "%0\0")
    end

    it("files of authorities in UTF-16", function()
        local name = os.tmpname()
        local file = assert(io.open(name, "wb"))
        file:write(in_utf16 "tls-ca.pem")
        file:close()
        assert.matches("is UTF%-16 text: save it as UTF%-8$", refused(KEYS, "ca_file", name))
        os.remove(name)
    end)

    it("certificates and keys in UTF-16", function()
        local wanted = "is UTF-16 text: save it as UTF-8"
        assert.equal(wanted, refused(CERTIFICATE, "certificate", in_utf16 "p256.chain.pem"))
        assert.equal(wanted, refused(CERTIFICATE, "private_key", in_utf16 "p256.key.pkcs8.pem"))
        local tls = merged(KEYS, { client_certificate = PKI .. "/p256.chain.pem",
            client_key = PKI .. "/p256.key.pkcs8.pem", endpoint = "https://gateway.example.com" })
        assert.equal(wanted, refused(tls, "client_certificate", in_utf16 "p256.chain.pem"))
        assert.equal(wanted, refused(tls, "client_key", in_utf16 "p256.key.pkcs8.pem"))
    end)

    it("characters in a proxy's password that end it", function()
        for _, password in ipairs { "a@b", "a#b", "a/b", "a?b", "a%b", "a b", "a%zz" } do
            local message = refused(KEYS, "proxy", "http://user:" .. password .. "@proxy.example.com:3128")
            assert.matches("percent-encode its user name and password: %40 for @", message, 1, true)
            assert.is_nil(message:find(password, 1, true))
        end
        for _, good in ipairs { "a%40b", "a:b", "a%23%2f%2Fb", "a!$&'()*+,;=~b" } do
            assert(bedrock.connect(merged(KEYS, { proxy = "http://user:" .. good .. "@proxy.example.com:3128" })))
        end
    end)

    local TIMEOUTS = "use total_timeout, connect_timeout, read_timeout or first_byte_timeout, in milliseconds"
    for name, hint in pairs {
        timeout = TIMEOUTS,
        requestTimeout = TIMEOUTS,
        key = "did you mean private_key?",
        passphrase = "did you mean private_key_password?",
        password = "did you mean private_key_password?",
        cert = "did you mean certificate?",
        cert_file = "did you mean certificate?",
        chain = "did you mean certificate_chain?",
        ca = "did you mean ca_file?",
        CA_BUNDLE = "did you mean ca_file?",
        verify = "certificates are always verified; to trust your own authority set ca_file",
        aws_access_key_id = "did you mean access_key_id?",
        accessKeyId = "did you mean access_key_id?",
        secretAccessKey = "did you mean secret_access_key?",
        secret_key = "did you mean secret_access_key?",
        region_name = "did you mean region?",
        profile_name = 'did you mean profile? it goes with auth = "profile" or "chain"',
        model = "each call names its own model: modelId, or model in generate",
        token = "did you mean session_token, of temporary keys, or api_key?",
        bearer_token = "did you mean api_key?",
        base_url = "did you mean endpoint?",
        endpoint_url = "did you mean endpoint?",
        max_retries = "did you mean max_attempts? it counts the first try, too",
        https_proxy = "did you mean proxy?",
        temperature = "it belongs to a call, not to the connection",
    } do
        it("an option called " .. name, function()
            assert.equal(("unknown option (%s)"):format(hint), refused(KEYS, name, "x"))
        end)
    end

    it("a colon instead of a dot", function()
        assert.has_error(function() bedrock:connect(KEYS) end,
            "connect: call it with a dot, as in bedrock.connect { … }")
        assert.has_error(function() bedrock:test(KEYS) end, "test: call it with a dot, as in bedrock.test { … }")
    end)
end)

describe("slips with calls:", function()
    local conn = assert(bedrock.connect(KEYS))

    local function refused(params, path)
        local request, err = conn:prepare("converse", merged({
            modelId = MODEL,
            messages = { { role = "user", content = { { text = "Hi" } } } },
        }, params))
        assert.is_nil(request)
        return only(err, path)
    end

    local function with_content(content)
        return { messages = { { role = "user", content = content } } }
    end

    it("a text where a list of blocks is expected", function()
        local wanted = 'expected a list, got a string: write { { text = "…" } }'
        assert.equal(wanted, refused(with_content "Hello", "messages[1].content"))
        assert.equal(wanted, refused({ system = "be brief" }, "system"))
        assert.equal(wanted, refused(with_content { { toolResult = { toolUseId = "a", content = "42" } } },
            "messages[1].content[1].toolResult.content"))
    end)

    it("a text where a block, or a message, is expected", function()
        assert.equal('expected a table of members, got a string: write { text = "…" }',
            refused(with_content { "Hello" }, "messages[1].content[1]"))
        assert.equal("expected a list, got a string: write { { role = …, content = … } }",
            refused({ messages = "Hello" }, "messages"))
        assert.equal('expected a table of members, got a string: write { bytes = "…" }',
            refused(with_content { { image = { format = "png", source = "cat.png" } } },
                "messages[1].content[1].image.source"))
    end)

    it("one of something where a list of them is expected", function()
        assert.equal('expected a list, got a table with the key "text": put it in a list, { { text = … } }',
            refused(with_content { text = "Hello" }, "messages[1].content"))
        assert.equal('expected a list, got a table with the key "toolSpec": put it in a list, { { toolSpec = … } }',
            refused({ toolConfig = { tools = { toolSpec = {} } } }, "toolConfig.tools"))
        assert.equal('expected a list, got a string: write { "…" }',
            refused({ inferenceConfig = { stopSequences = "END" } }, "inferenceConfig.stopSequences"))
    end)

    it("a list where a table of members is expected", function()
        local _, err = conn:prepare("converse", { modelId = MODEL, messages = { { { text = "Hello" } } } })
        assert.matches("messages[1]: expected a table with named members, got a number as a key "
            .. "(is a name missing, or are there too many braces?)", tostring(err), 1, true)
    end)

    it("numbers and booleans in quotes", function()
        assert.equal("expected an integer, got a string: remove the quotes",
            refused({ inferenceConfig = { maxTokens = "4" } }, "inferenceConfig.maxTokens"))
        assert.equal("expected a number, got a string: remove the quotes",
            refused({ inferenceConfig = { temperature = "0.5" } }, "inferenceConfig.temperature"))
        assert.equal("expected a number, got a string",
            refused({ inferenceConfig = { temperature = "warm" } }, "inferenceConfig.temperature"))
    end)

    for name, hint in pairs {
        max_tokens = "did you mean inferenceConfig.maxTokens?",
        temperature = "did you mean inferenceConfig.temperature?",
        stop_sequences = "did you mean inferenceConfig.stopSequences?",
        max_completion_tokens = "did you mean inferenceConfig.maxTokens?",
        tools = "did you mean toolConfig.tools?",
        tool_choice = "did you mean toolConfig.toolChoice?",
        prompt = "the question goes into messages",
        stream = "use converse_stream to get the answer as it is written",
        model_id = "did you mean modelId?",
    } do
        it("a member called " .. name, function()
            assert.equal(('unknown member "%s" (%s)'):format(name, hint), refused({ [name] = 1 }, name))
        end)
    end

    it("topK is not taken for topP", function()
        assert.equal('unknown member "topK" (for models that have it, set it in additionalModelRequestFields)',
            refused({ inferenceConfig = { topK = 3 } }, "inferenceConfig.topK"))
    end)

    it("a block that says its type", function()
        assert.matches('unknown member "type": set one of audio, cachePoint, ',
            refused(with_content { { type = "text", text = "Hello" } }, "messages[1].content[1].type"), 1, true)
    end)

    it("options of connect, or parameters, among those of a call", function()
        local function option(name)
            local _, err = conn:converse({ modelId = MODEL }, { [name] = 1 })
            return only(err, name)
        end
        assert.equal("is an option of connect, not of a call", option "endpoint")
        assert.matches("use total_timeout, connect_timeout", option "timeout", 1, true)
        assert.matches("did you mean max_attempts?", option "retries", 1, true)
        assert.equal("unknown option of a call (the operation's parameters go into the first table)",
            option "temperature")
    end)

    for name, hint in pairs {
        messages = "use chat or converse for a conversation; here the question is prompt",
        modelId = "did you mean model?",
        maxOutputTokens = "did you mean max_tokens?",
        n = "did you mean count?",
        stream = "use generate_stream to get the answer as it is written",
        text = "did you mean prompt, or input for an embedding model?",
        tools = "use chat or converse for tools",
    } do
        it("a parameter of generate called " .. name, function()
            local _, err = conn:generate { model = MODEL, prompt = "Hi", [name] = 1 }
            assert.equal(("unknown parameter (%s)"):format(hint), only(err, name))
        end)
    end
end)

describe("slips with names:", function()
    local conn = assert(bedrock.connect(merged(KEYS, { cache = false, region = "us-east-1" })))

    local function raised(f)
        local ok, err = pcall(f)
        assert.is_false(ok)
        return tostring(err)
    end

    local function says(message, ...)
        for _, part in ipairs { ... } do
            assert.is_truthy(message:find(part, 1, true), message)
        end
    end

    it("AWS's own names of operations are taken", function()
        assert.equal("converse", assert(bedrock.describe "Converse").full_name)
        assert.is_string(tostring(assert(bedrock.skeleton "Converse")))
        assert.equal(conn.converse, conn.Converse)
        assert.equal(conn.agent.tag_resource, conn.agent.TagResource)
        assert.equal("bedrock.items (list_inference_profiles, open)", tostring(conn:items "ListInferenceProfiles"))
        local _, err = bedrock.describe "TagResource"
        says(tostring(err), "say which: ", '"agent.tag_resource"')
        _, err = bedrock.describe "Convers"
        says(tostring(err), 'no operation "Convers"')
    end)

    it("an operation of several services is named as it is called", function()
        says(raised(function() return conn.list_tags_for_resource end), "say which: ",
            "conn.bedrock:list_tags_for_resource", "conn.agent:list_tags_for_resource")
        says(raised(function() return conn.runtime.tag_resource end), "conn.bedrock:tag_resource")
        local _, err = bedrock.describe "list_tags_for_resource"
        says(tostring(err), '"bedrock.list_tags_for_resource"')
    end)

    it("functions, methods, namespaces and services that nearly are", function()
        says(raised(function() return bedrock.hlep() end), 'bedrock has no "hlep" (did you mean "help"?)')
        says(raised(function() return bedrock.conect {} end), 'did you mean "connect"?')
        says(raised(function() return conn.runtim:converse {} end), 'did you mean "runtime"?')
        local chat = assert(conn:chat { model = MODEL })
        says(raised(function() return chat:streem "Hi" end), 'a chat has no "streem" (did you mean "stream"?)')
        says(select(2, bedrock.operations "bogus").message, 'no service "bogus"', "runtime", "agent")
        says(select(2, bedrock.operations "runtim").message, 'did you mean "runtime"?')
    end)

    it("what is far from any name is nil, for programs that look what there is", function()
        assert.is_nil(bedrock.something_else)
        assert.is_nil(bedrock._private)
        assert.is_nil(rawget(bedrock, 1) or bedrock[1])
        local chat = assert(conn:chat { model = MODEL })
        assert.is_nil(chat.answer)
        assert.is_nil(chat.something_else)
        assert.is_nil(chat[1])
    end)

    it("a chat's stream that cannot begin says so", function()
        local stream, err = assert(conn:chat { model = MODEL }):stream()
        assert.equal("bedrock.chat_stream (failed)", tostring(stream))
        assert.equal("validation", err.kind)
    end)
end)
