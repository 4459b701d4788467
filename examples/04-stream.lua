--- Prints the answer as it is written, word by word.
local bedrock = require "bedrock"

local conn, err, own = bedrock.open()
assert(conn, err)
local stream = assert(conn:converse_stream {
    modelId = own.model,
    messages = { { role = "user", content = { { text = "Tell me how tides come about." } } } },
})

-- A stream that breaks off raises an error inside the loop: half an answer never passes for a whole one.
local done, why = pcall(function()
    for name, event in stream:events() do
        if name == "contentBlockDelta" and event.delta.text then
            io.write(event.delta.text)
            io.flush()
        elseif name == "metadata" then
            print(("\n(%d tokens)"):format(event.usage.outputTokens))
        end
    end
end)

stream:close()
conn:close()
if not done then
    io.stderr:write("\nThe answer broke off: ", tostring(why), "\n")
    os.exit(1)
end
