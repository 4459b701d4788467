#include <string.h>

#include "lua/call.h"

#define BR_RAW_OUT_MAX ((size_t)100 * 1024 * 1024) /* a streaming payload read as one string */

static int fail_closed(lua_State *L, br_slice operation)
{
    br_error error;
    br_error_clear(&error);
    br_error_set(&error, BR_ERR_CANCELLED, "Closed", "the connection is closed");
    return br_lua_fail(L, &error, operation, NULL);
}

static br_lua_call *push_call(lua_State *L, const br_client *client, int op, br_call_mode mode)
{
    br_lua_call *c = lua_newuserdatauv(L, sizeof *c, 0);
    memset(c, 0, sizeof *c);
    c->gone = "Cancelled";
    c->client = client;
    c->op = op;
    c->mode = mode;
    c->token_member = -1;
    luaL_getmetatable(L, BR_LUA_CALL);
    lua_setmetatable(L, -2);
    return c;
}

/* The userdata is on top of the stack: the result, if all goes well. */
static int start(lua_State *L, br_lua_call *c, br_client *client, br_request *request,
                 const br_call_opts *opts)
{
    br_lua_state *s = br_lua_state_of(L);
    br_error error;
    br_error_clear(&error);
    br_engine *e = br_lua_engine(s, &error);
    br_call *call = e ? br_call_new(client, request, opts, &error) : NULL;
    if (!call)
        return br_lua_fail(L, &error, br_lua_call_name(c), NULL);
    br_lua_call_begin(s, c, call);
    if (br_call_start(call, e, &error))
        return 1;
    br_lua_call_end(s, c, "Cancelled");
    return br_lua_fail(L, &error, br_lua_call_name(c), NULL);
}

/* Version 4 of RFC 9562, from the engine's random numbers. */
static bool random_uuid(void *engine, char out[BR_UUID_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[16];
    if (!br_engine_random(engine, bytes, sizeof bytes))
        return false;
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
    char *to = out;
    for (size_t i = 0; i < sizeof bytes; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *to++ = '-';
        *to++ = digits[bytes[i] >> 4];
        *to++ = digits[bytes[i] & 15];
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
        return br_problems_add(p, "value", BR_SLICE("stream"),
                               "the answer of this operation does not stream");
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

/* call(client, op, params, options, "prepare"?) -> call | nil, err */
int br_lua_client_call(lua_State *L)
{
    br_lua_state *s = br_lua_state_of(L);
    br_client *client = br_lua_check_client(L, 1);
    lua_Integer index = luaL_checkinteger(L, 2);
    luaL_argcheck(L, index >= 0 && index < (lua_Integer)br_model_builtin.op_count, 2,
                  "no such operation");
    const br_op *op = &br_model_builtin.ops[index];
    br_slice name = br_model_name(&br_model_builtin, op->snake);
    bool prepare = lua_toboolean(L, 5);
    br_lua_options options;
    br_error error;
    br_error_clear(&error);
    luaL_checkstack(L, 12, NULL);
    if (!client)
        return fail_closed(L, name);
    if (op->flags & BR_OP_EVENT_IN)
        return fail_two_way(L, name);

    br_problems_free(&s->problems);
    if (!br_lua_options_read(L, 4, client, &options) || !stream_allowed(op, &options, &s->problems))
        return br_lua_fail_problems(L, BR_ERR_CONFIG, name, &s->problems);
    options.encode.uuid = random_uuid;
    options.encode.uuid_state = br_lua_engine(s, &error);
    if (!options.encode.uuid_state)
        return br_lua_fail(L, &error, name, NULL);

    br_request_free(&s->request);
    br_request_init(&s->request);
    if (!br_encode_input(L, &options.encode, (int)index, 3, &s->request, &s->problems) ||
        !br_lua_options_headers(L, 4, &s->request))
        return br_lua_fail_problems(L, BR_ERR_VALIDATION, name, &s->problems);
    options.call.mode = mode_of(op, prepare, &options);
    options.call.answer_max = op->flags & BR_OP_RAW_OUT ? BR_RAW_OUT_MAX : 0;
    br_lua_call *c = push_call(L, client, (int)index, options.call.mode);
    c->token_member = options.encode.token_member;
    memcpy(c->token, options.encode.token, sizeof c->token);
    return start(L, c, client, &s->request, &options.call);
}

/* identity(client, refresh) -> call | nil, err */
int br_lua_client_identity(lua_State *L)
{
    br_client *client = br_lua_check_client(L, 1);
    br_call_mode mode = lua_toboolean(L, 2) ? BR_CALL_REFRESH : BR_CALL_CREDENTIALS;
    br_lua_options options;
    lua_settop(L, 2);
    if (!client)
        return fail_closed(L, lua_toboolean(L, 2) ? BR_SLICE("refresh") : BR_SLICE("credentials"));
    br_lua_options_read(L, 3, client, &options);
    options.call.mode = mode;
    br_lua_call *c = push_call(L, client, -1, mode);
    return start(L, c, client, NULL, &options.call);
}

/* Raw requests: what Lua has not already put into its wire form is only checked here. */

static br_slice text_field(lua_State *L, const char *name)
{
    br_slice text = {NULL, 0};
    br_lua_rawfield(L, 2, name);
    if (lua_type(L, -1) == LUA_TSTRING)
        text = br_lua_slice(L, -1);
    lua_pop(L, 1);
    return text;
}

static bool wire_safe(br_slice text, const char *forbidden)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c <= 0x20 || c >= 0x7f || strchr(forbidden, c))
            return false;
    }
    return true;
}

