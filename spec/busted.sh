#!/bin/sh
# Runs the busted specs under one interpreter and counts.
#
#   spec/busted.sh INTERPRETER [SPEC...]
#
# INTERPRETER may have arguments of its own, or be a tool that runs one ("valgrind -q lua5.4"). It
# needs LUA_PATH and LUA_CPATH for the module, and a running endpoint in BEDROCK_TEST_ENDPOINT.
set -u
cd "$(dirname "$0")/.."

# Some have a thousand clients at once.
[ "$(ulimit -n)" = unlimited ] || [ "$(ulimit -n)" -ge 4096 ] || ulimit -S -n 4096

interpreter=$1
shift
[ $# -gt 0 ] || set -- spec/*_spec.lua

out=$(mktemp)
trap 'rm -f "$out"' EXIT
$interpreter spec/busted.lua -o plainTerminal "$@" >"$out" 2>&1
status=$?
cat "$out"
# Pending ones count as failed: nothing here may be left out.
sed -nE 's/^([0-9]+) success(es)? \/ ([0-9]+) failures? \/ ([0-9]+) errors? \/ ([0-9]+) pending.*/\1 \3 \4 \5/p' \
    "$out" | tail -n 1 | {
    read -r good bad errors pending || exit 1
    echo "$good passed, $((bad + errors + pending)) failed"
}
exit $status
