--- The checker of options that chats, agents and generate share.
local options = require "bedrock.base.options"

describe("options", function()
    local SET = {
        known = {
            model = "text", max_tokens = "whole", temperature = "number", on_end = "callable", extra = "table",
            stop = "text_or_list", flag = "boolean", any = "any", prompt = "said",
            mode = { "one of fast, slow", options.one_of("fast", "slow") },
            parts = { "a table of parts", options.is_table, function(value, path, problems)
                options.check(value, { what = "part", path = path .. ".", listed = true, known = { a = "text" } },
                    problems)
            end },
        },
        slips = { modelid = "model", functions = "use tools elsewhere", gone = "absent",
            n = { "count", "max_tokens" } },
    }

    local function problems(given)
        local found, texts = {}, {}
        options.check(given, SET, found)
        for _, problem in ipairs(found) do
            texts[#texts + 1] = ("%s (%s): %s"):format(problem.path, problem.kind, problem.message)
        end
        table.sort(texts)
        return table.concat(texts, "\n")
    end

    it("takes what fits", function()
        assert.equal("", problems { model = "m", max_tokens = 5, temperature = 0.5, on_end = print, extra = {},
            stop = { "a" }, flag = false, any = print, prompt = "p", mode = "slow", parts = { a = "x" } })
        assert.equal("", problems { stop = "a", on_end = setmetatable({}, { __call = print }) })
        assert.equal("", problems {})
    end)

    it("tells all that is wrong: what was expected, and what was given", function()
        assert.equal(table.concat({
            "extra (type): expected a table, got a string",
            "flag (type): expected true or false, got a string",
            "max_tokens (type): expected a whole number from 1, got 1.5",
            "mode (type): expected one of fast, slow, got \"quick\"",
            "model (type): expected a string that is not empty, got \"\"",
            "on_end (type): expected a function, got a number",
            "parts.a (type): expected a string that is not empty, got a number",
            "parts.b (unknown): unknown part; there are a",
            "prompt (type): expected a text that is not blank, got \" \"",
            "stop (type): expected a string or a list of strings, none of them empty, got another table",
            "temperature (type): expected a number, got a string",
        }, "\n"), problems { extra = "x", flag = "yes", max_tokens = 1.5, mode = "quick", model = "", on_end = 5,
            prompt = " ", stop = { "" }, temperature = "1", parts = { a = 5, b = "x" } })
        assert.matches("got inf", problems { temperature = math.huge }, 1, true)
        assert.matches("parts (type): expected a table of parts, got a boolean", problems { parts = true }, 1, true)
    end)

    it("names what is meant", function()
        local function meant(name)
            return (problems { [name] = 1 }:gsub("^.*unknown option ?", ""))
        end
        assert.equal("(did you mean model?)", meant "modelId")
        assert.equal("(did you mean max_tokens?)", meant "maxTokens")
        assert.equal("(did you mean max_tokens?)", meant "n")
        assert.equal("(did you mean temperature?)", meant "temprature")
        assert.equal("(use tools elsewhere)", meant "functions")
        assert.equal("", meant "gone")
        assert.equal("", meant(5))
        assert.equal("; there are a", (function()
            return options.hint("xyz", { listed = true, known = { a = "text" } })
        end)())
    end)

    it("shows odd names without control characters", function()
        assert.is_nil(problems({ ["\27[1m"] = 1 }):find("\27", 1, true))
    end)
end)
