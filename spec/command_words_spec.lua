--- The words of a command line: what is read without argparse is what argparse makes of them.
local arguments = require "bedrock.terminal.arguments"
local names = require "bedrock.terminal.names"
local reader = require "bedrock.terminal.reader"

local ROUNDS = 300

local function all()
    return true
end

--- @return table? args nil: left to argparse
local function read(name, words)
    local sub, fresh = require("bedrock.command." .. names.file(name)), reader()
    arguments.add(fresh, sub, all)
    return fresh:read(words)
end

local function parser_of(name)
    local sub = require("bedrock.command." .. names.file(name))
    return (arguments.parser(name, sub))
end

local function of_argparse(name, words)
    local parser = parser_of(name)
    local ok, args = parser:pparse(words)
    return not parser._is_help_asked and ok and args or nil
end

--- Words that may stand behind a subcommand: its options, in each form, and what may be a value or an argument.
local function words_for(name)
    local parser = parser_of(name)
    local list = { "a", "b c", "-", "--", "12", "-1", "", "ask", "list", "show", "bash", "process", "x=y", "--nope",
        "-z" }
    for _, option in ipairs(parser._options) do
        for _, alias in ipairs(option._aliases) do
            list[#list + 1] = alias
            list[#list + 1] = alias .. "=7"
            list[#list + 1] = alias .. "="
            list[#list + 1] = alias .. "7"
        end
    end
    return list
end

describe("words", function()
    it("that need no explanation are read without argparse, and as by it", function()
        for _, row in ipairs {
            { "ask" }, { "ask", "why", "is it", "so" }, { "ask", "-m", "haiku", "--max-tokens", "100", "-" },
            { "ask", "--max-tokens=-1", "-f", "a.png", "-f", "b.pdf", "What?" }, { "ask", "-c", "--", "-1", "--json" },
            { "ask", "--strict", "--region", "eu-central-1", "hi", "--json" }, { "call", "converse", "{}" },
            { "call", "list_agents", "--pages", "--query=a[0]" }, { "agent", "ask", "hi", "--agent-id", "A" },
            { "kb", "retrieve", "--id", "K", "what" }, { "credentials", "--format", "env" }, { "version" },
            { "config", "show" }, { "config" }, { "exec", "--", "ls", "-l" }, { "image", "-o", "x.png", "a", "cat" },
        } do
            local name = table.remove(row, 1)
            local args = read(name, row)
            assert.is_table(args, name .. " " .. table.concat(row, " "))
            assert.same(of_argparse(name, row), args)
        end
    end)

    it("that need one are left to argparse", function()
        for _, row in ipairs {
            { "ask", "--modl", "x" }, { "ask", "-h" }, { "ask", "--help" }, { "ask", "-mhaiku" }, { "ask", "-m" },
            { "ask", "-m", "--json" }, { "ask", "-m", "--" }, { "ask", "--json=1" }, { "ask", "--max-tokens", "many" },
            { "call" }, { "call", "a", "b", "c" }, { "credentials", "--format", "csv" }, { "kb", "ask", "what" },
            { "agent", "do" }, { "exec" }, { "image", "-o", "x.png" },
        } do
            local name = table.remove(row, 1)
            assert.is_nil(read(name, row), name .. " " .. table.concat(row, " "))
        end
    end)

    it("of any kind are never read otherwise than by argparse", function()
        math.randomseed(5)
        local both = 0
        for _, name in ipairs(names.list()) do
            local list = words_for(name)
            for _ = 1, ROUNDS do
                local words = {}
                for i = 1, math.random(0, 5) do
                    words[i] = list[math.random(#list)]
                end
                local args = read(name, words)
                if args then
                    both = both + 1
                    assert.same(of_argparse(name, words), args, name .. " " .. table.concat(words, "|"))
                end
            end
        end
        assert.is_true(both > ROUNDS)
    end)
end)
