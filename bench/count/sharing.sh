#!/bin/sh
# So many processes that start at once, with no credentials yet, and share one cache of Roles Anywhere, N times; for
# bench/measure.lua. Prints the nanoseconds of CPU of all of them. The endpoint (BENCH_ENDPOINT) verifies meanwhile, as
# it hands out credentials only to whom it knows.
#
#   bench/count/sharing.sh PROCESSES BENCHES URL CA_FILE N
set -eu
verify() {
    lua5.4 spec/endpoint/cli.lua config "$BENCH_ENDPOINT" "{\"verify\":$1}" >/dev/null
}

if [ "$1" = once ]; then
    rm -rf "$4"
    pids=''
    for _ in $(seq "$2"); do
        lua5.4 bench/count/sharing.lua "$3" "$5" "$4" &
        pids="$pids $!"
    done
    for pid in $pids; do
        wait "$pid" || touch "$4.failed"
    done
    exit
fi
cache=$(mktemp -d)
trap 'rm -rf "$cache"; verify false' EXIT
verify true
"$2/processes" "$5" all "exec bench/count/sharing.sh once $1 $3 $cache/shared $4" |
    awk -F '\t' -v n="$5" '{ printf "%.0f\n", $2 * 1e6 * n }'
[ ! -e "$cache/shared.failed" ]
