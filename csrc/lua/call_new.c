#include <string.h>

#include "core/base/ascii.h"
#include "core/base/hex.h"
#include "core/http/uri.h"
#include "lua/call.h"

#define BR_RAW_OUT_MAX ((size_t)100 * 1024 * 1024) /* a streaming payload read as one string */
/* Places on the stack, after at most five arguments; BR_LUA_AUTHORIZATION lies between. */
#define KEEP 6 /* what holds the strings that the engine's thread is to read; or nil */
#define MADE 8 /* the call */

static int fail_closed(lua_State *L, br_slice operation)
{
    br_error error;
    br_error_clear(&error);
    br_error_set(&error, BR_ERR_CANCELLED, "Closed", "the connection is closed");
    return br_lua_fail(L, &error, operation, NULL);
}

/* The memory goes round: what is encoded into goes to a call, which gives that of an earlier one. */
static void move_request(br_request *to, br_request *from)
{
    br_request_free(to);
    *to = *from;
    br_request_init(from);
}

/*
** Before anything else is made, so that the collector knows of it. NULL: the connection is closed;
** it may have been by a finalizer that ran just now.
*/
static br_lua_call *push_call(lua_State *L, const br_model *model, int op, br_call_mode mode)
{
    br_lua_call *c = lua_newuserdatauv(L, sizeof *c, 1);
    br_lua_state *s = br_lua_state_of(L);
    br_client *client = br_lua_check_client(L, 1);
    if (!client)
        return NULL;
    memset(c, 0, sizeof *c);
    move_request(&c->request, &s->request);
    br_problems_init(&c->problems);
    br_lua_waiter_init(&c->waiter, s);
    c->gone = "Cancelled";
    c->client = br_client_ref(client);
    c->model = model;
    c->op = op;
    c->mode = mode;
    c->token_member = c->event_member = c->plain_member = -1;
    br_lua_class_set(L, s->call_class);
    return c;
}

static int refuse(lua_State *L, br_lua_call *c, br_err_kind kind)
{
    int n = br_lua_fail_problems(L, kind, br_lua_call_name(c), &c->problems);
    br_lua_call_end(br_lua_state_of(L), c, "Cancelled");
    return n;
}

static int fail(lua_State *L, br_lua_call *c, const br_error *error)
{
    int n = br_lua_fail(L, error, br_lua_call_name(c), NULL);
    br_lua_call_end(br_lua_state_of(L), c, "Cancelled");
    return n;
}

/* Where calls are handed over, that is the host's to do. */
static bool start_here(br_lua_state *s, br_lua_call *c, br_error *error)
{
    br_call_listen(c->call, br_lua_waiter_wake, &c->waiter);
    return s->bridged || br_call_start(c->call, s->engine, error);
}

static br_trace_level trace_level(const br_lua_state *s, const br_client *client)
{
    bool heard = atomic_load_explicit(&client->heard, memory_order_relaxed);
    return heard && s->trace == BR_TRACE_OFF ? BR_TRACE_EVENTS : s->trace;
}

/* Its request is complete; pushes it as the result. */
static int start(lua_State *L, br_lua_call *c, int index, br_call_opts *opts)
{
    br_lua_state *s = br_lua_state_of(L);
    bool bare = br_call_is_bare(c->mode);
    br_error error;
    br_error_clear(&error);
    br_lua_leave_parent(s);
    opts->trace = trace_level(s, c->client);
    bool ok = s->bridged || br_lua_engine(s, &error);
    br_call *call = ok ? br_call_new(c->client, bare ? NULL : &c->request, opts, &error) : NULL;
    if (!call)
        return fail(L, c, &error);
    move_request(&s->request, &c->request);
    br_lua_call_begin(s, c, call);
    if (!start_here(s, c, &error))
        return fail(L, c, &error);
    lua_pushvalue(L, index);
    return 1;
}

/* As long as the call, which is on top of the stack, may have them read. */
static void keep_strings(lua_State *L, br_lua_call *c)
{
    c->keeps = !lua_isnil(L, KEEP);
    if (!c->keeps)
        return;
    lua_pushvalue(L, KEEP);
    br_lua_set_kept(L, -2);
}

/* Version 4 of RFC 9562. */
static bool random_uuid(void *user, char out[BR_UUID_SIZE])
{
    uint8_t bytes[16];
    char digits[2 * sizeof bytes];
    (void)user;
    if (!br_platform_system.random(br_platform_system.user, bytes, sizeof bytes))
        return false;
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
    br_hex(digits, bytes, sizeof bytes);
    char *to = out;
    for (size_t i = 0; i < sizeof digits; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20)
            *to++ = '-';
        *to++ = digits[i];
    }
    *to = '\0';
    return true;
}

