#!/bin/sh
# So many processes that start at once, with no credentials yet, and share one cache of Roles Anywhere, N times; for
# bench/measure.lua. Prints the nanoseconds of CPU of all of them.
#
#   bench/count/sharing.sh PROCESSES BENCHES URL CA_FILE N
set -eu
if [ "$1" = once ]; then
    rm -rf "$4"
    for _ in $(seq "$2"); do
        lua5.4 bench/count/sharing.lua "$3" "$5" "$4" &
    done
    wait
    exit
fi
cache=$(mktemp -d)
trap 'rm -rf "$cache"' EXIT
"$2/processes" "$5" all "exec bench/count/sharing.sh once $1 $3 $cache/shared $4" |
    awk -F '\t' -v n="$5" '{ printf "%.0f\n", $2 * 1e6 * n }'
