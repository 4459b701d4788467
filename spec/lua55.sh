#!/bin/sh
# Specs on Lua 5.5, for which busted's and their own modules in C are in no package: spec/support/lua55 does what they
# ask of those. What needs sockets of its own, nginx or other event loops is left out, as is what is only Lua over calls
# that other specs make. 77 where there is no Lua 5.5.
set -eu
cd "$(dirname "$0")/.."

build=${BUILD:-build}
where=$(tools/lua55.sh "$build/lua5.5")
lua=${where% *}
make -s ABIS=5.5 LUA_INCDIR_5.5="${where#* }" modules "$build/5.5/codec_module.so"

# A binary of another Lua is refused in words.
other=$(LUA_CPATH="$PWD/$build/5.4/?.so" "$lua" -e 'print(select(2, pcall(require, "bedrock.core")))')
case $other in
"version mismatch: built for Lua 5.4, loaded by Lua 5.5"*) ;;
*)
    echo "on Lua 5.5, the module for Lua 5.4 says: $other"
    echo "0 passed, 1 failed"
    exit 1
    ;;
esac

# There the variables of a loop cannot be assigned to.
find lua examples bin -name '*.lua' | sed "s/.*/assert(loadfile '&')/" | "$lua" - || {
    echo "0 passed, 1 failed"
    exit 1
}

export LUA_PATH="$PWD/lua/?.lua;$PWD/lua/?/init.lua;$PWD/?.lua;$PWD/spec/support/lua55/?.lua;/usr/share/lua/5.4/?.lua;/usr/share/lua/5.4/?/init.lua"
export LUA_CPATH="$PWD/$build/5.5/?.so"
specs="chat chat_objects chat_stream codec codec_cases codec_edges coding connection custom describe dump
    finalizers halves json_parsing model module names numbers order package parallel printing requests
    schema schema_check signing sse stream values_doc wait"
set --
for spec in $specs; do
    set -- "$@" "spec/${spec}_spec.lua"
done
exec spec/busted.sh "$lua" "$@"
