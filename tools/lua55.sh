#!/bin/sh
# Where Lua 5.5 is: prints its interpreter and the folder of its headers. The system's, by the names that it may have;
# else one that is built in the folder given, of the sources in a crate. 77 where there is neither.
#
#   tools/lua55.sh FOLDER
set -eu
tools=$(cd "$(dirname "$0")" && pwd -P)
mkdir -p "$1"
folder=$(cd "$1" && pwd -P)

for name in lua5.5 lua-5.5 lua55; do
    if headers=$(pkg-config --variable=includedir "$name" 2>/dev/null) && program=$(command -v "$name"); then
        echo "$program" "$headers"
        exit
    fi
done

# A crate of version 551.x.y has Lua 5.5.1.
fetch() {
    command -v cargo >/dev/null || return 77
    printf '[package]\nname = "lua55"\nversion = "0.0.0"\n[lib]\npath = "lib.rs"\n[dependencies]\nlua-src = "=551.1.0"\n' \
        >"$folder/Cargo.toml"
    : >"$folder/lib.rs"
    (cd "$folder" && timeout 120 cargo vendor --quiet vendor >/dev/null) || return 77
}

build() {
    cd "$folder/vendor/lua-src/lua-5.5.1"
    mkdir -p "$folder/include"
    cp lua.h luaconf.h lauxlib.h lualib.h "$folder/include"
    printf '%s\n' l*.c | xargs -P 2 -I '{}' ${CC:-cc} -O1 -DLUA_USE_LINUX -c '{}'
    ${CC:-cc} -O1 -I. -o "$folder/lua5.5.new" "$tools/interpreter.c" l*.o -Wl,-E -lm -ldl
    mv "$folder/lua5.5.new" "$folder/lua5.5"
}

if [ -z "$(find "$folder/lua5.5" -newer "$tools/interpreter.c" 2>/dev/null)" ]; then
    [ -d "$folder/vendor/lua-src" ] || fetch
    build
fi
echo "$folder/lua5.5" "$folder/include"
