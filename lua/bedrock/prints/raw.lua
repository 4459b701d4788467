--- The answer of conn:request: its status, and the body as text if it is one.
local bytes = require "bedrock.prints.bytes"

--- @param value bedrock.RawAnswer
--- @return string
return function(value)
    local body = type(value.body) == "string" and value.body or ""
    local kind = type(value.headers) == "table" and value.headers["content-type"] or nil
    local head = ("%s, %s"):format(tostring(value.status), bytes.about(body, kind))
    return body ~= "" and bytes.is_text(body) and head .. "\n" .. body or head
end
