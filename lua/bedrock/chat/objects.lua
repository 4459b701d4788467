--- Answers that are a value of a schema: by Converse's outputConfig where the model has it, else by a tool that the
--- model must call. The service's own refusal decides which, and that is remembered for the model.
local core = require "bedrock.core"
local answer = require "bedrock.chat.answer"
local options = require "bedrock.chat.options"

local objects = {}

local NAME = "answer"

--- @class bedrock.ChatObject
--- @field schema any JSON Schema
--- @field name string of the tool

--- @param given table JSON Schema or the short form
--- @param by_name table<string, table> the chat's tools
--- @return bedrock.ChatObject
function objects.read(given, by_name, problems)
    local read, _, wrong = require("bedrock.schema").of(given)
    for _, problem in ipairs(wrong or {}) do
        local place = "schema" .. (problem.path ~= "" and "." or "") .. problem.path
        options.add(problems, place, problem.kind, "%s", problem.message)
    end
    local name = NAME
    while by_name[name] do
        name = name .. "_"
    end
    return { schema = read, name = name }
end

--- @return table outputConfig
function objects.output_config(object)
    return { textFormat = {
        type = "json_schema",
        structure = { jsonSchema = { name = object.name, schema = answer.json(object.schema) } },
    } }
end

--- @return table toolSpec
function objects.tool(object)
    return { toolSpec = {
        name = object.name,
        description = "Gives the answer.",
        inputSchema = { json = object.schema },
    } }
end

