--- Makes the reference pages, the texts of help and the editor types from the facts. Needs Lua 5.4 and lua-cjson.
---
---     lua5.4 tools/generate_docs.lua csrc/model/facts ROOT    writes the files under ROOT (".": in place)
---     lua5.4 tools/generate_docs.lua csrc/model/facts         prints them, each after a line "==> path"
---
--- Output depends on the facts, the annotations and families of streams in lua/bedrock, and
--- tools/reference/surface.lua alone.
local here = arg[0]:match "^(.*)/" or "."
local lua = here .. "/../lua/"
package.path = here .. "/reference/?.lua;" .. lua .. "?.lua;" .. lua .. "?/init.lua;" .. package.path
--- Of the families of streams only their facts are read: nothing is to be built for that.
package.preload["bedrock.core"] = function()
    return {}
end

local annotations = require "annotations"
local api = require "api"
local facts = require "facts"
local help = require "help"
local library = require "library"
local pages = require "pages"

local function outputs(dir)
    local services, own = facts.read(dir), annotations.read(here .. "/..")
    local files = pages.all(services)
    files[#files + 1] = { path = "docs/reference/api.md", text = api.page(own) }
    files[#files + 1] = { path = "lua/bedrock/help/texts.lua", text = help.source(own) }
    for _, file in ipairs(library.all(services, own)) do
        files[#files + 1] = file
    end
    return files
end

local function write(root, path, text)
    local full = root .. "/" .. path
    os.execute("mkdir -p '" .. full:match("^(.*)/"):gsub("'", "'\\''") .. "'")
    local file = assert(io.open(full, "wb"))
    assert(file:write(text))
    assert(file:close())
end

local dir, root = arg[1], arg[2]
if not dir then
    io.stderr:write "usage: generate_docs.lua FACTS_DIR [ROOT]\n"
    os.exit(2)
end
for _, file in ipairs(outputs(dir)) do
    if root then
        write(root, file.path, file.text)
    else
        io.write("==> ", file.path, "\n", file.text)
    end
end