static br_call_mode mode_of(const br_op *op, bool prepare, const br_lua_options *options)
{
    if (prepare)
        return BR_CALL_PREPARE;
    if (op->flags & BR_OP_EVENT_OUT)
        return BR_CALL_EVENTS;
    return options->stream ? BR_CALL_BYTES : BR_CALL_UNARY;
}

static bool stream_allowed(const br_op *op, const br_lua_options *options, br_problems *p)
{
    if (options->stream && !(op->flags & (BR_OP_RAW_OUT | BR_OP_EVENT_OUT)))
        return br_problems_add(p, "conflict", BR_SLICE("stream"),
                               "the answer of this operation does not stream");
    if (options->bytes && !(op->flags & BR_OP_RAW_OUT))
        return br_problems_add(p, "conflict", BR_SLICE("stream"),
                               "this operation streams events, not bytes");
    if (options->require_end &&
        (!(op->flags & BR_OP_RAW_OUT) || !options->stream || options->bytes))
        return br_problems_add(p, "conflict", BR_SLICE("require_end"),
                               "is for server-sent events: set it with stream = true, for an "
                               "operation whose answer may be a stream of bytes");
    return true;
}

static int fail_two_way(lua_State *L, br_slice name)
{
    br_error error;
    br_error_clear(&error);
    br_error_set(&error, BR_ERR_CONFIG, "NotSupported",
                 "operations that send a stream of events are not supported");
    return br_lua_fail(L, &error, name, NULL);
}

/* options at 4, params at 3 */
static bool read_options(lua_State *L, br_lua_call *c, const br_op *op, br_lua_options *options)
{
    return br_lua_options_read(L, 4, c->client, c->model, options, &c->problems) &&
           stream_allowed(op, options, &c->problems);
}

static bool encode(lua_State *L, br_lua_call *c, br_lua_options *options)
{
    options->encode.uuid = random_uuid;
    options->encode.keep = br_lua_state_of(L)->bridged ? KEEP : 0;
    if (!br_encode_input(L, &options->encode, c->op, 3, &c->request, &c->problems) ||
        !br_lua_options_headers(L, 4, &c->request, &c->problems))
        return false;
    c->token_member = options->encode.token_member;
    memcpy(c->token, options->encode.token, sizeof c->token);
    return true;
}

/* call(client, op, params, options, prepare?) -> call | nil, err */
int br_lua_client_call(lua_State *L)
{
    br_lua_check_client(L, 1);
    br_lua_op which = br_lua_check_op(L, 2);
    const br_op *op = &which.model->ops[which.op];
    br_slice name = br_model_name(which.model, op->snake);
    br_lua_options options;
    lua_settop(L, KEEP - 1);
    lua_settop(L, MADE - 1);
    luaL_checkstack(L, 12, NULL);
    if (op->flags & BR_OP_EVENT_IN)
        return fail_two_way(L, name);

    br_lua_call *c = push_call(L, which.model, (int)which.op, BR_CALL_UNARY);
    if (!c)
        return fail_closed(L, name);
    if (!read_options(L, c, op, &options))
        return refuse(L, c, BR_ERR_CONFIG);
    if (!encode(L, c, &options))
        return refuse(L, c, BR_ERR_VALIDATION);
    keep_strings(L, c);
    c->mode = options.call.mode = mode_of(op, lua_toboolean(L, 5), &options);
    options.call.answer_max = op->flags & BR_OP_RAW_OUT ? BR_RAW_OUT_MAX : 0;
    return start(L, c, MADE, &options.call);
}

/* What is held, or new credentials (true), or those in time ("early"). */
static br_call_mode mode_of_identity(lua_State *L, int index)
{
    if (lua_type(L, index) == LUA_TSTRING)
        return BR_CALL_EARLY;
    return lua_toboolean(L, index) ? BR_CALL_REFRESH : BR_CALL_CREDENTIALS;
}

/* identity(client, refresh: boolean | "early") -> call | nil, err */
int br_lua_client_identity(lua_State *L)
{
    br_lua_check_client(L, 1);
    br_call_mode mode = mode_of_identity(L, 2);
    br_lua_options options;
    lua_settop(L, 2);
    br_lua_call *c = push_call(L, &br_model_builtin, -1, mode);
    if (!c)
        return fail_closed(L, mode == BR_CALL_CREDENTIALS ? BR_SLICE("credentials")
                                                          : BR_SLICE("refresh"));
    br_lua_options_read(L, 4, c->client, c->model, &options, &c->problems);
    options.call.mode = mode;
    return start(L, c, 3, &options.call);
}

/* Raw requests: what Lua has not already put into its wire form is only checked here. */

