--- Where things stand in the parameters of Converse. They belong to the call, but what is in them may be the user's, so
--- what changes is copied.
local converse = {}

--- Names as refusals have them, without "_"; where they stand; what chat and generate call them.
local INFERENCE = {
    temperature = { "temperature", "temperature" },
    topp = { "topP", "top_p" },
    stopsequences = { "stopSequences", "stop" },
    stop = { "stopSequences", "stop" },
}

--- Members that may go without changing what is asked. Guardrails, say, are none of these.
local OPTIONAL = { performanceconfig = "performanceConfig", servicetier = "serviceTier",
    additionalmodelresponsefieldpaths = "additionalModelResponseFieldPaths" }

local DEPTH_MAX = 4

local function copy_of(value)
    local copy = setmetatable({}, getmetatable(value))
    for key, member in pairs(value) do
        copy[key] = member
    end
    return copy
end

--- @return table? value without the member; nil: nothing is left
local function without(value, name)
    local copy = copy_of(value)
    copy[name] = nil
    return next(copy) ~= nil and copy or nil
end

local function key_of(name)
    return (name:lower():gsub("_", ""))
end

--- The last part of a name with dots, after those of Converse itself.
local function bare(name)
    name = name:gsub("^inferenceconfig%.", ""):gsub("^additionalmodelrequestfields%.", "")
    return key_of(name)
end

local function member_of(fields, name)
    for key in pairs(fields) do
        if type(key) == "string" and key_of(key) == name then
            return key
        end
    end
end

--- Takes out what a path leads to; what is empty then goes, too.
--- @param path string[] names
--- @return table? fields nil: nothing is left
--- @return string? called nil: the path leads to nothing
local function cut(fields, path, at)
    local key = member_of(fields, path[at])
    if not key then
        return fields
    elseif at == #path then
        return without(fields, key), key
    elseif type(fields[key]) ~= "table" then
        return fields
    end
    local rest, called = cut(fields[key], path, at + 1)
    if not called then
        return fields
    elseif rest == nil then
        return without(fields, key), key .. "." .. called
    end
    local copy = copy_of(fields)
    copy[key] = rest
    return copy, key .. "." .. called
end

--- The same for a name alone, however deep it stands.
local function cut_anywhere(fields, name, depth)
    local rest, called = cut(fields, { name }, 1)
    if called or depth == DEPTH_MAX then
        return rest, called
    end
    for key, value in pairs(fields) do
        if type(value) == "table" and type(key) == "string" then
            rest, called = cut_anywhere(value, name, depth + 1)
            if called then
                local copy = copy_of(fields)
                copy[key] = rest
                return next(copy) ~= nil and copy or nil, key .. "." .. called
            end
        end
    end
    return fields
end

local function parts(name)
    local list = {}
    for part in name:gmatch "[^.]+" do
        list[#list + 1] = part
    end
    return list
end

--- "thinking.type.enabled" names a value: then the member that it is in goes.
local function remove_extra(params, name)
    local extra = params.additionalModelRequestFields
    if type(extra) ~= "table" then
        return nil
    end
    local path = parts(name)
    local rest, called = cut(extra, path, 1)
    if not called then
        rest, called = cut_anywhere(extra, path[1], 1)
    end
    if called then
        params.additionalModelRequestFields = rest
        return "extra." .. called
    end
end

local function remove_inference(params, name)
    local place = INFERENCE[name]
    local config = params.inferenceConfig
    if not place or type(config) ~= "table" or config[place[1]] == nil then
        return nil
    end
    params.inferenceConfig = without(config, place[1])
    return place[2]
end

local function remove_choice(params, name)
    local config = params.toolConfig
    if not name:find "^toolconfig%.toolchoice" or type(config) ~= "table" or config.toolChoice == nil then
        return nil
    end
    params.toolConfig = without(config, "toolChoice")
    return "tool_choice"
end

local function remove_optional(params, name)
    local member = OPTIONAL[name]
    if member and params[member] ~= nil then
        params[member] = nil
        return member
    end
end

--- Takes a parameter out, by the name that a refusal gives it.
--- @return string? called what the user calls it; nil: it is not there
function converse.remove(params, name)
    local key = bare(name)
    return remove_inference(params, key) or remove_choice(params, key) or remove_optional(params, key)
        or remove_extra(params, key)
end

function converse.model(params)
    return params.modelId
end

function converse.set_model(params, id)
    params.modelId = id
end

function converse.has_both(params)
    local config = params.inferenceConfig
    return type(config) == "table" and config.temperature ~= nil and config.topP ~= nil
end

--- Is the model told to think?
function converse.thinks(params)
    local extra = params.additionalModelRequestFields
    return type(extra) == "table" and (extra.thinking ~= nil or extra.reasoning_config ~= nil
        or extra.reasoningConfig ~= nil)
end

--- Text of the system prompt; nil: it has something that is no text (a cache point tells nothing, and may go).
local function system_text(blocks)
    local texts = {}
    for _, block in ipairs(blocks) do
        if type(block.text) == "string" then
            texts[#texts + 1] = block.text
        elseif not block.cachePoint then
            return nil
        end
    end
    return texts[1] and table.concat(texts, "\n\n")
end

--- @return integer? message, integer? block the first text of the user's
local function first_text(messages)
    for i, message in ipairs(messages) do
        for j, block in ipairs(message.role == "user" and message.content or {}) do
            if type(block.text) == "string" then
                return i, j
            end
        end
    end
end

local function with_entry(list, at, entry)
    local copy = copy_of(list)
    copy[at] = entry
    return copy
end

--- Puts the system prompt in front of the first text of the user's.
--- @return boolean moved
function converse.move_system(params)
    local blocks, messages = params.system, params.messages
    if type(blocks) ~= "table" or type(messages) ~= "table" then
        return false
    end
    local text = system_text(blocks)
    local at, block_at = first_text(messages)
    if not text or not at then
        return false
    end
    local message = copy_of(messages[at])
    local block = copy_of(message.content[block_at])
    block.text = text .. "\n\n" .. block.text
    message.content = with_entry(message.content, block_at, block)
    params.messages, params.system = with_entry(messages, at, message), nil
    return true
end

return converse
