--- The same request has the same bytes in every process: members as AWS's model has them, keys of documents as they
--- were read, all others sorted.
local bedrock = require "bedrock"
local codec = require "codec_module"

local decode, encode = bedrock.json.decode, bedrock.json.encode

local function body(service, operation, params, options)
    return assert(codec.encode(service, operation, params, options)).body
end

local function lines_of(command)
    local pipe = assert(io.popen(command))
    local list = {}
    for line in pipe:lines() do
        list[#list + 1] = line
    end
    pipe:close()
    return list
end

describe("the order of members", function()
    it("is that of AWS's model", function()
        assert.equal('{"messages":[{"role":"user","content":[{"text":"Hi"}]}],"system":[{"text":"s"}],'
            .. '"inferenceConfig":{"maxTokens":1,"temperature":0.5,"topP":1},"requestMetadata":{"a":"b"},'
            .. '"performanceConfig":{"latency":"standard"}}',
            body("runtime", "Converse", {
                performanceConfig = { latency = "standard" },
                requestMetadata = { a = "b" },
                inferenceConfig = { topP = 1, temperature = 0.5, maxTokens = 1 },
                modelId = "m",
                system = { { text = "s" } },
                messages = { { content = { { text = "Hi" } }, role = "user" } },
            }))
    end)

    it("has a place for a token that is made up", function()
        local sent = body("agent", "CreateAgent", { agentName = "a", description = "d" })
        assert.matches('^{"agentName":"a","clientToken":"[^"]+","description":"d"}$', sent)
    end)

    it("puts those that the model does not know behind, sorted", function()
        local params = { modelId = "m", messages = {}, zeta = 1, alpha = { 2 }, ["a b"] = bedrock.null, Zed = true,
            system = {} }
        assert.equal('{"messages":[],"system":[],"Zed":true,"alpha":[2],"zeta":1}',
            body("runtime", "Converse", params, { unknown_pass = true }))
    end)

    it("is that of the model in forms, too", function()
        local sent = body("sts", "AssumeRole", {
            Tags = { { Value = "v", Key = "k" } }, RoleSessionName = "ab", DurationSeconds = 900,
            RoleArn = "arn:aws:iam::123456789012:role/r",
        })
        assert.matches("^Action=AssumeRole&Version=[%d-]+&RoleArn=.*&RoleSessionName=ab&DurationSeconds=900"
            .. "&Tags.member.1.Key=k&Tags.member.1.Value=v$", sent)
    end)
end)

describe("the order of keys", function()
    it("stays that of those that are left of many", function()
        local names, left = {}, {}
        for i = 1, 40 do
            names[i] = ('"k%02d":%d'):format(41 - i, i)
        end
        local value = decode("{" .. table.concat(names, ",") .. "}")
        for i = 1, 40 do
            if i % 8 == 0 then
                left[#left + 1] = names[i]
            else
                value[("k%02d"):format(41 - i)] = nil
            end
        end
        assert.equal("{" .. table.concat(left, ",") .. "}", (encode(value)))
        value.a = true
        assert.equal("{" .. table.concat(left, ",") .. ',"a":true}', (encode(value)))
    end)

    it("is that in which they were read, however deep", function()
        for _, text in ipairs {
            '{"type":"object","properties":{"b":{"z":1,"y":[{"q":1,"p":2}]},"a":{}},"required":["b","a"]}',
            '{"b":1,"a":2}', '{"a":1,"b":2}', "{}", '{"b":{"b":{"b":1,"a":2},"a":1},"a":0}',
            '{"":1,"\\u0000":2,"\\"":3,"!":4}', '{"10":1,"9":2,"1":3}', '{"__index":1,"__gc":2,"__name":3,"__mode":4}',
            '{"' .. ("long"):rep(50) .. '2":1,"' .. ("long"):rep(50) .. '1":2}',
        } do
            assert.equal(text, encode(decode(text)))
        end
    end)

    it("holds for many keys", function()
        local parts = {}
        for i = 300, 1, -1 do
            parts[#parts + 1] = ('"k%d":%d'):format(i * 5 % 301, i)
        end
        local text = "{" .. table.concat(parts, ",") .. "}"
        assert.equal(text, encode(decode(text)))
    end)

    it("takes a key that came twice once, at its first place", function()
        assert.equal('{"b":3,"a":2}', encode(decode '{"b":1,"a":2,"b":3}'))
        assert.equal('{"a":2}', encode(decode '{"a":1,"a":2}'))
        local long = ("x"):rep(60)
        assert.equal('{"' .. long .. '":2}', encode(decode('{"' .. long .. '":1,"' .. long .. '":2}')))
    end)

    it("survives changes: what is new comes behind, sorted; what is gone is gone", function()
        local t = decode '{"zoo":1,"mid":2,"ape":3}'
        t.new, t.also, t.mid = 4, 5, nil
        assert.equal('{"zoo":1,"ape":3,"also":5,"new":4}', encode(t))
        t.mid = 6
        assert.equal('{"zoo":1,"mid":6,"ape":3,"also":5,"new":4}', encode(t))
        t = decode '{"a":1,"b":2}'
        t.aa = 3
        assert.equal('{"a":1,"aa":3,"b":2}', encode(t))
        t = decode '{"zoo":1,"ape":3}'
        for i = 1, 20 do
            t[("k%02d"):format(i)] = true
        end
        assert.matches('^{"zoo":1,"ape":3,"k01":true,"k02":true,.*"k20":true}$', encode(t))
        t.zoo, t.ape = nil, nil
        assert.matches('^{"k01":true,.*"k20":true}$', encode(t))
    end)

    it("of plain tables is that of their bytes", function()
        assert.equal('{"":0,"10":1,"9":2,"B":3,"a":4,"ab":5,"b":6}',
            encode { b = 6, a = 4, B = 3, ab = 5, ["9"] = 2, ["10"] = 1, [""] = 0 })
        local many, want = {}, {}
        for i = 1, 200 do
            many[("k%03d"):format(i)] = i
            want[i] = ('"k%03d":%d'):format(i, i)
        end
        assert.equal("{" .. table.concat(want, ",") .. "}", encode(many))
    end)

    it("in answers is kept for documents, and sent back so", function()
        local answer = assert(codec.decode("runtime", "Converse", 200, {},
            '{"output":{"message":{"content":[{"toolUse":{"input":{"zone":1,"city":{"b":1,"a":2}},"name":"n",'
            .. '"toolUseId":"t"}}],"role":"assistant"}}}'))
        assert.equal('{"messages":[{"role":"assistant","content":[{"toolUse":{"toolUseId":"t","name":"n",'
            .. '"input":{"zone":1,"city":{"b":1,"a":2}}}}]}]}',
            body("runtime", "Converse", { modelId = "m", messages = { answer.output.message } }))
    end)

    it("of maps is that in which they were decoded, else that of their bytes", function()
        local function metadata(map)
            return body("runtime", "Converse", { modelId = "m", requestMetadata = map })
        end
        assert.equal('{"requestMetadata":{"z":"1","a":"2"}}', metadata(codec.read '{"z":"1","a":"2"}'))
        assert.equal('{"requestMetadata":{"a":"2","z":"1"}}', metadata { z = "1", a = "2" })
    end)

    it("is remembered once for all maps that have it, and forgotten with the last", function()
        local list = decode('[' .. ('{"b":1,"a":2},'):rep(100) .. '{"c":1,"a":2}]')
        assert.equal(getmetatable(list[1]), getmetatable(list[100]))
        assert.not_equal(getmetatable(list[1]), getmetatable(list[101]))
        assert.equal(getmetatable(decode "{}"), getmetatable(decode '{"a":1,"b":2}'))
        assert.equal("bedrock.object", getmetatable(list[1]).__name)
        local weak = setmetatable({ getmetatable(list[1]) }, { __mode = "v" })
        assert.truthy(list and weak[1])
        list = nil
        collectgarbage()
        collectgarbage()
        assert.is_nil(weak[1] or list)
    end)

    it("of many different maps costs memory in proportion, and is right for each", function()
        local texts = {}
        for i = 1, 5000 do
            texts[i] = ('{"x%d":1,"a":2}'):format(i)
        end
        local text = "[" .. table.concat(texts, ",") .. "]"
        assert.equal(text, encode(decode(text)))
        collectgarbage()
        collectgarbage()
        local before = collectgarbage "count"
        for _ = 1, 20 do
            decode(text)
        end
        collectgarbage()
        collectgarbage()
        assert.truthy(collectgarbage "count" - before < 500)
    end)
end)

describe("a request", function()
    it("has one body in twelve processes, on both interpreters", function()
        local seen, count = {}, 0
        for _, lua in ipairs { "lua5.4", "luajit" } do
            local run = ('eval "$(make -s env LUA=%s)"; for i in 1 2 3 4 5 6; do '
                .. '%s spec/support/ordered_request.lua $i | cat; echo; done'):format(lua, lua)
            local text = {}
            for _, line in ipairs(lines_of("env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL sh -c '" .. run .. "'")) do
                if line ~= "" then
                    text[#text + 1] = line
                elseif #text > 0 then
                    local whole = table.concat(text, "\n")
                    seen[whole], count, text = true, count + 1, {}
                end
            end
        end
        assert.equal(12, count)
        local first = next(seen)
        assert.is_nil(next(seen, first))
        assert.matches('"json":{"type":"object","required":%["city"%],"properties":{"zone":{"type":"string",'
            .. '"description":"of time"},"city":{"type":"string"},"days":{"type":"integer","minimum":1,'
            .. '"maximum":14}},"%$schema":"later","additionalProperties":false}', first)
    end)
end)
