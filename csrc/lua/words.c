/* Words in messages: as they are shown, in their order, and which one was probably meant. */
#include "core/text/printable.h"
#include "lua/binding.h"

void br_lua_suggest_list(lua_State *L, int list, br_suggest *near)
{
    if (list == 0 || !lua_istable(L, list))
        return;
    for (int i = 1, n = (int)lua_rawlen(L, list); i <= n; i++) {
        lua_rawgeti(L, list, i);
        if (lua_type(L, -1) == LUA_TSTRING)
            br_suggest_try(near, br_lua_string_arg(L, -1));
        lua_pop(L, 1);
    }
}

/* shown(text) -> as a message shows it: short and printable */
int br_lua_shown(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TSTRING);
    lua_pushstring(L, br_print(br_lua_string_arg(L, 1)).text);
    return 1;
}

/* before(a, b) -> does a come before b, numbers by their value? */
int br_lua_before(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TSTRING);
    luaL_checktype(L, 2, LUA_TSTRING);
    lua_pushboolean(L, br_natural_order(lua_tostring(L, 1), lua_tostring(L, 2)) < 0);
    return 1;
}

/* suggest(given, list) -> the name of the list that was probably meant | nil */
int br_lua_suggest(lua_State *L)
{
    br_suggest near;
    luaL_checktype(L, 1, LUA_TSTRING);
    br_suggest_init(&near, br_lua_string_arg(L, 1));
    br_lua_suggest_list(L, 2, &near);
    if (!near.best.p)
        return 0;
    br_lua_push(L, near.best);
    return 1;
}
