--- A Date that is wrong, and a clock that is.
local bedrock = require "bedrock"
local service = dofile "spec/support/service.lua"

local ask = service.ask

--- As HTTP has it, so many seconds from now.
local function date(seconds)
    return os.date("!%a, %d %b %Y %H:%M:%S GMT", os.time() + seconds)
end

describe("the time of signatures", function()
    local ep = service.each()

    after_each(function()
        ep:reset()
    end)

    for _, seconds in ipairs { 3600, -3600 } do
        it("is not moved by the Date of what was accepted: " .. seconds, function()
            local certificate = service.roles_anywhere(ep, "clock" .. seconds, {
                certificate = ep.pki .. "/p256.chain.pem", private_key = ep.pki .. "/p256.key.pkcs8.pem",
                cache = "memory" })
            for _, settings in ipairs { service.settings(ep), certificate } do
                ep:script { { match = {}, times = -1, action = { headers = { Date = date(seconds) } } } }
                local conn = assert(bedrock.connect(settings))
                for _ = 1, 5 do
                    local answer = assert(conn:converse(ask "Hi"))
                    assert.equal(1, bedrock.metadata(answer).attempts)
                    assert(assert(conn:converse_stream(ask "Hi")):gather())
                end
                if conn.auth == "roles_anywhere" then
                    assert(conn:refresh())
                    assert(conn:converse(ask "Hi"))
                end
                assert.equal(0, ep:counters().refused)
                conn:close()
                ep:reset()
            end
        end)

        it("is corrected once where the machine's clock is wrong: " .. seconds, function()
            ep:config { clock_offset_s = seconds }
            local conn = service.connect(ep)
            for i = 1, 3 do
                local answer = assert(conn:converse(ask "Hi"))
                assert.equal(i == 1 and 2 or 1, bedrock.metadata(answer).attempts)
            end
            assert.equal(1, ep:counters().refused)
            conn:close()
        end)
    end

    it("does not hide why a call was refused behind a gateway's wrong Date", function()
        local action = { status = 403, headers = { Date = date(3600) },
            json = { __type = "AccessDeniedException", message = "User is not authorized" } }
        ep:script { { match = { operation = "Converse" }, times = 2, action = action } }
        local conn = service.connect(ep)
        local answer, err = conn:converse(ask "Hi")
        assert.is_nil(answer)
        assert.equal("AccessDeniedException", err.code)
        assert.equal(3, err.attempts)
        assert(conn:converse(ask "Hi"))
        conn:close()
    end)
end)
