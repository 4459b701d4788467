--- The project's own promises: one version, pages that list everything, a module that exports one
--- symbol and does nothing when it is loaded.
local bedrock = require "bedrock"
local files = require "spec.support.files"
local program = require "spec.support.program"

local contents, output = files.read, files.output

local abi = _VERSION:match "%d%.%d"
local interpreter = program.interpreter()
local module = package.searchpath("bedrock.core", package.cpath)

--- What a rockspec sets.
local function rockspec(version)
    local text, set = contents("rockspec/bedrock-" .. version .. ".rockspec"), {}
    if setfenv then
        setfenv(assert(loadstring(text, "rockspec")), set)()
    else
        assert(load(text, "rockspec", "t", set))()
    end
    return set
end

describe("the package", function()
    it("has one version", function()
        assert.equal(bedrock._VERSION, contents("CHANGELOG.md"):match "\n## (%d+%.%d+%.%d+)")
        assert.equal(bedrock._VERSION, contents("debian/changelog"):match "^lua%-bedrock %((%d+%.%d+%.%d+)%-1%)")
        local rock = rockspec(bedrock._VERSION .. "-1")
        assert.equal(bedrock._VERSION .. "-1", rock.version)
        assert.same({ url = "file://bedrock-" .. bedrock._VERSION .. ".tar.gz", dir = "bedrock-" .. bedrock._VERSION },
            rock.source)
    end)

    it("has a rock of its version that is like the one of what is checked out", function()
        local rock, checked_out = rockspec(bedrock._VERSION .. "-1"), rockspec "scm-1"
        rock.version, rock.source, checked_out.version, checked_out.source = nil, nil, nil, nil
        assert.same(checked_out, rock)
    end)

    it("was built for this Lua", function()
        assert.truthy(module:find("/" .. abi .. "/bedrock/core.so", 1, true), module)
    end)

    it("exports only its entry point", function()
        local exported = {}
        for name in output("nm -D --defined-only '" .. module .. "'"):gmatch "%x+ %a ([%w_]+)" do
            if not name:find "^__" then
                exported[#exported + 1] = name
            end
        end
        assert.same({ "luaopen_bedrock_core" }, exported)
    end)

    it("does no input or output, sets no global and reads no environment when it is loaded", function()
        local trace = output(([[%s -e '
            local before = {}
            for name in pairs(_G) do before[name] = true end
            os.getenv = function(name) error("reads " .. name) end
            require "bedrock"
            for name in pairs(_G) do if not before[name] then io.write("global ", name, "\n") end end
            io.write("done\n")' 2>&1]]):format(interpreter))
        assert.equal("done\n", trace)
    end)

    it("documents every option on the page of settings or of credentials, and no other", function()
        local documented, known = {}, { "on" } -- which never leaves Lua
        for _, page in ipairs { "docs/settings.md", "docs/credentials.md" } do
            local options = (contents(page) .. "\n## "):match "\n## Options[^\n]*\n(.-)\n## "
            for name in options:gmatch "\n| `([%w_]+)` |" do
                documented[#documented + 1] = name
            end
        end
        for name in contents("csrc/core/aws/settings.c"):gmatch '%[BR_OPT_[%w_]+%] = {"([%w_]+)"' do
            known[#known + 1] = name
        end
        table.sort(documented)
        table.sort(known)
        assert.truthy(#known > 30)
        assert.same(known, documented)
    end)

    it("lists every page in docs/README.md", function()
        local index = contents "docs/README.md"
        for name in output("ls docs"):gmatch "([%w-]+%.md)\n" do
            assert.truthy(name == "README.md" or name == "SUMMARY.md" or index:find("](" .. name .. ")", 1, true), name)
        end
    end)

    it("documents every family, with what it takes", function()
        local families = require "bedrock.families"
        local page = contents "docs/generate.md"
        for _, name in ipairs(families.names()) do
            local row = page:match("\n(|[^\n]*`" .. name .. "`[^\n]*)\n")
            assert.is_string(row, name .. " is not in docs/generate.md")
            local family = families.named(name)
            assert.equal(name, family.name)
            assert.truthy(family.source:find "^https://docs%.aws%.amazon%.com/", name)
            for parameter in pairs(families.taken(family)) do
                assert.truthy(row:find("%f[%w_]" .. parameter .. "%f[^%w_]"), name .. " " .. parameter)
            end
        end
    end)

    it("names only existing files in the rockspec", function()
        local rock = rockspec "scm-1"
        assert.same({ "lua >= 5.1, < 5.6", "argparse" }, rock.dependencies)
        for _, directory in ipairs(rock.build.copy_directories or {}) do
            assert.is_true(os.rename(directory, directory) ~= nil, directory)
        end
    end)
end)
