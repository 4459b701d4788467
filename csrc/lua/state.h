/*
** What there is once in each Lua state: its engine or bridge, its calls, its models.
*/
#ifndef BR_LUA_STATE_H
#define BR_LUA_STATE_H

#include "engine/bridge/bridge.h"
#include "engine/bridge/frames.h"
#include "lua/base/classes.h"
#include "model/model.h"

typedef struct br_lua_call br_lua_call;

#define BR_LUA_MODELS_MAX 64 /* the built-in one, and those loaded at run time */
#define BR_LUA_ROUTES 255    /* place of br_model_routes, which is not among those */
#define BR_LUA_SPARE_FRAMES 16

/* A call's or timer's place in the line of those that woke: see wake.c. */
typedef struct br_lua_waiter {
    struct br_lua_waiter *prev, *next;
    struct br_lua_state *state;
    lua_Integer id; /* 0: nobody waits */
    bool in_line;
} br_lua_waiter;

/* One for each Lua state; a userdata, anchored as upvalue of all functions. */
typedef struct br_lua_state {
    br_engine *engine;  /* made by the first call of this process; NULL before */
    br_lua_call *calls; /* all that hold a br_call, or were handed over, newest first */
    bool bridged;       /* there is no engine here: calls are handed over */
    br_bridge *bridge;  /* since the first one was */
    br_frames *frames[BR_LUA_SPARE_FRAMES]; /* of calls that are over, kept for the next ones */
    unsigned frames_count;
    br_request request; /* empty: its memory is for the next call */
    br_lua_class_id client_class, call_class, facts_class;
    br_trace_level trace; /* of calls that are made: who listens to all of them */
    br_lua_waiter *woken, *woken_last;
    /*
    ** [0] is the built-in one. What a later one has goes before what an earlier one has. They
    ** live as long as the Lua state, finalizers at its end included.
    */
    const br_model *models[BR_LUA_MODELS_MAX];
    unsigned model_count;
    /* call.c: ends the calls of that client, or all for NULL, see br_lua_end_calls. */
    void (*end_calls)(struct br_lua_state *s, const br_client *client, const char *code);
} br_lua_state;

/* Pushes a new one. */
void br_lua_state_push(lua_State *L);
br_lua_state *br_lua_state_of(lua_State *L); /* of the function that runs */

/* The engine of this process, made when there is none. NULL: error set. */
br_engine *br_lua_engine(br_lua_state *s, br_error *error);

/*
** After a fork: what was inherited is given up without touching it. Its calls then answer
** cancelled, Forked. To be called before anything that leads to the engine, by collectors too.
*/
void br_lua_leave_parent(br_lua_state *s);

#endif
