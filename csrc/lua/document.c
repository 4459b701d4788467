#include "lua/document.h"
#include "lua/came.h"
#include "lua/decode.h"

/* Keys of the registry: only their addresses count. */
static const char array_key = 'a', object_key = 'o';

static void new_metatable(lua_State *L, const char *name, const void *key)
{
    lua_createtable(L, 0, 1);
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__name");
    lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}

/* By what is made last, so that one cut off by a lack of memory is made up for. */
static bool is_open(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &array_key);
    bool open = !lua_isnil(L, -1);
    lua_pop(L, 1);
    return open;
}

void br_codec_open(lua_State *L)
{
    if (is_open(L))
        return;
    br_decoder_open(L);
    br_came_open(L);
    new_metatable(L, "bedrock.object", &object_key);
    new_metatable(L, "bedrock.array", &array_key);
}

static void set_mark(lua_State *L, const void *key)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, key);
    lua_setmetatable(L, -2);
}

void br_document_set_array(lua_State *L)
{
    set_mark(L, &array_key);
}

void br_document_set_object(lua_State *L)
{
    set_mark(L, &object_key);
}

/* Pops the key's owner and pushes its raw field; nil if the owner is no table. */
static void raw_field(lua_State *L, const char *name)
{
    if (lua_istable(L, -1)) {
        lua_pushstring(L, name);
        lua_rawget(L, -2);
    } else {
        lua_pushnil(L);
    }
    lua_remove(L, -2);
}

/* package.loaded[module][field], raw. */
static void push_loaded_field(lua_State *L, const char *module, const char *field)
{
    lua_pushvalue(L, LUA_REGISTRYINDEX);
    raw_field(L, LUA_LOADED_TABLE);
    raw_field(L, module);
    raw_field(L, field);
}

/* Whether the value at index is that field of the loaded lua-cjson. */
static bool is_cjson(lua_State *L, int index, const char *field)
{
    int value = lua_absindex(L, index);
    static const char modules[][12] = {"cjson", "cjson.safe"};
    for (unsigned i = 0; i < sizeof modules / sizeof modules[0]; i++) {
        push_loaded_field(L, modules[i], field);
        bool same = !lua_isnil(L, -1) && lua_rawequal(L, -1, value);
        lua_pop(L, 1);
        if (same)
            return true;
    }
    return false;
}

static bool is_registered(lua_State *L, int index, const void *key)
{
    int value = lua_absindex(L, index);
    lua_rawgetp(L, LUA_REGISTRYINDEX, key);
    bool same = lua_rawequal(L, -1, value);
    lua_pop(L, 1);
    return same;
}

br_mark br_document_mark(lua_State *L, int index)
{
    br_mark mark = BR_MARK_NONE;
    if (!lua_getmetatable(L, index))
        return mark;
    if (is_registered(L, -1, &array_key) || is_cjson(L, -1, "array_mt"))
        mark = BR_MARK_ARRAY;
    else if (is_registered(L, -1, &object_key))
        mark = BR_MARK_OBJECT;
    else if (is_cjson(L, -1, "empty_array_mt"))
        mark = BR_MARK_EMPTY_ARRAY;
    lua_pop(L, 1);
    return mark;
}

bool br_document_is_empty_array(lua_State *L, int index)
{
    return lua_type(L, index) == LUA_TLIGHTUSERDATA && is_cjson(L, index, "empty_array");
}

void br_push_null(lua_State *L)
{
    lua_pushlightuserdata(L, NULL);
}

void br_mark_array(lua_State *L, int index)
{
    lua_pushvalue(L, index);
    br_document_set_array(L);
    lua_pop(L, 1);
}

int br_lua_array(lua_State *L)
{
    if (lua_isnoneornil(L, 1)) {
        lua_settop(L, 0);
        lua_newtable(L);
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    br_document_set_array(L);
    return 1;
}
