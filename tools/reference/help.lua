--- lua/bedrock/help/texts.lua: what bedrock.help says of our own functions and types, from their annotations.
local tags = require "tags"

local help = {}

local HEAD = "--- What bedrock.help says of our own functions and types. Made by tools/generate_docs.lua.\n"

--- Objects by the names that the examples give them.
local OBJECTS = { AgentSession = "session", Connection = "conn" }

local function shown_name(name)
    return (name:gsub("^(%u%w*):", function(class)
        return (OBJECTS[class] or class:lower()) .. ":"
    end))
end

local function put(lines, format, ...)
    lines[#lines + 1] = format:format(...)
end

--- Words in lines of at most 100, those after the first indented by `hang` more.
local function put_wrapped(lines, indent, text, hang)
    local line = indent
    for word in text:gmatch "%S+" do
        if #line + #word >= 100 and line:find "%S" then
            lines[#lines + 1] = line
            line = indent .. (hang or "    ")
        end
        line = line .. (line:find "%S" and " " or "") .. word
    end
    lines[#lines + 1] = line
end

local function with(separator, words)
    return words == "" and "" or separator .. words
end

local function put_doc(lines, block)
    if #block.doc > 0 then
        for paragraph in (table.concat(block.doc, "\n") .. "\n\n"):gmatch "(.-)\n\n" do
            put_wrapped(lines, "", paragraph, "")
        end
    end
end

--- A long list of types may go on in the next line.
local function breakable(type)
    return #type > 60 and type:gsub("|", " | ") or type
end

local function put_members(lines, block, kind)
    for _, text in ipairs(tags.of(block, kind)) do
        local name, type, words = tags.named(text)
        put_wrapped(lines, "  ", name .. ": " .. breakable(type) .. with(", ", words))
    end
end

local function params(block)
    local names = {}
    for i, text in ipairs(tags.of(block, "param")) do
        names[i] = text:match "^%S+"
    end
    return table.concat(names, ", ")
end

local function of_function(block)
    local lines = {}
    put(lines, "%s(%s)", shown_name(block.name), params(block))
    put_doc(lines, block)
    put_members(lines, block, "param")
    for _, text in ipairs(tags.of(block, "return")) do
        put_wrapped(lines, "  ", "returns " .. text)
    end
    return table.concat(lines, "\n")
end

--- The functions of the object that a class is.
local function methods_of(class, functions)
    local names, prefix = {}, class:match "[^.]*$" .. ":"
    for _, block in ipairs(functions) do
        if block.name:sub(1, #prefix) == prefix then
            names[#names + 1] = shown_name(block.name)
        end
    end
    return table.concat(names, ", ")
end

local function of_class(block, functions)
    local lines, methods = { block.name }, methods_of(block.name, functions)
    put_doc(lines, block)
    local parent = tags.of(block, "class")[1]:match ": (%S+)$"
    if parent then
        put(lines, "has all that a %s has", parent)
    end
    put_members(lines, block, "field")
    if methods ~= "" then
        put_wrapped(lines, "  ", "has " .. methods)
    end
    return table.concat(lines, "\n")
end

--- Names for types that are lists of values.
local function add_aliases(texts, blocks)
    for _, block in ipairs(blocks) do
        local lines, name
        for _, tag in ipairs(block.tags) do
            if tag.kind == "alias" then
                name = tag.text:match "^%S+"
                lines = {}
                put_wrapped(lines, "", name .. ": " .. breakable(tag.text:match " (.*)$" or "one of"))
                texts[name] = lines
            elseif tag.kind == "value" and lines then
                local value, words = tag.text:match "^(%S+) ?#? ?(.*)$"
                put_wrapped(lines, "  ", value .. with(", ", words))
            end
        end
    end
    for name, lines in pairs(texts) do
        texts[name] = type(lines) == "table" and table.concat(lines, "\n") or lines
    end
end

local function put_texts(lines, key, texts)
    local names = {}
    for name in pairs(texts) do
        names[#names + 1] = name
    end
    table.sort(names)
    put(lines, "    %s = {", key)
    for _, name in ipairs(names) do
        put(lines, "        [%q] = [==[\n%s]==],", name, texts[name])
    end
    lines[#lines + 1] = "    },"
end

--- @param from table as annotations.read has it
--- @return string
function help.source(from)
    local functions, classes = tags.sorted_out(from)
    local calls, types = {}, {}
    for _, block in ipairs(functions) do
        calls[shown_name(block.name)] = of_function(block)
    end
    for _, block in ipairs(classes) do
        types[block.name] = of_class(block, functions)
    end
    add_aliases(types, from.surface)
    local lines = { HEAD .. "return {" }
    put_texts(lines, "functions", calls)
    put_texts(lines, "types", types)
    lines[#lines + 1] = "}\n"
    return table.concat(lines, "\n")
end

return help
