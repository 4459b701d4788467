#!/bin/sh
# The main job end to end, with nothing outside this machine: makes certificates, starts an endpoint
# on loopback that verifies like AWS, runs the examples, stops what it started.
set -eu
cd "$(dirname "$0")/.."
unset MAKEFLAGS MFLAGS MAKELEVEL

build=${BUILD:-build}
place=$PWD/$build/demo
lua=${LUA:-lua5.4}

heading() {
    printf '\n== %s\n' "$1"
}

. tools/local.sh
: "${url:?}"
eval "$(endpoint env "$place/endpoint" | grep -E '^BEDROCK_TEST_(HTTP|ACCESS_KEY_ID|SECRET_ACCESS_KEY|CONTAINER_TOKEN)=')"

cat >"$place/config" <<CONFIG
[profile base]
aws_access_key_id = ${BEDROCK_TEST_ACCESS_KEY_ID:?}
aws_secret_access_key = ${BEDROCK_TEST_SECRET_ACCESS_KEY:?}
[profile demo]
role_arn = arn:aws:iam::123456789012:role/demo
source_profile = base
CONFIG

{
    certificate_settings
    echo 'assume_role = { role_arn = "arn:aws:iam::123456789012:role/demo-above" },'
} | settings_file role
settings_file profile <<SETTINGS
    auth = "profile", profile = "demo", config_file = "$place/config",
SETTINGS
settings_file container <<SETTINGS
    auth = "container",
    container = {
        uri = "${BEDROCK_TEST_HTTP:?}/container/credentials",
        authorization_token = "${BEDROCK_TEST_CONTAINER_TOKEN:?}",
    },
SETTINGS
export BEDROCK_SETTINGS="$place/certificate.lua"
eval "$(make -s env LUA="$lua")"

# example TITLE FILE ARGUMENT…
example() {
    heading "$1 ($2)"
    shift
    file=$1
    shift
    "$lua" "examples/$file" "$@"
}

echo "The endpoint is at $url; the settings are in $BEDROCK_SETTINGS."
example "Test the connection: certificate, credentials, Bedrock" 01-test-connection.lua
example "Which models are there?" 02-models.lua
example "Ask a model, and ask back" 03-converse.lua
endpoint config "$place/endpoint" '{"stream_interval_ms":40}'
example "An answer as it is written" 04-stream.lua
example "An agent" 05-agent.lua AGENT12345 ALIAS12345
endpoint config "$place/endpoint" '{"stream_interval_ms":0}'

heading "Fifty questions, ten at a time (parallel.lua); the last answers"
"$lua" examples/parallel.lua >"$place/answers.txt"
tail -n 3 "$place/answers.txt"

heading "Credentials are shared by processes (06-cached.lua, twice, with an empty cache)"
rm -rf "$place/cache"
lua5.4 tools/exchanges.lua "$place/endpoint" reset
"$lua" examples/06-cached.lua
"$lua" examples/06-cached.lua
echo "Exchanges the endpoint counted: $(lua5.4 tools/exchanges.lua "$place/endpoint")"

example "One region, several, a custom one" 07-regions.lua eu-central-1 eu-north-9
example "Other ways in: roles, profiles, containers" 08-ways-in.lua \
    "$place/role.lua" "$place/profile.lua" "$place/container.lua"
heading "Done. The same examples run against AWS: see examples/settings.example.lua."
