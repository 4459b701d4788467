#include "lua/base/classes.h"

#include <stdbool.h>

void br_lua_class(lua_State *L, const char *name, const luaL_Reg *methods, const luaL_Reg *meta)
{
    int upvalue = lua_gettop(L);
    luaL_newmetatable(L, name);
    lua_pushvalue(L, upvalue);
    luaL_setfuncs(L, meta, 1);
    lua_newtable(L);
    lua_pushvalue(L, upvalue);
    luaL_setfuncs(L, methods, 1);
    lua_setfield(L, -2, "__index");
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__metatable");
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__name");
    lua_settop(L, upvalue);
}

br_lua_class_id br_lua_class_find(lua_State *L, const char *name)
{
    br_lua_class_id id;
    luaL_getmetatable(L, name);
    id.metatable = lua_topointer(L, -1);
    id.ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return id;
}

void br_lua_class_set(lua_State *L, br_lua_class_id id)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, id.ref);
    lua_setmetatable(L, -2);
}

void *br_lua_class_check(lua_State *L, int arg, br_lua_class_id id, const char *name)
{
    void *object = lua_touserdata(L, arg);
    if (object && lua_getmetatable(L, arg)) {
        bool same = lua_topointer(L, -1) == id.metatable;
        lua_pop(L, 1);
        if (same)
            return object;
    }
    return luaL_checkudata(L, arg, name);
}
