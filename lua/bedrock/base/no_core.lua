--- Why the compiled part cannot be loaded, before what the interpreter says.
local jit = rawget(_G, "jit")
local THIS = jit and "LuaJIT" or _VERSION
local ABI = jit and "5.1" or _VERSION:match "[%d.]+$"

local MISSING = "bedrock: the compiled part for %s, bedrock/core.so, is in none of the places that package.cpath "
    .. "names. `make install ABIS=%s` builds and installs it, below /usr/local or PREFIX=…"
local OTHER = "bedrock: this bedrock/core.so was built for another Lua, not for %s. `make install ABIS=%s` builds one "
    .. "that fits; in the sources, `make -s env LUA=%s` names its place"

--- @param why string of `require`
--- @return string
return function(why)
    local first = why:find("module 'bedrock.core' not found", 1, true) and MISSING
        or (why:find("undefined symbol: lua", 1, true) or why:find("version mismatch", 1, true)) and OTHER
    return first and first:format(THIS, ABI, jit and "luajit" or "lua" .. ABI) .. "\n" .. why or why
end
