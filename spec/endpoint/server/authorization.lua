--- What both signature schemes share: the Authorization header, the date, which headers must be
--- signed, and the string to sign.
-- luacheck: std ngx_lua
local canonical = require "server.canonical"
local refusal = require "server.refusal"
local state = require "server.state"

local ALLOWED_SKEW = 300

local authorization = {}

local function split(text, separator)
    local parts = {}
    for part in (text .. separator):gmatch("(.-)%" .. separator) do
        parts[#parts + 1] = part
    end
    return parts
end

local function fields_of(text)
    local fields = {}
    for part in text:gmatch("[^,]+") do
        local name, value = part:match("^%s*(%w+)=(%S+)%s*$")
        if not name or fields[name] then
            refusal.incomplete("Authorization header is malformed: " .. part)
        end
        fields[name] = value
    end
    for _, name in ipairs { "Credential", "SignedHeaders", "Signature" } do
        if not fields[name] then
            refusal.incomplete("Authorization header requires '" .. name .. "' parameter.")
        end
    end
    return fields
end

--- @return table {algorithm, id, date, region, service, names, signature}
function authorization.parse(value)
    local algorithm, rest = value:match("^(AWS4%-[%w%-]+) +(.+)$")
    if not algorithm then
        refusal.incomplete("Authorization header is of no known form.")
    end
    local fields = fields_of(rest)
    local scope = split(fields.Credential, "/")
    if #scope ~= 5 or scope[5] ~= "aws4_request" then
        refusal.incomplete("Credential must be ID/date/region/service/aws4_request.")
    end
    return {
        algorithm = algorithm,
        id = scope[1],
        date = scope[2],
        region = scope[3],
        service = scope[4],
        names = split(fields.SignedHeaders, ";"),
        signature = fields.Signature,
    }
end

local function epoch(stamp)
    local year, month, day, hour, minute, second =
        stamp:match("^(%d%d%d%d)(%d%d)(%d%d)T(%d%d)(%d%d)(%d%d)Z$")
    if not year then
        refusal.incomplete("X-Amz-Date must be of the form YYYYMMDD'T'HHMMSS'Z'.")
    end
    return ngx.parse_http_time(string.format("Mon, %s %s %s %s:%s:%s GMT", day,
        ("JanFebMarAprMayJunJulAugSepOctNovDec"):sub(month * 3 - 2, month * 3), year,
        hour, minute, second))
end

local function stamp_of(seconds)
    return os.date("!%Y%m%dT%H%M%SZ", seconds)
end

--- The date must be the scope's, and within five minutes of the clock; one in a query may be as old as that says.
function authorization.check_date(request, auth)
    local stamp = auth.stamp or request:header("x-amz-date")
    local age = auth.expires or ALLOWED_SKEW
    if not stamp then
        refusal.incomplete("Authorization header requires existence of either a 'X-Amz-Date' "
            .. "or a 'Date' header.")
    end
    local signed_at, now = epoch(stamp), state.now()
    if not signed_at or stamp:sub(1, 8) ~= auth.date then
        refusal.raise(403, "InvalidSignatureException", "Date in Credential scope does not match "
            .. "YYYYMMDD from ISO-8601 version of date from HTTP: '" .. auth.date .. "' != '"
            .. stamp .. "'.")
    end
    if signed_at < now - age then
        refusal.raise(403, "InvalidSignatureException", string.format(
            "Signature expired: %s is now earlier than %s (%s - %d min.)",
            stamp, stamp_of(now - age), stamp_of(now), age / 60))
    end
    if signed_at > now + ALLOWED_SKEW then
        refusal.raise(403, "InvalidSignatureException", string.format(
            "Signature not yet current: %s is still later than %s (%s + 5 min.)",
            stamp, stamp_of(now + ALLOWED_SKEW), stamp_of(now)))
    end
end

local function check_names(request, names)
    for i, name in ipairs(names) do
        if name ~= name:lower() or (i > 1 and names[i - 1] >= name) then
            refusal.invalid_signature("signed headers are not lower case, sorted and unique")
        end
        if not request:header(name) then
            refusal.invalid_signature("signed header " .. name .. " is not in the request")
        end
    end
end

--- Host, date (unless the query has it), every x-amz-* header and, with a body, content-type must be signed.
function authorization.check_signed_headers(request, names, dated)
    check_names(request, names)
    local signed = {}
    for _, name in ipairs(names) do
        signed[name] = true
    end
    local must = { host = true, ["x-amz-date"] = not dated or nil }
    for _, field in ipairs(request.headers) do
        local name = field[1]
        if name:find("^x%-amz%-") or (name == "content-type" and request.body ~= "") then
            must[name] = true
        end
    end
    for name in pairs(must) do
        if not signed[name] then
            refusal.invalid_signature("header " .. name .. " is not signed")
        end
    end
end

local LOOPBACK = { localhost = true, ["127.0.0.1"] = true, ["[::1]"] = true }

local function known_host(host, port)
    local name, given = host:match("^(.-):(%d+)$")
    if tonumber(given) == port and (LOOPBACK[name] or name:find("%.localhost$")) then
        return true
    end
    for _, pattern in ipairs(state.config.hosts) do
        if host:find(pattern) then
            return true
        end
    end
    return false
end

--- There is one Host, with the port in it, and it names this endpoint.
function authorization.check_host(request)
    local host = request:header("host") or ""
    if not known_host(host, request.port) then
        refusal.invalid_signature("host " .. host .. " is not this endpoint")
    end
end

--- The hash of the body as it came; a declared one must be the same.
function authorization.payload_hash(request)
    local actual = canonical.sha256_hex(request.body)
    local declared = request:header("x-amz-content-sha256")
    if declared and declared ~= actual then
        refusal.invalid_signature("x-amz-content-sha256 is not the hash of the body")
    end
    return actual
end

function authorization.string_to_sign(request, auth)
    local hash = canonical.sha256_hex(
        canonical.request(request, auth.names, authorization.payload_hash(request)))
    return table.concat({
        auth.algorithm,
        auth.stamp or request:header("x-amz-date"),
        table.concat({ auth.date, auth.region, auth.service, "aws4_request" }, "/"),
        hash,
    }, "\n")
end

return authorization
