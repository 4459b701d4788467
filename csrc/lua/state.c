#include "lua/state.h"

#include <stdlib.h>
#include <string.h>

#define STATE "bedrock.state"

br_lua_state *br_lua_state_of(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

br_engine *br_lua_engine(br_lua_state *s, br_error *error)
{
    br_lua_leave_parent(s);
    if (s->bridged) {
        br_error_set(error, BR_ERR_CONFIG, "NotSupported",
                     "there is no engine in this thread, because nothing may block here");
        return NULL;
    }
    if (!s->engine)
        s->engine = br_engine_new(&br_platform_system, error);
    return s->engine;
}

/* Without the function there are none yet. */
static void end_calls(br_lua_state *s, const char *code)
{
    if (s->end_calls)
        s->end_calls(s, NULL, code);
}

void br_lua_leave_parent(br_lua_state *s)
{
    if (s->bridge && br_bridge_inherited(s->bridge)) {
        end_calls(s, "Forked");
        s->bridge = NULL;
    }
    if (!s->engine || !br_engine_forked(s->engine))
        return;
    br_engine_abandon(s->engine);
    end_calls(s, "Forked");
    br_engine_free(s->engine);
    s->engine = NULL;
}

static void free_frames(br_lua_state *s)
{
    while (s->frames_count > 0) {
        br_frames *f = s->frames[--s->frames_count];
        br_frames_free(f);
        free(f);
    }
}

/* Calls first, whatever order the collector has: they lean on the engine. */
static int state_gc(lua_State *L)
{
    br_lua_state *s = lua_touserdata(L, 1);
    br_lua_leave_parent(s);
    end_calls(s, "Closed");
    br_engine_free(s->engine);
    s->engine = NULL;
    if (s->bridge)
        br_bridge_unref(s->bridge);
    s->bridge = NULL;
    free_frames(s);
    br_request_free(&s->request);
    return 0;
}

void br_lua_state_push(lua_State *L)
{
    br_lua_state *s = lua_newuserdatauv(L, sizeof *s, 0);
    memset(s, 0, sizeof *s);
    br_request_init(&s->request);
    s->models[s->model_count++] = &br_model_builtin;
    luaL_newmetatable(L, STATE);
    lua_pushcfunction(L, state_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushliteral(L, STATE);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
}
