#include "lua/base/values.h"

const char *br_lua_kind(int type)
{
    static const char *const kinds[] = {
        [LUA_TNIL] = "nil",
        [LUA_TBOOLEAN] = "a boolean",
        [LUA_TLIGHTUSERDATA] = "a userdata",
        [LUA_TNUMBER] = "a number",
        [LUA_TSTRING] = "a string",
        [LUA_TTABLE] = "a table",
        [LUA_TFUNCTION] = "a function",
        [LUA_TUSERDATA] = "a userdata",
        [LUA_TTHREAD] = "a thread",
    };
    return type >= LUA_TNIL && type <= LUA_TTHREAD ? kinds[type] : "a cdata"; /* LuaJIT's */
}

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
