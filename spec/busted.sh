#!/bin/sh
# Runs the busted specs under one interpreter and counts.
#
#   spec/busted.sh INTERPRETER [SPEC...]
#
# INTERPRETER may have arguments of its own, or be a tool that runs one ("valgrind -q lua5.4"). It
# needs LUA_PATH and LUA_CPATH for the module, and a running endpoint in BEDROCK_TEST_ENDPOINT.
# Each test has an end: after 300 seconds, times BEDROCK_TEST_PATIENCE, the one that runs is named, and
# everything that the specs started ends.
set -u
cd "$(dirname "$0")/.." || exit

# Some have a thousand clients at once.
[ "$(ulimit -n)" = unlimited ] || [ "$(ulimit -n)" -ge 4096 ] || ulimit -S -n 4096

interpreter=$1
shift
[ $# -gt 0 ] || set -- spec/*_spec.lua

out=$(mktemp)
trap 'rm -f "$out" "$out.test"' EXIT
trap 'exit 130' HUP INT TERM
export BEDROCK_TEST_PROGRESS="$out.test"
"${BUILD:-build}/leash" -t "$((${BEDROCK_TEST_DEADLINE:-300} * ${BEDROCK_TEST_PATIENCE:-1}))" -p "$out.test" \
    $interpreter spec/busted.lua -o plainTerminal --helper=spec/support/progress.lua "$@" >"$out" 2>&1
status=$?
cat "$out"
# Pending ones count as failed: nothing here may be left out.
sed -nE 's/^([0-9]+) success(es)? \/ ([0-9]+) failures? \/ ([0-9]+) errors? \/ ([0-9]+) pending.*/\1 \3 \4 \5/p' \
    "$out" | tail -n 1 | {
    read -r good bad errors pending || exit 1
    echo "$good passed, $((bad + errors + pending)) failed"
}
exit $status