static br_slice text_field(lua_State *L, const char *name)
{
    br_slice text = {NULL, 0};
    br_lua_rawfield(L, 2, name);
    if (lua_type(L, -1) == LUA_TSTRING)
        text = br_lua_string_arg(L, -1);
    lua_pop(L, 1);
    return text;
}

static bool wire_safe(br_slice text, const char *forbidden)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (!br_is_visible(c) || strchr(forbidden, c))
            return false;
        if (c == '%' && (text.n - i < 3 || !br_is_hex(text.p[i + 1]) || !br_is_hex(text.p[i + 2])))
            return false;
    }
    return true;
}

static void raw_target(lua_State *L, br_request *r, br_problems *p)
{
    br_slice path = text_field(L, "path"), query = text_field(L, "query");
    if (!br_slice_starts(path, "/") || path.n > BR_PATH_MAX || !wire_safe(path, "?#"))
        br_problems_add(p, "pattern", BR_SLICE("path"),
                        "must begin with / and be percent-encoded, without ? and #");
    else if (br_uri_has_dot_segment(path, true))
        br_problems_add(p, "pattern", BR_SLICE("path"),
                        "must not contain the segments \".\" or \"..\", even as %%2e: resolving "
                        "them would change the path");
    if (query.n > BR_QUERY_MAX || !wire_safe(query, "#"))
        br_problems_add(p, "pattern", BR_SLICE("query"), "must be percent-encoded, without #");
    br_buf_add_slice(&r->path, path);
    br_buf_add_slice(&r->query, query);
}

static void raw_method(lua_State *L, br_request *r, br_problems *p)
{
    br_slice method = text_field(L, "method");
    bool ok = method.n > 0 && method.n <= BR_METHOD_MAX;
    for (size_t i = 0; ok && i < method.n; i++)
        ok = br_is_upper(method.p[i]);
    if (ok) {
        memcpy(r->method, method.p, method.n);
        r->method[method.n] = '\0';
    } else {
        br_problems_add(p, "pattern", BR_SLICE("method"), "must be an HTTP method in capitals");
    }
    r->retry_safe = br_slice_eqs(method, "GET") || br_slice_eqs(method, "HEAD");
}

static void raw_body(lua_State *L, br_request *r)
{
    br_slice body = text_field(L, "body"), type = text_field(L, "content_type");
    r->has_body = body.p != NULL;
    if (br_lua_state_of(L)->bridged && br_request_attach(r, body, false)) {
        lua_pushvalue(L, 2);
        lua_replace(L, KEEP);
    } else {
        br_buf_add_slice(&r->body, body);
    }
    if (type.n > 0)
        br_headers_add(&r->headers, BR_SLICE("content-type"), type);
}

static bool raw_request(lua_State *L, const br_model *model, br_request *r, br_problems *p)
{
    bool bearer = model->services[r->service].auth & BR_SERVICE_AUTH_BEARER;
    r->auth = bearer ? BR_SCHEME_BEARER_OK : BR_SCHEME_SIGV4;
    raw_method(L, r, p);
    raw_target(L, r, p);
    raw_body(L, r);
    if (r->path.failed || r->query.failed || r->body.failed || r->headers.failed)
        br_problems_add(p, "max-length", (br_slice){"", 0}, "the request is too large");
    return br_lua_options_headers(L, 2, r, p) && br_lua_options_headers(L, 3, r, p) &&
           !br_problems_any(p);
}

/*
** request(client, fields, options) -> call | nil, err. Fields: service (a number), method, path,
** query (text), content_type, body (text), headers, stream; lua/bedrock/calls/request.lua makes them.
*/
int br_lua_client_request(lua_State *L)
{
    br_lua_check_client(L, 1);
    br_lua_options options;
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, KEEP - 1);
    lua_settop(L, MADE - 1);
    luaL_checkstack(L, 12, NULL);
    uint8_t service;
    br_lua_rawfield(L, 2, "service");
    const br_model *model = br_lua_check_service(L, -1, &service);
    br_lua_rawfield(L, 2, "stream");
    bool stream = lua_toboolean(L, -1);
    lua_settop(L, MADE - 1);
    br_lua_call *c = push_call(L, model, -1, stream ? BR_CALL_BYTES : BR_CALL_UNARY);
    if (!c)
        return fail_closed(L, BR_SLICE("request"));
    c->request.service = service;
    if (!br_lua_options_read(L, 3, c->client, c->model, &options, &c->problems))
        return refuse(L, c, BR_ERR_CONFIG);
    br_lua_options_authorization(L, 2, &options.call.authorization, &c->problems);
    if (!raw_request(L, model, &c->request, &c->problems))
        return refuse(L, c, BR_ERR_VALIDATION);
    keep_strings(L, c);
    options.call.mode = c->mode;
    return start(L, c, MADE, &options.call);
}
