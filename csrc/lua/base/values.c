#include "lua/base/values.h"

void br_lua_rawfield(lua_State *L, int table, const char *name)
{
    int t = lua_absindex(L, table);
    lua_pushstring(L, name);
    lua_rawget(L, t);
}

void br_lua_push(lua_State *L, br_slice text)
{
    lua_pushlstring(L, text.p ? text.p : "", text.n);
}

br_slice br_lua_string_arg(lua_State *L, int arg)
{
    br_slice s = {NULL, 0};
    if (!lua_isnoneornil(L, arg)) {
        luaL_checktype(L, arg, LUA_TSTRING);
        s.p = lua_tolstring(L, arg, &s.n);
    }
    return s;
}
