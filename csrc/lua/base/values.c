#include "lua/base/values.h"

#include <stdio.h>

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

void br_push_integer(lua_State *L, int64_t value)
{
#if LUA_VERSION_NUM == 501
    if (value > BR_LUA_EXACT_INTEGER || value < -BR_LUA_EXACT_INTEGER) {
        char digits[24];
        int n = snprintf(digits, sizeof digits, "%lld", (long long)value);
        lua_pushlstring(L, digits, (size_t)n);
        return;
    }
    lua_pushnumber(L, (lua_Number)value);
#else
    lua_pushinteger(L, (lua_Integer)value);
#endif
}

void br_push_time(lua_State *L, int64_t ms)
{
    if (ms % 1000 == 0)
        br_push_integer(L, ms / 1000);
    else
        lua_pushnumber(L, (lua_Number)ms / 1000);
}
