/*
** A byte that chooses an operation whose answers are XML and whether its shapes are bent: lists and
** maps flattened, every third scalar an attribute, the first map's key and value renamed. One that says
** whether the rest is the whole answer or what stands in its result; then the XML.
*/
#include "core/text/json.h"
#include "core/text/utf8.h"
#include "fuzz.h"
#include "lua/codec/codec.h"
#include "model/check.h"

#include <string.h>

enum { OPERATION, WRAPPED, CHOICES };

#define ANSWER_MAX ((size_t)1 << 24)
#define OPERATIONS 11

static const br_model *const model = &br_model_builtin;

static bool is_collection(const br_shape *s)
{
    return s->kind == BR_SHAPE_LIST || s->kind == BR_SHAPE_MAP;
}

static br_shape *bent_shapes(uint16_t element[3])
{
    br_shape *shapes = malloc(model->shape_count * sizeof *shapes);
    MUST(shapes != NULL);
    memcpy(shapes, model->shapes, model->shape_count * sizeof *shapes);
    for (uint32_t i = model->shape_count; i-- > 0;) {
        if (shapes[i].kind == BR_SHAPE_MAP)
            element[0] = (uint16_t)i;
        if (is_collection(&shapes[i]))
            shapes[i].flags |= BR_SHAPE_FLATTENED;
    }
    return shapes;
}

static br_member *bent_members(void)
{
    br_member *members = malloc(model->member_count * sizeof *members);
    MUST(members != NULL);
    memcpy(members, model->members, model->member_count * sizeof *members);
    for (uint32_t i = 0; i < model->member_count; i += 3) {
        const br_shape *s = &model->shapes[members[i].shape];
        bool scalar = s->kind >= BR_SHAPE_STRING && s->kind != BR_SHAPE_DOCUMENT;
        if (scalar && (members[i].bits & BR_MEMBER_LOC_MASK) == BR_MEMBER_BODY)
            members[i].bits |= BR_MEMBER_ATTRIBUTE;
    }
    return members;
}

static const br_model *bent_model(void)
{
    static br_model bent;
    static uint16_t elements[1][3];
    if (bent.shapes != NULL)
        return &bent;
    br_model_fault fault;
    br_model made = *model;
    made.shapes = bent_shapes(elements[0]);
    made.members = bent_members();
    elements[0][1] = made.ops[0].name;
    elements[0][2] = made.ops[1].name;
    made.elements = (const uint16_t(*)[3])elements;
    made.element_count = 1;
    MUST(br_model_check(&made, &fault));
    bent = made;
    return &bent;
}

static int find_op(uint8_t choice)
{
    int service = br_model_service(model, BR_SLICE("sts"));
    MUST(service >= 0);
    for (uint32_t i = 0, left = choice % OPERATIONS; i < model->op_count; i++)
        if (model->ops[i].service == service && left-- == 0)
            return (int)i;
    abort();
}

static void add_tag(br_buf *out, const char *start, br_slice name, const char *end)
{
    br_buf_adds(out, start);
    br_buf_add_slice(out, name);
    br_buf_adds(out, end);
}

static void write_answer(br_buf *out, const uint8_t *data, size_t size, int op)
{
    br_slice name = br_model_name(model, model->ops[op].name);
    bool wrapped = data[WRAPPED] % 4 != 0;
    if (wrapped) {
        add_tag(out, "<", name, "Response xmlns='x'>");
        add_tag(out, "<", name, "Result>");
    }
    br_buf_add(out, data + CHOICES, size - CHOICES);
    if (wrapped) {
        add_tag(out, "</", name, "Result>");
        add_tag(out, "</", name, "Response>");
    }
    MUST(!out->failed);
}

/* Texts are UTF-8, numbers numbers, and nothing is nested deeper than the reader goes. */
static void check_value(lua_State *L, unsigned depth)
{
    MUST(depth <= 66 && lua_checkstack(L, 4));
    if (lua_type(L, -1) == LUA_TSTRING) {
        br_slice text;
        text.p = lua_tolstring(L, -1, &text.n);
        MUST(br_utf8_valid(text));
        return;
    }
    if (!lua_istable(L, -1)) {
        MUST(lua_isnumber(L, -1) || lua_isboolean(L, -1));
        return;
    }
    MUST(!lua_getmetatable(L, -1));
    for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1))
        check_value(L, depth + 1);
}

static bool decode(lua_State *L, const br_model *m, int op, br_slice body)
{
    br_error error;
    br_error_clear(&error);
    int top = lua_gettop(L);
    bool ok = br_decode_output(L, m, op, 200, NULL, body, &error);
    MUST(lua_gettop(L) == top + ok && ok == (error.kind == BR_OK));
    if (ok)
        check_value(L, 0);
    else
        MUST(error.kind == BR_ERR_TRANSPORT && strcmp(error.code, "BadResponse") == 0);
    return ok;
}

/* What stands before the answer and says nothing changes nothing. */
static bool decode_after_comments(lua_State *L, const br_model *m, int op, br_slice body)
{
    br_buf longer;
    br_buf_init(&longer, ANSWER_MAX);
    br_buf_adds(&longer, "<?xml version='1.0'?>\n<!-- > -->");
    br_buf_add_slice(&longer, body);
    MUST(!longer.failed);
    bool ok = decode(L, m, op, br_buf_slice(&longer));
    br_buf_free(&longer);
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < CHOICES)
        return 0;
    int op = find_op(data[OPERATION] % 128);
    const br_model *m = data[OPERATION] < 128 ? model : bent_model();
    br_buf answer;
    br_buf_init(&answer, ANSWER_MAX);
    write_answer(&answer, data, size, op);
    char *exact = malloc(answer.len > 0 ? answer.len : 1);
    lua_State *L = luaL_newstate();
    MUST(exact != NULL && L != NULL);
    if (answer.len > 0)
        memcpy(exact, answer.data, answer.len);
    br_slice body = {exact, answer.len};
    br_codec_open(L);
    bool ok = decode(L, m, op, body);
    if (body.n > 0)
        MUST(decode_after_comments(L, m, op, body) == ok);
    lua_close(L);
    free(exact);
    br_buf_free(&answer);
    return 0;
}
