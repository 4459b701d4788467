--- Whole files, and what commands write.
local files = {}

function files.read(name)
    local file = assert(io.open(name, "rb"))
    local text = file:read "*a"
    file:close()
    return text
end

function files.write(name, text)
    local file = assert(io.open(name, "wb"))
    file:write(text)
    file:close()
end

function files.output(command)
    local pipe = assert(io.popen(command))
    local text = pipe:read "*a"
    pipe:close()
    return text
end

return files
