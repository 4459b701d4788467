--- What a user says, as the content blocks of a message.
local copies = require "bedrock.chat.copies"
local core = require "bedrock.core"
local is_list = require "bedrock.base.is_list"
local look = require "bedrock.chat.look"
local options = require "bedrock.chat.options"

local input = {}

local MEMBERS = { "documents", "images", "text", "video", "videos" }

--- Other interfaces' words, as they are compared: lower-case, without _.
local SLIPS = { attachments = "documents", content = "text", file = "documents", files = "documents",
    imageurl = "images", input = "text", message = "text", pdf = "documents", pictures = "images", prompt = "text",
    query = "text" }

local add = options.add

local function is_table(value)
    return type(value) == "table"
end

local function each(list, name, make, content, problems)
    if list == nil then
        return
    elseif not is_list(list, function(value) return value ~= nil end) then
        list = { list }
    end
    for i, given in ipairs(list) do
        local block, why = make(given)
        if block then
            content[#content + 1] = block
        else
            add(problems, ("input.%s[%d]"):format(name, i), "value", "%s", why)
        end
    end
end

local function check_members(given, problems)
    for name in pairs(given) do
        local known = false
        for _, member in ipairs(MEMBERS) do
            known = known or member == name
        end
        if not known then
            local near = type(name) == "string"
                and (SLIPS[(name:lower():gsub("_", ""))] or core.suggest(name, MEMBERS))
            add(problems, "input." .. core.shown(tostring(name)), "unknown", "unknown member%s; the input is text, a "
                .. "list of blocks, or a table with %s", near and (" (did you mean %s?)"):format(near) or "",
                table.concat(MEMBERS, ", "))
        end
    end
    if given.text ~= nil and type(given.text) ~= "string" then
        add(problems, "input.text", "type", "expected a string, got a %s", type(given.text))
    end
end

--- Documents and pictures first, then the question about them, as the models' makers advise.
local function of_members(given, messages, citations, problems)
    check_members(given, problems)
    local files = (given.documents or given.images or given.video or given.videos) and require "bedrock.chat.files"
    local content, taken = {}, given.documents and files.names(messages)
    if files then
        each(given.documents, "documents", function(document)
            return files.document(document, taken, citations)
        end, content, problems)
        each(given.images, "images", files.image, content, problems)
        each(given.video or given.videos, "video", files.video, content, problems)
    end
    if type(given.text) == "string" then
        if look.is_blank_text(given.text) then
            add(problems, "input.text", "value", "expected a text that is not blank")
        end
        content[#content + 1] = { text = given.text }
    elseif given.documents and #problems == 0 then
        add(problems, "input.text", "missing", "missing: Converse wants a text beside documents")
    end
    return content
end

--- @param given string|table text, a list of blocks, or {text, images, documents, video}
--- @param messages table[] what was said before
--- @param citations boolean? of documents
--- @param problems bedrock.Problem[] gets what is wrong
--- @return table[] content
function input.content(given, messages, citations, problems)
    if type(given) == "string" then
        if look.is_blank_text(given) then
            add(problems, "input", "value", "expected a text that is not blank")
        end
        return { { text = given } }
    elseif type(given) ~= "table" then
        add(problems, "input", "type", "expected a text, a list of blocks, or a table with text, images, documents, "
            .. "got %s", given == nil and "nil" or "a " .. type(given))
        return {}
    elseif is_list(given, is_table) and given[1] then
        options.check_blocks(given, "input", problems)
        return copies.of(given)
    end
    local content = of_members(given, messages, citations, problems)
    if #content == 0 and #problems == 0 then
        add(problems, "input", "missing", "there is nothing in it")
    end
    return content
end

return input
