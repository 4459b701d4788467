--- docs/neovim.md: every block of Lua runs in Neovim; other people's plugins are stand-ins that keep their settings.
local cjson = require "cjson"
local doc_blocks = require "spec.support.doc_blocks"
local files = require "spec.support.files"
local nvim = require "spec.support.nvim"
local service = dofile "spec/support/service.lua"

local PAGE = "docs/neovim.md"

local BEFORE = [[
local bedrock = require "bedrock"
local conn, err, own = assert(bedrock.open())
local kept = {}
for _, name in ipairs { "codecompanion", "avante" } do
    package.preload[name] = function()
        return { setup = function(options) kept[name] = options end }
    end
end
package.preload["codecompanion.adapters"] = function()
    return { extend = function(name, options)
        options.from = name
        return options
    end }
end
(function()
]]

--- What is to be seen of some blocks, by a text in them.
local AFTER = {
    ["nvim_paste"] = [[
        soon(function() return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, true)):find "polite" end)]],
    ["Summary"] = [[
        vim.cmd "Summary"
        soon(function() return messages():find "You asked: In one line:" end)]],
    ["codecompanion"] = [[
        local adapter = kept.codecompanion.adapters.http.bedrock()
        assert(adapter.from == "openai_compatible")
        assert(adapter.env.api_key():find "^bedrock%-api%-key%-")]],
    ["__inherited_from"] = [[
        assert(kept.avante.providers[kept.avante.provider].api_key_name == "cmd:bedrock api-key")]],
    ["aws_profile"] = [[
        assert(kept.avante.providers[kept.avante.provider].aws_profile == "bedrock")]],
    ["coroutines = true"] = [[
        assert(require("bedrock.host.nvim").pause)]],
    ["package.cpath"] = [[
        assert(package.cpath:find("/.local/lib/lua/5.1/?.so", 1, true))]],
    ["runtimepath"] = [[
        assert(vim.o.runtimepath:find "examples/nvim")]],
}

local function what_follows(code)
    for text, after in pairs(AFTER) do
        if code:find(text, 1, true) then
            return after
        end
    end
    error("a block has nothing to be seen by:\n" .. code)
end

local describe_nvim = nvim.program and describe or function() end

describe_nvim(PAGE, function()
    local ep = service.each()

    before_each(function()
        local settings = service.settings(ep, { model = service.MODEL, region = "us-east-1" })
        files.write(ep.dir .. "/command.json", cjson.encode(settings))
        files.write(ep.dir .. "/settings.json", cjson.encode(service.settings(ep)))
    end)

    for n, block in ipairs(doc_blocks(PAGE)) do
        it(("block %d, %s"):format(n, block.title), function()
            local code = BEFORE .. block.code .. "end)()\n" .. what_follows(block.code) .. "\nsay 'all'"
            local said, output = nvim.run(ep, code, { environment = "BEDROCK_SETTINGS=" .. ep.dir .. "/command.json" })
            assert.equal("all\n", said, output)
        end)
    end

    it("names commands that the example plugin has", function()
        local plugin = files.read "examples/nvim/plugin/bedrock.lua"
        for line in doc_blocks(PAGE, "vim")[1].code:gmatch "[^\n]+" do
            local name = line:match "^:[^%a]*(%a+)"
            assert.truthy(plugin:find('nvim_create_user_command("' .. name .. '"', 1, true), line)
        end
    end)
end)
