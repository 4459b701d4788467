--- What is known about an answer besides its contents. It is kept apart from it.
local core = require "bedrock.core"
local host = require "bedrock.host"

local metadata = {}

--- Metadata as C packed it, or the table once somebody asked for it.
local known = host.shared "metadata"
--- The tables by what they were made of.
local tables = host.shared "metadata tables"

--- How long the parts of a call took.
--- @class bedrock.Timing
--- @field ms bedrock.Milliseconds its fields may also be read from here: timing.total
--- @field bytes integer of the answer's body; of a stream that has not ended, until its head came, as `ms`
--- @field tokens? bedrock.Tokens where the answer tells

--- What is known of an answer beside its content.
--- @class bedrock.Metadata
--- @field status integer of the HTTP answer
--- @field attempts integer requests sent
--- @field request_id? string what AWS's support asks for
--- @field headers table<string, string> lower-case names; repeated fields joined with ", "
--- @field timing bedrock.Timing where the time went
--- @field token? table<string, string> the idempotency token or session ID that was generated, by member

--- One for a stream and what it gathered, of which only one says how many tokens it took.
local function table_of(packed, result)
    local facts = tables[packed]
    if not facts then
        facts = require("bedrock.prints.printed").as(core.metadata(packed), "metadata")
        setmetatable(facts.timing, { __index = facts.timing.ms })
        tables[packed] = facts
    end
    facts.timing.tokens = facts.timing.tokens or require("bedrock.tokens").of(result, facts.headers)
    return facts
end

--- What is known about an answer besides its contents.
--- @param result any a result, a stream, or what a stream gathered
--- @param err? bedrock.Error what came in place of a result
--- @return bedrock.Metadata? metadata nil for anything else
--- @return bedrock.Error? err the one given
function metadata.of(result, err)
    if result == nil and err ~= nil then
        return nil, err
    elseif result == nil then
        return nil
    end
    local facts = known[result]
    if type(facts) == "userdata" then
        facts = table_of(facts, result)
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
