#!/bin/sh
# Instructions for each operation, by callgrind: of no weight how busy the machine is. Each program runs
# twice, for N and for 3 N operations; what the second run took more, by 2 N, is one operation.
#
#   bench/instructions.sh [-k] BUILDDIR [WORD]
#
# BENCH_URL, BENCH_CA: of a local endpoint (spec/endpoint) that verifies nothing; lines with %url and %ca are left
# out where there is none. WORD: only under those headings of bench/instructions.txt that have it. -k keeps the profile of each longer
# run in BUILDDIR/bench/instructions, for callgrind_annotate.
set -eu
cd "$(dirname "$0")/.."

keep=''
if [ "${1:-}" = -k ]; then
    keep=1
    shift
fi
build=$(cd "${1:-build}" && pwd)
word=${2:-}
profiles=$build/bench/instructions
mkdir -p "$profiles"

lua54_env=$(make -s env BUILD="$build" LUA=lua5.4)
luajit_env=$(make -s env BUILD="$build" LUA=luajit)

# counted OUT COUNT PROGRAM...: instructions of a run; the word % stands for the count.
counted() {
    out=$1 count=$2
    shift 2
    line=''
    for part in "$@"; do
        if [ "$part" = % ]; then part=$count; fi
        line="$line $part"
    done
    case $1 in
    lua5.4) environment=$lua54_env ;;
    *) environment=$luajit_env ;;
    esac
    (
        eval "$environment"
        exec valgrind --tool=callgrind --callgrind-out-file="$out" $line
    ) 2>"$profiles/log" >/dev/null || {
        cat "$profiles/log" >&2
        echo "instructions: failed:$line" >&2
        exit 1
    }
    sed -n 's/^==[0-9]*== Collected : \([0-9]*\).*/\1/p' "$profiles/log"
}

# Where the profile of a line goes.
place() {
    if [ -n "$keep" ]; then
        echo "$profiles/$(echo "$*" | tr -c 'a-zA-Z0-9.\n' '-')"
    else
        echo /dev/null
    fi
}

heading='' floor=''
while IFS='|' read -r name count program; do
    case $name in
    '' | '#'*) continue ;;
    '='*)
        heading=${name#= } floor='' shown=''
        continue
        ;;
    esac
    case "${BENCH_URL:-} $program" in
    ' '*%url*) continue ;;
    esac
    case "$heading" in
    *"$word"*) ;;
    *) continue ;;
    esac
    program=$(echo "$program" | sed "s|@|$build/bench/|g; s|%url|${BENCH_URL:-}|; s|%ca|${BENCH_CA:-}|")
    if [ -z "$shown" ]; then
        printf '\n%s\n' "$heading"
        shown=1
    fi
    few=$(counted /dev/null $((count)) $program)
    many=$(counted "$(place $program)" $((3 * count)) $program)
    each=$(((many - few) / (2 * count)))
    floor=${floor:-$each}
    printf '%s\t%s\t%s\n' "$name" $each $floor |
        awk -F '\t' '{ sub(/ +$/, "", $1); printf "  %-44s %12d %8.2f\n", $1, $2, $2 / $3 }'
done <bench/instructions.txt
