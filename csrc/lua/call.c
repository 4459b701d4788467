/*
** Calls as userdata. Lua makes one, waits until it is ready, and takes what came:
**   client:call(op, params, options, "prepare"?)   client:request(fields, options)
**   client:identity(refresh)
**   call:trace()                                   what has happened meanwhile (trace.c)
**   call:ready()  call:step(ms)  call:arm(id)      is there something to take, or the end?
**   call:submit() call:feed(bytes) call:lost() call:refuse(why)   for a host in another thread
**   call:result() call:head() call:events() call:prepared() call:credentials() call:lend()
*/
#include <string.h>

#include "lua/call.h"

br_lua_call *br_lua_call_check(lua_State *L)
{
    return br_lua_class_check(L, 1, br_lua_state_of(L)->call_class, BR_LUA_CALL);
}

void br_lua_call_begin(br_lua_state *s, br_lua_call *c, br_call *call)
{
    c->call = call;
    c->next = s->calls;
    c->prev = NULL;
    if (s->calls)
        s->calls->prev = c;
    s->calls = c;
}

static void unlink_call(br_lua_state *s, br_lua_call *c)
{
    if (c->prev)
        c->prev->next = c->next;
    else
        s->calls = c->next;
    if (c->next)
        c->next->prev = c->prev;
}

void br_lua_call_end(br_lua_state *s, br_lua_call *c, const char *code)
{
    br_call *call = c->call;
    br_client *client = c->client;
    c->doomed = c->taking;
    if (c->taking || !client)
        return;
    if (br_lua_call_alive(c)) {
        unlink_call(s, c);
        c->gone = code;
    }
    br_lua_call_recall(s, c);
    c->call = NULL;
    c->client = NULL;
    c->ready = false;
    br_request_free(&c->request);
    br_problems_free(&c->problems);
    br_call_free(call);
    br_client_unref(client);
    br_lua_waiter_wake(&c->waiter);
}

void br_lua_end_calls(br_lua_state *s, const br_client *client, const char *code)
{
    for (br_lua_call *c = s->calls, *next; c; c = next) {
        next = c->next;
        if (!client || c->client == client)
            br_lua_call_end(s, c, code);
    }
}

br_slice br_lua_call_name(const br_lua_call *c)
{
    if (c->op >= 0)
        return br_model_name(c->model, c->model->ops[c->op].snake);
    if (c->mode == BR_CALL_CREDENTIALS)
        return BR_SLICE("credentials");
    return br_call_is_bare(c->mode) ? BR_SLICE("refresh") : BR_SLICE("request");
}

static int fail_gone(lua_State *L, const char *code, br_slice operation)
{
    br_error error;
    br_error_clear(&error);
    if (strcmp(code, "Closed") == 0)
        br_error_set(&error, BR_ERR_CANCELLED, code, "the connection was closed");
    else if (strcmp(code, "Forked") == 0)
        br_error_set(&error, BR_ERR_CANCELLED, code,
                     "this call belongs to the parent process and did not survive the fork");
    else
        br_error_set(&error, BR_ERR_CANCELLED, code, "the call was cancelled");
    return br_lua_fail(L, &error, operation, NULL);
}

/* Waiting */

static bool is_stream(const br_lua_call *c)
{
    return c->mode == BR_CALL_EVENTS || c->mode == BR_CALL_BYTES;
}

/* The head of a whole answer or of an error says nothing yet; the body follows. */
static bool head_suffices(const br_lua_call *c)
{
    return is_stream(c) && c->item.status < 300;
}

static bool must_wait(const br_lua_call *c)
{
    return c->frames && (c->whole || !is_stream(c)) && !c->frames->over && !c->frames->broken;
}

bool br_lua_call_poll(br_lua_state *s, br_lua_call *c)
{
    br_lua_leave_parent(s);
    while (br_lua_call_alive(c) && !c->ready) {
        br_item_kind kind = must_wait(c) ? BR_WAIT : br_lua_call_next(c, &c->item);
        if (kind == BR_WAIT)
            return false;
        c->ready = kind != BR_HEAD || head_suffices(c);
        c->whole |= kind == BR_HEAD && !c->ready;
    }
    return true;
}

static int call_ready(lua_State *L)
{
    lua_pushboolean(L, br_lua_call_poll(br_lua_state_of(L), br_lua_call_check(L)));
    return 1;
}

bool br_lua_call_step(lua_State *L, br_lua_state *s, br_lua_call *c, int ms)
{
    if (s->bridged)
        luaL_error(L, "a call must not block here: the host waits for it");
    br_engine_step(s->engine, ms);
    return br_lua_call_poll(s, c);
}

