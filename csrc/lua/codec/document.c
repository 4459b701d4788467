#include "lua/codec/document.h"

#include <stdint.h>

#include "lua/codec/came.h"
#include "lua/codec/decode.h"
#include "lua/codec/literal.h"

/* Keys of the registry, and of metatables: only their addresses count. */
static const char array_key = 'a', object_key = 'o', orders_key = 's', order_key = 'k';

#define OBJECT_NAME "bedrock.object"

static void push_metatable(lua_State *L, const char *name, int fields)
{
    lua_createtable(L, 0, fields);
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__name");
}

static void new_metatable(lua_State *L, const char *name, const void *key)
{
    push_metatable(L, name, 1);
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
    br_literal_open(L);
    new_metatable(L, OBJECT_NAME, &object_key);
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

static const char cjson_modules[BR_CJSON_MODULES][12] = {"cjson", "cjson.safe"};

static const void *cjson_pointer(lua_State *L, int module, const char *field)
{
    push_loaded_field(L, cjson_modules[module], field);
    const void *p = lua_topointer(L, -1);
    lua_pop(L, 1);
    return p;
}

/* Pushes the list of keys of the metatable on top of the stack. */
static bool push_order(lua_State *L)
{
    lua_rawgetp(L, -1, &order_key);
    if (lua_istable(L, -1))
        return true;
    lua_pop(L, 1);
    return false;
}

bool br_document_push_order(lua_State *L)
{
    if (!lua_getmetatable(L, -1))
        return false;
    bool has = push_order(L);
    lua_remove(L, has ? -2 : -1);
    return has;
}

/* Pushes an empty list of metatables, which keeps none of them alive; the registry has it from now. */
static void push_new_orders(lua_State *L)
{
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &orders_key);
}

/* Pushes the list for one more order to be put into; its count is at 0. */
static void push_orders(lua_State *L, bool more)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &orders_key);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        push_new_orders(L);
    }
    if (!more)
        return;
    lua_rawgeti(L, -1, 0);
    lua_Integer count = lua_tointeger(L, -1);
    lua_pop(L, 1);
    if (count >= BR_ORDERS_MAX) {
        lua_pop(L, 1);
        push_new_orders(L);
        count = 0;
    }
    lua_pushinteger(L, count + 1);
    lua_rawseti(L, -2, 0);
}

/* A place in the list of orders, by where the keys lie: Lua has equal short strings once. */
static int place_of(const br_slice *keys, size_t count)
{
    uint64_t hash = count;
    for (size_t i = 0; i < count; i++)
        hash = (hash ^ (uintptr_t)keys[i].p) * UINT64_C(0x9E3779B97F4A7C15);
    return (int)(hash >> 34) + 1;
}

/* Whether the metatable on top of the stack has exactly these keys. */
static bool is_order(lua_State *L, const br_slice *keys, size_t count)
{
    bool same = lua_istable(L, -1) && push_order(L);
    if (!same)
        return false;
    same = lua_rawlen(L, -1) == count;
    for (size_t i = 0; i < count && same; i++) {
        lua_rawgeti(L, -1, (int)i + 1);
        same = lua_tostring(L, -1) == keys[i].p;
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return same;
}

static void push_new_order(lua_State *L, const br_slice *keys, size_t count)
{
    push_metatable(L, OBJECT_NAME, 2);
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        lua_pushlstring(L, keys[i].p, keys[i].n);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_rawsetp(L, -2, &order_key);
}

void br_document_set_order(lua_State *L, const br_slice *keys, size_t count)
{
    int place = place_of(keys, count);
    push_orders(L, false);
    lua_rawgeti(L, -1, place);
    if (!is_order(L, keys, count)) {
        lua_pop(L, 2);
        push_orders(L, true);
        push_new_order(L, keys, count);
        lua_pushvalue(L, -1);
        lua_rawseti(L, -3, place);
    }
    lua_setmetatable(L, -3);
    lua_pop(L, 1);
}

static const void *registered(lua_State *L, const void *key)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, key);
    const void *p = lua_topointer(L, -1);
    lua_pop(L, 1);
    return p;
}

static void ask_cjson(lua_State *L, br_marks *marks)
{
    for (int i = 0; i < BR_CJSON_MODULES; i++) {
        marks->cjson_array[i] = cjson_pointer(L, i, "array_mt");
        marks->cjson_empty[i] = cjson_pointer(L, i, "empty_array_mt");
    }
    marks->asked = true;
}

/* Of a metatable that is neither of ours, which is on top of the stack; its order is pushed. */
static br_mark foreign_mark(lua_State *L, br_marks *marks, const void *metatable)
{
    if (push_order(L))
        return BR_MARK_ORDERED;
    if (!marks->asked)
        ask_cjson(L, marks);
    for (int i = 0; i < BR_CJSON_MODULES; i++) {
        if (metatable == marks->cjson_array[i])
            return BR_MARK_ARRAY;
        if (metatable == marks->cjson_empty[i])
            return BR_MARK_EMPTY_ARRAY;
    }
    return BR_MARK_NONE;
}

void br_document_find_marks(lua_State *L, br_marks *marks)
{
    marks->array = registered(L, &array_key);
    marks->object = registered(L, &object_key);
}

br_mark br_document_push_mark(lua_State *L, br_marks *marks, int index)
{
    if (!lua_getmetatable(L, index))
        return BR_MARK_NONE;
    if (marks->array == NULL)
        br_document_find_marks(L, marks);
    const void *metatable = lua_topointer(L, -1);
    br_mark mark = metatable == marks->array    ? BR_MARK_ARRAY
                   : metatable == marks->object ? BR_MARK_OBJECT
                                                : foreign_mark(L, marks, metatable);
    if (mark != BR_MARK_ORDERED)
        lua_pop(L, 1);
    return mark;
}

br_mark br_document_mark(lua_State *L, br_marks *marks, int index)
{
    br_mark mark = br_document_push_mark(L, marks, index);
    if (mark == BR_MARK_ORDERED)
        lua_pop(L, 2);
    return mark;
}

bool br_document_is_empty_array(lua_State *L, int index)
{
    if (lua_type(L, index) != LUA_TLIGHTUSERDATA)
        return false;
    const void *value = lua_touserdata(L, index);
    for (int i = 0; i < BR_CJSON_MODULES && value != NULL; i++)
        if (value == cjson_pointer(L, i, "empty_array"))
            return true;
    return false;
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
