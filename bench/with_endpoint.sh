#!/bin/sh
# Runs a command while a local endpoint is there for it that verifies nothing, as its own checks would only add noise:
#
#   bench/with_endpoint.sh [-i MS] BUILDDIR COMMAND…
#
# The command finds it in BENCH_URL, BENCH_HTTP, BENCH_CA, BENCH_PKI, and its folder in BENCH_ENDPOINT. -i: the words of
# its streams come so far apart, so that streams that begin together are open together.
set -eu
cd "$(dirname "$0")/.."
unset MAKEFLAGS MFLAGS MAKELEVEL || :

interval=0
if [ "$1" = -i ]; then
    interval=$2
    shift 2
fi
build=$(cd "$1" && pwd)
shift
BENCH_PKI=$build/pki BENCH_ENDPOINT=$build/bench/endpoint
spec/pki/make.sh "$BENCH_PKI"
BENCH_URL=$(lua5.4 spec/endpoint/cli.lua start "$BENCH_ENDPOINT" "$BENCH_PKI")
trap 'lua5.4 spec/endpoint/cli.lua stop "$BENCH_ENDPOINT"' EXIT
trap 'exit 130' HUP INT TERM
lua5.4 spec/endpoint/cli.lua config "$BENCH_ENDPOINT" "{\"verify\":false,\"stream_interval_ms\":$interval}" \
    >/dev/null
BENCH_HTTP=$(lua5.4 spec/endpoint/cli.lua env "$BENCH_ENDPOINT" | sed -n 's/^BEDROCK_TEST_HTTP=//p')
BENCH_CA=$BENCH_PKI/tls-ca.pem
export BENCH_PKI BENCH_ENDPOINT BENCH_URL BENCH_HTTP BENCH_CA
unset HTTPS_PROXY https_proxy ALL_PROXY all_proxy || :
"$@"
