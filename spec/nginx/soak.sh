#!/bin/sh
# soak.lua with an endpoint of its own. The last line counts.
#
#   spec/nginx/soak.sh [BUILDDIR]
set -eu
cd "$(dirname "$0")/../.."
unset MAKEFLAGS MFLAGS MAKELEVEL || :
unset HTTPS_PROXY https_proxy HTTP_PROXY http_proxy ALL_PROXY all_proxy || :

build=${1:-build}
spec/pki/make.sh "$build/pki"
lua5.4 spec/endpoint/cli.lua start "$build/soak/endpoint" "$build/pki" >/dev/null
trap 'lua5.4 spec/endpoint/cli.lua stop "$build/soak/endpoint"' EXIT
trap 'exit 130' HUP INT TERM
eval "$(make -s env BUILD="$build")"
lua5.4 spec/nginx/soak.lua "$build/soak/endpoint"
