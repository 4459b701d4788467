--- Runs the tools that a model calls; what they give becomes blocks of Converse's.
local copies = require "bedrock.chat.copies"
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local is_list = require "bedrock.base.is_list"
local raised = require "bedrock.tasks.raised"
local tools = require "bedrock.chat.tools"

local runs = {}

local NOTHING = "(no output)"

local function is_table(value)
    return type(value) == "table"
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
function runs.given_result(id, value)
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
function runs.run(set, uses, about)
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

return runs
