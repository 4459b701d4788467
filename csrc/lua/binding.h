/*
** What the files of the binding share. The module is `bedrock.core`; what users see is made of it
** in lua/bedrock.
**
** Every C function has the state of its Lua state as first upvalue. Nothing here waits but the step
** functions, and nothing yields. Tables are read raw, but any push may run a finalizer of the
** user's, which may use the same connection; and any push may end in a Lua error ("not enough
** memory"). So what C owns hangs on a userdata of its own, and a call is not freed while its answer
** is being read. LuaJIT collects before it copies: what is given to lua_pushlstring must not go with
** what a finalizer may close.
*/
#ifndef BR_LUA_BINDING_H
#define BR_LUA_BINDING_H

#include "core/aws/settings.h"
#include "engine/bridge/bridge.h"
#include "engine/bridge/frames.h"
#include "lua/codec/codec.h"

#define BR_LUA_CLIENT "bedrock.client"
#define BR_LUA_CALL "bedrock.call"
#define BR_LUA_ERROR "bedrock.error"

typedef struct br_lua_call br_lua_call;

#define BR_LUA_MODELS_MAX 64 /* the built-in one, and those loaded at run time */
#define BR_LUA_ROUTES 255    /* place of br_model_routes, which is not among those */

/* A call's or timer's place in the line of those that woke: see wake.c. */
typedef struct br_lua_waiter {
    struct br_lua_waiter *prev, *next;
    struct br_lua_state *state;
    lua_Integer id; /* 0: nobody waits */
    bool in_line;
} br_lua_waiter;

/*
** A class found without its name, which would be made a string, and looked up, each time. Its
** metatable stays in the registry as long as the Lua state lives.
*/
typedef struct br_lua_class_id {
    const void *metatable;
    int ref; /* in the registry */
} br_lua_class_id;

#define BR_LUA_SPARE_FRAMES 16

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
    br_lua_waiter *woken, *woken_last;
    /*
    ** [0] is the built-in one. What a later one has goes before what an earlier one has. They
    ** live as long as the Lua state, finalizers at its end included.
    */
    const br_model *models[BR_LUA_MODELS_MAX];
    unsigned model_count;
} br_lua_state;

br_lua_state *br_lua_state_of(lua_State *L);

/* The engine of this process, made when there is none. NULL: error set. */
br_engine *br_lua_engine(br_lua_state *s, br_error *error);

/*
** After a fork: what was inherited is given up without touching it. Its calls then answer
** cancelled, Forked. To be called before anything that leads to the engine, by collectors too.
*/
void br_lua_leave_parent(br_lua_state *s);

/* Makes the metatable of a class; `methods` become its __index. The state is on top of the stack.
 */
void br_lua_class(lua_State *L, const char *name, const luaL_Reg *methods, const luaL_Reg *meta);
/* Of a class that was made. */
br_lua_class_id br_lua_class_find(lua_State *L, const char *name);
/* Makes the userdata on top of the stack one of that class. */
void br_lua_class_set(lua_State *L, br_lua_class_id id);
/* As luaL_checkudata, where it is one of that class. */
void *br_lua_class_check(lua_State *L, int arg, br_lua_class_id id, const char *name);

/* t[name], without metamethods; pushes one value. */
void br_lua_rawfield(lua_State *L, int table, const char *name);
void br_lua_push(lua_State *L, br_slice text);
/* The bytes of a string argument; {NULL, 0} if it is nil or none. Raises for other types. */
br_slice br_lua_slice(lua_State *L, int arg);

/*
** model_load.c. An operation or a service in Lua is one number: its model's place among the models,
** times 65536, plus its index in there.
*/
typedef struct br_lua_op {
    const br_model *model;
    unsigned op;
} br_lua_op;

lua_Integer br_lua_op_ref(unsigned model, unsigned index);
br_lua_op br_lua_check_op(lua_State *L, int arg); /* raises if it is none */
/* Likewise for a service. */
const br_model *br_lua_check_service(lua_State *L, int arg, uint8_t *service);
/* The newest model that knows the service, by id or namespace; the built-in one if none does. */
const br_model *br_lua_model_of_service(const br_lua_state *s, br_slice id_or_namespace);
int br_lua_load_model(lua_State *L);

