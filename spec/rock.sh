#!/bin/sh
# Builds and installs the rock into a tree of its own, and `make install` into another; then uses
# the module from each, with nothing else on Lua's paths.
set -eu
cd "$(dirname "$0")/.."

build=${BUILD:-build}
rm -rf "$build/rock" "$build/stage"
luarocks --lua-version 5.4 make --deps-mode none --tree "$build/rock" rockspec/bedrock-scm-1.rockspec
make -s install BUILD="$build" DESTDIR="$PWD/$build/stage" PREFIX=/usr

url=$(lua5.4 spec/endpoint/cli.lua env "$build/endpoint" | sed -n 's/^BEDROCK_TEST_HTTPS=//p')
ca="$PWD/$build/pki/tls-ca.pem"
smoke=$PWD/spec/smoke.lua

use() {
    (cd / && LUA_PATH="$2/?.lua;$2/?/init.lua" LUA_CPATH="$3/?.so" "$1" "$smoke" "$2" "$url" "$ca")
}
good=0
use lua5.4 "$PWD/$build/rock/share/lua/5.4" "$PWD/$build/rock/lib/lua/5.4" && good=$((good + 1))
for pair in lua5.4:5.4 luajit:5.1; do
    use "${pair%:*}" "$PWD/$build/stage/usr/share/lua/${pair#*:}" \
        "$PWD/$build/stage/usr/lib/lua/${pair#*:}" && good=$((good + 1))
done
echo "$good passed, $((3 - good)) failed"
[ "$good" -eq 3 ]
