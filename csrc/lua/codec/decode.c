#include <stddef.h>
#include <string.h>

#include "core/base/ascii.h"
#include "core/http/error_page.h"
#include "lua/codec/decode.h"

static bool fail(br_decoder *d, br_err_kind kind, const char *what, br_error *error)
{
    const char *why = d->problem != NULL ? d->problem : d->reader.error;
    br_error_set(error, kind, "BadResponse", "%s cannot be read: %s (near byte %zu)", what,
                 why != NULL ? why : "unexpected content", br_json_offset(&d->reader));
    br_decoder_drop(d);
    return false;
}

bool br_push_json(lua_State *L, br_slice text, bool keep_halves, br_error *error)
{
    br_decoder *d = br_decoder_push(L, NULL, text);
    d->reader.keep_halves = keep_halves;
    if (!br_decode_document(d) || !br_json_end(&d->reader))
        return fail(d, BR_ERR_TRANSPORT, "the JSON text", error);
    br_decoder_finish(d);
    return true;
}

static br_slice header_of_member(const br_model *m, const br_headers *h, unsigned member)
{
    char name[128];
    br_slice wire = br_model_wire_name(m, member);
    if (h == NULL || wire.n >= sizeof name)
        return (br_slice){NULL, 0};
    for (size_t i = 0; i < wire.n; i++)
        name[i] = br_to_lower(wire.p[i]);
    name[wire.n] = '\0';
    return br_headers_get(h, name);
}

static void set_member(br_decoder *d, unsigned member)
{
    br_decoder_name(d, d->model->members[member].name);
    lua_insert(d->L, -2);
    lua_rawset(d->L, -3);
}

/* Members that the answer's head holds, into the table on top. */
static bool decode_head(br_decoder *d, const br_shape *s, int status, const br_headers *h)
{
    for (unsigned i = s->a; i < (unsigned)s->a + s->b; i++) {
        const br_member *m = &d->model->members[i];
        unsigned location = m->bits & BR_MEMBER_LOC_MASK;
        if (location == BR_MEMBER_STATUS) {
            lua_pushinteger(d->L, status);
        } else if (location == BR_MEMBER_HEADER) {
            br_slice value = header_of_member(d->model, h, i);
            if (value.p == NULL)
                continue;
            if (!br_decode_text(d, &d->model->shapes[m->shape], value))
                return false;
        } else {
            continue;
        }
        set_member(d, i);
    }
    return true;
}

static bool decode_payload(br_decoder *d, unsigned member, br_slice body)
{
    const br_member *m = &d->model->members[member];
    const br_shape *s = &d->model->shapes[m->shape];
    if ((s->flags & BR_SHAPE_EVENTSTREAM) != 0 || body.p == NULL)
        return true;
    if (s->kind == BR_SHAPE_BLOB || s->kind == BR_SHAPE_STRING) {
        lua_pushlstring(d->L, body.p, body.n);
    } else {
        if (body.n == 0)
            return (m->bits & BR_MEMBER_REQUIRED) == 0 || br_decode_fail(d, "the body is empty");
        if (!br_decode_value(d, m->shape) || !br_json_end(&d->reader))
            return false;
    }
    set_member(d, member);
    return true;
}

static int payload_member(const br_model *m, const br_shape *s)
{
    for (unsigned i = s->a; i < (unsigned)s->a + s->b; i++) {
        if (m->members[i].bits & BR_MEMBER_PAYLOAD)
            return (int)i;
    }
    return -1;
}

static bool any_required_in_body(const br_model *m, const br_shape *s)
{
    for (unsigned i = s->a; i < (unsigned)s->a + s->b; i++) {
        unsigned bits = m->members[i].bits;
        if ((bits & BR_MEMBER_REQUIRED) != 0 && (bits & BR_MEMBER_LOC_MASK) == BR_MEMBER_BODY)
            return true;
    }
    return false;
}