static void raw_target(lua_State *L, br_request *r, br_problems *p)
{
    br_slice path = text_field(L, "path"), query = text_field(L, "query");
    if (!br_slice_starts(path, "/") || path.n > BR_PATH_MAX || !wire_safe(path, "?#"))
        br_problems_add(p, "value", BR_SLICE("path"),
                        "must begin with / and be percent-encoded, without ? and #");
    if (query.n > BR_QUERY_MAX || !wire_safe(query, "#"))
        br_problems_add(p, "value", BR_SLICE("query"), "must be percent-encoded, without #");
    br_buf_add_slice(&r->path, path);
    br_buf_add_slice(&r->query, query);
}

static void raw_method(lua_State *L, br_request *r, br_problems *p)
{
    br_slice method = text_field(L, "method");
    bool ok = method.n > 0 && method.n <= BR_METHOD_MAX;
    for (size_t i = 0; ok && i < method.n; i++)
        ok = method.p[i] >= 'A' && method.p[i] <= 'Z';
    if (ok) {
        memcpy(r->method, method.p, method.n);
        r->method[method.n] = '\0';
    } else {
        br_problems_add(p, "value", BR_SLICE("method"), "must be an HTTP method in capitals");
    }
    r->retry_safe = br_slice_eqs(method, "GET") || br_slice_eqs(method, "HEAD");
}

static void raw_body(lua_State *L, br_request *r)
{
    br_slice body = text_field(L, "body"), type = text_field(L, "content_type");
    r->has_body = body.p != NULL;
    br_buf_add_slice(&r->body, body);
    if (type.n > 0)
        br_headers_add(&r->headers, BR_SLICE("content-type"), type);
}

static bool raw_request(lua_State *L, br_request *r, br_problems *p)
{
    br_lua_rawfield(L, 2, "service");
    r->service = (uint8_t)lua_tointeger(L, -1);
    lua_pop(L, 1);
    bool bearer = br_model_builtin.services[r->service].auth & BR_SERVICE_AUTH_BEARER;
    r->auth = bearer ? BR_AUTH_BEARER_OK : BR_AUTH_SIGV4;
    raw_method(L, r, p);
    raw_target(L, r, p);
    raw_body(L, r);
    if (r->path.failed || r->query.failed || r->body.failed || r->headers.failed)
        br_problems_add(p, "value", (br_slice){"", 0}, "the request is too large");
    return br_lua_options_headers(L, 2, r) && br_lua_options_headers(L, 3, r) &&
           !br_problems_any(p);
}

/*
** request(client, fields, options) -> call | nil, err. Fields: service (index), method, path,
** query (text), content_type, body (text), headers, stream; lua/bedrock/request.lua makes them.
*/
int br_lua_client_request(lua_State *L)
{
    br_lua_state *s = br_lua_state_of(L);
    br_client *client = br_lua_check_client(L, 1);
    br_slice name = BR_SLICE("request");
    br_lua_options options;
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_checkstack(L, 12, NULL);
    if (!client)
        return fail_closed(L, name);
    br_problems_free(&s->problems);
    if (!br_lua_options_read(L, 3, client, &options))
        return br_lua_fail_problems(L, BR_ERR_CONFIG, name, &s->problems);
    br_request_free(&s->request);
    br_request_init(&s->request);
    if (!raw_request(L, &s->request, &s->problems))
        return br_lua_fail_problems(L, BR_ERR_VALIDATION, name, &s->problems);
    br_lua_rawfield(L, 2, "stream");
    options.call.mode = lua_toboolean(L, -1) ? BR_CALL_BYTES : BR_CALL_UNARY;
    br_lua_call *c = push_call(L, client, -1, options.call.mode);
    return start(L, c, client, &s->request, &options.call);
}
