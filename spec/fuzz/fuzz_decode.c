/*
** Four bytes of choices, then like an HTTP answer: a line "service.Operation" (any other text
** chooses one all the same), lines "name: value", an empty line, the body. All the ways of reading
** are tried on it, first with little memory for Lua, then once more in the same state with plenty.
*/
#include "core/aws/service_error.h"
#include "core/text/json.h"
#include "fuzz.h"
#include "lua/codec/codec.h"
#include "lua/codec/document.h"
#include "lua/codec/literal.h"

#include <string.h>

#define OUT_MAX ((size_t)1 << 26)
#define MEMORY_STEP 512 /* bytes for each unit of the choice */

enum { STATUS, MESSAGE_TYPE, EVENT_TYPE, MEMORY, CHOICES };

static const br_model *const model = &br_model_builtin;

typedef struct sample {
    uint8_t choices[CHOICES];
    int op, streaming_op;
    br_headers headers;
    br_slice body;
    br_es_message message;
    br_buf written;
    br_problems problems;
    size_t used, limit; /* Lua's memory; limit 0: none */
} sample;

static br_slice take_line(br_slice *rest)
{
    const char *end = rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;
    br_slice line = {rest->p, end != NULL ? (size_t)(end - rest->p) : rest->n};
    size_t taken = line.n + (end != NULL);
    *rest = (br_slice){rest->p + taken, rest->n - taken};
    return line;
}

static int find_op(br_slice name)
{
    const char *dot = name.n > 0 ? memchr(name.p, '.', name.n) : NULL;
    unsigned sum = 0;
    int service = -1, op = -1;
    if (dot != NULL)
        service = br_model_service(model, (br_slice){name.p, (size_t)(dot - name.p)});
    if (service >= 0) {
        br_slice after = {dot + 1, (size_t)(name.p + name.n - dot) - 1};
        op = br_model_op_by_name(model, (unsigned)service, after);
    }
    for (size_t i = 0; i < name.n; i++)
        sum = sum * 31 + (unsigned char)name.p[i];
    return op >= 0 ? op : (int)(sum % model->op_count);
}

/* The operation if it answers with events, else one that does. */
static int find_streaming_op(int op)
{
    for (uint32_t i = 0; i < model->op_count; i++) {
        unsigned at = ((unsigned)op + i) % model->op_count;
        if (model->ops[at].flags & BR_OP_EVENT_OUT)
            return (int)at;
    }
    abort();
}

static void read_headers(sample *s, br_slice *rest)
{
    br_slice line;
    while ((line = take_line(rest)).n > 0) {
        const char *colon = memchr(line.p, ':', line.n);
        if (colon == NULL)
            continue;
        br_slice name = {line.p, (size_t)(colon - line.p)};
        br_slice value = {colon + 1, line.n - name.n - 1};
        if (br_header_name_ok(name) && br_header_value_ok(value))
            br_headers_add(&s->headers, name, value);
    }
}

static br_slice event_name(const sample *s)
{
    const br_op *op = &model->ops[s->streaming_op];
    int member = br_model_member(model, &model->shapes[op->out], br_model_name(model, op->stream));
    MUST(member >= 0);
    const br_shape *events = &model->shapes[model->members[member].shape];
    unsigned choice = s->choices[EVENT_TYPE] % (events->b + 2u);
    if (choice < events->b)
        return br_model_name(model, model->members[events->a + choice].name);
    return choice == events->b ? BR_SLICE("initial-response") : BR_SLICE("unheardOf");
}

static void make_message(sample *s)
{
    static const char *const types[] = {"event", "exception", "error", "other"};
    br_es_message *m = &s->message;
    m->payload = s->body;
    m->message_type = br_slice_of(types[s->choices[MESSAGE_TYPE] % 4]);
    m->event_type = m->exception_type = m->error_code = event_name(s);
    m->error_message = br_headers_get(&s->headers, "error-message");
    m->content_type = br_headers_get(&s->headers, "content-type");
}

static bool read_sample(sample *s, br_slice input)
{
    if (input.n < CHOICES)
        return false;
    memset(s, 0, sizeof *s);
    memcpy(s->choices, input.p, CHOICES);
    br_slice rest = {input.p + CHOICES, input.n - CHOICES};
    br_headers_init(&s->headers);
    br_buf_init(&s->written, OUT_MAX);
    br_problems_init(&s->problems);
    s->op = find_op(take_line(&rest));
    s->streaming_op = find_streaming_op(s->op);
    read_headers(s, &rest);
    s->body = rest;
    make_message(s);
    return true;
}

static void free_sample(sample *s)
{
    br_headers_free(&s->headers);
    br_buf_free(&s->written);
    br_problems_free(&s->problems);
}

static bool is_bad_response(const br_error *e, br_err_kind kind)
{
    return e->kind == kind && strcmp(e->code, "BadResponse") == 0 && e->message[0] != '\0';
}

/* The value on top, as JSON; bytes that are no text are the one thing that may be refused. */
static bool write(lua_State *L, sample *s)
{
    br_buf_clear(&s->written);
    br_problems_free(&s->problems);
    bool ok = br_write_json(L, -1, &s->written, &s->problems);
    MUST(ok == !br_problems_any(&s->problems) && !s->written.failed);
    return ok;
}

static void try_output(lua_State *L, sample *s)
{
    br_error error;
    br_error_clear(&error);
    int status = 200 + s->choices[STATUS] % 100;
    bool ok = br_decode_output(L, model, s->op, status, &s->headers, s->body, &error);
    MUST(lua_gettop(L) == (ok ? 2 : 1));
    MUST(ok ? lua_istable(L, -1) : is_bad_response(&error, BR_ERR_TRANSPORT));
    if (ok)
        write(L, s);
    lua_settop(L, 1);
}