/* A field "__type" in the table on top, or in its table "Output". */
static bool tells_an_error(lua_State *L)
{
    lua_pushliteral(L, "Output");
    lua_rawget(L, -2);
    if (!lua_istable(L, -1)) {
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
    }
    lua_pushliteral(L, "__type");
    lua_rawget(L, -2);
    bool found = !lua_isnil(L, -1);
    lua_pop(L, 2);
    return found;
}

/*
** Services answer 200 with an error document when a request never reached the operation (an
** UnknownOperationException, or a proxy's page in JSON). Members that are required but absent are
** no error by themselves, since services relax them; an answer with none of its members is.
*/
static bool is_answer_of(br_decoder *d, const br_shape *s)
{
    if (d->known > 0)
        return true;
    if (any_required_in_body(d->model, s))
        return br_decode_fail(d, "it has none of the members of this operation's answer");
    if (d->unknown > 0 && tells_an_error(d->L))
        return br_decode_fail(d, "it is an error document, sent with the status of a success");
    return true;
}

static bool decode_json_body(br_decoder *d, const br_shape *s, br_slice body)
{
    if (body.n > 0 && (!br_decode_members(d, s) || !br_json_end(&d->reader)))
        return false;
    return is_answer_of(d, s);
}

static bool decode_rest(br_decoder *d, const br_op *op, const br_shape *s, br_slice body)
{
    int payload = payload_member(d->model, s);
    if (payload >= 0)
        return decode_payload(d, (unsigned)payload, body);
    return op->stream != BR_NONE || decode_json_body(d, s, body);
}

static bool decode_output(br_decoder *d, const br_op *op, int status, const br_headers *h,
                          br_slice body)
{
    static const br_shape empty = {.kind = BR_SHAPE_STRUCTURE};
    const br_shape *s = op->out != BR_NONE ? &d->model->shapes[op->out] : &empty;
    lua_createtable(d->L, 0, s->b < 8 ? s->b : 8);
    switch ((br_protocol)d->model->services[op->service].protocol) {
    case BR_REST_JSON:
        return decode_rest(d, op, s, body) && decode_head(d, s, status, h);
    case BR_JSON_11:
        return decode_json_body(d, s, body);
    case BR_QUERY_XML:
        return br_decode_xml(d, op, body);
    }
    return false;
}

/* Of what is JSON no byte is shown, as it may hold secrets. */
static bool describe_page(const br_model *m, int op, const br_headers *h, br_slice body,
                          br_error *error)
{
    bool json = m->services[m->ops[op].service].protocol != BR_QUERY_XML;
    if (json && h != NULL && br_error_page_for_json(body))
        br_error_set(error, error->kind, error->code, "%s; %s", error->message,
                     br_error_page_describe(h, body).text);
    return false;
}

bool br_decode_output(lua_State *L, const br_model *m, int op, int status, const br_headers *h,
                      br_slice body, br_error *error)
{
    br_decoder *d = br_decoder_push(L, m, body);
    if (decode_output(d, &m->ops[op], status, h, body)) {
        br_decoder_remember(d, 0);
        br_decoder_finish(d);
        return true;
    }
    fail(d, BR_ERR_TRANSPORT, "the answer", error);
    return describe_page(m, op, h, body, error);
}

void br_decode_error_fields(lua_State *L, const br_model *m, int op, br_slice code,
                            const br_headers *h, br_slice body)
{
    int shape = br_model_error_shape(m, op >= 0 ? (unsigned)op : m->op_count, code);
    if (shape < 0) {
        lua_newtable(L);
        return;
    }
    const br_shape *s = &m->shapes[shape];
    br_decoder *d = br_decoder_push(L, m, body);
    d->declared_only = true;
    lua_newtable(L);
    if (br_json_peek(&d->reader) == BR_JSON_OBJECT && !br_decode_members(d, s)) {
        lua_settop(L, d->names);
        lua_newtable(L);
    }
    if (!decode_head(d, s, 0, h))
        lua_settop(L, d->names + 1);
    br_decoder_remember(d, 0);
    br_decoder_finish(d);
}
