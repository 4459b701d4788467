#!/bin/sh
# What is published: the archive, the rock as source and as binary, and `make install`. Each is installed into a tree of
# its own; then the module and the command are used from there, with nothing else on Lua's paths.
set -u
cd "$(dirname "$0")/.." || exit

build=$PWD/${BUILD:-build}
version=$(sed -n 's/^#define BR_VERSION "\(.*\)"/\1/p' csrc/core/base/version.h)
flags="CFLAGS=-O2 -g"
rm -rf "$build/rock" "$build/stage" build/luarocks "$build/dist"
mkdir -p "$build/rock" build/luarocks/5.1

good=0
bad=0
check() {
    name=$1
    shift
    if "$@" >"$build/rock/output" 2>&1; then
        good=$((good + 1))
    else
        bad=$((bad + 1))
        echo "$name:"
        tail -n 20 "$build/rock/output"
    fi
}

url=$(lua5.4 spec/endpoint/cli.lua env "${BUILD:-build}/endpoint" | sed -n 's/^BEDROCK_TEST_HTTPS=//p')

# use INTERPRETER VERSION TREE
use() {
    (cd / && LUA_PATH="$3/share/lua/$2/?.lua;$3/share/lua/$2/?/init.lua" LUA_CPATH="$3/lib/lua/$2/?.so" \
        "$1" "$OLDPWD/spec/smoke.lua" "$3/share/lua/$2" "$url" "$build/pki/tls-ca.pem")
}

# The command finds the module by itself.
says() {
    [ "$(cd / && env -u LUA_PATH -u LUA_CPATH "$1/bin/bedrock" --version)" = "${2:-}bedrock $version" ]
}

empty() {
    [ -z "$(find "$1" -type f -path "$2")" ] || { find "$1" -type f -path "$2" && false; }
}

rocks() {
    lua_version=$1
    shift
    # Debian keeps lua-argparse, which no registry is asked for.
    luarocks --lua-version "$lua_version" "$@" --tree "$build/rock/$tree"
}

# A source rock is made of the archive alone. What comes of it elsewhere is the same, byte by byte.
sources() {
    make -s dist BUILD="$build" &&
        sed "s,file://,&$build/dist/," rockspec/bedrock-"$version"-1.rockspec >"$build/dist/bedrock-$version-1.rockspec" &&
        (cd "$build/dist" && luarocks --lua-version 5.4 pack bedrock-"$version"-1.rockspec)
}
binary() {
    (cd "$build/dist" && tree=source && rocks 5.4 pack bedrock)
}
check "make dist and luarocks pack" sources
tree=source
check "luarocks install, of sources" rocks 5.4 install --deps-mode none "$flags" "$build/dist/bedrock-$version-1.src.rock"
check "the module from another folder is the same" cmp "$build/5.4/bedrock/core.so" "$build/rock/source/lib/lua/5.4/bedrock/core.so"
check "the rock of sources" use lua5.4 5.4 "$build/rock/source"
check "its command" says "$build/rock/source"
check "luarocks pack, of binaries" binary
tree=binary
check "luarocks install, of binaries" rocks 5.4 install --deps-mode none "$build/dist/bedrock-$version-1.linux-$(uname -m).rock"
check "the rock of binaries" use lua5.4 5.4 "$build/rock/binary"
moved() {
    rm -rf "$build/rock/moved" && mv "$build/rock/source" "$build/rock/moved"
}
check "what it was packed from goes" moved
check "the command of the rock of binaries" says "$build/rock/binary"
check "the command where it was moved to" says "$build/rock/moved"
check "luarocks remove" rocks 5.4 remove bedrock
check "what it leaves" empty "$build/rock/binary" '*/bedrock*'

# LuaRocks has Lua 5.1's headers, not LuaJIT's. What is compiled already is taken.
cp -a "$build/flags" "$build/obj" build/luarocks && cp -a "$build/5.1/flags" "$build/5.1/obj" build/luarocks/5.1
tree=jit
check "luarocks make, for LuaJIT" rocks 5.1 make --deps-mode none "$flags" "CC=${CC:-cc}" rockspec/bedrock-"$version"-1.rockspec
check "the rock for LuaJIT" use luajit 5.1 "$build/rock/jit"
check "its command" says "$build/rock/jit"

