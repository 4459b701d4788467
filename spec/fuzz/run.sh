#!/bin/sh
# Fuzzes each target for FUZZ_SECONDS (default 30) with clang's libFuzzer, AddressSanitizer and UBSan.
# They begin with the cases of the API and the test certificates, and with what was found interesting
# the last time, which is kept under build/fuzz. The last line counts.
set -u
cd "$(dirname "$0")/../.." || exit
unset MAKEFLAGS MFLAGS MAKELEVEL

build=${BUILD:-build}
seconds=${FUZZ_SECONDS:-30}
make -s BUILD="$build/fuzz/objects" CC=clang CFLAGS='-O1 -g' ABIS=5.4 \
    SANITIZE=fuzzer-no-link,address,undefined fuzz-targets || exit 1
spec/pki/make.sh "$build/pki" || exit 1
rm -rf "$build/fuzz/seeds"
python3 spec/fuzz/seeds.py spec/cases/api-cases.jsonl.xz spec/cases/json-parsing.txt \
    "$build/pki" "$build/fuzz/seeds" || exit 1

good=0
bad=0
for source in spec/fuzz/fuzz_*.c; do
    name=$(basename "$source" .c)
    mkdir -p "$build/fuzz/corpus/$name" "$build/fuzz/seeds/$name"
    if "$build/fuzz/objects/fuzz/$name" -max_total_time="$seconds" -timeout=60 -rss_limit_mb=2048 \
        -artifact_prefix="$build/fuzz/$name-" "$build/fuzz/corpus/$name" "$build/fuzz/seeds/$name" \
        >"$build/fuzz/$name.log" 2>&1; then
        good=$((good + 1))
        echo "$name: $(grep -o '^Done [0-9]* runs' "$build/fuzz/$name.log")"
    else
        bad=$((bad + 1))
        tail -n 40 "$build/fuzz/$name.log"
    fi
done
echo "$good passed, $bad failed"
[ "$bad" -eq 0 ] && [ "$good" -gt 0 ]
