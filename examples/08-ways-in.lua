--- Ways in: settings files whose credentials come from elsewhere, and the layers that they come through.
---
---     lua5.4 examples/08-ways-in.lua profile.lua container.lua …
---
--- docs/credentials.md lists all ways.
local bedrock = require "bedrock"

for _, path in ipairs(arg) do
    local conn, err, own = bedrock.open { settings = path }
    assert(conn, err)
    local info = assert(conn:credentials())
    print(("%s: %s, via %s"):format(path:match "[^/]*$", info.access_key_id, table.concat(info.via, " < ")))
    local answer = assert(conn:converse {
        modelId = own.model,
        messages = { { role = "user", content = { { text = "Say hello." } } } },
    })
    print("    " .. answer.output.message.content[1].text:match "^[^\n]*")
    conn:close()
end
