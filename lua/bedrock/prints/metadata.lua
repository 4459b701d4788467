--- What is known about an answer besides its contents.
local columns = require "bedrock.prints.columns"
local core = require "bedrock.core"
local members = require "bedrock.prints.members"
local secret = require "bedrock.base.secret"

local function header_lines(headers)
    local rows = {}
    for i, name in ipairs(core.keys(headers)) do
        rows[i] = { name, secret.shown(name, headers[name]) }
    end
    return columns.rows(rows, { indent = "  " })
end

--- @param value bedrock.Metadata
--- @return string
return function(value)
    local rest = {}
    for name, member in pairs(value) do
        rest[name] = name ~= "headers" and member or nil
    end
    local text = members.text(rest, nil, 3)
    if value.headers and next(value.headers) then
        text = text .. "\nheaders\n" .. header_lines(value.headers)
    end
    return text
end
