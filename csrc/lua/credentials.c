#include "lua/credentials.h"

#include "lua/binding.h"

#define TYPE "bedrock.credentials"

static int credentials_gc(lua_State *L)
{
    br_lua_credentials *c = lua_touserdata(L, 1);
    br_credentials_unref(c->set);
    c->set = NULL;
    return 0;
}

br_lua_credentials *br_lua_credentials_push(lua_State *L)
{
    br_lua_credentials *c = lua_newuserdatauv(L, sizeof *c, 0);
    *c = (br_lua_credentials){NULL, 0};
    luaL_getmetatable(L, TYPE);
    lua_setmetatable(L, -2);
    return c;
}

const br_lua_credentials *br_lua_credentials_arg(lua_State *L, int arg)
{
    const br_lua_credentials *c = lua_isnoneornil(L, arg) ? NULL : luaL_checkudata(L, arg, TYPE);
    if (c != NULL && c->set == NULL)
        luaL_argerror(L, arg, "these credentials are gone");
    return c;
}

static void set_text(lua_State *L, const char *name, br_slice text)
{
    br_lua_push(L, text);
    lua_setfield(L, -2, name);
}

int br_lua_export(lua_State *L)
{
    luaL_checkany(L, 1);
    const br_credentials *set = br_lua_credentials_arg(L, 1)->set;
    lua_createtable(L, 0, 4);
    set_text(L, "access_key_id", set->access_key_id);
    set_text(L, "secret_access_key", set->secret_access_key);
    if (set->session_token.n > 0)
        set_text(L, "session_token", set->session_token);
    if (set->expiration_ms != BR_NEVER_EXPIRES) {
        br_push_integer(L, set->expiration_ms / 1000);
        lua_setfield(L, -2, "expiration");
    }
    return 1;
}

void br_lua_open_credentials(lua_State *L)
{
    static const luaL_Reg methods[] = {{NULL, NULL}};
    static const luaL_Reg meta[] = {{"__gc", credentials_gc}, {NULL, NULL}};
    br_lua_class(L, TYPE, methods, meta);
}
