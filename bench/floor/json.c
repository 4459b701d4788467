/*
** The floor of the codec as Lua functions: yyjson, the fastest JSON library in plain C, called from Lua
** with as little around it as can be. It checks nothing that JSON does not ask for, keeps no order, and
** knows no shapes. Its memory is kept from call to call.
**
**   floor_json.write(table) -> text
**   floor_json.read(text)   -> value
*/
#include <lauxlib.h>
#include <lua.h>
#include <yyjson.h>

__attribute__((visibility("default"))) int luaopen_floor_json(lua_State *L);

static yyjson_alc *memory;

static yyjson_mut_val *from_lua(lua_State *L, yyjson_mut_doc *doc);

static yyjson_mut_val *from_list(lua_State *L, yyjson_mut_doc *doc)
{
    yyjson_mut_val *list = yyjson_mut_arr(doc);
    lua_pushnil(L);
    for (; lua_next(L, -2) != 0; lua_pop(L, 1))
        yyjson_mut_arr_append(list, from_lua(L, doc));
    return list;
}

static yyjson_mut_val *from_map(lua_State *L, yyjson_mut_doc *doc)
{
    yyjson_mut_val *map = yyjson_mut_obj(doc);
    lua_pushnil(L);
    for (; lua_next(L, -2) != 0; lua_pop(L, 1)) {
        size_t n;
        const char *key = lua_tolstring(L, -2, &n);
        yyjson_mut_obj_add(map, yyjson_mut_strn(doc, key, n), from_lua(L, doc));
    }
    return map;
}

static yyjson_mut_val *from_number(lua_State *L, yyjson_mut_doc *doc)
{
#if LUA_VERSION_NUM > 501
    if (lua_isinteger(L, -1))
        return yyjson_mut_sint(doc, lua_tointeger(L, -1));
#endif
    return yyjson_mut_real(doc, lua_tonumber(L, -1));
}

static yyjson_mut_val *from_lua(lua_State *L, yyjson_mut_doc *doc)
{
    size_t n;
    const char *text;
    switch (lua_type(L, -1)) {
    case LUA_TSTRING:
        text = lua_tolstring(L, -1, &n);
        return yyjson_mut_strn(doc, text, n);
    case LUA_TNUMBER:
        return from_number(L, doc);
    case LUA_TBOOLEAN:
        return yyjson_mut_bool(doc, lua_toboolean(L, -1));
    case LUA_TTABLE:
        luaL_checkstack(L, 4, NULL);
#if LUA_VERSION_NUM > 501
        return lua_rawlen(L, -1) > 0 ? from_list(L, doc) : from_map(L, doc);
#else
        return lua_objlen(L, -1) > 0 ? from_list(L, doc) : from_map(L, doc);
#endif
    default:
        return yyjson_mut_null(doc);
    }
}

static int floor_write(lua_State *L)
{
    size_t n;
    yyjson_mut_doc *doc = yyjson_mut_doc_new(memory);
    lua_settop(L, 1);
    yyjson_mut_doc_set_root(doc, from_lua(L, doc));
    char *text = yyjson_mut_write_opts(doc, 0, memory, &n, NULL);
    if (text == NULL)
        return luaL_error(L, "the floor cannot write this");
    lua_pushlstring(L, text, n);
    memory->free(memory->ctx, text);
    yyjson_mut_doc_free(doc);
    return 1;
}

static void push(lua_State *L, yyjson_val *value);

static void push_list(lua_State *L, yyjson_val *list)
{
    size_t at, count;
    yyjson_val *value;
    lua_createtable(L, (int)yyjson_arr_size(list), 0);
    yyjson_arr_foreach(list, at, count, value)
    {
        push(L, value);
        lua_rawseti(L, -2, (int)at + 1);
    }
}

static void push_map(lua_State *L, yyjson_val *map)
{
    size_t at, count;
    yyjson_val *key, *value;
    lua_createtable(L, 0, (int)yyjson_obj_size(map));
    yyjson_obj_foreach(map, at, count, key, value)
    {
        lua_pushlstring(L, yyjson_get_str(key), yyjson_get_len(key));
        push(L, value);
        lua_rawset(L, -3);
    }
}

static void push(lua_State *L, yyjson_val *value)
{
    switch (yyjson_get_type(value)) {
    case YYJSON_TYPE_STR:
        lua_pushlstring(L, yyjson_get_str(value), yyjson_get_len(value));
        break;
    case YYJSON_TYPE_NUM:
        if (yyjson_is_int(value))
            lua_pushinteger(L, (lua_Integer)yyjson_get_sint(value));
        else
            lua_pushnumber(L, (lua_Number)yyjson_get_real(value));
        break;
    case YYJSON_TYPE_BOOL:
        lua_pushboolean(L, yyjson_get_bool(value));
        break;
    case YYJSON_TYPE_ARR:
        luaL_checkstack(L, 4, NULL);
        push_list(L, value);
        break;
    case YYJSON_TYPE_OBJ:
        luaL_checkstack(L, 4, NULL);
        push_map(L, value);
        break;
    default:
        lua_pushlightuserdata(L, NULL);
    }
}

/* Without YYJSON_READ_INSITU the text is not written to. */
static int floor_read(lua_State *L)
{
    size_t n;
    const char *text = luaL_checklstring(L, 1, &n);
    yyjson_doc *doc = yyjson_read_opts((char *)(uintptr_t)(const void *)text, n, 0, memory, NULL);
    if (doc == NULL)
        return luaL_error(L, "the floor cannot read this");
    push(L, yyjson_doc_get_root(doc));
    yyjson_doc_free(doc);
    return 1;
}

int luaopen_floor_json(lua_State *L)
{
    memory = yyjson_alc_dyn_new();
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, floor_write);
    lua_setfield(L, -2, "write");
    lua_pushcfunction(L, floor_read);
    lua_setfield(L, -2, "read");
    return 1;
}
