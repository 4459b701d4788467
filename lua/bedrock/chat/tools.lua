--- A chat's tools: what the model is told of them, and running what it calls.
local copies = require "bedrock.chat.copies"
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local is_callable = require "bedrock.base.is_callable"
local is_list = require "bedrock.base.is_list"
local options = require "bedrock.chat.options"
local raised = require "bedrock.tasks.raised"

local tools = {}

local NOTHING = "(no output)"

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

local function is_utf8(text)
    return type(text) == "string" and core.encode(text) ~= nil
end

--- What each kind of block in Converse's tool results holds.
local CONTENT = { document = is_table, image = is_table, json = is_table, searchResult = is_table, text = is_utf8,
    video = is_table }

--- A list of blocks as Converse's tool results have them? Rows that have a member called text or image are none.
local function is_content(value)
    return value[1] ~= nil and is_list(value, function(block)
        local kind, held = next(is_table(block) and block or {})
        return CONTENT[kind] and next(block, kind) == nil and CONTENT[kind](held)
    end)
end

--- A copy without blank texts, which Converse refuses.
local function of_blocks(blocks)
    local content = {}
    for _, block in ipairs(blocks) do
        if type(block.text) ~= "string" or block.text:find "%S" then
            content[#content + 1] = copies.of(block)
        end
    end
    return content[1] and content or { { text = NOTHING } }
end

local function failure(text)
    return { { text = text:find "%S" and text or NOTHING } }, "error"
end

--- What a tool gave, as the content of its result.
--- @return table[] content
--- @return string? status "error"
local function content_of(value)
    if value == nil then
        return { { text = NOTHING } }
    elseif type(value) == "table" and is_content(value) then
        return of_blocks(value)
    elseif type(value) == "string" then
        local ok = core.encode(value)
        if not ok then
            return failure "the tool gave bytes that are no text (UTF-8)"
        end
        return { { text = value:find "%S" and value or NOTHING } }
    end
    local json, why = core.encode(value)
    if not json then
        return failure("what the tool gave cannot be sent: " .. tostring(why))
    elseif json:sub(1, 1) == "{" then
        -- A copy: the tool may change its table later, the history must not.
        return { { json = core.decode(json) } }
    end
    return { { text = json } }
end

local function result_block(id, content, status)
    return { toolResult = { toolUseId = id, content = content, status = status } }
end

--- A result that the user gives for a call that has no `run`: what `run` could have returned, an error, or Converse's
--- own {content, status}.
function tools.given_result(id, value)
    if errors.is(value) then
        return result_block(id, failure(tostring(value)))
    elseif type(value) == "table" and is_list(value.content, is_table) then
        return result_block(id, of_blocks(value.content), value.status)
    end
    return result_block(id, content_of(value))
end

local function take(ok, value, message)
    if not ok then
        if raised.is_for_the_caller(value) then
            error(value, 0)
        end
        return failure(raised.text(value))
    elseif not value and message ~= nil then
        return failure(raised.text(message))
    end
    return content_of(value)
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

--- Why a call cannot run: an unknown tool, input that does not fit.
local function refusal(set, call)
    local tool = set.by_name[call.name]
    if not tool then
        local names = tools.names(set)
        return ('there is no tool "%s"; %s'):format(tostring(call.name), names == "" and "there are no tools"
            or "there are: " .. names)
    end
    local problems = tool.input and require("bedrock.schema_check").problems(tool.input, call.input) or {}
    return problems[1] and "the input does not fit the tool's schema: " .. table.concat(problems, "; ")
end

--- Asks before a call runs; nil: it may.
local function disapproval(tool, call, approve)
    approve = tool.approve or approve
    if not approve then
        return nil
    end
    local allowed, why = approve(call)
    return not allowed and "the call was not allowed" .. (why and ": " .. tostring(why) or "") or nil
end

--- What a tool does with its input changes nothing of what the model said.
local function own_copy(input)
    local json = is_table(input) and core.encode(input)
    return json and core.decode(json) or input
end

local function call_of(use, about)
    return { id = use.toolUseId, name = use.name, input = own_copy(use.input), chat = about.chat, round = about.round,
        context = about.context }
end

--- @return function job sets the result at that place
local function job_of(results, i, call, why, run, on_result)
    return function()
        if why then
            results[i] = result_block(call.id, failure(why))
        else
            results[i] = result_block(call.id, take(pcall(run, call.input, call)))
        end
        if on_result then
            on_result(results[i].toolResult, call)
        end
    end
end

--- Runs the calls of one turn at the same time. Who must approve is asked before, one call after the other.
--- @param uses table[] toolUse blocks
--- @param about table {chat, round, context, approve, limit, on_call, on_result}
--- @return table[] results blocks by the place of their call; false where a tool has no `run`
--- @return bedrock.ToolCall[] waiting the calls of those
function tools.run(set, uses, about)
    local results, waiting, jobs = {}, {}, {}
    for i, use in ipairs(uses) do
        local tool, call, why = set.by_name[use.name], call_of(use, about), refusal(set, use)
        if not why and tool.input then
            call.input = require("bedrock.schema_check").cleaned(tool.input, call.input)
        end
        if about.on_call then
            about.on_call(call)
        end
        if not why and not tool.run then
            results[i] = false
            waiting[#waiting + 1] = call
        else
            why = why or disapproval(tool, call, about.approve)
            jobs[#jobs + 1] = job_of(results, i, call, why, tool and tool.run, about.on_result)
        end
    end
    require "bedrock.tasks.at_once"(jobs, about.limit)
    return results, waiting
end

return tools
