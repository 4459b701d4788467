#!/bin/sh
# Lines and branches of csrc that the C tests and the specs (on Lua 5.4) reach, in total and by folder:
#
#   tools/coverage.sh BUILD
#
# BUILD/coverage.csv has them by file. package_spec is left out: it knows what a module may export, which here has
# what gcov adds.
set -eu
cd "$(dirname "$0")/.."
export BUILD="$1"
unset MAKEFLAGS MFLAGS MAKELEVEL

# gcc warns of more where it does not optimise.
make -s BUILD="$BUILD" ABIS='5.4 5.1' WERROR= CFLAGS='-O0 -g --coverage -fprofile-update=atomic' \
    modules c-tests test-modules
find "$BUILD" -name '*.gcda' -exec rm {} +
spec/pki/make.sh "$BUILD/pki"
lua5.4 spec/endpoint/cli.lua start "$BUILD/endpoint" "$BUILD/pki" >/dev/null
trap 'lua5.4 spec/endpoint/cli.lua stop "$BUILD/endpoint"' EXIT
trap 'exit 130' HUP INT TERM
export BEDROCK_TEST_ENDPOINT="$BUILD/endpoint" BEDROCK_TEST_PKI="$BUILD/pki" XDG_CACHE_HOME="$PWD/$BUILD/cache"
for program in "$BUILD"/spec/test_*; do
    case $program in
    *.*) ;;
    *) "$BUILD/leash" -t 600 "$program" >/dev/null 2>&1 || echo "coverage: $program failed" >&2 ;;
    esac
done
eval "$(make -s env BUILD="$BUILD" LUA=lua5.4)"
find spec -maxdepth 1 -name '*_spec.lua' ! -name package_spec.lua | sort | xargs spec/busted.sh lua5.4 \
    >"$BUILD/specs.log" 2>&1 || echo "coverage: specs failed, see $BUILD/specs.log" >&2
gcovr --root . --filter csrc/ --exclude csrc/model/tables.c --object-directory "$BUILD" --csv \
    --output "$BUILD/coverage.csv" "$BUILD"
awk -F, '
    function add(folder) {
        lines[folder] += $2; reached[folder] += $3; branches[folder] += $5; taken[folder] += $6
    }
    function percent(some, all) { return all > 0 ? 100 * some / all : 100 }
    NR > 1 { add("csrc"); sub("/[^/]*$", "", $1); add($1) }
    END {
        for (folder in lines)
            printf "%-26s %5d lines %5.1f %%  %5d branches %5.1f %%\n", folder, lines[folder],
                percent(reached[folder], lines[folder]), branches[folder], percent(taken[folder], branches[folder])
    }' "$BUILD/coverage.csv" | sort
