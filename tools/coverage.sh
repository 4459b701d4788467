#!/bin/sh
# Lines and branches of csrc that the C tests and the specs (on Lua 5.4) reach: coverage.sh BUILD
set -eu
cd "$(dirname "$0")/.."
build=$1
unset MAKEFLAGS MFLAGS MAKELEVEL

make -s BUILD="$build" ABIS=5.4 LTO= CFLAGS='-O0 -g --coverage' modules c-tests test-modules
find "$build" -name '*.gcda' -exec rm {} +
spec/pki/make.sh "$build/pki"
lua5.4 spec/endpoint/cli.lua start "$build/endpoint" "$build/pki" >/dev/null
trap 'lua5.4 spec/endpoint/cli.lua stop "$build/endpoint"' EXIT
export BEDROCK_TEST_ENDPOINT="$build/endpoint" BEDROCK_TEST_PKI="$build/pki" XDG_CACHE_HOME="$PWD/$build/cache"
for program in "$build"/spec/test_*; do
    case $program in
    *.*) ;;
    *) "$program" >/dev/null 2>&1 || echo "coverage: $program failed" >&2 ;;
    esac
done
eval "$(make -s env BUILD="$build" LUA=lua5.4)"
spec/busted.sh lua5.4 >"$build/specs.log" 2>&1 || echo "coverage: specs failed, see $build/specs.log" >&2
gcovr --root . --filter csrc/ --exclude csrc/model/tables.c --object-directory "$build" --gcov-ignore-parse-errors \
    --sort-percentage --print-summary
