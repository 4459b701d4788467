/*
** A byte: the number of changes, each of four bytes (table, place as two bytes, new byte), made to
** a small model; then a JSON text. A model that passes the check can be used for everything, with
** any input and any answer.
*/
#include "fuzz.h"
#include "lua/codec/codec.h"
#include "model/check.h"

#include <math.h>
#include <string.h>

static const char texts[][12] = {"Do",
                                 "do",
                                 "/do/{id}",
                                 "svc",
                                 "prefix",
                                 "2020",
                                 "Target",
                                 "a",
                                 "b",
                                 "c",
                                 "Failed",
                                 "id",
                                 "s",
                                 "Get",
                                 "get.it",
                                 "x-id",
                                 "[\x80]+|\xff\xc3\xff\xa9",
                                 "a-z"};
#define TEXTS (sizeof texts / sizeof *texts)
enum {
    DO,
    DO_,
    URI,
    SVC,
    PREFIX,
    YEAR,
    TARGET,
    A,
    B,
    C,
    FAILED,
    ID,
    S,
    GET,
    GET_,
    X_ID,
    PATTERN,
    PART
};

static const br_shape shapes[] = {
    {BR_SHAPE_STRUCTURE, 0, 0, 4, BR_NONE},
    {BR_SHAPE_STRUCTURE, 0, 4, 4, BR_NONE},
    {BR_SHAPE_STRING, 0, 0, 0, 0},
    {BR_SHAPE_LIST, BR_SHAPE_SPARSE, 2, 0, 0},
    {BR_SHAPE_MAP, 0, 2, 3, 0},
    {BR_SHAPE_INTEGER, BR_SHAPE_SENSITIVE, 0, 0, 0},
    {BR_SHAPE_BLOB, 0, BR_NONE, 0, 0},
    {BR_SHAPE_TIMESTAMP, 0, BR_TIME_EPOCH, 0, 0},
    {BR_SHAPE_DOCUMENT, 0, 0, 0, 0},
    {BR_SHAPE_STRUCTURE, BR_SHAPE_ERROR, 8, 2, FAILED},
    {BR_SHAPE_STRUCTURE, BR_SHAPE_EVENTSTREAM, 10, 2, BR_NONE},
    {BR_SHAPE_UNION, BR_SHAPE_EVENT, 12, 3, BR_NONE},
    {BR_SHAPE_DOUBLE, 0, 0, 0, 0},
    {BR_SHAPE_BOOLEAN, 0, 0, 0, 0},
};
static const br_member members[] = {
    {A, 11, BR_MEMBER_REQUIRED, 3, 3},
    {B, 3, BR_MEMBER_QUERY | BR_MEMBER_WIRE, 2, 2},
    {C, 4, 0, 1, 1},
    {ID, 2, BR_MEMBER_URI, 0, 0},
    {A, 11, BR_MEMBER_REQUIRED, 3, 3},
    {B, 5, BR_MEMBER_STATUS, 2, 2},
    {C, 7, BR_MEMBER_HEADER, 1, 1},
    {S, 10, 0, 0, 0},
    {A, 2, 0, 1, 1},
    {B, 12, 0, 0, 0},
    {A, 11, 0, 1, 1},
    {B, 9, 0, 0, 0},
    {A, 11, 0, 2, 2},
    {B, 6, 0, 1, 1},
    {C, 8, 0, 0, 0},
};
static const br_op ops[] = {
    {DO, DO_, URI, 0, 1, 0, S, 0, BR_POST, 0, BR_OP_EVENT_OUT | BR_OP_TOKEN},
    {GET, GET_, URI, 0, 9, 0, BR_NONE, 1, BR_GET, 0, BR_OP_READONLY | BR_OP_FLAT},
    {DO, DO_, URI, 0, 1, BR_NONE, BR_NONE, 2, BR_POST, 1, 0},
};
static const uint16_t flat[] = {0, 2, 1}, enums[] = {2, A, B}, error_lists[] = {1, 9};
static const uint16_t wires[][2] = {{1, X_ID}}, elements[][3] = {{3, A, BR_NONE}, {4, B, C}};
static const uint16_t patterns[] = {PATTERN}, fragments[] = {PART};
static const br_service services[] = {
    {.id = SVC,
     .space = SVC,
     .prefix = PREFIX,
     .signing = SVC,
     .api_version = YEAR,
     .target = TARGET,
     .domain = BR_NONE,
     .first_op = 0,
     .op_count = 1,
     .protocol = BR_REST_JSON,
     .auth = BR_SERVICE_AUTH_SIGV4},
    {.id = A,
     .space = A,
     .prefix = PREFIX,
     .signing = SVC,
     .api_version = YEAR,
     .target = TARGET,
     .domain = BR_NONE,
     .first_op = 1,
     .op_count = 1,
     .protocol = BR_JSON_11,
     .auth = BR_SERVICE_AUTH_BEARER},
    {.id = B,
     .space = B,
     .prefix = PREFIX,
     .signing = SVC,
     .api_version = YEAR,
     .target = BR_NONE,
     .domain = BR_NONE,
     .first_op = 2,
     .op_count = 1,
     .protocol = BR_QUERY_XML,
     .auth = BR_SERVICE_AUTH_SIGV4},
};
static const br_limits limits[] = {{0, 100}};
static const br_paginator paginators[] = {{0, A, B, C, ID, BR_NONE}};
static const br_waiter waiters[] = {{DO_, 0, 1, 2, 0, 1}};
static const br_acceptor acceptors[] = {{A, B, BR_WAIT_SUCCESS}};

/* The tables of a model, each in memory of exactly its size. */
enum { TABLES = 17 };
typedef struct copy {
    br_model m;
    uint8_t *tables[TABLES];
    size_t sizes[TABLES];
    unsigned count;
} copy;

