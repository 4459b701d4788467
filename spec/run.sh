#!/bin/sh
# Everything that must pass, after `make test` has built it. The last line counts.
set -u
cd "$(dirname "$0")/.." || exit
unset MAKEFLAGS MFLAGS MAKELEVEL

build=${BUILD:-build}
. spec/tally.sh
tally_start "$build/log"

endpoint() {
    lua5.4 spec/endpoint/cli.lua "$@"
}
trap 'endpoint stop "$build/endpoint"' EXIT
trap 'exit 130' HUP INT TERM

export BEDROCK_TEST_ENDPOINT="$build/endpoint" BEDROCK_TEST_PKI="$build/pki"
export XDG_CACHE_HOME="$PWD/$build/cache"
unset HTTPS_PROXY https_proxy HTTP_PROXY http_proxy ALL_PROXY all_proxy NO_PROXY no_proxy
rm -rf "$XDG_CACHE_HOME"

suite "lint" tools/lint.sh
spec/pki/make.sh "$build/pki" || exit 1
endpoint start "$build/endpoint" "$build/pki" >/dev/null || exit 1

for program in "$build"/spec/test_*; do
    case $program in
    *.*) ;;
    *) suite "C ${program##*/test_}" "$program" ;;
    esac
done
for lua in lua5.4 luajit; do
    eval "$(make -s env LUA=$lua)"
    suite "specs on $lua" spec/busted.sh $lua
    $lua -e 'os.exit(dofile("spec/support/hosts.lua").copas and 0 or 1)' ||
        printf '%-28s %s\n' "copas on $lua" "not installed in version 4: its adapter was not run"
done
command -v nvim >/dev/null || printf '%-28s %s\n' "Neovim" "not installed: its specs and the example plugin were not run"
if tools/lua55.sh "$build/lua5.5" >/dev/null; then
    suite "specs on Lua 5.5" spec/lua55.sh
else
    printf '%-28s %s\n' "specs on Lua 5.5" "no Lua 5.5, and no cargo to get its sources: they were not run"
fi
suite "refresh of the facts" python3 -B tools/refresh_api/test_refresh.py
suite "LuaRocks" spec/rock.sh
suite "the site" tools/site.sh
tally_end
