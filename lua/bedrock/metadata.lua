--- What is known about an answer besides its contents. It is kept apart from it.
local core = require "bedrock.core"

local metadata = {}

--- Metadata as C packed it, or the table once somebody asked for it.
local known = setmetatable({}, { __mode = "k" })

--- @class bedrock.Metadata
--- @field status integer
--- @field attempts integer requests sent
--- @field request_id? string
--- @field headers table<string, string> lower-case names; repeated fields joined with ", "
--- @field token? table<string, string> the idempotency token or session ID that was generated, by member

--- What is known about an answer besides its contents.
--- @param result any a result, a stream, or what a stream gathered
--- @return bedrock.Metadata? metadata nil for anything else
function metadata.of(result)
    if result == nil then
        return nil
    end
    local facts = known[result]
    if type(facts) == "userdata" then
        facts = require("bedrock.printed").as(core.metadata(facts), "metadata")
        known[result] = facts
    end
    return facts
end

--- The headers that an error shows. A cookie is as good as a password.
--- @return table<string, string>?
function metadata.headers_for_error(result)
    local facts = metadata.of(result)
    if not facts then
        return nil
    end
    local headers = {}
    for name, value in pairs(facts.headers) do
        headers[name] = name ~= "set-cookie" and value or nil
    end
    return headers
end

function metadata.set(result, facts)
    known[result] = facts
end

--- Gives `result` the metadata of another.
function metadata.copy(result, other)
    known[result] = known[other]
    return result
end

return metadata
