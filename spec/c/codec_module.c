/*
** The codec alone as a Lua module, "codec_module", for codec_spec.lua and bench/count/codec.lua: no
** credentials, no engine.
*/
#include <stdlib.h>
#include <string.h>

#include "core/aws/service_error.h"
#include "core/base/digest.h"
#include "core/text/base64.h"
#include "lua/binding.h"
#include "lua/codec/codec.h"
#include "lua/codec/literal.h"

__attribute__((visibility("default"))) int luaopen_codec_module(lua_State *L);

static const br_model *const model = &br_model_builtin;

typedef struct work {
    br_request request;
    br_problems problems;
    br_headers headers;
    br_buf out;
    br_es_decoder *events;
} work;

static int collect_work(lua_State *L)
{
    work *w = lua_touserdata(L, 1);
    br_request_free(&w->request);
    br_problems_free(&w->problems);
    br_headers_free(&w->headers);
    br_buf_free(&w->out);
    br_es_decoder_free(w->events);
    w->events = NULL;
    return 0;
}

static work *new_work(lua_State *L)
{
    work *w = lua_newuserdatauv(L, sizeof *w, 0);
    memset(w, 0, sizeof *w);
    br_request_init(&w->request);
    br_problems_init(&w->problems);
    br_headers_init(&w->headers);
    br_buf_init(&w->out, BR_BODY_MAX);
    luaL_getmetatable(L, "codec_module.work");
    lua_setmetatable(L, -2);
    return w;
}

static br_slice check_slice(lua_State *L, int index)
{
    br_slice s;
    s.p = luaL_checklstring(L, index, &s.n);
    return s;
}

static int check_op(lua_State *L)
{
    int service = br_model_service(model, check_slice(L, 1));
    int op = service >= 0 ? br_model_op_by_name(model, (unsigned)service, check_slice(L, 2)) : -1;
    if (op < 0)
        luaL_error(L, "no operation %s.%s", lua_tostring(L, 1), lua_tostring(L, 2));
    return op;
}

static bool fixed_uuid(void *state, char out[BR_UUID_SIZE])
{
    (void)state;
    memcpy(out, "00000000-0000-4000-8000-000000000000", BR_UUID_SIZE);
    return true;
}

static void set_string(lua_State *L, const char *name, br_slice value)
{
    lua_pushlstring(L, value.p != NULL ? value.p : "", value.n);
    lua_setfield(L, -2, name);
}

static bool option(lua_State *L, int options, const char *name, bool otherwise)
{
    if (!lua_istable(L, options))
        return otherwise;
    lua_getfield(L, options, name);
    bool value = lua_isnil(L, -1) ? otherwise : lua_toboolean(L, -1);
    lua_pop(L, 1);
    return value;
}

static void push_headers(lua_State *L, const br_headers *h)
{
    lua_newtable(L);
    for (size_t i = 0; i < h->count; i++) {
        br_slice name = br_headers_name(h, i), value = br_headers_value(h, i);
        lua_pushlstring(L, name.p, name.n);
        lua_pushlstring(L, value.p, value.n);
        lua_rawset(L, -3);
    }
}

static void push_request(lua_State *L, const br_request *r, const br_encode_ctx *ctx)
{
    static const char auths[][8] = {"sigv4", "bearer", "none"};
    lua_newtable(L);
    set_string(L, "method", br_slice_of(r->method));
    set_string(L, "path", br_buf_slice(&r->path));
    set_string(L, "query", br_buf_slice(&r->query));
    set_string(L, "auth", br_slice_of(auths[r->auth]));
    if (r->has_body)
        set_string(L, "body", br_buf_slice(&r->body));
    push_headers(L, &r->headers);
    lua_setfield(L, -2, "headers");
    lua_pushboolean(L, r->retry_safe);
    lua_setfield(L, -2, "retry_safe");
    if (ctx->token_member < 0)
        return;
    set_string(L, "token", br_slice_of(ctx->token));
    set_string(L, "token_member", br_model_name(model, model->members[ctx->token_member].name));
}

