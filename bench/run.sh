#!/bin/sh
# Every benchmark beside its floor: first those of whole processes, then the lines of bench/lines.txt, then the curves.
#
#   bench/with_endpoint.sh BUILDDIR bench/run.sh BUILDDIR      after `make bench` has built what it runs
set -eu
cd "$(dirname "$0")/.."

build=$(cd "${1:-build}" && pwd)
https=$BENCH_URL ca=$BENCH_CA

heading() {
    printf '\n%s\n' "$1"
}

# Pause between the words of a stream, in milliseconds.
interval() {
    lua5.4 spec/endpoint/cli.lua config "$BENCH_ENDPOINT" "{\"stream_interval_ms\":$1}" >/dev/null
}

# Of an object: the bytes of all sections whose names begin so, and their relocations.
section() {
    size -A -d "$1" | awk -v name="$2" 'index($1, name) == 1 { n += $2 } END { print n + 0 }'
}

relocations() {
    readelf -rW "$1" | awk -v name="'.rela$2" '/^Relocation section/ { at = index($3, name) == 1 }
        at && /^[0-9a-f]+ / { n++ } END { print n + 0 }'
}

botocore_data() {
    for python in "$build/interop/venv/bin/python" python3; do
        "$python" -c 'import botocore, os; print(os.path.dirname(botocore.__file__) + "/data")' 2>/dev/null && return
    done
}

# The floor: what is in the facts, packed. The peer: botocore's models of the same services, as they are on disk.
tables() {
    tables=$build/obj/model/tables.o
    heading "Tables of the API: bytes, relocations"
    printf '  %-44s %8d\n' "floor: their facts, by gzip" "$(cat csrc/model/facts/*.json | gzip -9 | wc -c)"
    printf '  %-44s %8d %8d\n' "tables (read-only, shared)" "$(section "$tables" .rodata)" \
        "$(relocations "$tables" .rodata)" "directory of pointers to them" \
        "$(section "$tables" .data.rel.ro)" "$(relocations "$tables" .data.rel.ro)"
    data=$(botocore_data) || data=
    if [ -z "$data" ]; then
        printf '  %-44s %s\n' "botocore's, by gzip" "missing: botocore, which \`make interop\` installs"
        return
    fi
    printf '  %-44s %8d\n' "botocore's, by gzip" "$(for facts in csrc/model/facts/*.json; do
        name=${facts##*/}
        find "$data/${name%.json}" -name '*.json.gz' 2>/dev/null || :
    done | xargs cat | wc -c)"
}

# A program run by each contestant in turn: name, then its arguments. Medians of what it prints.
loads() {
    names="libraries cjson bedrock connected"
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
        for what in $names; do
            printf '%s\t' $what
            "$1" bench/load.lua $what
        done
    done | sort -k1,1 -k2,2n | awk -F '\t' -v names="$names" '{ ms[$1, ++n[$1]] = $2; kb[$1] = $3 }
        END {
            count = split(names, name, " ")
            for (i = 1; i <= count; i++)
                printf "  %-44s %9.2f ms %8.1f kB\n", name[i], ms[name[i], (n[name[i]] + 1) / 2], kb[name[i]]
        }'
}

streams() {
    heading "1,000 streams over TLS at once, $1: open at once, kB each, CPU us an event, events, s, ms late at worst, CPU ms of it"
    interval 300
    copas=$("$1" -e 'local found, copas = pcall(require, "copas")
        print(found and copas.removeserver and "copas" or "")')
    {
        "$build/bench/bench_streams" 1000 "$https" "$ca"
        for loop in plain cqueues luv $copas; do
            "$1" bench/streams.lua $loop 1000 "$https" "$ca"
        done
    } | awk -F '\t' '{ printf "  %-44s %8d %8.1f", $1, $2, $3 }
        NF > 3 { printf " %8.1f %8d %8.1f %8d %8d", $4, $5, $6, $7, $8 }
        { print "" }'
    [ -n "$copas" ] || echo "  copas 4: missing"
    interval 0
}

starts() {
    heading "Process start to first answer, $1: CPU ms, wall ms, peak kB, CPU ratio"
    "$build/bench/processes" 15 \
        "floor: C, bare libcurl" "exec $build/bench/bench_call libcurl 0 $https $ca >/dev/null" \
        "C, libcurl's own signature" "exec $build/bench/bench_call libcurl-signing 0 $https $ca >/dev/null" \
        "raw OpenSSL, libcurl, lua-cjson from Lua" "exec $1 bench/start.lua floor $https $ca" \
        "bedrock" "exec $1 bench/start.lua ours $https $ca" |
        awk -F '\t' '{ if (!floor) floor = $2
            printf "  %-44s %8.1f %8.1f %8d %8.2f\n", $1, $2, $3, $4, $2 / floor }'
}

# What a chat adds is less than two processes differ by: bench/count/chat.lua.
chats() {
    heading "A turn of a chat, $1, in turn with the call that it makes: messages before, CPU us of the call, of the turn, times"
    for messages in 0 10 1000; do
        printf '  %-44s %s\n' "$messages" "$("$1" bench/count/chat.lua beside $messages "$https" "$ca" 100)"
    done
}

tables
for lua in lua5.4 luajit; do
    eval "$(make -s env BUILD="$build" LUA=$lua)"
    heading "Loading, $lua: CPU, Lua heap (libraries: libcurl and libcrypto, which bedrock finds loaded; connected: and a first connection)"
    loads "$lua"
    streams "$lua"
    starts "$lua"
    chats "$lua"
    bench/command.sh "$build" "$lua" "$https" "$ca"
done

heading "Inside nginx"
lua5.4 bench/nginx/run.lua "$BENCH_ENDPOINT"
bench/nginx/quiet.sh "$BENCH_ENDPOINT"

lua5.4 bench/measure.lua "$build" bench/lines.txt
interval 20
lua5.4 bench/measure.lua "$build" bench/curves.txt