/* errors.c: both push nil and the error table, and return 2. info may be NULL. */
int br_lua_fail(lua_State *L, const br_error *error, br_slice operation, const br_call_info *info);
int br_lua_fail_problems(lua_State *L, br_err_kind kind, br_slice operation,
                         const br_problems *problems);
void br_lua_open_errors(lua_State *L);

/* client.c. Raises if the argument is no client; NULL if it is closed. */
br_client *br_lua_check_client(lua_State *L, int arg);
void br_lua_open_client(lua_State *L);
int br_lua_connect(lua_State *L);

/* call.c */
void br_lua_open_call(lua_State *L);
int br_lua_client_call(lua_State *L);
int br_lua_client_request(lua_State *L);
int br_lua_client_identity(lua_State *L);
/* Ends the calls of that client, or all for NULL; their answer is cancelled with that code. */
void br_lua_end_calls(br_lua_state *s, const br_client *client, const char *code);

/* options.c: what a call may be told beside its parameters. */
typedef struct br_lua_options {
    br_call_opts call;
    br_encode_ctx encode;
    bool stream;      /* asked for as a stream ... */
    bool bytes;       /* ... of its bytes, whatever they are */
    bool require_end; /* for lua/bedrock/sse.lua */
} br_lua_options;

/* Starts from the client's settings, then reads the table at index (nil and none: an empty one). */
bool br_lua_options_read(lua_State *L, int index, const br_client *client, const br_model *model,
                         br_lua_options *out, br_problems *problems);
/* Where on the stack an Authorization of the caller's own stays: a finalizer may change its table. */
#define BR_LUA_AUTHORIZATION 7
/* The members `headers` of the table at index (nil and none: none), Authorization apart. */
bool br_lua_options_headers(lua_State *L, int index, br_request *request, br_problems *problems);
/* An Authorization of the caller's own in that table or its headers; *out stays if there is none.
 */
void br_lua_options_authorization(lua_State *L, int index, br_slice *out, br_problems *problems);

/* metadata.c: the facts of an answer in one collectable block, made a table when asked for. */
void br_lua_open_metadata(lua_State *L);
void br_lua_push_metadata(lua_State *L, const br_call_info *info, br_slice token_name,
                          const char *token);
int br_lua_metadata(lua_State *L);
void br_lua_push_headers(lua_State *L, const br_headers *h); /* name -> value, repeats joined */

/* wake.c */
void br_lua_waiter_init(br_lua_waiter *w, br_lua_state *s);
void br_lua_waiter_arm(br_lua_waiter *w, lua_Integer id); /* for once */
void br_lua_waiter_wake(void *waiter);                    /* nothing happens if nobody waits */
void br_lua_waiter_leave(br_lua_waiter *w);               /* idempotent; before it is freed */
int br_lua_woken(lua_State *L);
int br_lua_notify(lua_State *L);

/* bridge.c */
int br_lua_bridged(lua_State *L);
int br_lua_bridge(lua_State *L);
void br_lua_free_frames(br_lua_state *s); /* those that are kept */

/* timer.c */
void br_lua_open_timer(lua_State *L);
int br_lua_timer_new(lua_State *L);

/* sse.c */
void br_lua_open_sse(lua_State *L);
int br_lua_sse_new(lua_State *L);

/* names.c, describe.c and pages.c: the model as Lua sees it. */
int br_lua_find(lua_State *L);
int br_lua_operation(lua_State *L);
int br_lua_service(lua_State *L);
int br_lua_services(lua_State *L);
int br_lua_operations(lua_State *L);
int br_lua_shown(lua_State *L);
int br_lua_before(lua_State *L);
int br_lua_suggest(lua_State *L);
int br_lua_api_version(lua_State *L);
int br_lua_describe(lua_State *L);
int br_lua_paginator(lua_State *L);
int br_lua_waiters(lua_State *L);

#endif