static void try_error(lua_State *L, sample *s)
{
    br_error error;
    br_error_clear(&error);
    br_service_error(400 + s->choices[STATUS], &s->headers, s->body, &error);
    for (int op = -1; op <= s->op; op += s->op + 1) {
        br_slice code = br_slice_of(error.code);
        br_decode_error_fields(L, model, op, code, &s->headers, s->body);
        MUST(lua_gettop(L) == 2 && lua_istable(L, -1));
        lua_settop(L, 1);
    }
}

static void try_event(lua_State *L, sample *s)
{
    int last = -1;
    br_error error;
    br_error_clear(&error);
    switch (br_decode_event(L, model, s->streaming_op, &s->message, &last, &error)) {
    case BR_EVENT_BAD:
        MUST(lua_gettop(L) == 1 && is_bad_response(&error, BR_ERR_STREAM));
        break;
    case BR_EVENT_VALUE:
        MUST(lua_gettop(L) == 5 && lua_type(L, 4) == LUA_TSTRING);
        break;
    case BR_EVENT_HALVES:
        MUST(lua_gettop(L) == 6 && lua_type(L, 4) == LUA_TSTRING);
        MUST(lua_type(L, 5) == lua_type(L, 6));
        break;
    case BR_EVENT_INITIAL:
        MUST(lua_gettop(L) == 2);
        break;
    case BR_EVENT_EXCEPTION:
        MUST(lua_gettop(L) == 2 && lua_istable(L, 2));
        MUST(error.kind == BR_ERR_SERVICE && error.code[0] != '\0' && error.message[0] != '\0');
        break;
    }
    lua_settop(L, 1);
}

static int count(lua_State *L, int table)
{
    int n = 0;
    for (lua_pushnil(L); lua_next(L, table) != 0; lua_pop(L, 1))
        n++;
    return n;
}

/* Of the same kind, too: rawequal takes 1 and 1.0 for the same. */
static bool is_same_scalar(lua_State *L, int a, int b)
{
    const br_literal *x = br_literal_at(L, a), *y = br_literal_at(L, b);
    if (x != NULL && y != NULL)
        return x->is_number && y->is_number && br_slice_eq(x->text, y->text);
    return lua_rawequal(L, a, b) && lua_isinteger(L, a) == lua_isinteger(L, b);
}

static bool is_same(lua_State *L, int a, int b)
{
    if (!lua_istable(L, a) || !lua_istable(L, b))
        return is_same_scalar(L, a, b);
    br_marks marks = {0};
    MUST(lua_checkstack(L, 6) && br_document_mark(L, &marks, a) != BR_MARK_NONE);
    bool same = br_document_mark(L, &marks, a) == br_document_mark(L, &marks, b) &&
                count(L, a) == count(L, b);
    for (lua_pushnil(L); same && lua_next(L, a) != 0; lua_pop(L, same ? 2 : 0)) {
        lua_pushvalue(L, -2);
        lua_rawget(L, b);
        same = is_same(L, lua_gettop(L) - 1, lua_gettop(L));
    }
    return same;
}

/* The value on top is written as what was written last, byte for byte: keys in their order, too. */
static bool writes_the_same(lua_State *L, sample *s)
{
    br_buf first;
    br_buf_init(&first, s->written.max);
    MUST(br_buf_add_slice(&first, br_buf_slice(&s->written)));
    bool same = write(L, s) && br_slice_eq(br_buf_slice(&s->written), br_buf_slice(&first));
    br_buf_free(&first);
    return same;
}

/*
** What was read can be written, and is then read as the same. With little memory the Lua stack may
** find no room for the second value.
*/
static void try_document(lua_State *L, sample *s)
{
    br_error error;
    br_error_clear(&error);
    bool ok = br_push_json(L, s->body, false, &error);
    MUST(lua_gettop(L) == (ok ? 2 : 1));
    MUST(ok || is_bad_response(&error, BR_ERR_TRANSPORT));
    bool written = ok && write(L, s);
    bool again = written && br_push_json(L, br_buf_slice(&s->written), false, &error);
    if (s->limit == 0) {
        MUST(!ok || written);
        MUST(!written || (again && is_same(L, 2, 3) && writes_the_same(L, s)));
    }
    lua_settop(L, 1);
}

static int try_all(lua_State *L)
{
    sample *s = lua_touserdata(L, 1);
    try_output(L, s);
    try_error(L, s);
    try_event(L, s);
    try_document(L, s);
    return 0;
}

static void *allocate(void *state, void *block, size_t old, size_t size)
{
    sample *s = state;
    size_t held = block != NULL ? old : 0;
    if (size > held && s->limit > 0 && s->used - held + size > s->limit)
        return NULL;
    s->used = s->used - held + size;
    if (size > 0)
        return realloc(block, size);
    free(block);
    return NULL;
}

static int call(lua_State *L, sample *s)
{
    lua_pushcfunction(L, try_all);
    lua_pushlightuserdata(L, s);
    int status = lua_pcall(L, 1, 0, 0);
    lua_settop(L, 0);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sample s;
    if (!read_sample(&s, (br_slice){(const char *)data, size}))
        return 0;
    lua_State *L = lua_newstate(allocate, &s);
    MUST(L != NULL);
    br_codec_open(L);
    if (s.choices[MEMORY] > 0) {
        s.limit = s.used + (size_t)s.choices[MEMORY] * MEMORY_STEP;
        int status = call(L, &s);
        MUST(status == LUA_OK || status == LUA_ERRMEM);
    }
    s.limit = 0;
    MUST(call(L, &s) == LUA_OK);
    lua_close(L);
    MUST(s.used == 0);
    free_sample(&s);
    return 0;
}