static void push_problems(lua_State *L, const br_problems *p)
{
    lua_createtable(L, (int)p->count, 1);
    for (size_t i = 0; i < p->count; i++) {
        lua_newtable(L);
        set_string(L, "kind", br_slice_of(p->items[i].kind));
        set_string(L, "path", br_slice_of(p->items[i].path));
        set_string(L, "message", br_slice_of(p->items[i].message));
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_pushinteger(L, (lua_Integer)p->dropped);
    lua_setfield(L, -2, "dropped");
}

/* encode(service, Operation, params, options): request | nil, problems */
static int encode(lua_State *L)
{
    int op = check_op(L);
    lua_settop(L, 4);
    work *w = new_work(L);
    br_encode_ctx ctx;
    br_encode_ctx_init(&ctx, model);
    ctx.uuid = fixed_uuid;
    ctx.validate = option(L, 4, "validate", true);
    ctx.strict = option(L, 4, "strict", false);
    ctx.unknown_pass = option(L, 4, "unknown_pass", false);
    int top = lua_gettop(L);
    bool ok = br_encode_input(L, &ctx, op, 3, &w->request, &w->problems);
    if (lua_gettop(L) != top)
        return luaL_error(L, "the encoder left the stack unbalanced");
    if (ok) {
        push_request(L, &w->request, &ctx);
        return 1;
    }
    lua_pushnil(L);
    push_problems(L, &w->problems);
    return 2;
}

/* op(service, Operation): the operation's index, for body and output */
static int find_op(lua_State *L)
{
    lua_pushinteger(L, check_op(L));
    return 1;
}

/* body(op, params): the body alone, for the benchmark, which needs no request of its own */
static int body(lua_State *L)
{
    int op = (int)luaL_checkinteger(L, 1);
    work *w = lua_touserdata(L, lua_upvalueindex(1));
    br_encode_ctx ctx;
    br_encode_ctx_init(&ctx, model);
    ctx.uuid = fixed_uuid;
    if (!br_encode_input(L, &ctx, op, 2, &w->request, &w->problems))
        return luaL_error(L, "not valid");
    lua_pushlstring(L, w->request.body.data, w->request.body.len);
    br_request_free(&w->request);
    return 1;
}

/* base64(bytes): as text, the benchmark's floor of a request that holds them */
static int base64(lua_State *L)
{
    work *w = lua_touserdata(L, lua_upvalueindex(1));
    br_base64_encode(&w->out, check_slice(L, 1));
    if (w->out.failed)
        return luaL_error(L, "not enough memory");
    lua_pushlstring(L, w->out.data, w->out.len);
    br_buf_free(&w->out);
    return 1;
}

/* output(op, body): the decoded output, for the benchmark */
static int output(lua_State *L)
{
    int op = (int)luaL_checkinteger(L, 1);
    br_error error;
    if (!br_decode_output(L, model, op, 200, NULL, check_slice(L, 2), &error))
        return luaL_error(L, "%s", error.message);
    return 1;
}

static void read_headers(lua_State *L, int index, br_headers *h)
{
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        br_headers_add(h, check_slice(L, -2), check_slice(L, -1));
        lua_pop(L, 1);
    }
}

static int push_error(lua_State *L, const br_error *e)
{
    lua_pushnil(L);
    lua_newtable(L);
    set_string(L, "kind", br_slice_of(br_err_kind_name(e->kind)));
    set_string(L, "code", br_slice_of(e->code));
    set_string(L, "message", br_slice_of(e->message));
    return 2;
}

/* decode(service, Operation, status, headers, body): output | nil, error */
static int decode(lua_State *L)
{
    int op = check_op(L), status = (int)luaL_checkinteger(L, 3);
    br_slice text = lua_isnoneornil(L, 5) ? (br_slice){NULL, 0} : check_slice(L, 5);
    br_error error;
    work *w = new_work(L);
    read_headers(L, 4, &w->headers);
    br_error_clear(&error);
    int top = lua_gettop(L);
    bool ok = br_decode_output(L, model, op, status, &w->headers, text, &error);
    if (lua_gettop(L) != top + ok)
        return luaL_error(L, "the decoder left the stack unbalanced");
    return ok ? 1 : push_error(L, &error);
}

static void push_event(lua_State *L, int op, const br_es_message *m)
{
    static const char results[][10] = {"bad", "value", "halves", "initial", "exception"};
    int last = -1;
    br_error error;
    br_error_clear(&error);
    lua_newtable(L);
    int top = lua_gettop(L);
    br_event_result result = br_decode_event(L, model, op, m, &last, &error);
    static const int pushed[] = {0, 4, 5, 1, 1};
    if (lua_gettop(L) != top + pushed[result])
        luaL_error(L, "the event decoder left the stack unbalanced");
    if (result == BR_EVENT_HALVES)
        lua_setfield(L, top, "kept");
    if (result != BR_EVENT_BAD)
        lua_setfield(L, top, "value");
    if (result == BR_EVENT_VALUE || result == BR_EVENT_HALVES)
        lua_setfield(L, top, "name");
    lua_settop(L, top);
    set_string(L, "result", br_slice_of(results[result]));
    if (error.kind != BR_OK) {
        push_error(L, &error);
        lua_setfield(L, top, "error");
        lua_pop(L, 1);
    }
}

