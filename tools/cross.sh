#!/bin/bash
# The module on other machines, without having them: built by Debian's cross compilers against that machine's own
# packages (unpacked below $BUILD/cross, nothing is installed), then all C tests and a smoke of the module run under
# qemu. arm64 is what servers are; s390x has the bytes of a number the other way round; armhf has 32 bits, and its char
# has no sign. kqueue is this machine with what macOS waits with (spec/kqueue/sys/event.h). The last line counts.
#
#   tools/cross.sh [ARCHITECTURE…]
set -u
cd "$(dirname "$0")/.." || exit
unset MAKEFLAGS MFLAGS MAKELEVEL

build=${BUILD:-build}
cross=$PWD/$build/cross
. spec/tally.sh
tally_start "$build/log/cross"

declare -A TRIPLES=([arm64]=aarch64-linux-gnu [s390x]=s390x-linux-gnu [armhf]=arm-linux-gnueabihf)
declare -A MACHINES=([arm64]=aarch64 [s390x]=s390x [armhf]=arm)
PACKAGES="libc6-dev lua5.4 liblua5.4-dev libcurl4-openssl-dev libssl-dev zlib1g-dev libdeflate-dev libpcre2-dev
    libhiredis-dev"

# foreign ARCHITECTURE ARGUMENT…: apt-get as if on such a machine, with nothing installed.
foreign() {
    local state=$cross/$1/apt
    mkdir -p "$state/lists/partial" "$state/archives/partial"
    touch "$state/status"
    apt-get -q=2 -o APT::Architecture="$1" -o APT::Architectures::="$1" -o Dir::State="$state" \
        -o Dir::State::status="$state/status" -o Dir::State::lists="$state/lists" -o Dir::Cache="$state" \
        -o Debug::NoLocking=1 -o APT::Install-Recommends=0 "${@:2}"
}

# root ARCHITECTURE: its packages, unpacked.
root() {
    case $1 in
    kqueue) return 0 ;;
    musl) tools/musl.sh "$cross/musl"; return ;;
    esac
    local root=$cross/$1/root package name
    [ -e "$root/whole" ] && return
    mkdir -p "$root"
    for name in bin sbin lib; do
        mkdir -p "$root/usr/$name"
        ln -sfn "usr/$name" "$root/$name"
    done
    foreign "$1" update || return
    # shellcheck disable=SC2086
    foreign "$1" install --download-only $PACKAGES >/dev/null || return
    for package in "$cross/$1/apt/archives"/*.deb; do
        dpkg-deb --fsys-tarfile "$package" | tar -x -C "$root" --keep-directory-symlink || return
    done
    touch "$root/whole"
}

# made ARCHITECTURE VARIABLE…
made() {
    make -s WERROR=1 ABIS=5.4 BUILD="$build/cross/$1/build" "${@:2}" modules c-tests
}

# compile ARCHITECTURE
compile() {
    local root=$cross/$1/root triple=${TRIPLES[$1]:-}
    case $1 in
    kqueue) made kqueue POLLER=kqueue ;;
    musl) PKG_CONFIG_LIBDIR=$root/lib/pkgconfig made musl CC="musl-gcc -isystem $root/include" ;;
    *)
        PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_LIBDIR=$root/usr/lib/$triple/pkgconfig:$root/usr/share/pkgconfig \
            made "$1" CC="$triple-gcc --sysroot=$root" AR="$triple-ar"
        ;;
    esac
}

# run_there ARCHITECTURE PROGRAM ARGUMENT…
run_there() {
    if [ -z "${MACHINES[$1]:-}" ]; then
        "${@:2}"
    else
        "qemu-${MACHINES[$1]}" -L "$cross/$1/root" "${@:2}"
    fi
}

# What these look at is qemu's own: its signals and descriptors, a fork of it, and a program that runs itself.
QEMUS=" test_bridge_life test_check test_engine test_sockets "

# c_tests ARCHITECTURE: all others; the last line counts.
c_tests() {
    local test line passed=0 failed=0
    for test in "$build/cross/$1/build/spec"/test_*; do
        case $test in *.*) continue ;; esac
        [[ -n ${MACHINES[$1]:-} && $QEMUS == *" ${test##*/} "* ]] && continue
        line=$(run_there "$1" "$test" 2>&1 | tail -n 20)
        if [[ $line =~ ([0-9]+)\ passed,\ 0\ failed$ ]]; then
            passed=$((passed + BASH_REMATCH[1]))
        else
            failed=$((failed + 1))
            printf '%s:\n%s\n' "${test##*/}" "$line"
        fi
    done
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}

# smoke ARCHITECTURE
smoke() {
    local url root=$cross/$1/root lua
    lua=$root/bin/lua5.4
    [ -e "$lua" ] || lua=lua5.4
    url=$(lua5.4 spec/endpoint/cli.lua env "$build/endpoint" | sed -n 's/^BEDROCK_TEST_HTTPS=//p')
    LUA_PATH="lua/?.lua;lua/?/init.lua" LUA_CPATH="$build/cross/$1/build/5.4/?.so" \
        run_there "$1" "$lua" spec/smoke.lua lua "$url" "$build/pki/tls-ca.pem" &&
        echo "1 passed, 0 failed"
}

export BEDROCK_TEST_ENDPOINT="$build/endpoint" BEDROCK_TEST_PKI="$build/pki" BEDROCK_TEST_PATIENCE=4
export XDG_CACHE_HOME="$PWD/$build/cache"
case ${1:-} in
--c-tests) c_tests "$2"; exit ;;
--smoke) smoke "$2"; exit ;;
esac
trap 'lua5.4 spec/endpoint/cli.lua stop "$build/endpoint"' EXIT
trap 'exit 130' HUP INT TERM
spec/pki/make.sh "$build/pki" || exit 1
lua5.4 spec/endpoint/cli.lua start "$build/endpoint" "$build/pki" >/dev/null || exit 1

[ $# -gt 0 ] || set -- kqueue arm64 s390x armhf
for machine; do
    root "$machine" && compile "$machine" || {
        failed=$((failed + 1))
        continue
    }
    suite "C on $machine" "$0" --c-tests "$machine"
    suite "smoke on $machine" "$0" --smoke "$machine"
done
tally_end
