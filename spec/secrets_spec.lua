--- What an answer of CreateSession may repeat is shown to nobody: not in an error, a report, a header, a code.
local cjson = require "cjson"
local mime = require "mime"
local bedrock = require "bedrock"
local service = dofile "spec/support/service.lua"

local KEY_ID = "ASIAQ3XW7LKZ5RT2VN6M"
local SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYzzQ9kLp4Td"
local TOKEN = "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQDfresh+tokenQ7="

local function each(text, form)
    return (text:gsub(".", function(c)
        return form:format(c:byte())
    end))
end

--- Ways to write a secret.
local SPELLINGS = {
    plain = function(text) return text end,
    upper = string.upper,
    lower = string.lower,
    reversed = string.reverse,
    base64 = function(text) return (mime.b64(text)) end,
    hex = function(text) return each(text, "%02x") end,
    escaped = function(text) return each(text, "\\u%04x") end,
    percent = function(text) return each(text, "%%%02X") end,
    entities = function(text) return each(text, "&#%d;") end,
    spaced = function(text) return (text:gsub("....", "%0 ")) end,
    quoted = function(text) return cjson.encode(cjson.encode { k = text }) end,
    dashed = function(text) return (text:gsub("...", "%0-")) end,
}

--- Answers that repeat a text.
local BODIES = {
    message = function(text) return cjson.encode { message = text } end,
    behind_words = function(text) return cjson.encode { Message = "The session token is not valid: " .. text } end,
    error_message = function(text) return cjson.encode { errorMessage = "internal error in " .. text } end,
    code = function(text) return cjson.encode { code = text, message = "no" } end,
    type = function(text) return cjson.encode { __type = text .. "Exception" } end,
    nested = function(text)
        return cjson.encode { message = cjson.encode { credentials = { secretAccessKey = text } } }
    end,
    whole = function(text)
        return cjson.encode { credentialSet = { { credentials = { accessKeyId = KEY_ID, secretAccessKey = text,
            sessionToken = TOKEN } } }, message = text }
    end,
    text = function(text) return "it failed: " .. text end,
    html = function(text) return "<html><body><h1>Error</h1>the key is " .. text .. "</body></html>" end,
    xml = function(text)
        return "<Error><Code>" .. text .. "</Code><Message>for " .. text .. "</Message></Error>"
    end,
    broken = function(text) return '{"message":"' .. text end,
}

--- Every text in a value.
local function texts_of(value, into, seen)
    if type(value) == "table" and not seen[value] then
        seen[value] = true
        for k, v in pairs(value) do
            texts_of(k, into, seen)
            texts_of(v, into, seen)
        end
    elseif type(value) == "string" then
        into[#into + 1] = value
    end
    return into
end

--- No six characters of it in a row.
local function assert_hidden(spelled, err, what)
    local shown = table.concat(texts_of(err, { tostring(err) }, {}), "\n")
    for i = 1, #spelled - 5 do
        local part = spelled:sub(i, i + 5)
        if shown:find(part, 1, true) and part:find "^[%w/+=]+$" then
            error(("%s: %q is in %s"):format(what, part, shown), 2)
        end
    end
end

describe("an answer of CreateSession", function()
    local ep, conn
    local number = 0

    setup(function()
        ep = service.endpoint()
    end)

    before_each(function()
        ep:reset()
        number = number + 1
        conn = assert(bedrock.connect(service.roles_anywhere(ep, "secrets-" .. number, {
            certificate = ep.pki .. "/p256.chain.pem", private_key = ep.pki .. "/p256.key.pkcs8.pem",
            cache = false, max_attempts = 1 })))
    end)

    after_each(function()
        conn:close()
        ep:reset()
    end)

    local function refused(action)
        ep:reset()
        ep:script { { match = { operation = "CreateSession" }, times = -1, action = action } }
        local done, err = conn:refresh()
        assert.is_nil(done)
        return err
    end

    for name, spell in pairs(SPELLINGS) do
        it("repeats no secret, " .. name, function()
            for _, secret in ipairs { SECRET, KEY_ID } do
                local spelled = spell(secret)
                for kind, body in pairs(BODIES) do
                    for _, status in ipairs { 200, 403, 500 } do
                        local err = refused { status = status, body = body(spelled) }
                        assert_hidden(spelled, err, kind .. " " .. status)
                        assert_hidden(secret, err, kind .. " " .. status)
                        assert.equal("credentials", err.kind)
                    end
                end
            end
        end)
    end

    it("repeats none of its headers", function()
        for _, name in ipairs { "x-amzn-errortype", "x-amzn-requestid", "x-amz-security-token", "location" } do
            for _, status in ipairs { 302, 403, 503 } do
                for _, secret in ipairs { SECRET, KEY_ID, TOKEN } do
                    local err = refused { status = status, headers = { [name] = secret }, body = '{"message":"no"}' }
                    assert_hidden(secret, err, name)
                    assert.equal("HTTP" .. status, err.code)
                end
            end
        end
    end)

    it("repeats none in a report", function()
        for _, secret in ipairs { SECRET, KEY_ID, TOKEN } do
            refused { status = 500, body = cjson.encode { message = "for " .. secret, __type = secret } }
            local _, err = conn:test()
            assert_hidden(secret, err, "the report")
            assert_hidden(secret, tostring(err.report), "the report")
        end
    end)

    it("still says what AWS says", function()
        local own = "arn:aws:iam::123456789012:role/secrets-" .. number
        for _, message in ipairs {
            "Untrusted certificate. Insufficient certificate",
            "Unable to assume role for " .. own,
            "Some attributes failed to be mapped into session tags",
        } do
            local err = refused { status = 403, json = { __type = "AccessDeniedException", message = message } }
            assert.equal("AccessDeniedException", err.code)
            assert.truthy(err.message:find(message, 1, true), err.message)
            assert.is_string(err.request_id)
        end
        local err = refused { status = 403, json = { message = "The key " .. SECRET .. " is not valid." } }
        assert.truthy(err.message:find("The key *** is not valid.", 1, true), err.message)
        err = refused { status = 500, json = { message = SECRET } }
        assert.matches("its text is not shown, because it may contain credentials", err.message, 1, true)
    end)
end)
