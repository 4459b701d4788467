--- bedrock-mantle: a service of routes alone, with a signing name and hosts of its own.
local bedrock = require "bedrock"
local core = require "bedrock.core"
local service = require "spec.support.service"

local RESPONSES = "/v1/responses"

describe("bedrock-mantle", function()
    local ep = service.each()

    local function ask(conn, more)
        return conn:request(service.merged({ service = "bedrock-mantle", path = RESPONSES,
            body = { model = "openai.gpt-oss-20b", input = "Hi" } }, more))
    end

    it("is signed as bedrock-mantle", function()
        local conn = service.connect(ep)
        local answer = assert(ask(conn))
        local said = bedrock.json.decode(answer.body)
        assert.matches("You asked: Hi", said.output[1].content[1].text)
        assert.is_true(service.last_request(ep).verified)
        assert.matches("/bedrock%-mantle/aws4_request", service.header(service.last_request(ep), "authorization"))
        assert(conn:request { service = "mantle", path = "/v1/models" })
        local _, err = ask(conn, { service = "bedrock-runtime" })
        assert.matches("correct service: 'bedrock%-mantle'", err.message)
        conn:close()
    end)

    it("takes the API key", function()
        local conn = assert(bedrock.connect { auth = "api_key", api_key = ep.api_key, ca_file = ep.ca_file,
            endpoint = { ["bedrock-mantle"] = ep.https } })
        assert(ask(conn))
        assert.equal("Bearer " .. ep.api_key, service.header(service.last_request(ep), "authorization"))
        conn:close()
    end)

    it("streams server-sent events", function()
        local conn = service.connect(ep, { endpoint = { mantle = ep.https } })
        local stream = assert(ask(conn, { stream = true, path = "/openai/v1/responses",
            body = { model = "m", input = "Hi", stream = true } }))
        local text, done = "", false
        for name, event in stream:events() do
            local data = bedrock.json.decode(event.data)
            text = text .. (name == "response.output_text.delta" and data.delta or "")
            done = name == "response.completed"
        end
        assert.matches("^You asked: Hi", text)
        assert.is_true(done)
        conn:close()
    end)

    it("has no operations, so no namespace, and is no service of the reference", function()
        local conn = service.connect(ep)
        assert.error_matches(function()
            return conn.mantle
        end, "no operation")
        assert.same({}, bedrock.operations "bedrock-mantle")
        assert.is_nil(bedrock.api_version().services["bedrock-mantle"])
        for _, known in ipairs(core.services()) do
            assert.not_equal("bedrock-mantle", known.id)
        end
        conn:close()
    end)

    it("says where it is not known", function()
        for region, message in pairs { ["cn-north-1"] = "partition aws%-cn", ["eusc-de-east-1"] = "aws%-eusc" } do
            local conn = assert(bedrock.connect { auth = "access_keys", access_key_id = "AKID", secret_access_key = "s",
                region = region })
            local _, err = ask(conn)
            assert.equal("ConfigError", err.code)
            assert.matches(message, err.message)
            assert.matches('set endpoint = { ["bedrock-mantle"] = URL }', err.message, 1, true)
            conn:close()
        end
        local conn = assert(bedrock.connect { auth = "access_keys", access_key_id = "AKID", secret_access_key = "s",
            use_fips = true })
        local _, err = ask(conn)
        assert.matches("has no FIPS endpoints", err.message)
        conn:close()
    end)

    it("is suggested where its name is misspelt", function()
        local conn = service.connect(ep)
        local _, err = ask(conn, { service = "bedrock-mantel" })
        assert.matches('did you mean "?bedrock%-mantle', err.message)
        _, err = bedrock.connect(service.settings(ep, { endpoint = { ["bedrock-mantel"] = ep.https } }))
        assert.matches("did you mean bedrock%-mantle", err.message)
        conn:close()
    end)
end)