--- Models like to put JSON between ```.
--- @param text string
--- @return string json
local function json_of(text)
    return text:match "^%s*```%w*%s*(.-)%s*```%s*$" or text
end

--- @return any value
--- @return string? why there is none
local function checked(object, value)
    local problems = require("bedrock.schema_check").problems(object.schema, value)
    if problems[1] then
        return nil, "it does not fit the schema: " .. table.concat(problems, "; ")
    end
    return require("bedrock.schema_check").cleaned(object.schema, value)
end

--- How much of a text that is no JSON is told.
local SHOWN = 40

--- Why a text is no JSON: words, in place of where in them a reader of JSON stopped.
local function not_json(object, text, err)
    local start = text:match "^%s*(.*)"
    if start:find '^[%[{"%d-]' or start:find "^true" or start:find "^false" or start:find "^null" then
        return "it is not JSON: " .. err.message
    end
    local kind = object.schema.type
    local expected = "it is not JSON: expected " .. (kind == "object" and "an object" or kind == "array" and "a list"
        or "a value")
    if start == "" then
        return expected .. ", got nothing"
    end
    local shown = #start > SHOWN and start:sub(1, SHOWN):gsub("[\192-\255][\128-\191]*$", "") .. "…" or start
    return ('%s, got text that begins "%s"'):format(expected, core.shown(shown))
end

--- @param call table? toolUse block of the object's own tool
--- @param text string what the model said otherwise
--- @return any value
--- @return string? why there is none
local function value_of(object, call, text)
    if call then
        return checked(object, call.input)
    end
    local value, err = core.decode(json_of(text))
    if value == nil then
        return nil, not_json(object, json_of(text), err)
    end
    return checked(object, value)
end

--- @param message table
--- @return string? json what the model said by the object's own tool
function objects.said(object, message)
    for _, block in ipairs(message.content or {}) do
        if block.toolUse and block.toolUse.name == object.name then
            return answer.json(block.toolUse.input)
        end
    end
end

--- The message as it is kept: what the model said by the tool stands there as text, since a call wants a result.
--- @param message table
--- @param json string
--- @return table message
local function as_text(message, json)
    local content = {}
    for _, block in ipairs(message.content) do
        if not block.toolUse then
            content[#content + 1] = block
        end
    end
    content[#content + 1] = { text = json }
    return { role = message.role, content = content }
end

--- What is asked when an answer does not fit.
--- @param calls table[] toolUse blocks of the message
--- @param name string of the object's own tool
--- @return table message of the user's
local function asked_again(calls, name, why)
    if not calls[1] then
        return { role = "user", content = { { text = "The answer cannot be used: " .. why
            .. ". Answer again, with JSON that fits the schema and nothing else." } } }
    end
    local content = {}
    for i, call in ipairs(calls) do
        content[i] = { toolResult = {
            toolUseId = call.toolUseId,
            status = "error",
            content = { { text = call.name == name and why or "not run, as the answer came with it" } },
        } }
    end
    return { role = "user", content = content }
end

local function of_tool(calls, name)
    for _, call in ipairs(calls) do
        if call.name == name then
            return call
        end
    end
end

--- Is the answer the object, not calls of other tools?
--- @param object bedrock.ChatObject
--- @param calls table[] of the answer
--- @return boolean
function objects.has_come(object, calls)
    return calls[1] == nil or of_tool(calls, object.name) ~= nil
end

--- Ends a turn with the object of its answer; if it is not fit, the model is asked once more.
--- @param turn table its last message is the answer's
--- @param output table of Converse
--- @return bedrock.ChatAnswer? answer nil without an error: the next request goes out
--- @return bedrock.Error? err
function objects.take(turn, output, message, calls)
    local object = turn.object
    local text = answer.parts(message)
    local call = of_tool(calls, object.name)
    local value, why = value_of(object, call, text)
    if why == nil then
        local json = call and answer.json(call.input) or text
        local said = call and as_text(message, json) or message
        turn.messages = answer.copy(turn.asked or turn.messages, turn.asked and #turn.asked or #turn.messages - 1)
        turn.messages[#turn.messages + 1] = said
        return turn:finish(output, { object = value, text = call and json or json_of(text) })
    elseif turn.asked then
        turn.messages = turn.asked
        return turn:refuse("Unfit", "the answer does not fit, also when asked for again: " .. why,
            { answer = turn:answer(output) })
    end
    turn.asked = answer.copy(turn.messages, #turn.messages - 1)
    turn.messages[#turn.messages + 1] = asked_again(calls, object.name, why)
end

--- Where a string goes on after that place: past an escape, or behind its end.
--- @return integer? at the place of the next quote; nil: it has none
--- @return integer? cut where an escape begins that is not whole
local function end_of_string(text, at)
    while true do
        local found = text:find('["\\]', at)
        if not found or text:sub(found, found) == '"' then
            return found
        end
        local length = text:sub(found + 1, found + 1) == "u" and 6 or 2
        if found + length - 1 > #text then
            return nil, found
        end
        at = found + length
    end
end

--- The beginning of a JSON text with its last string closed, and what closes the rest.
--- @return string text
--- @return string closing
local function completed(text)
    local open, at = {}, 1
    while true do
        local found = text:find('["%[%]{}]', at)
        local byte = found and text:sub(found, found)
        if not found then
            return text, table.concat(open):reverse()
        elseif byte == '"' then
            local ending, cut = end_of_string(text, found + 1)
            if not ending then
                return text:sub(1, (cut or #text + 1) - 1) .. '"', table.concat(open):reverse()
            end
            found = ending
        elseif byte == "{" or byte == "[" then
            open[#open + 1] = byte == "{" and "}" or "]"
        else
            open[#open] = nil
        end
        at = found + 1
    end
end

--- A member whose value has not begun, or a word that is not whole, is left out.
local CUTS = { "", "%s*,%s*$", '%s*,?%s*"[^"]*"%s*:?%s*$', '%s*,?%s*"[^"]*"%s*:%s*[%w.+-]*$', "%s*,?%s*[%w.+-]*$" }

--- What is already there of an object, from the beginning of its JSON.
--- @param text string
--- @return any value nil: nothing to see yet
function objects.partial(text)
    local start, closing = completed((json_of(text):gsub("^%s*```%w*%s*", "", 1)))
    for _, cut in ipairs(CUTS) do
        local value = core.decode(start:gsub(cut, "", 1) .. closing)
        if value ~= nil then
            return value
        end
    end
end

return objects
