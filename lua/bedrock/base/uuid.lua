--- Random IDs for sessions, as RFC 9562 has them (version 4).
local BYTES = 16

--- @return string? uuid 36 characters; nil where the system gives no random bytes
--- @return string? why
return function()
    local file, why = io.open("/dev/urandom", "rb")
    local bytes = file and file:read(BYTES)
    if file then
        file:close()
    end
    if not bytes or #bytes < BYTES then
        return nil, why or "/dev/urandom gave too little"
    end
    local list = { bytes:byte(1, BYTES) }
    list[7], list[9] = list[7] % 16 + 64, list[9] % 64 + 128
    local hex = ("%02x"):rep(BYTES):format((table.unpack or unpack)(list))
    return (hex:gsub("^(%x%x%x%x%x%x%x%x)(%x%x%x%x)(%x%x%x%x)(%x%x%x%x)", "%1-%2-%3-%4-"))
end
