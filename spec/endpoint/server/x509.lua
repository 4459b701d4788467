--- The certificates of a CreateSession request: reading them, trusting them, and the signature made
--- with them.
-- luacheck: std ngx_lua
local certificate = require "openssl.x509"
local chain = require "openssl.x509.chain"
local digest = require "openssl.digest"
local refusal = require "server.refusal"
local state = require "server.state"
local store = require "openssl.x509.store"

local ALGORITHM_KEYS = {
    ["AWS4-X509-RSA-SHA256"] = "rsaEncryption",
    ["AWS4-X509-ECDSA-SHA256"] = "id-ecPublicKey",
}
local CURVES = { prime256v1 = true, secp384r1 = true, secp521r1 = true }
local MINIMUM_RSA_BITS = 2048

local x509 = {}
local anchor

--- Reads the trust anchor; called once, before the first request.
function x509.trust(file)
    local handle = assert(io.open(file, "rb"))
    anchor = certificate.new(handle:read("*a"))
    handle:close()
end

local function parse(text, where)
    local der = not text:find("[^%w+/=]") and #text % 4 == 0 and ngx.decode_base64(text)
    local ok, parsed = pcall(certificate.new, der or "", "DER")
    if not der or not ok then
        refusal.validation(where .. " is not the base64 of a DER certificate")
    end
    return parsed
end

--- @return table leaf, table intermediates
function x509.read(request)
    local leaf = request:header("x-amz-x509")
    if not leaf then
        refusal.raise(403, "MissingAuthenticationTokenException", "Missing X-Amz-X509 header")
    end
    local given, intermediates = request:header("x-amz-x509-chain"), {}
    for one in ((given and given .. ",") or ""):gmatch("(.-),") do
        intermediates[#intermediates + 1] = parse(one, "X-Amz-X509-Chain")
    end
    return parse(leaf, "X-Amz-X509"), intermediates
end

--- The signature is by the leaf's key, with the algorithm that fits it, under the leaf's serial.
function x509.check_signature(leaf, auth, text)
    local key = leaf:getPublicKey()
    if key:type() ~= ALGORITHM_KEYS[auth.algorithm] then
        refusal.invalid_x509_signature(auth.algorithm .. " does not fit a key of type "
            .. key:type())
    end
    if auth.id ~= tostring(leaf:getSerial()) then
        refusal.invalid_x509_signature("serial " .. auth.id .. " is not the certificate's "
            .. tostring(leaf:getSerial()))
    end
    if #auth.signature % 2 ~= 0 or auth.signature:find("[^0-9a-f]") then
        refusal.invalid_x509_signature("signature is not lower-case hex")
    end
    local signature = auth.signature:gsub("%x%x", function(digits)
        return string.char(tonumber(digits, 16))
    end)
    local ran, good = pcall(key.verify, key, signature, digest.new("sha256"):update(text))
    if not ran or not good then
        refusal.invalid_x509_signature("signature does not verify; string to sign: " .. text)
    end
end

local function check_strength(one)
    local name = one:getSignatureName()
    if name:find("SHA1") or name:find("MD5") then
        refusal.untrusted("signed with " .. name)
    end
    local text = one:text()
    local curve = text:match("ASN1 OID: (%S+)")
    local bits = tonumber(text:match("Public%-Key: %((%d+) bit%)") or 0)
    local strong = one:getPublicKey():type() == "rsaEncryption" and bits >= MINIMUM_RSA_BITS
        or CURVES[curve]
    if not strong then
        refusal.untrusted("key too weak or of a curve not supported")
    end
end

local function check_dates(one)
    local from, to = one:getLifetime()
    local now = state.now()
    if now < from or now > to then
        refusal.untrusted("certificate outside its dates")
    end
end

local function check_usage(leaf)
    if leaf:getVersion() ~= 3 then
        refusal.untrusted("not an X.509v3 certificate")
    end
    if leaf:getBasicConstraints("CA") then
        refusal.untrusted("the leaf is a CA")
    end
    local usage = leaf:getExtension("keyUsage")
    if not usage or not usage:text():find("Digital Signature", 1, true) then
        refusal.untrusted("keyUsage lacks digitalSignature")
    end
end

--- The leaf may sign, is in force, and leads to the trust anchor by the certificates sent.
function x509.check_trust(leaf, intermediates)
    check_usage(leaf)
    check_dates(leaf)
    check_strength(leaf)
    local sent, trusted = chain.new(), store.new()
    for _, one in ipairs(intermediates) do
        check_dates(one)
        check_strength(one)
        sent:add(one)
    end
    trusted:add(anchor)
    local good, why = trusted:verify(leaf, sent)
    if not good then
        refusal.untrusted("no path to the trust anchor: " .. tostring(why))
    end
end

return x509
