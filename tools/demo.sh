#!/bin/sh
# The main job end to end, with nothing outside this machine: makes certificates, starts an endpoint
# on loopback that verifies like AWS, runs the examples, stops what it started.
set -eu
cd "$(dirname "$0")/.."
unset MAKEFLAGS MFLAGS MAKELEVEL

build=${BUILD:-build}
demo=$PWD/$build/demo
lua=${LUA:-lua5.4}

heading() {
    printf '\n== %s\n' "$1"
}

endpoint() {
    lua5.4 spec/endpoint/cli.lua "$@"
}

spec/pki/make.sh "$build/pki"
trap 'endpoint stop "$build/demo/endpoint"' EXIT
trap 'exit 130' HUP INT TERM
rm -rf "$demo/cache"
mkdir -p "$demo/cache"
chmod 700 "$demo/cache"
url=$(endpoint start "$demo/endpoint" "$build/pki")
eval "$(endpoint env "$demo/endpoint" | grep -E '^BEDROCK_TEST_(HTTP|ACCESS_KEY_ID|SECRET_ACCESS_KEY|CONTAINER_TOKEN)=')"

cat >"$demo/config" <<CONFIG
[profile base]
aws_access_key_id = ${BEDROCK_TEST_ACCESS_KEY_ID:?}
aws_secret_access_key = ${BEDROCK_TEST_SECRET_ACCESS_KEY:?}
[profile demo]
role_arn = arn:aws:iam::123456789012:role/demo
source_profile = base
CONFIG

cat >"$demo/settings.lua" <<SETTINGS
--- Made by make demo.
local service = { endpoint = "$url", ca_file = "$PWD/$build/pki/tls-ca.pem", region = "us-east-1" }

local function with(more)
    for name, value in pairs(service) do
        more[name] = value
    end
    return more
end

local function certificate(more)
    return with {
        auth = "roles_anywhere",
        trust_anchor_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/demo",
        profile_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:profile/demo",
        role_arn = "arn:aws:iam::123456789012:role/demo",
        certificate = "$PWD/$build/pki/p256.crt.pem",
        certificate_chain = "$PWD/$build/pki/intermediate.pem",
        private_key = "$PWD/$build/pki/p256.key.pkcs8.pem",
        session_name = "demo",
        cache_dir = "$demo/cache",
        assume_role = more and more.assume_role,
    }
end

return {
    connection = certificate(),
    ways = {
        { name = "a role assumed with a certificate", connection = certificate {
            assume_role = { role_arn = "arn:aws:iam::123456789012:role/demo-above" },
        } },
        { name = "a role in a profile of AWS's shared files", connection = with {
            auth = "profile", profile = "demo", config_file = "$demo/config",
        } },
        { name = "a container", connection = with {
            auth = "container",
            container = {
                uri = "${BEDROCK_TEST_HTTP:?}/container/credentials",
                authorization_token = "${BEDROCK_TEST_CONTAINER_TOKEN:?}",
            },
        } },
    },
    other_region = "eu-central-1",
    custom_region = "eu-north-9",
    model = "amazon.nova-lite-v1:0",
    agent = { id = "AGENT12345", alias = "ALIAS12345" },
}
SETTINGS
export BEDROCK_SETTINGS="$demo/settings.lua"
eval "$(make -s env LUA="$lua")"

example() {
    heading "$1 ($2)"
    "$lua" "examples/$2"
}

echo "The endpoint is at $url; the settings are in $BEDROCK_SETTINGS."
example "Test the connection: certificate, credentials, Bedrock" 01-test-connection.lua
example "Which models are there?" 02-models.lua
example "Ask a model, and ask back" 03-converse.lua
endpoint config "$demo/endpoint" '{"stream_interval_ms":40}'
example "An answer as it is written" 04-stream.lua
example "An agent" 05-agent.lua
endpoint config "$demo/endpoint" '{"stream_interval_ms":0}'

heading "Fifty questions, ten at a time (parallel.lua); the last answers"
"$lua" examples/parallel.lua >"$demo/answers.txt"
tail -n 3 "$demo/answers.txt"

heading "Credentials are shared by processes (06-cached.lua, twice, with an empty cache)"
rm -rf "$demo/cache"
lua5.4 tools/exchanges.lua "$demo/endpoint" reset
"$lua" examples/06-cached.lua
"$lua" examples/06-cached.lua
echo "Exchanges the endpoint counted: $(lua5.4 tools/exchanges.lua "$demo/endpoint")"

example "One region, several, a custom one" 07-regions.lua
example "Other ways in: roles, profiles, containers" 08-ways-in.lua
heading "Done. The same examples run against AWS: see examples/settings.example.lua."
