/*
** Calls in a Lua state that has no engine, because nobody may block there: they are handed over to
** the engine's thread (engine/bridge.h), and what comes back is read like that of any call.
**   bridged()               there is to be no engine in this Lua state
**   bridge()                -> address, pool: where to connect to, and the name of such connections
**   call:submit()           -> id of its channel, number of the bridge (bridge tells of it)
**                              | nothing: it failed, and tells so as its result
**   call:feed(bytes)        -> anything to take?, is the connection free to be kept? (nil: not over)
**   call:lost()             the connection was closed
**   call:refuse(message)    it cannot be waited for here
*/
#include <stdlib.h>
#include <string.h>

#include "lua/call.h"

int br_lua_bridged(lua_State *L)
{
    br_lua_state_of(L)->bridged = true;
    return 0;
}

static void free_frames(br_frames *f)
{
    br_frames_free(f);
    free(f);
}

static void give_up_frames(br_lua_state *s, br_frames *f)
{
    if (s->frames_count < BR_LUA_SPARE_FRAMES && br_frames_reset(f))
        s->frames[s->frames_count++] = f;
    else
        free_frames(f);
}

void br_lua_call_recall(br_lua_state *s, br_lua_call *c)
{
    if (c->channel && s->bridge && !br_bridge_inherited(s->bridge))
        br_channel_drop(s->bridge, c->channel);
    c->channel = NULL;
    if (c->frames)
        give_up_frames(s, c->frames);
    c->frames = NULL;
}

/* From now on its items come from there. */
static void make_frames(lua_State *L, br_lua_call *c)
{
    br_lua_state *s = br_lua_state_of(L);
    bool secret = c->mode == BR_CALL_PREPARE;
    if (!secret && s->frames_count > 0) {
        c->frames = s->frames[--s->frames_count];
        return;
    }
    c->frames = malloc(sizeof *c->frames);
    if (!c->frames)
        luaL_error(L, "not enough memory");
    br_frames_init(c->frames, secret);
}

/* Ready from now on, with what came before or with that error. */
static void fail(lua_State *L, br_lua_call *c, br_err_kind kind, const char *code,
                 const char *message)
{
    br_call *call = c->call;
    if (!c->frames)
        make_frames(L, c);
    c->call = NULL;
    br_call_free(call);
    br_frames_lost(c->frames, kind, code, message);
    br_lua_call_poll(br_lua_state_of(L), c);
}

static br_bridge *bridge_of(br_lua_state *s, br_error *error)
{
    if (!s->bridge)
        s->bridge = br_bridge_ref(error);
    return s->bridge;
}

static bool hand_over(lua_State *L, br_lua_state *s, br_lua_call *c)
{
    br_error error;
    br_error_clear(&error);
    make_frames(L, c);
    if (bridge_of(s, &error)) {
        br_call *call = c->call;
        c->call = NULL;
        c->channel = br_bridge_submit(s->bridge, call, &error);
    }
    if (!c->channel)
        fail(L, c, error.kind, error.code, error.message);
    return c->channel != NULL;
}

int br_lua_call_submit(lua_State *L)
{
    br_lua_state *s = br_lua_state_of(L);
    br_lua_call *c = br_lua_call_check(L);
    br_lua_leave_parent(s);
    if (!s->bridged || c->frames)
        return luaL_error(L, "this call cannot be handed over, or already was");
    if (!c->call || !hand_over(L, s, c))
        return 0;
    char id[BR_CHANNEL_ID_SIZE];
    unsigned number = br_bridge_number(s->bridge);
    memcpy(id, br_channel_id(c->channel), sizeof id);
    lua_pushlstring(L, id, sizeof id);
    lua_pushinteger(L, number);
    return 2;
}

int br_lua_bridge(lua_State *L)
{
    br_lua_state *s = br_lua_state_of(L);
    if (!s->bridge)
        return luaL_error(L, "no call was handed over");
    lua_pushstring(L, br_bridge_address(s->bridge));
    lua_pushfstring(L, "bedrock-%d", (int)br_bridge_number(s->bridge));
    return 2;
}

static void push_whether_kept(lua_State *L, const br_frames *f)
{
    if (!f || f->over || f->broken)
        lua_pushboolean(L, f && f->over && !f->failed);
    else
        lua_pushnil(L);
}

int br_lua_call_feed(lua_State *L)
{
    br_lua_state *s = br_lua_state_of(L);
    br_lua_call *c = br_lua_call_check(L);
    luaL_checktype(L, 2, LUA_TSTRING);
    if (c->taking || c->ready)
        return luaL_error(L, "take what came before first");
    br_lua_leave_parent(s);
    if (c->frames)
        br_frames_feed(c->frames, br_lua_string_arg(L, 2));
    lua_pushboolean(L, br_lua_call_poll(s, c));
    push_whether_kept(L, c->frames);
    return 2;
}

int br_lua_call_lost(lua_State *L)
{
    br_lua_call *c = br_lua_call_check(L);
    if (br_lua_call_alive(c))
        fail(L, c, BR_ERR_TRANSPORT, "ConnectionLost",
             "the connection to the engine's thread was closed");
    return 0;
}

int br_lua_call_refuse(lua_State *L)
{
    br_lua_call *c = br_lua_call_check(L);
    const char *message = luaL_checkstring(L, 2);
    if (br_lua_call_alive(c))
        fail(L, c, BR_ERR_CONFIG, "NotSupported", message);
    return 0;
}
