/*
** A call as userdata: call_new.c makes them, call.c waits for them and ends them, call_result.c gives what came.
*/
#ifndef BR_LUA_CALL_H
#define BR_LUA_CALL_H

#include "engine/bridge/frames.h"
#include "lua/binding.h"

struct br_lua_call {
    br_call *call;       /* NULL: over, never begun, or handed over */
    br_channel *channel; /* handed over; NULL also when that failed */
    br_frames *frames;   /* since then, what came of it */
    const char *gone;    /* neither call nor frames: the code of the error that it answers with */
    br_client *client;   /* counted; NULL once it is over */
    br_lua_call *prev, *next;
    br_item item; /* what is taken next, when ready */
    bool ready;
    bool whole; /* nothing is taken before the end came: frames that follow would overwrite it */
    br_lua_waiter waiter;
    bool taking; /* its answer is being read: nothing of it may be freed */
    bool doomed; /* … and then it ends */
    br_call_mode mode;
    const br_model *model;
    int op; /* -1: a raw request, or no request at all */
    int token_member;
    int event_member; /* the last event's; -1: none */
    int plain_member; /* likewise, of an event that nobody has to look at; -1: the next is to be seen */
    char token[BR_UUID_SIZE];
    bool keeps;           /* strings, which the engine's thread reads */
    br_request request;   /* while it is made */
    br_problems problems; /* likewise */
};

br_lua_call *br_lua_call_check(lua_State *L);    /* the first argument, or it raises */
br_slice br_lua_call_name(const br_lua_call *c); /* of its operation, for messages */
/* Holds the call from now on; br_lua_call_end lets go. */
void br_lua_call_begin(br_lua_state *s, br_lua_call *c, br_call *call);
/*
** Frees all it holds; from then on it answers cancelled with that code. Idempotent. Put off while
** its answer is being read.
*/
void br_lua_call_end(br_lua_state *s, br_lua_call *c, const char *code);
bool br_lua_call_poll(br_lua_state *s, br_lua_call *c); /* ready? */
/* One that is not ready: is it after at most one turn of the engine? Raises where nothing may block. */
bool br_lua_call_step(lua_State *L, br_lua_state *s, br_lua_call *c, int ms);

/* Where items come from: the call itself, or frames. */
static inline bool br_lua_call_alive(const br_lua_call *c)
{
    return c->call || c->frames;
}

static inline br_item_kind br_lua_call_next(br_lua_call *c, br_item *item)
{
    return c->call ? br_call_next(c->call, item) : br_frames_next(c->frames, item);
}

static inline void br_lua_call_info(const br_lua_call *c, br_call_info *info)
{
    if (c->call)
        br_call_info_get(c->call, info);
    else
        *info = c->frames->info;
}

/*
** What takes from a call that is ready runs in this; what that leaves to be freed is freed after it. The
** userdata is at that index, which pushes do not move.
*/
int br_lua_call_take(lua_State *L, br_lua_call *c, int index,
                     int (*read)(lua_State *, br_lua_call *));
void br_lua_call_finish(lua_State *L, br_lua_call *c); /* nothing comes after this */
/* Ends it with that error: pushes nil and the error, and returns 2. */
int br_lua_call_fail(lua_State *L, br_lua_call *c, const br_error *error);

/* call_result.c */
int br_lua_call_result(lua_State *L);
int br_lua_call_head(lua_State *L);
int br_lua_call_events(lua_State *L);
int br_lua_call_prepared(lua_State *L);

/* call_credentials.c */
int br_lua_call_credentials(lua_State *L);
int br_lua_call_lend(lua_State *L);

/* trace.c */
int br_lua_call_trace(lua_State *L);

/* bridge.c: methods of calls that are handed over. */
int br_lua_call_submit(lua_State *L);
int br_lua_call_feed(lua_State *L);
int br_lua_call_lost(lua_State *L);
int br_lua_call_refuse(lua_State *L);
/* Gives up what was handed over, and what came of it. */
void br_lua_call_recall(br_lua_state *s, br_lua_call *c);

#endif
