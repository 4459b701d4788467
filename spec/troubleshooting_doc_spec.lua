--- docs/troubleshooting.md: what it quotes of this module is in the sources, and every code of an error is on it.
local files = require "spec.support.files"

local PAGE = "docs/troubleshooting.md"

--- Sections, and beginnings of headlines, whose texts are not this module's.
local OF_OTHERS = { "^From AWS", "^Lua: ", "^LuaJIT: ", "^nginx: ", "^Neovim: " }

local function is_of_others(text)
    for _, pattern in ipairs(OF_OTHERS) do
        if text:find(pattern) then
            return true
        end
    end
    return false
end

--- All texts of the sources, with strings that are written in pieces put together.
local function sources()
    local text = files.output [[find csrc lua -name '*.c' ! -name 'tables.c' -o -name '*.h' -o -name '*.lua' \
        ! -path '*/help/texts.lua' | sort | xargs cat]]
    text = text:gsub('"%s*%.%.%s*"', ""):gsub("'%s*%.%.%s*'", ""):gsub('"%s*\n%s*"', "")
    return (text:gsub('\\"', '"'))
end

--- The headlines of the third level, with what is between their backticks.
local function quoted()
    local section, list = "", {}
    for line in files.read(PAGE):gmatch "[^\n]+" do
        local title = line:match "^### (.+)$"
        section = line:match "^## (.+)$" or section
        if title and not is_of_others(section) and not is_of_others(title) then
            for text in title:gmatch "`(.-)`" do
                list[#list + 1] = text
            end
        end
    end
    return list
end

describe(PAGE, function()
    it("quotes texts that are in the sources", function()
        local all, list = sources(), quoted()
        assert.truthy(#list > 90)
        local missing = {}
        for _, text in ipairs(list) do
            for piece in text:gsub("…", "\1"):gmatch "[^\1]+" do
                local part = piece:match "^%s*(.-)%s*$":gsub("^missing: ", "")
                missing[#missing + 1] = part ~= "" and not all:find(part, 1, true) and part or nil
            end
        end
        assert.same({}, missing)
    end)

    it("has what AWS says, where the test of a model knows an answer to it", function()
        local page = files.read(PAGE):lower()
        local hints = files.read "lua/bedrock/test/model.lua":match "\nlocal HINTS = {\n(.-)\n}\n"
        local count = 0
        for text in hints:gmatch '\n    { "([^"]+)"' do
            count = count + 1
            assert.truthy(page:find(text, 1, true), text)
        end
        assert.truthy(count >= 10)
    end)

    it("has every code of an error", function()
        local page = files.read(PAGE)
        local codes = files.read "library/bedrock.d.lua":match "\n%-%-%-@alias bedrock%.OwnErrorCode\n(.-)\n%-%-%-@"
        local count = 0
        local function look_for(code)
            count = count + 1
            assert.truthy(page:find("`" .. code .. "`", 1, true), code)
        end
        for code in codes:gmatch '"(%u%a+)"' do
            look_for(code)
        end
        for row in files.read "docs/errors.md":gmatch "\n| `%l+` |[^|]*|([^\n]*)|" do
            for code in row:gmatch "`(%u%a+)`" do
                look_for(code)
            end
        end
        assert.truthy(count > 24)
    end)
end)
