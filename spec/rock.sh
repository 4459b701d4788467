#!/bin/sh
# Builds and installs the rock into a tree of its own, and `make install` into another; then uses
# the module and the command from each, with nothing else on Lua's paths.
set -eu
cd "$(dirname "$0")/.."

build=${BUILD:-build}
rm -rf "$build/rock" "$build/stage"
luarocks --lua-version 5.4 make --deps-mode none --tree "$build/rock" rockspec/bedrock-scm-1.rockspec
make -s install BUILD="$build" PREFIX="$PWD/$build/stage/usr"

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

# The command finds the module by itself, and uninstall leaves nothing.
says() {
    [ "$(cd / && env -u LUA_PATH -u LUA_CPATH "$1" --version)" = "bedrock $version" ] && good=$((good + 1))
}
version=$(sed -n 's/^## \([0-9.]*\).*/\1/p' CHANGELOG.md | head -n 1)
says "$PWD/$build/rock/bin/bedrock" || echo "the rock has no command that runs"
says "$PWD/$build/stage/usr/bin/bedrock" || echo "the command that was installed does not run"
page=$build/stage/usr/share/man/man1/bedrock.1
[ -s "$page" ] && [ -z "$(groff -man -ww -Tutf8 "$page" 2>&1 >/dev/null)" ] && good=$((good + 1))
make -s uninstall BUILD="$build" PREFIX="$PWD/$build/stage/usr"
[ -z "$(find "$build/stage" -type f)" ] && good=$((good + 1))
echo "$good passed, $((7 - good)) failed"
[ "$good" -eq 7 ]
