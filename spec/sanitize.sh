#!/bin/bash
# The tests under AddressSanitizer, UBSan, ThreadSanitizer and valgrind, with eager garbage
# collection. The last line counts.
set -u
cd "$(dirname "$0")/.." || exit
unset MAKEFLAGS MFLAGS MAKELEVEL

build=${BUILD:-build}
. spec/tally.sh
tally_start "$build/log/sanitize"

endpoint() {
    lua5.4 spec/endpoint/cli.lua "$@"
}
trap 'endpoint stop "$build/endpoint"; endpoint stop "$build/endpoint2"' EXIT
trap 'exit 130' HUP INT TERM

export BEDROCK_TEST_ENDPOINT="$build/endpoint" BEDROCK_TEST_PKI="$build/pki"
export XDG_CACHE_HOME="$PWD/$build/cache" BEDROCK_TEST_PATIENCE=4
unset HTTPS_PROXY https_proxy HTTP_PROXY http_proxy ALL_PROXY all_proxy NO_PROXY no_proxy

asan="BUILD=$build/asan SANITIZE=address,undefined CFLAGS='-O1 -g' ABIS=5.4"
tsan="BUILD=$build/tsan SANITIZE=thread CFLAGS='-O1 -g' ABIS="
eval make -s "$asan" modules c-tests test-modules || exit 1
threaded=$(grep -lE 'pthread_create|ra_server|endpoint.h|bridge_client.h' spec/c/test_*.c)
eval make -s "$tsan" $(basename -s .c $threaded | sed "s,^,$build/tsan/spec/,") || exit 1
make -s ABIS=5.4 modules test-modules "$build/leash" || exit 1
spec/pki/make.sh "$build/pki" || exit 1
endpoint start "$build/endpoint" "$build/pki" >/dev/null || exit 1
endpoint start "$build/endpoint2" "$build/pki" >/dev/null || exit 1

# For a suite in the background, beside another: with an endpoint and a cache of its own.
beside() {
    BEDROCK_TEST_ENDPOINT="$build/endpoint2" XDG_CACHE_HOME="$PWD/$build/cache2" suite_run "$@"
}

c_tests() {
    kind=$1
    shift
    for source in "$@"; do
        name=$(basename "$source" .c)
        suite "$kind ${name#test_}" "$build/$kind/spec/$name"
    done
}

# What other libraries keep until the process ends is theirs; leaks are looked for in the C tests.
asan_lua="env LD_PRELOAD=$(gcc -print-file-name=libasan.so) ASAN_OPTIONS=detect_leaks=0"
valgrind_lua="valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite lua5.4"

# nginx runs another interpreter, which these tools do not watch, and a TPM's library hangs under them; so do shells
# and other programs that the command is driven with. Many processes at once have nothing to do with memory and would
# take minutes under these tools; so would, with a collector that never rests, thousands of cases, certificates or
# events, and the same cases in host after host. What is only Lua, over calls that other specs make, is run once.
specs=$(find spec -maxdepth 1 -name '*_spec.lua' | sort |
    grep -vE 'processes_spec|redis_spec|devices_spec|nginx_|gateway_spec|command_|prompt_|examples')
calls=$(echo "$specs" | grep -vE 'chat_|schema|dump|help|resolve|heal|generate_|agent|knowledge|_doc_|cookbook|models')
smaller=$(echo "$calls" | grep -vE 'codec|certificates|package|json_parsing|sse|hosts|loops|order|describe|library')

export ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=halt_on_error=1
c_tests asan spec/c/test_*.c
c_tests tsan $threaded

eval "$(make -s env BUILD="$build/asan")"
beside "asan specs, generational" $asan_lua BEDROCK_TEST_GC=generational spec/busted.sh lua5.4 $calls &
suite "asan specs" $asan_lua BEDROCK_TEST_GC=plain spec/busted.sh lua5.4 $specs
wait $!
suite_count "asan specs, generational"

(
    unset ASAN_OPTIONS UBSAN_OPTIONS TSAN_OPTIONS
    eval "$(make -s env BUILD="$build")"
    beside "valgrind specs" spec/busted.sh "$valgrind_lua" $(echo "$calls" | grep -v codec_sizes)
) &
suite "asan specs, eager collector" $asan_lua BEDROCK_TEST_GC=stress spec/busted.sh lua5.4 $smaller
wait $!
suite_count "valgrind specs"
tally_end
