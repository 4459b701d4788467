--- A chat's tools: what the model is told of them, and what it calls.
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local is_callable = require "bedrock.base.is_callable"
local is_list = require "bedrock.base.is_list"
local options = require "bedrock.chat.options"

local tools = {}

local function is_table(value)
    return type(value) == "table"
end

--- A function of yours that the model may call.
--- @class bedrock.Tool
--- @field name string 1 to 64 of letters, digits, _ and -
--- @field description? string what it does and when to use it: the model reads it
--- @field input? table JSON Schema, or the short form
--- @field run? fun(input: table, call: bedrock.ToolCall): any, any without: the turn ends, answer.calls has it
--- @field approve? fun(call: bedrock.ToolCall): boolean, string? asked before it runs

--- What a tool is told of the call beside its input.
--- @class bedrock.ToolCall
--- @field id string of this call
--- @field name string of the tool
--- @field input table what the model gave
--- @field chat bedrock.Chat whose tool it is
--- @field round integer 1 for the first answer of the turn
--- @field context any what the chat's option `context` has

local MEMBERS = { approve = true, description = true, input = true, name = true, run = true }

--- Kinds of entries that Converse itself has.
local OF_AWS = { cachePoint = true, systemTool = true, toolSpec = true }

local NAMES = { "approve", "description", "input", "name", "run" }

--- Other libraries' words, as they are compared: lower-case, without _.
local SLIPS = { args = "input", callback = "run", execute = "run", func = "run", ["function"] = "run",
    handler = "run", inputschema = "input", invoke = "run", needsapproval = "approve", parameters = "input",
    schema = "input" }

local function check_members(tool, path, problems)
    for key in pairs(tool) do
        if not MEMBERS[key] then
            local name = tostring(key)
            local near = SLIPS[(name:lower():gsub("_", ""))] or core.suggest(name, NAMES)
            options.add(problems, path .. "." .. core.shown(name), "unknown", "unknown member%s",
                near and (" (did you mean %s?)"):format(near) or "")
        end
    end
    for _, name in ipairs { "approve", "run" } do
        if tool[name] ~= nil and not is_callable(tool[name]) then
            options.add(problems, path .. "." .. name, "type", "expected a function, got a %s", type(tool[name]))
        end
    end
    if tool.description ~= nil and type(tool.description) ~= "string" then
        options.add(problems, path .. ".description", "type", "expected a string, got a %s", type(tool.description))
    end
end

local function check_name(tool, path, known, problems)
    if type(tool.name) ~= "string" or not tool.name:find "^[%w_-]+$" or #tool.name > 64 then
        options.add(problems, path .. ".name", "pattern", "expected 1 to 64 letters, digits, _ or -, got %s",
            type(tool.name) == "string" and '"' .. core.shown(tool.name) .. '"' or errors.type_of(tool.name))
    elseif known[tool.name] then
        options.add(problems, path .. ".name", "value", 'another tool is called "%s", too', tool.name)
    end
end

--- One of our own form.
local function read(tool, path, known, problems)
    check_members(tool, path, problems)
    check_name(tool, path, known, problems)
    local input, _, wrong = require("bedrock.schema").of(tool.input or {})
    for _, problem in ipairs(wrong or {}) do
        local place = path .. ".input" .. (problem.path ~= "" and "." or "") .. problem.path
        options.add(problems, place, problem.kind, "%s", problem.message)
    end
    return { name = tool.name, run = tool.run, approve = tool.approve, input = input, spec = { toolSpec = {
        name = tool.name,
        description = tool.description,
        inputSchema = { json = input },
    } } }
end

--- @return table? entry nil: it is of our own form
local function entry_of_aws(tool, path, problems)
    for kind in pairs(OF_AWS) do
        if tool[kind] ~= nil and not is_table(tool[kind]) then
            options.add(problems, path .. "." .. kind, "type", "expected a table, got %s", errors.type_of(tool[kind]))
            return { spec = tool }
        elseif tool[kind] ~= nil then
            local spec = tool.toolSpec or {}
            local schema_of_input = is_table(spec.inputSchema) and spec.inputSchema.json or nil
            return { name = spec.name, input = schema_of_input, spec = tool }
        end
    end
end

--- The tools of a chat, read once. What is no list of tables was told as a wrong option.
--- @param list (bedrock.Tool|table)[]? an entry may also be as Converse has it: {toolSpec = …}, {systemTool = …}
--- @return table set {specs, by_name}
function tools.read(list, problems)
    local set = { specs = {}, by_name = {} }
    for i, tool in ipairs(is_list(list, is_table) and list or {}) do
        local path = ("tools[%d]"):format(i)
        local entry = entry_of_aws(tool, path, problems) or read(tool, path, set.by_name, problems)
        set.specs[i] = entry.spec
        if entry.name then
            set.by_name[entry.name] = entry
        end
    end
    return set
end

--- A choice that is no word of Converse's must be the name of a tool.
function tools.check_choice(choice, set, problems)
    if type(choice) ~= "string" or choice == "auto" or choice == "any" or set.by_name[choice] then
        return
    end
    options.add(problems, "tool_choice", "value", 'expected "auto", "any" or the name of a tool, got "%s"%s',
        core.shown(choice), next(set.by_name) and "; the tools are: " .. tools.names(set) or "; there are no tools")
end

local NONE = {}

--- The calls in a message. Those of tools that run at the service are none of ours.
--- @return table[] blocks toolUse; not to be changed
function tools.calls(message)
    local calls = NONE
    for _, block in ipairs(message.content or NONE) do
        local use = block.toolUse
        if use and use.type ~= "server_tool_use" then
            calls = calls == NONE and {} or calls
            calls[#calls + 1] = use
        end
    end
    return calls
end

--- @return string
function tools.names(set)
    local list = {}
    for name in pairs(set.by_name) do
        list[#list + 1] = name
    end
    table.sort(list)
    return table.concat(list, ", ")
end

return tools
