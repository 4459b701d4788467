--- Ways in: connections whose credentials come from elsewhere, and the layers that they come through. Each is made like
--- settings.connection, with what `ways` says of it; docs/credentials.md lists them all.
local bedrock = require "bedrock"
local settings = dofile "examples/settings.lua"

for _, way in ipairs(settings.ways) do
    local conn = assert(bedrock.connect(way.connection))
    local info, err = conn:credentials()
    local found = info and info.access_key_id .. ", via " .. table.concat(info.via, " < ")
    print(way.name .. ": " .. (found or tostring(err)))
    local answer = info and assert(conn:converse {
        modelId = settings.model,
        messages = { { role = "user", content = { { text = "Say hello." } } } },
    })
    print(answer and "    " .. answer.output.message.content[1].text:match "^[^\n]*" or "    no call was made")
    conn:close()
end
