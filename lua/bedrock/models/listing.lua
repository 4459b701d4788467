--- Lists of Bedrock's control plane as a whole: all pages, or an error.
local errors = require "bedrock.errors"

local PAGE_SIZE = 1000
local PAGES_MAX = 1000

local listing = {}

--- @param operation string
--- @param message string what cannot be used about its answer
--- @return bedrock.Error
function listing.unusable(operation, message)
    return errors.new { kind = "transport", code = "BadResponse", operation = operation, message = message }
end

--- @param conn bedrock.Connection
--- @param operation string in snake case
--- @param member string that holds the entries
--- @param params table? which of them
--- @param options table? as for any operation
--- @return table[]? entries
--- @return bedrock.Error? err also when a later page fails: half a list is none
function listing.whole(conn, operation, member, params, options)
    local list, seen = {}, {}
    local asked = { maxResults = PAGE_SIZE }
    for name, value in pairs(params or {}) do
        asked[name] = value
    end
    for _ = 1, PAGES_MAX do
        local page, err = conn.bedrock[operation](conn.bedrock, asked, options)
        if not page then
            return nil, err
        end
        for _, entry in ipairs(page[member] or {}) do
            list[#list + 1] = entry
        end
        asked.nextToken = page.nextToken
        if not asked.nextToken then
            return list
        end
        if seen[asked.nextToken] then
            break
        end
        seen[asked.nextToken] = true
    end
    return nil, listing.unusable(operation, "the pages of this list do not end: a page token was repeated")
end

return listing
