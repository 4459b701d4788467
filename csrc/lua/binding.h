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
#include "core/base/suggest.h"
#include "lua/base/values.h"
#include "lua/codec/codec.h"
#include "lua/state.h"

#define BR_LUA_CLIENT "bedrock.client"
#define BR_LUA_CALL "bedrock.call"
#define BR_LUA_ERROR "bedrock.error"

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
/* Are the arguments what a failing function returned: nil, err? */
bool br_lua_is_failure(lua_State *L);
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
    bool require_end; /* for lua/bedrock/streams/sse.lua */
} br_lua_options;

/* Starts from the client's settings, then reads the table at index (nil and none: an empty one). */
bool br_lua_options_read(lua_State *L, int index, const br_client *client, const br_model *model,
                         br_lua_options *out, br_problems *problems);
/* Where on the stack an Authorization of the caller's own stays: a finalizer may change its table. */
#define BR_LUA_AUTHORIZATION 7
/* The members `headers` of the table at index (nil and none: none), Authorization apart. */
bool br_lua_options_headers(lua_State *L, int index, br_request *request, br_problems *problems);
/* An Authorization of the caller's own in that table or its headers; if none, *out stays. */
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
int br_lua_step(lua_State *L);
int br_lua_fd(lua_State *L);
int br_lua_now_ms(lua_State *L);

/* trace.c */
int br_lua_listen(lua_State *L);

/* bridge.c */
int br_lua_bridged(lua_State *L);
int br_lua_bridge(lua_State *L);

/* timer.c */
void br_lua_open_timer(lua_State *L);
int br_lua_timer_new(lua_State *L);

/* sse.c */
void br_lua_open_sse(lua_State *L);
int br_lua_sse_new(lua_State *L);

/* text.c: of values only. */
int br_lua_array(lua_State *L);
int br_lua_encode(lua_State *L);
int br_lua_decode(lua_State *L);
int br_lua_decode_halves(lua_State *L);
int br_lua_join_halves(lua_State *L);
int br_lua_keys(lua_State *L);
int br_lua_percent(lua_State *L);
int br_lua_is_public_header(lua_State *L);
int br_lua_base64_decode(lua_State *L);
int br_lua_base64_encode(lua_State *L);
int br_lua_came(lua_State *L);
int br_lua_raw(lua_State *L);
int br_lua_number(lua_State *L);
int br_lua_literal(lua_State *L);

/* machine.c */
int br_lua_read_settings(lua_State *L);
int br_lua_others_read(lua_State *L);
int br_lua_variables(lua_State *L);
int br_lua_terminal(lua_State *L);
int br_lua_exec(lua_State *L);
int br_lua_input(lua_State *L);
int br_lua_make_directory(lua_State *L);
int br_lua_interruptible(lua_State *L);
int br_lua_endable(lua_State *L);
int br_lua_ended_by(lua_State *L);
int br_lua_keep_output_errors(lua_State *L);

/* look.c */
int br_lua_certificates(lua_State *L);
int br_lua_cache_files(lua_State *L);
int br_lua_cache_remove(lua_State *L);

/* save.c */
int br_lua_save(lua_State *L);

/* names.c, describe.c and pages.c: the model as Lua sees it. */
int br_lua_find(lua_State *L);
int br_lua_operation(lua_State *L);
int br_lua_service(lua_State *L);
int br_lua_services(lua_State *L);
int br_lua_operations(lua_State *L);
int br_lua_shown(lua_State *L);
int br_lua_before(lua_State *L);
int br_lua_suggest(lua_State *L);
/* Tries the names of a list at that index (0: none); anything else there is no list, and names none. */
void br_lua_suggest_list(lua_State *L, int list, br_suggest *near);
int br_lua_api_version(lua_State *L);
int br_lua_describe(lua_State *L);
int br_lua_paginator(lua_State *L);
int br_lua_waiters(lua_State *L);

#endif
