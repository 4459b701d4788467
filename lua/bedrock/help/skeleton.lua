--- A table to fill in, from what an operation takes. Required members have a placeholder of their type; a union
--- has one member, a list one element. Printed, it is Lua source, with everything optional in comments.
local describe = require "bedrock.help.describe"
local quoted = require "bedrock.prints.quoted"

--- The source of each skeleton, kept apart from its members.
local sources = setmetatable({}, { __mode = "k" })

local Skeleton = { __name = "bedrock.skeleton" }

function Skeleton.__tostring(params)
    return sources[params]
end

--- What the model calls optional, and without which there is nothing to answer.
local ASKS = {
    Converse = "messages",
    ConverseStream = "messages",
    InvokeAgent = "inputText",
    InvokeInlineAgent = "inputText",
    InvokeModel = "body",
    InvokeModelWithResponseStream = "body",
}

local function is_required(member)
    return member.required and not member.token and not member.stream
end

--- Required members first, the others after them.
--- @param asks? string one that is needed, too
local function by_need(members, asks)
    local required, optional = {}, {}
    for _, member in ipairs(members or {}) do
        if is_required(member) or member.name == asks then
            required[#required + 1] = member
        elseif not member.stream then
            optional[#optional + 1] = member
        end
    end
    return required, optional
end

local SIMPLE = { string = 1, boolean = 2, integer = 2, long = 2, float = 2, double = 2, timestamp = 2, blob = 3 }

local function rank(member)
    return member.name == "text" and 0 or SIMPLE[member.type] or 4
end

--- The member of a union that is easiest to fill in: text where there is some.
local function easiest(members)
    local best
    for _, member in ipairs(members or {}) do
        if not best or rank(member) < rank(best) then
            best = member
        end
    end
    return best
end

local SCALARS = { boolean = "false", timestamp = "0" }
local NUMBERS = { integer = true, long = true, float = true, double = true }

--- Of the roles that a message may have, it is the user's who asks.
local function first_of(shape)
    for _, value in ipairs(shape.name == "role" and shape.enum or {}) do
        if value == "user" then
            return value
        end
    end
    return shape.enum and shape.enum[1] or ""
end

--- The source of a value without members; nil if it has some.
local function scalar(shape)
    if shape.type == "string" then
        return ("%q"):format(first_of(shape))
    elseif NUMBERS[shape.type] then
        return tostring(shape.min and shape.min > 0 and shape.min or 0)
    elseif shape.type == "blob" then
        return '""'
    end
    return SCALARS[shape.type]
end

local function remark(shape)
    local notes = describe.notes(shape)
    return "  -- " .. describe.type_name(shape) .. (notes ~= "" and ", " .. notes or "")
end

local function add(lines, indent, text)
    lines[#lines + 1] = indent .. text
end

local add_value

local function add_entry(lines, indent, key, shape)
    add_value(lines, indent, key and key .. " = " or "", shape, remark(shape))
end

--- What may be added, in comments. Only the outermost members show what they contain, because a model may be deep.
local function add_optional(lines, indent, member, outermost)
    local block = {}
    if outermost then
        add_entry(block, "", quoted.key(member.name), member)
    else
        block[1] = quoted.key(member.name) .. " = " .. (scalar(member) or "{}") .. "," .. remark(member)
    end
    for _, line in ipairs(block) do
        add(lines, indent, "-- " .. line)
    end
end

local function add_structure(lines, indent, shape, outermost, asks)
    local required, optional = by_need(shape.members, asks)
    for _, member in ipairs(required) do
        add_entry(lines, indent, quoted.key(member.name), member)
    end
    for _, member in ipairs(optional) do
        add_optional(lines, indent, member, outermost)
    end
end

local function add_union(lines, indent, shape)
    local chosen, others = easiest(shape.members), {}
    for _, member in ipairs(shape.members or {}) do
        if member ~= chosen then
            others[#others + 1] = member.name
        end
    end
    if chosen then
        add_entry(lines, indent, quoted.key(chosen.name), chosen)
    end
    if others[1] then
        add(lines, indent, "-- or instead: " .. table.concat(others, ", "))
    end
end

local FILL = {
    structure = add_structure,
    union = add_union,
    list = function(lines, indent, shape)
        add_entry(lines, indent, nil, shape.element)
    end,
}

function add_value(lines, indent, key, shape, comment)
    local fill = FILL[shape.type]
    if not fill then
        add(lines, indent, key .. (scalar(shape) or "{}") .. "," .. comment)
        return
    end
    add(lines, indent, key .. "{" .. comment)
    fill(lines, indent .. "    ", shape)
    add(lines, indent, "},")
end

local function to_value(source)
    local chunk = assert((loadstring or load)("return " .. source, "=skeleton"))
    return chunk()
end

--- @param op table as core.describe gives it
--- @return table params
return function(op)
    local lines = { "{" }
    add_structure(lines, "    ", op.input or {}, true, ASKS[op.operation])
    lines[#lines + 1] = "}"
    local source = table.concat(lines, "\n")
    local params = to_value(source)
    sources[params] = source
    return setmetatable(params, Skeleton)
end
