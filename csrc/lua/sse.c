/*
** The decoder of server-sent events as userdata: what the bytes of an answer are fed to.
**   sse() -> decoder
**   decoder:feed(bytes) -> events, why     all that are whole now; why: no more can come
**   decoder:at_boundary()                  would an end now be one between events?
*/
#include "core/http/sse.h"
#include "lua/binding.h"

#define BR_LUA_SSE "bedrock.sse"

typedef struct br_lua_sse {
    br_sse_decoder *decoder;
    bool feeding; /* what it gave is being pushed, and that may run finalizers */
} br_lua_sse;

static br_lua_sse *check(lua_State *L)
{
    return luaL_checkudata(L, 1, BR_LUA_SSE);
}

int br_lua_sse_new(lua_State *L)
{
    br_lua_sse *s = lua_newuserdatauv(L, sizeof *s, 0);
    *s = (br_lua_sse){.decoder = NULL};
    luaL_getmetatable(L, BR_LUA_SSE);
    lua_setmetatable(L, -2);
    s->decoder = br_sse_decoder_new();
    if (!s->decoder)
        return luaL_error(L, "not enough memory");
    return 1;
}

static void set_text(lua_State *L, const char *name, br_slice text)
{
    br_lua_push(L, text);
    lua_setfield(L, -2, name);
}

static void push_event(lua_State *L, const br_sse_event *e)
{
    lua_createtable(L, 0, 4);
    set_text(L, "event", e->type);
    set_text(L, "data", e->data);
    if (e->id.n > 0)
        set_text(L, "id", e->id);
    if (e->retry >= 0) {
        lua_pushinteger(L, e->retry);
        lua_setfield(L, -2, "retry");
    }
}

/* The bytes stay on the stack while the decoder borrows them. */
static int sse_feed(lua_State *L)
{
    br_lua_sse *s = check(L);
    br_sse_event event;
    br_error error;
    int found, count = 0;
    luaL_checktype(L, 2, LUA_TSTRING);
    lua_settop(L, 2);
    if (!s->decoder || s->feeding || !br_sse_feed(s->decoder, br_lua_string_arg(L, 2)))
        return luaL_error(L, "no more bytes can be taken");
    s->feeding = true;
    lua_newtable(L);
    br_error_clear(&error);
    while ((found = br_sse_next(s->decoder, &event, &error)) > 0) {
        push_event(L, &event);
        lua_rawseti(L, 3, ++count);
    }
    s->feeding = false;
    if (found == 0)
        return 1;
    lua_pushstring(L, error.message);
    return 2;
}

static int sse_at_boundary(lua_State *L)
{
    br_lua_sse *s = check(L);
    lua_pushboolean(L, !s->decoder || br_sse_at_boundary(s->decoder));
    return 1;
}

static int sse_gc(lua_State *L)
{
    br_lua_sse *s = check(L);
    br_sse_decoder_free(s->decoder);
    s->decoder = NULL;
    return 0;
}

static const luaL_Reg methods[] = {
    {"at_boundary", sse_at_boundary},
    {"feed", sse_feed},
    {NULL, NULL},
};

static const luaL_Reg meta[] = {
    {"__gc", sse_gc},
    {NULL, NULL},
};

void br_lua_open_sse(lua_State *L)
{
    br_lua_class(L, BR_LUA_SSE, methods, meta);
}
