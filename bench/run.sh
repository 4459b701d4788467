#!/bin/sh
# Every benchmark beside its floor, in one table. CPU time; medians of rounds in which the contestants
# take turns, so the ratios hold on a busy machine and the absolute numbers do not.
#
#   bench/run.sh [BUILDDIR]      after `make bench` has built what it runs
set -eu
cd "$(dirname "$0")/.."
unset MAKEFLAGS MFLAGS MAKELEVEL || :

build=$(cd "${1:-build}" && pwd)
pki=$build/pki
spec/pki/make.sh "$pki"
https=$(lua5.4 spec/endpoint/cli.lua start "$build/bench/endpoint" "$pki")
trap 'lua5.4 spec/endpoint/cli.lua stop "$build/bench/endpoint"' EXIT
trap 'exit 130' HUP INT TERM
# The endpoint's own checks would only add noise.
lua5.4 spec/endpoint/cli.lua config "$build/bench/endpoint" '{"verify":false}' >/dev/null
ca=$pki/tls-ca.pem
unset HTTPS_PROXY https_proxy ALL_PROXY all_proxy || :

heading() {
    printf '\n%s\n' "$1"
}

# name, CPU per operation, times the first line (the floor). A line of a ratio is one already.
nanoseconds() {
    awk -F '\t' '$1 ~ /^ratio/ { printf "  %-44s %24.2f\n", $1, $2; next }
        { if (!floor) floor = $2; printf "  %-44s %12.0f ns %8.2f\n", $1, $2, $2 / floor }'
}

microseconds() {
    awk -F '\t' '{ printf "  %-44s %12s %8s\n", $1, $2, $3 }'
}

# Pause between the words of a stream, in milliseconds.
interval() {
    lua5.4 spec/endpoint/cli.lua config "$build/bench/endpoint" "{\"stream_interval_ms\":$1}" >/dev/null
}

c() {
    program=$1
    shift
    "$build/bench/$program" "$@"
}

# Bytes of all sections of an object whose names begin so, and their relocations.
section() {
    total=0
    for size in $(readelf -SW "$1" | awk -v name="$2" \
        '{ sub(/^ *\[ *[0-9]+\]/, "") } index($1, name ".") == 1 { print $5 }'); do
        total=$((total + 0x$size))
    done
    echo $total
}

relocations() {
    readelf -rW "$1" | awk -v name="'.rela$2." '/^Relocation section/ { at = index($3, name) == 1 }
        at && /^[0-9a-f]+ / { n++ } END { print n + 0 }'
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

tables=$build/obj/model/tables.o
heading "Tables of the API: bytes, relocations"
printf '  %-44s %8d %8d\n' "tables (read-only, shared)" "$(section "$tables" .rodata)" \
    "$(relocations "$tables" .rodata)" "directory of pointers to them" \
    "$(section "$tables" .data.rel.ro.local)" "$(relocations "$tables" .data.rel.ro.local)"

heading "Signature, C: 2 KB body, 6 headers, session token"
c bench_sigv4 301 "$pki/rsa2048.crt.pem" "$pki/rsa2048.key.pkcs8.pem" "$pki/p256.crt.pem" \
    "$pki/p256.key.pkcs8.pem" | nanoseconds
heading "Event stream, C: one 200-byte event"
c bench_eventstream | nanoseconds
heading "JSON, C (no floor: the lines are different jobs)"
c bench_json | nanoseconds
heading "Base64, C: 768 KiB"
c bench_base64 | nanoseconds
heading "A call over TLS, C: kept-alive connection"
c bench_call "$https" "$ca" | nanoseconds

for lua in lua5.4 luajit; do
    eval "$(make -s env BUILD="$build" LUA=$lua)"
    heading "Loading, $lua: CPU, Lua heap (libraries: libcurl and libcrypto, which bedrock finds loaded; connected: and a first connection)"
    loads "$lua"
    heading "Signature from $lua"
    "$lua" bench/sign.lua | microseconds
    heading "Codec beside lua-cjson, $lua"
    "$lua" bench/codec.lua
    heading "A whole Converse over TLS from $lua"
    "$lua" bench/call.lua "$https" "$ca" | microseconds
    heading "A turn of a chat beside the bare call, $lua"
    "$lua" bench/chat.lua "$https" "$ca" | microseconds
    heading "1,000 streams over TLS at once, $lua: open at once, kB each, CPU us an event, events, s, ms late at worst, CPU ms of it"
    interval 300
    copas=$("$lua" -e 'local found, copas = pcall(require, "copas")
        print(found and copas.removeserver and "copas" or "")')
    for loop in plain cqueues luv $copas; do
        "$lua" bench/streams.lua $loop 1000 "$https" "$ca"
    done | awk -F '\t' '{ printf "  %-44s %8d %8.1f %8.1f %8d %8.1f %8d %8d\n", $1, $2, $3, $4, $5, $6, $7, $8 }'
    interval 0
    heading "Process start to first answer, $lua: CPU ms, wall ms, peak kB, CPU ratio"
    c processes 15 "floor: raw OpenSSL, libcurl, lua-cjson" "exec $lua bench/start.lua floor $https $ca" \
        "bedrock" "exec $lua bench/start.lua ours $https $ca" |
        awk -F '\t' '{ if (!floor) floor = $2
            printf "  %-44s %8.1f %8.1f %8d %8.2f\n", $1, $2, $3, $4, $2 / floor }'
    bench/command.sh "$build" "$lua" "$https" "$ca"
done

heading "Inside nginx"
lua5.4 bench/nginx/run.lua "$build/bench/endpoint"
bench/nginx/quiet.sh "$build/bench/endpoint"

heading "Instructions for each operation (callgrind), and times those of the floor"
BENCH_URL=$https BENCH_CA=$ca bench/instructions.sh "$build"
