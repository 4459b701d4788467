#!/bin/sh
# An endpoint on loopback that verifies like AWS, with settings files for it; for tools/demo.sh and tools/play.sh, which
# source this. Needs $place, a directory of its own. Ends with the shell.

: "${build:?}" "${place:?}"

endpoint() {
    lua5.4 spec/endpoint/cli.lua "$@"
}

# Settings that all files share.
service_settings() {
    cat <<SETTINGS
    endpoint = "$url", ca_file = "$PWD/$build/pki/tls-ca.pem", region = "us-east-1",
    connect_timeout = 5000, read_timeout = 60000,
    model = "amazon.nova-lite-v1:0",
SETTINGS
}

# settings_file NAME <options: a settings file with those and the shared ones.
settings_file() {
    {
        echo "return {"
        service_settings
        cat
        echo "}"
    } >"$place/$1.lua"
}

certificate_settings() {
    cat <<SETTINGS
    auth = "roles_anywhere",
    trust_anchor_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/demo",
    profile_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:profile/demo",
    role_arn = "arn:aws:iam::123456789012:role/demo",
    certificate = "$PWD/$build/pki/p256.crt.pem",
    certificate_chain = "$PWD/$build/pki/intermediate.pem",
    private_key = "$PWD/$build/pki/p256.key.pkcs8.pem",
    session_name = "demo",
    cache_dir = "$place/cache",
SETTINGS
}

# Certificates of a test are nobody's secret, and workers of an nginx have another user.
spec/pki/make.sh "$build/pki"
umask 077
trap 'endpoint stop "$place/endpoint"' EXIT
trap 'exit 130' HUP INT TERM
rm -rf "$place/cache"
mkdir -p "$place/cache"
url=$(endpoint start "$place/endpoint" "$build/pki")
certificate_settings | settings_file certificate