/* events(service, Operation, bytes): list of {result, name, value, error} */
static int events(lua_State *L)
{
    int op = check_op(L), n = 0, next;
    br_slice bytes = check_slice(L, 3);
    work *w = new_work(L);
    br_es_message *message = lua_newuserdatauv(L, sizeof *message, 0);
    br_error error;
    w->events = br_es_decoder_new();
    lua_newtable(L);
    br_es_feed(w->events, bytes);
    while ((next = br_es_next(w->events, message, &error)) == 1) {
        push_event(L, op, message);
        lua_rawseti(L, -2, ++n);
    }
    if (next < 0 || !br_es_at_boundary(w->events))
        return luaL_error(L, "broken event stream");
    return 1;
}

/* each_event(op, bytes, each): calls each(name, event), for the benchmark */
static int each_event(lua_State *L)
{
    int op = (int)luaL_checkinteger(L, 1), next, last = -1;
    br_slice bytes = check_slice(L, 2);
    work *w = new_work(L);
    br_es_message message;
    br_error error;
    w->events = br_es_decoder_new();
    br_es_feed(w->events, bytes);
    while ((next = br_es_next(w->events, &message, &error)) == 1) {
        if (br_decode_event(L, model, op, &message, &last, &error) != BR_EVENT_VALUE)
            return luaL_error(L, "no event");
        lua_pushvalue(L, 3);
        lua_insert(L, -3);
        lua_call(L, 2, 0);
        lua_settop(L, 4);
    }
    return next < 0 ? luaL_error(L, "%s", error.message) : 0;
}

/* event(service, Operation, {message-type=…}, payload): {result, name, value, error} */
static int event(lua_State *L)
{
    int op = check_op(L);
    br_es_message *m = lua_newuserdatauv(L, sizeof *m, 0);
    static const char names[][16] = {"message_type", "event_type",    "exception_type",
                                     "error_code",   "error_message", "content_type"};
    br_slice *fields[] = {&m->message_type, &m->event_type,    &m->exception_type,
                          &m->error_code,   &m->error_message, &m->content_type};
    memset(m, 0, sizeof *m);
    for (int i = 0; i < 6; i++) {
        lua_getfield(L, 3, names[i]);
        if (lua_isstring(L, -1))
            *fields[i] = check_slice(L, -1);
        lua_pop(L, 1);
    }
    m->payload = check_slice(L, 4);
    push_event(L, op, m);
    return 1;
}

/* failure(service, Operation, status, headers, body): code, message, fields */
static int failure(lua_State *L)
{
    int op = check_op(L), status = (int)luaL_checkinteger(L, 3);
    br_slice text = check_slice(L, 5);
    br_error error;
    work *w = new_work(L);
    read_headers(L, 4, &w->headers);
    br_service_error(status, &w->headers, text, &error);
    lua_pushstring(L, error.code);
    lua_pushstring(L, error.message);
    br_decode_error_fields(L, model, op, br_slice_of(error.code), &w->headers, text);
    return 3;
}

/* read(text): value | nil, error */
static int read(lua_State *L)
{
    br_error error;
    br_error_clear(&error);
    return br_push_json(L, check_slice(L, 1), false, &error) ? 1 : push_error(L, &error);
}

/* write(value): text | nil, problems */
static int write(lua_State *L)
{
    lua_settop(L, 1);
    work *w = new_work(L);
    if (br_write_json(L, 1, &w->out, &w->problems)) {
        br_slice s = br_buf_slice(&w->out);
        lua_pushlstring(L, s.p, s.n);
        return 1;
    }
    lua_pushnil(L);
    push_problems(L, &w->problems);
    return 2;
}

int luaopen_codec_module(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"encode", encode},         {"op", find_op},  {"output", output},      {"decode", decode},
        {"events", events},         {"event", event}, {"failure", failure},    {"read", read},
        {"each_event", each_event}, {"write", write}, {"array", br_lua_array}, {"raw", br_lua_raw},
        {"number", br_lua_number},  {NULL, NULL}};
    br_codec_open(L);
    luaL_newmetatable(L, "codec_module.work");
    lua_pushcfunction(L, collect_work);
    lua_setfield(L, -2, "__gc");
    lua_newtable(L);
    luaL_setfuncs(L, functions, 0);
    new_work(L);
    lua_pushvalue(L, -1);
    lua_pushcclosure(L, body, 1);
    lua_setfield(L, -3, "body");
    lua_pushcclosure(L, base64, 1);
    lua_setfield(L, -2, "base64");
    br_push_null(L);
    lua_setfield(L, -2, "null");
    return 1;
}
