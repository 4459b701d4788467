/*
** What a call that is ready gives to Lua: results, heads and events of streams, prepared requests, and
** the errors that answers are.
*/
#include "core/aws/service_error.h"
#include "lua/call.h"

static void set_fields(lua_State *L, br_lua_call *c, const br_error *error,
                       const br_call_info *info, br_slice body)
{
    if (c->op < 0)
        return;
    br_decode_error_fields(L, c->model, c->op, br_slice_of(error->code), info->headers, body);
    lua_setfield(L, -2, "fields");
}

/* An answer of 300 or more: its code, message and members. */
static int fail_service(lua_State *L, br_lua_call *c, const br_call_info *info)
{
    br_error error;
    br_slice body = c->item.kind == BR_DATA ? c->item.data : (br_slice){"", 0};
    br_error_clear(&error);
    br_service_error(info->status, info->headers, body, &error);
    br_lua_fail(L, &error, br_lua_call_name(c), info);
    set_fields(L, c, &error, info, body);
    br_lua_call_finish(L, c);
    return 2;
}

static void push_facts(lua_State *L, const br_lua_call *c, const br_call_info *info)
{
    br_slice token = {NULL, 0};
    if (c->token_member >= 0) {
        const br_member *m = &c->model->members[c->token_member];
        token = br_model_name(c->model, m->name);
    }
    br_lua_push_metadata(L, info, token, c->token);
}

static void push_raw_head(lua_State *L, const br_call_info *info)
{
    lua_createtable(L, 0, 3);
    lua_pushinteger(L, info->status);
    lua_setfield(L, -2, "status");
}

/* What the head and the body say, and the facts; or nil, err. */
static int push_output(lua_State *L, br_lua_call *c, br_slice body, bool whole)
{
    br_call_info info;
    br_error error;
    br_error_clear(&error);
    br_lua_call_info(c, &info);
    luaL_checkstack(L, 10, NULL);
    if (c->op < 0) {
        push_raw_head(L, &info);
        if (whole) {
            br_lua_push(L, body);
            lua_setfield(L, -2, "body");
        }
    } else if (!br_decode_output(L, c->model, c->op, info.status, info.headers, body, &error)) {
        return br_lua_call_fail(L, c, &error);
    }
    push_facts(L, c, &info);
    return 2;
}

/* false: an answer that is an error was pushed as nil, err. */
static bool succeeded(lua_State *L, br_lua_call *c)
{
    br_call_info info;
    br_lua_call_info(c, &info);
    if (c->item.kind == BR_ERROR)
        br_lua_call_fail(L, c, c->item.error);
    else if (info.status >= 300)
        fail_service(L, c, &info);
    else
        return true;
    return false;
}

static int read_result(lua_State *L, br_lua_call *c)
{
    if (!succeeded(L, c))
        return 2;
    br_slice body = c->item.kind == BR_DATA ? c->item.data : (br_slice){"", 0};
    int n = push_output(L, c, body, true);
    br_lua_call_finish(L, c);
    return n;
}

/* result() -> output, facts | nil, err */
int br_lua_call_result(lua_State *L)
{
    return br_lua_call_take(L, br_lua_call_check(L), 1, read_result);
}

static int read_head(lua_State *L, br_lua_call *c)
{
    if (!succeeded(L, c))
        return 2;
    int n = push_output(L, c, (br_slice){NULL, 0}, false);
    c->ready = c->item.kind != BR_HEAD;
    return n;
}

/* head() -> fields, facts | nil, err: a stream begins, or does not. */
int br_lua_call_head(lua_State *L)
{
    return br_lua_call_take(L, br_lua_call_check(L), 1, read_head);
}

/*
** The exception is a table on top of the stack. The status told of success when the stream began,
** so it is left out.
*/
static int fail_exception(lua_State *L, br_lua_call *c, const br_error *error)
{
    br_call_info info;
    br_lua_call_info(c, &info);
    br_failure failure = br_retry_classify(0, br_slice_of(error->code));
    info.retryable = failure == BR_FAIL_TRANSIENT || failure == BR_FAIL_THROTTLING;
    info.status = 0;
    int fields = lua_gettop(L);
    br_lua_fail(L, error, br_lua_call_name(c), &info);
    lua_pushvalue(L, fields);
    lua_setfield(L, -2, "fields");
    br_lua_call_finish(L, c);
    return 2;
}

/* Upvalues of what gives events, after the state. */
#define EVENTS_CALL lua_upvalueindex(2)
#define EVENTS_HOST lua_upvalueindex(3)
#define EVENTS_NOTED lua_upvalueindex(4)
#define EVENTS_BLOCK lua_upvalueindex(5)

/* The name is below the event, which is on top. Most events are as the one before them. */
static bool is_noted(lua_State *L)
{
    if (!lua_istable(L, EVENTS_NOTED))
        return lua_toboolean(L, EVENTS_NOTED);
    lua_pushvalue(L, -2);
    lua_rawget(L, EVENTS_NOTED);
    bool noted = !lua_isnil(L, -1);
    lua_pop(L, 1);
    return noted;
}

static int give_event(lua_State *L, br_lua_call *c)
{
    if (c->event_member == c->plain_member && c->event_member >= 0)
        return 2;
    c->plain_member = is_noted(L) ? -1 : c->event_member;
    lua_pushboolean(L, 0);
    return 3;
}