# Other Luas are refused before anything is compiled.
refused() {
    mkdir -p "$build/rock/headers" && echo "#define LUA_VERSION_NUM $1" >"$build/rock/headers/lua.h"
    said=$(make -s BUILD="$build/rock/refused" LUA_INCDIR="$build/rock/headers" PKG_CONFIG=false 2>&1)
    echo "$said"
    [ ! -e "$build/rock/refused" ] && [ "${said%those of "$2".*}" != "$said" ]
}
check "Lua 5.1 is refused" refused 501 "Lua 5.1"
check "Lua 5.3 is refused" refused 503 "Lua 5.3"
# refuses WORDS VARIABLE=VALUE…
refuses() {
    words=$1
    shift
    said=$(make -s BUILD="$build/rock/refused" "$@" 2>&1) && { echo "$said" && return 1; }
    echo "$said"
    [ ! -e "$build/rock/refused" ] && [ "${said#*"$words"}" != "$said" ]
}
check "Lua 5.3, where 5.4 is asked for" refuses "those in $build/rock/headers are of Lua 5.3" ABIS=5.4 \
    LUA_INCDIR_5.4="$build/rock/headers"
check "an empty folder of headers" refuses "of no Lua" ABIS=5.4 LUA_INCDIR_5.4="$build/rock/obj"
check "a Lua without headers" refuses "no headers of Lua 5.4 are found. Install" ABIS=5.4 PKG_CONFIG=false
check "ABIS=5.3" refuses "whose names here are 5.4, 5.5 and 5.1" ABIS=5.3
check "ABIS=luajit" refuses "whose names here are 5.4, 5.5 and 5.1" ABIS=luajit
check "a PREFIX that is no whole path" refuses "whole paths, got PREFIX=some/where" install PREFIX=some/where

# A tree that was copied is one of its own, and so is its command; a link to a command is that command.
copied() {
    copy=$build/rock/copy
    mkdir -p "$copy/build/5.4" "$build/rock/bin" && cp -a lua "$copy" && cp -a "$build/bin" "$build/flags" "$copy/build" &&
        cp -a "$build/5.4/bedrock" "$copy/build/5.4" && ln -s "$build/bin/bedrock" "$build/rock/bin" || return 1
    sub=lua/bedrock/command/version.lua
    { echo 'io.stdout:write "the copy of "' && cat $sub; } >"$copy/$sub"
    says "$copy/build" "the copy of " && says "$build" "" && says "$build/rock" ""
}
check "the command, as it was built" make -s command BUILD="$build"
check "the command of a tree that was copied" copied

stage=$build/stage/usr
page=$stage/share/man/man1/bedrock.1
man_reads() {
    [ -s "$page" ] && [ -z "$(groff -man -ww -Tutf8 "$page" 2>&1 >/dev/null)" ]
}
installed() {
    for file in doc/lua-bedrock/LICENSE doc/lua-bedrock/docs/errors.md lua-language-server/addons/bedrock/config.json \
        lua-language-server/addons/bedrock/library/bedrock.d.lua; do
        [ -s "$stage/share/$file" ] || { echo "no $file" && return 1; }
    done
}
check "make install" make -s install BUILD="$build" PREFIX="$stage"
check "what was installed, on Lua 5.4" use lua5.4 5.4 "$stage"
check "what was installed, on LuaJIT" use luajit 5.1 "$stage"
check "the command that was installed" says "$stage"
check "the manual page" man_reads
check "documentation and add-on" installed
check "make uninstall" make -s uninstall BUILD="$build" PREFIX="$stage"
check "what it leaves" empty "$build/stage" '*'
no_folders() {
    left=$(cd "$stage" && find . -type d | LC_ALL=C sort | tr '\n' ' ')
    [ "$left" = ". ./bin ./lib ./share ./share/doc ./share/man ./share/man/man1 " ] || { echo "$left" && false; }
}
check "only folders that all programs share" no_folders
echo "$good passed, $bad failed"
[ "$bad" -eq 0 ]
