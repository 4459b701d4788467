/*
** One source for Lua 5.4, Lua 5.5 and LuaJIT 2.1: what LuaJIT's C API lacks or names differently.
*/
#ifndef BR_LUA_BASE_COMPAT_H
#define BR_LUA_BASE_COMPAT_H

#include <stdint.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

/* A table that lives as long as the userdata at that index, or until another takes its place. */
#if LUA_VERSION_NUM == 501
#define br_lua_set_kept(L, index) lua_setfenv(L, (index))
#define br_lua_get_kept(L, index) lua_getfenv(L, (index))
#else
#define br_lua_set_kept(L, index) lua_setiuservalue(L, (index), 1)
#define br_lua_get_kept(L, index) lua_getiuservalue(L, (index), 1)
#endif

#if LUA_VERSION_NUM == 501

#ifndef LUA_GCISRUNNING
#error "PUC Lua 5.1 is not supported: use LuaJIT 2.1, Lua 5.4 or Lua 5.5"
#endif

#define LUA_OK 0
#define LUA_LOADED_TABLE "_LOADED"
#define BR_LUA_TCDATA 10

#define lua_rawlen(L, i) lua_objlen(L, (i))
#define lua_newuserdatauv(L, size, values) lua_newuserdata(L, (size))
#define lua_absindex(L, i) ((i) > 0 || (i) <= LUA_REGISTRYINDEX ? (i) : lua_gettop(L) + (i) + 1)

static inline void br_lua_rawgetp(lua_State *L, int index, const void *key)
{
    int t = lua_absindex(L, index);
    lua_pushlightuserdata(L, (void *)(uintptr_t)key);
    lua_rawget(L, t);
}

static inline void br_lua_rawsetp(lua_State *L, int index, const void *key)
{
    int t = lua_absindex(L, index);
    lua_pushlightuserdata(L, (void *)(uintptr_t)key);
    lua_insert(L, -2);
    lua_rawset(L, t);
}

#define lua_rawgetp(L, i, key) br_lua_rawgetp(L, (i), (key))
#define lua_rawsetp(L, i, key) br_lua_rawsetp(L, (i), (key))

static inline int lua_isinteger(lua_State *L, int index)
{
    (void)L, (void)index;
    return 0;
}

static inline const char *luaL_tolstring(lua_State *L, int index, size_t *len)
{
    int v = lua_absindex(L, index);
    if (!luaL_callmeta(L, v, "__tostring")) {
        if (lua_type(L, v) == LUA_TNUMBER || lua_type(L, v) == LUA_TSTRING)
            lua_pushvalue(L, v);
        else if (lua_type(L, v) == LUA_TNIL)
            lua_pushliteral(L, "nil");
        else if (lua_type(L, v) == LUA_TBOOLEAN)
            lua_pushstring(L, lua_toboolean(L, v) ? "true" : "false");
        else
            lua_pushfstring(L, "%s: %p", luaL_typename(L, v), lua_topointer(L, v));
    }
    return lua_tolstring(L, -1, len);
}

#endif

#endif