/* step(ms): ready at once, or after at most one turn of the engine? */
static int call_step(lua_State *L)
{
    br_lua_state *s = br_lua_state_of(L);
    br_lua_call *c = br_lua_call_check(L);
    int ms = (int)luaL_optinteger(L, 2, 0);
    lua_pushboolean(L, br_lua_call_poll(s, c) || br_lua_call_step(L, s, c, ms));
    return 1;
}

/* arm(id): ready? If not, woken gives that number, once, when there may be something to take. */
static int call_arm(lua_State *L)
{
    br_lua_call *c = br_lua_call_check(L);
    lua_Integer id = luaL_checkinteger(L, 2);
    bool ready = br_lua_call_poll(br_lua_state_of(L), c);
    if (!ready)
        br_lua_waiter_arm(&c->waiter, id);
    lua_pushboolean(L, ready);
    return 1;
}

/* The call at that index is over. Any table does instead of the one that keeps strings. */
static void let_strings_go(lua_State *L, br_lua_call *c, int index)
{
    if (!c->keeps)
        return;
    c->keeps = false;
    lua_pushvalue(L, LUA_REGISTRYINDEX);
    br_lua_set_kept(L, index);
}

static int call_cancel(lua_State *L)
{
    br_lua_state *s = br_lua_state_of(L);
    br_lua_call *c = br_lua_call_check(L);
    br_lua_leave_parent(s);
    br_lua_call_end(s, c, lua_toboolean(L, 2) ? "Closed" : "Cancelled");
    if (!c->taking)
        let_strings_go(L, c, 1);
    lua_pushboolean(L, 1);
    return 1;
}

static int call_gc(lua_State *L)
{
    br_lua_state *s = br_lua_state_of(L);
    br_lua_call *c = br_lua_call_check(L);
    br_lua_leave_parent(s);
    c->taking = false;
    br_lua_call_end(s, c, "Closed");
    br_lua_waiter_leave(&c->waiter);
    return 0;
}

/* Taking what came */

static int not_ready(lua_State *L)
{
    return luaL_error(
        L, "a call was asked for its result before it was ready (check the host's wait function)");
}

/*
** Runs a function that reads what came. Its pushes may run finalizers, which may close the call:
** that waits until it has returned.
*/
int br_lua_call_take(lua_State *L, br_lua_call *c, int index,
                     int (*read)(lua_State *, br_lua_call *))
{
    if (!br_lua_call_alive(c))
        return fail_gone(L, c->gone, br_lua_call_name(c));
    if (!c->ready)
        return not_ready(L);
    if (c->taking)
        return luaL_error(L, "the answer is already being read");
    c->taking = true;
    int n = read(L, c);
    c->taking = false;
    if (c->doomed) {
        br_lua_call_end(br_lua_state_of(L), c, "Closed");
        let_strings_go(L, c, index);
    }
    return n;
}

/* Nothing more is wanted of it. The last next lets a finished call end in order. */
void br_lua_call_finish(lua_State *L, br_lua_call *c)
{
    if (c->item.kind == BR_DATA)
        br_lua_call_next(c, &c->item);
    br_lua_call_end(br_lua_state_of(L), c, "Closed");
}

static int fail_call(lua_State *L, br_lua_call *c, const br_error *error)
{
    br_call_info info;
    br_lua_call_info(c, &info);
    return br_lua_fail(L, error, br_lua_call_name(c), &info);
}

int br_lua_call_fail(lua_State *L, br_lua_call *c, const br_error *error)
{
    int n = fail_call(L, c, error);
    br_lua_call_finish(L, c);
    return n;
}

static int call_tostring(lua_State *L)
{
    br_slice name = br_lua_call_name(br_lua_call_check(L));
    lua_pushliteral(L, BR_LUA_CALL ": ");
    br_lua_push(L, name);
    lua_concat(L, 2);
    return 1;
}

static const luaL_Reg methods[] = {
    {"arm", call_arm},
    {"cancel", call_cancel},
    {"credentials", br_lua_call_credentials},
    {"events", br_lua_call_events},
    {"feed", br_lua_call_feed},
    {"head", br_lua_call_head},
    {"lend", br_lua_call_lend},
    {"lost", br_lua_call_lost},
    {"prepared", br_lua_call_prepared},
    {"ready", call_ready},
    {"refuse", br_lua_call_refuse},
    {"result", br_lua_call_result},
    {"step", call_step},
    {"submit", br_lua_call_submit},
    {"trace", br_lua_call_trace},
    {NULL, NULL},
};

static const luaL_Reg meta[] = {
    {"__gc", call_gc},
    {"__tostring", call_tostring},
    {NULL, NULL},
};

void br_lua_open_call(lua_State *L)
{
    br_lua_state *s = lua_touserdata(L, -1);
    br_lua_class(L, BR_LUA_CALL, methods, meta);
    s->call_class = br_lua_class_find(L, BR_LUA_CALL);
    s->end_calls = br_lua_end_calls;
}