static void *add_table(copy *c, const void *from, size_t size)
{
    uint8_t *to = malloc(size);
    MUST(to != NULL && c->count < TABLES);
    memcpy(to, from, size);
    c->tables[c->count] = to;
    c->sizes[c->count++] = size;
    return to;
}

#define ADD(field, counter)                                                                        \
    (c->m.field = add_table(c, field, sizeof field), c->m.counter = sizeof field / sizeof *field)

static void add_names(copy *c)
{
    char text[TEXTS * sizeof texts[0]];
    uint32_t places[TEXTS] = {0}, size = 0;
    for (size_t i = 0; i < TEXTS; i++) {
        uint32_t n = (uint32_t)strlen(texts[i]);
        memcpy(text + size, texts[i], n);
        places[i] = size << BR_NAME_LENGTH_BITS | n;
        size += n;
    }
    c->m.name_places = add_table(c, places, sizeof places);
    c->m.name_count = TEXTS;
    c->m.names = add_table(c, text, size);
    c->m.names_size = size;
}

static void make_model(copy *c)
{
    memset(c, 0, sizeof *c);
    c->m = br_model_builtin;
    add_names(c);
    ADD(shapes, shape_count);
    ADD(members, member_count);
    ADD(ops, op_count);
    ADD(services, service_count);
    ADD(limits, limit_count);
    ADD(enums, enum_count);
    ADD(error_lists, error_list_count);
    ADD(elements, element_count);
    ADD(patterns, pattern_count);
    ADD(fragments, fragment_count);
    ADD(paginators, paginator_count);
    ADD(waiters, waiter_count);
    ADD(acceptors, acceptor_count);
    c->m.flat = add_table(c, flat, sizeof flat);
    c->m.wires = add_table(c, wires, sizeof wires);
    c->m.wire_count = 1;
}

static void change(copy *c, const uint8_t edit[4])
{
    unsigned table = edit[0] % TABLES;
    size_t place = (size_t)(edit[1] << 8 | edit[2]) % c->sizes[table];
    c->tables[table][place] = edit[3];
}

static bool fake_uuid(void *state, char out[BR_UUID_SIZE])
{
    (void)state;
    memcpy(out, "00000000-0000-4000-8000-000000000000", BR_UUID_SIZE);
    return true;
}

static void encode(lua_State *L, const br_model *m, int op, br_slice body, bool strict)
{
    br_error error;
    br_request request;
    br_problems problems;
    br_encode_ctx ctx;
    br_encode_ctx_init(&ctx, m);
    ctx.uuid = fake_uuid;
    ctx.strict = strict;
    ctx.unknown_pass = !strict;
    br_request_init(&request);
    br_problems_init(&problems);
    if (br_push_json(L, body, false, &error) && lua_istable(L, -1))
        MUST(br_encode_input(L, &ctx, op, lua_gettop(L), &request, &problems) ==
             !br_problems_any(&problems));
    br_request_free(&request);
    br_problems_free(&problems);
    lua_settop(L, 0);
}

static void decode(lua_State *L, const br_model *m, int op, br_slice body)
{
    int last = -1;
    br_error error;
    br_headers headers;
    br_es_message message = {.payload = body, .message_type = BR_SLICE("event")};
    br_headers_init(&headers);
    br_headers_add(&headers, BR_SLICE("c"), BR_SLICE("12"));
    br_decode_output(L, m, op, 200, &headers, body, &error);
    br_decode_error_fields(L, m, op, BR_SLICE("Failed"), &headers, body);
    for (size_t i = A; i <= C; i++) {
        message.event_type = br_slice_of(texts[i]);
        br_decode_event(L, m, op, &message, &last, &error);
    }
    br_headers_free(&headers);
    lua_settop(L, 0);
}

static void look_up(const br_model *m)
{
    uint16_t found[BR_FLAT_MAX];
    for (size_t i = 0; i < TEXTS; i++) {
        br_slice name = br_slice_of(texts[i]);
        int service = br_model_service(m, name);
        br_model_flat(m, name, found);
        MUST(br_model_op(m, service >= 0 ? (unsigned)service : 0, name) < (int)m->op_count);
        br_model_op_by_name(m, service >= 0 ? (unsigned)service : 0, name);
    }
    char room[BR_PATTERN_MAX];
    for (unsigned i = 0; i < m->pattern_count; i++)
        MUST(br_model_pattern(m, i, room).n <= sizeof room);
    for (uint32_t i = 0; i < m->member_count; i++)
        br_model_wire_name(m, i);
    for (uint32_t i = 0; i < m->op_count; i++)
        br_model_paginator(m, i);
}

static void use(const br_model *m, br_slice body)
{
    lua_State *L = luaL_newstate();
    MUST(L != NULL);
    br_codec_open(L);
    look_up(m);
    for (int op = 0; op < (int)m->op_count; op++) {
        encode(L, m, op, body, true);
        encode(L, m, op, body, false);
        decode(L, m, op, body);
    }
    lua_close(L);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    copy c;
    br_model_fault fault;
    if (size == 0)
        return 0;
    make_model(&c);
    MUST(br_model_check(&c.m, &fault));
    size_t edits = data[0] % 16, at = 1;
    for (; edits > 0 && size - at >= 4; edits--, at += 4)
        change(&c, data + at);
    bool ok = br_model_check(&c.m, &fault);
    MUST(ok == (fault.why == NULL));
    if (ok)
        use(&c.m, (br_slice){(const char *)data + at, size - at});
    for (unsigned i = 0; i < c.count; i++)
        free(c.tables[i]);
    return 0;
}
