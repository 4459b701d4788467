#include "lua/codec/came.h"

#include "core/text/json.h"
#include "lua/codec/codec.h"

#define STACK 8 /* what remembering one table takes */

/* Keys of the registry: only their addresses count. */
static const char tables_key = 't', copy_key = 'c';

static void new_weak(lua_State *L, const char *mode)
{
    lua_createtable(L, 0, 1);
    lua_pushstring(L, mode);
    lua_setfield(L, -2, "__mode");
}

/*
** A copy holds its values weakly, too: they live in the table itself, and one that has that table in
** it must not keep it alive where weak keys are no ephemerons (LuaJIT).
*/
void br_came_open(lua_State *L)
{
    new_weak(L, "v");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &copy_key);
    lua_newtable(L);
    new_weak(L, "k");
    lua_setmetatable(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &tables_key);
}

/* Of the table on top, which stays. */
static void push_copy(lua_State *L)
{
    int table = lua_gettop(L);
    lua_createtable(L, 0, 4);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &copy_key);
    lua_setmetatable(L, -2);
    for (lua_pushnil(L); lua_next(L, table) != 0;) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, table + 1);
    }
}

/* From the table below its copy, which is on top. */
static void take_out_nulls(lua_State *L)
{
    int copy = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, copy) != 0;) {
        bool is_null = br_lua_is_null(L, -1);
        lua_pop(L, 1);
        if (!is_null)
            continue;
        lua_pushvalue(L, -1);
        lua_pushnil(L);
        lua_rawset(L, copy - 1);
    }
}

/* Of the table below, what is on top, which is popped. */
static void set_copy(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &tables_key);
    lua_pushvalue(L, -3);
    lua_pushvalue(L, -3);
    lua_rawset(L, -3);
    lua_pop(L, 2);
}

void br_came_remember(lua_State *L, bool nulls)
{
    if (!lua_checkstack(L, STACK))
        return;
    push_copy(L);
    if (nulls)
        take_out_nulls(L);
    set_copy(L);
}

static void remember_below(lua_State *L, unsigned depth)
{
    if (depth >= BR_JSON_DEPTH_MAX || !lua_checkstack(L, STACK))
        return;
    for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
        if (!lua_istable(L, -1))
            continue;
        if (lua_getmetatable(L, -1))
            lua_pop(L, 1);
        else
            remember_below(L, depth + 1);
    }
    br_came_remember(L, true);
}

void br_came_remember_all(lua_State *L)
{
    remember_below(L, 0);
}

bool br_came_push(lua_State *L, int index)
{
    int table = lua_absindex(L, index);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &tables_key);
    lua_pushvalue(L, table);
    lua_rawget(L, -2);
    lua_remove(L, -2);
    if (lua_istable(L, -1))
        return true;
    lua_pop(L, 1);
    return false;
}

/* From the original and its copy, with key and value of what the original came with on top. */
static void take_over(lua_State *L, int copy)
{
    lua_pushvalue(L, -2);
    lua_pushvalue(L, -1);
    lua_rawget(L, copy - 1);
    bool same = lua_rawequal(L, -1, -3);
    lua_pop(L, 1);
    if (same) { /* the copy's own, in place of the original's */
        lua_pushvalue(L, -1);
        lua_rawget(L, copy);
        lua_replace(L, -3);
    }
    lua_insert(L, -2);
    lua_rawset(L, copy + 1);
}

void br_came_remember_like(lua_State *L)
{
    int copy = lua_gettop(L);
    if (!lua_checkstack(L, STACK) || !br_came_push(L, copy - 1))
        return;
    lua_newtable(L);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &copy_key);
    lua_setmetatable(L, -2);
    lua_insert(L, -2); /* below what the original came with */
    for (lua_pushnil(L); lua_next(L, copy + 2) != 0;)
        take_over(L, copy);
    lua_pop(L, 1);
    set_copy(L);
}

/* Whether all of the one table is in the other; nulls need not be. */
static bool is_within(lua_State *L, int one, int other)
{
    for (lua_pushnil(L); lua_next(L, one) != 0; lua_pop(L, 1)) {
        lua_pushvalue(L, -2);
        lua_rawget(L, other);
        bool same = lua_rawequal(L, -1, -2) || br_lua_is_null(L, -2);
        lua_pop(L, 1);
        if (!same) {
            lua_pop(L, 2);
            return false;
        }
    }
    return true;
}

bool br_came_whole(lua_State *L, int index)
{
    int table = lua_absindex(L, index);
    if (!br_came_push(L, table))
        return false;
    int copy = lua_gettop(L);
    bool whole = is_within(L, table, copy) && is_within(L, copy, table);
    lua_pop(L, 1);
    return whole;
}

static bool has_value(lua_State *L, int table, int value)
{
    for (lua_pushnil(L); lua_next(L, table) != 0; lua_pop(L, 1)) {
        if (lua_rawequal(L, -1, value)) {
            lua_pop(L, 2);
            return true;
        }
    }
    return false;
}

bool br_came_somewhere(lua_State *L, int index)
{
    int value = lua_absindex(L, index);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &tables_key);
    int tables = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, tables) != 0; lua_pop(L, 1)) {
        if (has_value(L, lua_gettop(L), value)) {
            lua_settop(L, tables - 1);
            return true;
        }
    }
    lua_pop(L, 1);
    return false;
}
