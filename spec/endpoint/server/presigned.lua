--- Requests that carry their signature in the query, and the short-term API keys that are such a request.
-- luacheck: std ngx_lua
local authorization = require "server.authorization"
local refusal = require "server.refusal"

local LONGEST = 604800
local LONGEST_KEY = 43200
local KEY_HOST = "bedrock.amazonaws.com"

local presigned = {}

local function decode(text)
    return (text:gsub("%%(%x%x)", function(digits)
        return string.char(tonumber(digits, 16))
    end))
end

--- Each parameter of the signature once; the query without the signature itself, as that was signed.
local function read(query)
    local found, signed = {}, {}
    for part in query:gmatch "[^&]+" do
        local name, value = part:match "^([^=]*)=?(.*)$"
        local own = decode(name):match "^X%-Amz%-(.*)$"
        if own and found[own] then
            refusal.incomplete("X-Amz-" .. own .. " stands twice in the query.")
        elseif own then
            found[own] = decode(value)
        end
        if own ~= "Signature" then
            signed[#signed + 1] = part
        end
    end
    return found, table.concat(signed, "&")
end

local function check_parameters(found)
    for _, name in ipairs { "Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature" } do
        if not found[name] then
            refusal.incomplete("AWS query-string parameters must include 'X-Amz-" .. name .. "'.")
        end
    end
end

local function check_expires(text, longest)
    local seconds = text:find "^[1-9]%d*$" and tonumber(text)
    if not seconds or seconds > longest then
        refusal.incomplete("X-Amz-Expires must be a whole number from 1 to " .. longest .. ".")
    end
    return seconds
end

--- @return boolean whether the query claims to be signed
function presigned.is(query)
    return query:find "X%-Amz%-Signature=" ~= nil
end

--- @param request table
--- @param longest? integer seconds that it may be good for
--- @return table auth as of a header, with `stamp`, `expires` and `token`
--- @return table request what was signed
function presigned.parse(request, longest)
    local found, query = read(request.query)
    check_parameters(found)
    local auth = authorization.parse(("%s Credential=%s, SignedHeaders=%s, Signature=%s"):format(
        found.Algorithm, found.Credential, found.SignedHeaders, found.Signature))
    auth.stamp, auth.token = found.Date, found["Security-Token"]
    auth.expires = check_expires(found.Expires, longest or LONGEST)
    return auth, setmetatable({ query = query }, { __index = request })
end

local key_request = {}
key_request.__index = key_request

function key_request.header(_, name)
    return name == "host" and KEY_HOST or nil
end

--- @param key string
--- @return table? request that the key stands for; nil: it is no such key
function presigned.of_key(key)
    local encoded = key:match "^bedrock%-api%-key%-(.+)$"
    local url = encoded and ngx.decode_base64(encoded)
    local query = url and url:match("^" .. KEY_HOST:gsub("%.", "%%.") .. "/%?(.*)&Version=1$")
    if not query or not query:find "^Action=CallWithBearerToken&" then
        return nil
    end
    return setmetatable({ method = "POST", path = "/", query = query, headers = {}, body = "" }, key_request),
        LONGEST_KEY
end

return presigned
