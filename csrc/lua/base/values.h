/*
** Values between C and Lua.
*/
#ifndef BR_LUA_BASE_VALUES_H
#define BR_LUA_BASE_VALUES_H

#include "core/base/slice.h"
#include "lua/base/compat.h"

/* A type as messages name it: "a string", "nil". */
const char *br_lua_kind(int type);
/* t[name], without metamethods; pushes one value. */
void br_lua_rawfield(lua_State *L, int table, const char *name);
void br_lua_push(lua_State *L, br_slice text);
/*
** Integers as they are; on LuaJIT those that a double cannot hold as decimal strings. LuaJIT's own
** lua_Integer has 32 bits where pointers have.
*/
#define BR_LUA_EXACT_INTEGER INT64_C(9007199254740992)
void br_push_integer(lua_State *L, int64_t value);
void br_push_time(lua_State *L, int64_t ms); /* as seconds */
/* The bytes of the string at index. */
static inline br_slice br_lua_string(lua_State *L, int index)
{
    br_slice s;
    s.p = lua_tolstring(L, index, &s.n);
    return s;
}

/* Those of a string argument; {NULL, 0} if it is nil or none. Raises for other types. */
br_slice br_lua_string_arg(lua_State *L, int arg);

#endif
