#!/bin/bash
# What the module needs, for musl, in DIRECTORY/root: Debian has a musl without libraries, so zlib, PCRE2, OpenSSL,
# libcurl and Lua are compiled by its musl-gcc from the sources that crates carry. It says what it lacks.
#
#   tools/musl.sh DIRECTORY
set -eu
tools=$(cd "$(dirname "$0")" && pwd -P)
lacking=
for program in musl-gcc cargo cmake perl; do
    command -v "$program" >/dev/null || lacking="$lacking $program"
done
if [ -n "$lacking" ]; then
    echo "musl: needed and not found:$lacking (in Debian's musl-tools, cargo, cmake, perl)" >&2
    exit 1
fi
mkdir -p "$1"
cd "$1"
[ ! -e root/whole ] || exit 0
rm -rf root sources
mkdir -p root/lib/pkgconfig root/include root/bin sources
root=$PWD/root
jobs=-j$(nproc)
export CC="musl-gcc -isystem $root/include"

sources() {
    cd sources
    cat >Cargo.toml <<'TOML'
[package]
name = "sources"
version = "0.0.0"
[lib]
path = "none.rs"
[dependencies]
openssl-src = "=300.6.1"
curl-sys = "=0.4.91"
lua-src = "=547.0.0"
libz-sys = "=1.1.33"
pcre2-sys = "=0.2.9"
TOML
    : >none.rs
    cargo vendor --quiet vendor >vendor.log
}

# The kernel's headers are the same for every C library.
kernel() {
    local there
    there=/usr/include/$(gcc -print-multiarch)
    ln -s /usr/include/linux /usr/include/asm-generic "$there/asm" "$root/include"
}

# package NAME LIBRARIES: how pkg-config finds it.
package() {
    printf '%s\n' "Name: $1" "Description: $1" 'Version: 9' "Cflags: -isystem $root/include" "Libs: -L$root/lib $2" \
        >"$root/lib/pkgconfig/$1.pc"
}

zlib() {
    cd sources/vendor/libz-sys/src/zlib
    $CC -O2 -fPIC -DHAVE_UNISTD_H -c ./*.c
    ar rcs "$root/lib/libz.a" ./*.o
    cp zlib.h zconf.h "$root/include"
    package zlib -lz
}

pcre2() {
    cd sources/vendor/pcre2-sys/upstream
    local file
    for file in src/*.c; do
        case $file in *_jit_m* | *_ucptables.c) continue ;; esac # others include them
        $CC -O1 -fPIC -DHAVE_CONFIG_H -DHAVE_STDLIB_H -DHAVE_MEMMOVE -DSUPPORT_UNICODE -DPCRE2_CODE_UNIT_WIDTH=8 \
            -DPCRE2_STATIC -Iinclude -Isrc -c "$file"
    done
    ar rcs "$root/lib/libpcre2-8.a" ./*.o
    cp include/pcre2.h "$root/include"
    package libpcre2-8 -lpcre2-8
}

openssl() {
    cd sources/vendor/openssl-src/openssl
    CFLAGS=-O1 ./Configure "linux-$(uname -m)" no-shared no-module no-tests no-docs no-apps no-async no-engine no-quic \
        no-cmp no-cms --libdir=lib --prefix="$root" --openssldir=/etc/ssl
    make -s "$jobs" build_libs
    make -s install_dev
    package libssl "-lssl -lcrypto"
    package libcrypto -lcrypto
}

curl() {
    cd sources/vendor/curl-sys/curl
    mkdir -p docs/examples # which the crate leaves out
    touch docs/CMakeLists.txt docs/examples/CMakeLists.txt
    cmake -S . -B build -DCMAKE_C_COMPILER=musl-gcc -DCMAKE_C_FLAGS="-isystem $root/include" \
        -DCMAKE_PREFIX_PATH="$root" -DCMAKE_FIND_ROOT_PATH="$root" -DCMAKE_INSTALL_PREFIX="$root" \
        -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_BUILD_TYPE=Release -DCMAKE_POSITION_INDEPENDENT_CODE=ON \
        -DBUILD_CURL_EXE=OFF -DBUILD_SHARED_LIBS=OFF -DBUILD_STATIC_LIBS=ON -DBUILD_TESTING=OFF -DBUILD_MISC_DOCS=OFF \
        -DBUILD_LIBCURL_DOCS=OFF -DHTTP_ONLY=ON -DCURL_USE_LIBPSL=OFF -DCURL_BROTLI=OFF -DCURL_ZSTD=OFF \
        -DUSE_NGHTTP2=OFF -DUSE_LIBIDN2=OFF -DCURL_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt \
        -DCURL_CA_PATH=/etc/ssl/certs
    make -s -C build "$jobs" install
    package libcurl "-lcurl -lssl -lcrypto -lz"
}

lua() {
    cd sources/vendor/lua-src/lua-5.4*
    $CC -O2 -fPIC -DLUA_USE_POSIX -DLUA_USE_DLOPEN -c ./*.c
    ar rcs "$root/lib/liblua5.4.a" ./*.o
    cp lua.h luaconf.h lualib.h lauxlib.h "$root/include"
    package lua5.4 "-llua5.4 -lm"
    $CC -O2 -rdynamic -o "$root/bin/lua5.4" "$tools/interpreter.c" -Wl,--whole-archive "$root/lib/liblua5.4.a" \
        -Wl,--no-whole-archive -lm
}

# Not in a condition, where set -e would not hold.
trap '[ -e "$root/whole" ] || tail -n 20 "$part.log" >&2' EXIT
for part in sources kernel zlib pcre2 lua openssl curl; do
    echo "musl: $part"
    ("$part") >"$part.log" 2>&1
done
touch "$root/whole"
