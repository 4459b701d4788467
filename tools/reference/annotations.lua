--- The annotations (LuaCATS) of our own functions and types: those beside the code in lua/bedrock, and those in
--- surface.lua of what is written in C.
local sorted_keys = dofile "lua/bedrock/base/sorted_keys.lua"
local annotations = {}

--- The objects that users hold, their names in the types, and the files that say where their functions are.
local OBJECTS = {
    { class = "bedrock", name = "bedrock.", file = "init", table = "bedrock" },
    { class = "bedrock.Connection", name = "Connection:", file = "connection", table = "methods" },
    { class = "bedrock.Chat", name = "Chat:", file = "chat", table = "methods" },
    { class = "bedrock.Stream", name = "Stream:", file = "streams.stream", table = "methods" },
    { class = "bedrock.AgentSession", name = "AgentSession:", file = "agent_session", table = "methods" },
}

--- @class annotations.Block
--- @field doc string[] sentences, a line each
--- @field tags {kind: string, text: string}[]
--- @field code string the line of code below it
--- @field name? string of a public class or function
--- @field params string[]

local function contents(path)
    local file = assert(io.open(path, "rb"))
    local text = file:read "a"
    file:close()
    return text
end

local function new_block()
    return { doc = {}, tags = {}, params = {} }
end

local function add_line(block, line)
    local kind, text = line:match "^ ?@(%l+) ?(.*)$"
    if not kind then
        kind, text = line:match "^| " and "value", line:sub(3)
    end
    local last = block.tags[#block.tags]
    if kind then
        block.tags[#block.tags + 1] = { kind = kind, text = text }
        block.params[#block.params + 1] = kind == "param" and text:match "^[%w_.]+" or nil
        block.class = block.class or kind == "class" and text:match "^[%w_.]+" or nil
    elseif last and line:find "^   %S" then
        last.text = last.text .. " " .. line:sub(4)
    else
        block.doc[#block.doc + 1] = (line:gsub("^ ", ""))
    end
end

--- @return annotations.Block[]
function annotations.blocks(text)
    local blocks, block = {}, new_block()
    for line in (text .. "\n"):gmatch "([^\n]*)\n" do
        local comment = line:match "^%-%-%-(.*)$"
        if comment then
            add_line(block, comment)
        elseif #block.doc + #block.tags > 0 then
            block.code = line
            blocks[#blocks + 1], block = block, new_block()
        end
    end
    return blocks
end

--- Where functions are: those written there, and those of `lazy`.
local function places_of(object, text)
    local places = {}
    for own in text:gmatch("\nfunction " .. object.table .. "%.([%w_]+)%(") do
        places[own] = object.file .. "." .. own
    end
    local lazy = text:match("\nlazy%(" .. object.table .. ", (%b{})%)") or ""
    for own, place in lazy:gmatch '([%w_]+) = "([%w_.]+)"' do
        places[own] = place
    end
    return places
end

--- The block of a function, by the name that its module gives it.
local function find(file, name)
    local own = file.text:match("\nreturn {.*%f[%w_]" .. name .. " = ([%w_]+)") or name
    for _, block in ipairs(file.blocks) do
        local code = block.code:match "^l?o?c?a?l? ?function ([%w_.]+)%("
        if code and code:match "[%w_]+$" == own then
            return block
        end
    end
    error("no annotations of " .. name)
end

local function public_functions(files)
    local list = {}
    for _, object in ipairs(OBJECTS) do
        local places = places_of(object, files[object.file].text)
        for _, own in ipairs(sorted_keys(places)) do
            local module, name = places[own]:match "^(.*)%.(.*)$"
            local block = find(files[module], name)
            block.name = object.name .. own
            block.code = ("function %s(%s) end"):format(block.name, table.concat(block.params, ", "))
            list[#list + 1] = block
        end
    end
    return list
end

--- Marks the classes that a block's types name, and those that these name.
local function mark(classes, block, marked)
    for _, tag in ipairs(block.tags) do
        for name in tag.text:gmatch "%f[%w_]bedrock%.[%w_.]*[%w_]" do
            if classes[name] and not marked[name] then
                marked[name] = true
                mark(classes, classes[name], marked)
            end
        end
    end
end

local function public_classes(classes, roots)
    local marked, list = {}, {}
    for _, object in ipairs(OBJECTS) do
        marked[object.class] = classes[object.class] and true
    end
    for _, blocks in ipairs(roots) do
        for _, block in ipairs(blocks) do
            mark(classes, block, marked)
        end
    end
    for i, name in ipairs(sorted_keys(marked)) do
        list[i] = classes[name]
        list[i].name = name
    end
    return list
end

--- @param root string the project
--- @return table own the text of surface.lua as `written`, its blocks as `surface`; `classes` and `functions` of lua
function annotations.read(root)
    local files, classes = {}, {}
    local quoted = "'" .. root:gsub("'", "'\\''") .. "'"
    local list = assert(io.popen("cd " .. quoted .. "/lua/bedrock && find . -name '*.lua' | sort"))
    for path in list:lines() do
        local text = contents(root .. "/lua/bedrock/" .. path)
        local file = { text = text, blocks = annotations.blocks(text) }
        files[path:match "^%./(.*)%.lua$":gsub("/init$", ""):gsub("/", ".")] = file
        for _, block in ipairs(file.blocks) do
            if block.class then
                assert(not classes[block.class], "two classes " .. block.class)
                classes[block.class] = block
            end
        end
    end
    list:close()
    local written = contents(root .. "/tools/reference/surface.lua"):gsub("^.-\n\n", "", 1):gsub("\n+$", "")
    local surface, functions = annotations.blocks(written .. "\n"), public_functions(files)
    for _, block in ipairs(surface) do
        assert(not classes[block.class or ""], "a class in lua/bedrock and in surface.lua")
    end
    return {
        written = written,
        surface = surface,
        functions = functions,
        classes = public_classes(classes, { surface, functions }),
    }
end

return annotations
