--- One process of bench/count/sharing.sh: LUA bench/count/sharing.lua URL CA_FILE CACHE_DIR
local bedrock = require "bedrock"
local url, ca_file, cache_dir = arg[1], arg[2], arg[3]

local pki = ca_file:match "^(.*)/"
local conn = assert(bedrock.connect {
    auth = "roles_anywhere",
    certificate = pki .. "/rsa2048.crt.pem",
    private_key = pki .. "/rsa2048.key.pkcs8.pem",
    certificate_chain = pki .. "/intermediate.pem",
    profile_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:profile/bench",
    role_arn = "arn:aws:iam::123456789012:role/bench",
    trust_anchor_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/bench",
    session_name = "bench",
    endpoint = url,
    ca_file = ca_file,
    cache_dir = cache_dir,
})
assert(conn:credentials())
