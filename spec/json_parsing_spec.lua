--- What bedrock.json.decode accepts and refuses: the public test suites' cases, and more.
local bedrock = require "bedrock"

local CASES = "spec/cases/json-parsing.txt"

local function byte_of(hex)
    return string.char(tonumber(hex, 16))
end

--- A piece of a case, as the head of CASES describes it.
local function bytes_of(piece)
    local text, times = piece:match "^(.*)\\%*(%d+)$"
    return ((text or piece):gsub("\\x(%x%x)", byte_of)):rep(tonumber(times or 1))
end

local function cases()
    local list = {}
    for line in io.lines(CASES) do
        local verdict, name, rest = line:match "^(%a+)\t([^\t]+)\t?(.*)$"
        local pieces = {}
        for piece in (rest or ""):gmatch "[^\t]+" do
            pieces[#pieces + 1] = bytes_of(piece)
        end
        if verdict then
            list[#list + 1] = { verdict = verdict, name = name, text = table.concat(pieces) }
        end
    end
    return list
end

describe("JSON texts", function()
    local counts = { accept = 0, refuse = 0 }

    for _, case in ipairs(cases()) do
        it((case.verdict == "accept" and "are read: " or "are refused: ") .. case.name, function()
            local value, err = bedrock.json.decode(case.text)
            assert.equal(case.verdict, value ~= nil and "accept" or "refuse")
            assert.equal(case.verdict == "refuse" and "BadResponse" or nil, err and err.code)
            counts[case.verdict] = counts[case.verdict] + 1
        end)
    end

    it("are the whole of both suites", function()
        assert.truthy(counts.accept >= 95 + 5)
        assert.truthy(counts.refuse >= 188 + 31)
    end)
end)