static int read_event(lua_State *L, br_lua_call *c)
{
    br_error error;
    br_error_clear(&error);
    switch (br_decode_event(L, c->model, c->op, c->item.event, &c->event_member, &error)) {
    case BR_EVENT_VALUE:
        return give_event(L, c);
    case BR_EVENT_HALVES:
        c->plain_member = -1;
        return 3;
    case BR_EVENT_INITIAL:
        lua_pushboolean(L, 0);
        lua_insert(L, -2);
        return 2;
    case BR_EVENT_EXCEPTION:
        return fail_exception(L, c, &error);
    default:
        return br_lua_call_fail(L, c, &error);
    }
}

/* The first event was an exception, and the request was sent again: this is the head that counts. */
static int read_head_again(lua_State *L, br_lua_call *c)
{
    int n = push_output(L, c, (br_slice){NULL, 0}, false);
    if (lua_isnil(L, -n))
        return n;
    lua_pushboolean(L, 0);
    lua_insert(L, -1 - n);
    return n + 1;
}

static int read_error_answer(lua_State *L, br_lua_call *c)
{
    br_call_info info;
    br_lua_call_info(c, &info);
    return fail_service(L, c, &info);
}

/* Now it is known how long all of it took, and how much it was. */
static int read_end(lua_State *L, br_lua_call *c)
{
    br_call_info info;
    br_lua_call_info(c, &info);
    lua_pushnil(L);
    lua_pushnil(L);
    push_facts(L, c, &info);
    br_lua_call_finish(L, c);
    return 3;
}

static int read_item(lua_State *L, br_lua_call *c)
{
    if (c->whole && c->item.kind != BR_ERROR)
        return read_error_answer(L, c);
    switch (c->item.kind) {
    case BR_HEAD:
        return read_head_again(L, c);
    case BR_EVENT:
        return read_event(L, c);
    case BR_DATA:
        lua_pushliteral(L, "chunk");
        br_lua_push(L, c->item.data);
        lua_pushboolean(L, 0);
        return 3;
    case BR_ERROR:
        return br_lua_call_fail(L, c, c->item.error);
    default:
        return read_end(L, c);
    }
}

static int read_next(lua_State *L, br_lua_call *c)
{
    int n = read_item(L, c);
    c->ready = false;
    return n;
}

/* A turn has a limit, so that a signal that came just before it is noticed soon. */
#define TURN_MS 500

/* The host waits by blocking, and no other way. */
static bool blocks(lua_State *L, const br_lua_state *s)
{
    if (s->bridged || !s->engine || !lua_istable(L, EVENTS_HOST))
        return false;
    lua_getfield(L, EVENTS_HOST, "wait");
    bool same = lua_rawequal(L, -1, EVENTS_BLOCK);
    lua_pop(L, 1);
    return same;
}

/*
** Ready after it has blocked for a turn. A signal's hook runs where Lua code runs, and may throw or yield: if
** there is one, or nothing came, the rest is left to the host's function, which Lua calls.
*/
static bool block(lua_State *L, br_lua_state *s, br_lua_call *c)
{
    br_engine_step(s->engine, TURN_MS);
    return br_lua_call_poll(s, c) && lua_gethook(L) == NULL;
}

/* The call is an upvalue, so that no event has to look for the method, nor at what it was given. */
static int take_event(lua_State *L)
{
    br_lua_call *c = lua_touserdata(L, EVENTS_CALL);
    br_lua_state *s = c->waiter.state;
    if (br_lua_call_poll(s, c) || (blocks(L, s) && block(L, s, c)))
        return br_lua_call_take(L, c, EVENTS_CALL, read_next);
    lua_pushboolean(L, 0);
    return 1;
}

/*
** events(host, noted) -> a function that gives the next one each time it is called:
**
**   name, event                 an event that nobody has to look at
**   name, event, false          the first one, one whose name is in the table `noted` (true: all are), ...
**   name, event, kept           one with its lone halves kept (BR_EVENT_HALVES)
**   false                       not ready: wait. Where `host`, which may be nil, would block, a turn of that is
**                               over
**   false, fields               of an initial answer
**   false, fields, facts        it was sent again: as head
**   nil, nil, facts | nil, err  the end. It is told once; the caller remembers it
*/
int br_lua_call_events(lua_State *L)
{
    br_lua_call_check(L);
    lua_settop(L, 3);
    if (lua_istable(L, 2))
        lua_getfield(L, 2, "block");
    else
        lua_pushnil(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_pushcclosure(L, take_event, 5);
    return 1;
}

static void push_header_table(lua_State *L, const br_headers *headers)
{
    lua_createtable(L, 0, (int)headers->count);
    for (size_t i = 0; i < headers->count; i++) {
        br_lua_push(L, br_headers_name(headers, i));
        br_lua_push(L, br_headers_value(headers, i));
        lua_rawset(L, -3);
    }
}

static int read_prepared(lua_State *L, br_lua_call *c)
{
    if (c->item.kind != BR_PREPARED)
        return br_lua_call_fail(L, c, c->item.error);
    const br_prepared *p = c->item.prepared;
    lua_createtable(L, 0, 4);
    lua_pushstring(L, p->method);
    lua_setfield(L, -2, "method");
    br_lua_push(L, p->url);
    lua_setfield(L, -2, "url");
    push_header_table(L, p->headers);
    lua_setfield(L, -2, "headers");
    if (p->has_body) {
        br_lua_push(L, p->body);
        lua_setfield(L, -2, "body");
    }
    br_lua_call_finish(L, c);
    return 1;
}

/* prepared() -> {method, url, headers, body} | nil, err */
int br_lua_call_prepared(lua_State *L)
{
    return br_lua_call_take(L, br_lua_call_check(L), 1, read_prepared);
}
