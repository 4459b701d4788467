#include <stddef.h>
#include <string.h>

#include "core/http/error_page.h"
#include "lua/codec/decode.h"

static const char decoder_key = 'd', metatable_key = 'm', strict_key = 's';

static void close_decoder(br_decoder *d)
{
    br_json_reader_free(&d->reader);
    br_buf_free(&d->scratch);
    if (d->keys.cap > BR_DECODER_KEYS_KEPT)
        br_buf_free(&d->keys);
    d->busy = false;
}

static int collect_decoder(lua_State *L)
{
    br_decoder *d = lua_touserdata(L, 1);
    close_decoder(d);
    br_buf_free(&d->keys);
    return 0;
}

void br_decoder_open(lua_State *L)
{
    lua_createtable(L, 0, 2);
    lua_pushcfunction(L, collect_decoder);
    lua_setfield(L, -2, "__gc");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &metatable_key);
}

static br_decoder *push_new(lua_State *L)
{
    br_decoder *d = lua_newuserdatauv(L, sizeof *d, 1);
    memset(d, 0, sizeof *d);
    br_buf_init(&d->keys, BR_DECODER_KEYS_MAX);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &metatable_key);
    lua_setmetatable(L, -2);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &strict_key);
    d->strict = lua_toboolean(L, -1);
    lua_pop(L, 1);
    lua_createtable(L, BR_DECODER_NAMES, 0);
    br_lua_set_kept(L, -2);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &decoder_key);
    return d;
}

br_decoder *br_decoder_push(lua_State *L, const br_model *m, br_slice text)
{
    unsigned levels = lua_checkstack(L, BR_DECODE_STACK) ? BR_DECODE_LEVELS : 0;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &decoder_key);
    br_decoder *d = lua_touserdata(L, -1);
    if (d == NULL || d->busy) {
        lua_pop(L, 1);
        d = push_new(L);
    }
    br_lua_get_kept(L, -1);
    memset(d, 0, offsetof(br_decoder, named));
    d->L = L;
    d->busy = true;
    d->cached = m == &br_model_builtin;
    d->names = lua_gettop(L);
    d->model = m;
    d->levels = levels;
    br_json_reader_init(&d->reader, text);
    br_buf_init(&d->scratch, BR_BODY_MAX);
    br_buf_clear(&d->keys);
    return d;
}

void br_decoder_strict(lua_State *L)
{
    lua_pushboolean(L, 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &strict_key);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &decoder_key);
    br_decoder *d = lua_touserdata(L, -1);
    if (d != NULL)
        d->strict = true;
    lua_pop(L, 1);
}

void br_decoder_check_texts(br_decoder *d, const br_shape *s, br_slice text)
{
    if ((s->b != BR_NONE && !br_text_in_enum(d->model, s->b, text)) ||
        (s->c != BR_NONE && !br_text_matches(d->model, s->c, text)))
        d->odd |= BR_ODD;
}

void br_decoder_finish(br_decoder *d, int results)
{
    lua_State *L = d->L;
    int names = d->names;
    close_decoder(d);
    for (int i = 1; i <= results; i++) {
        lua_pushvalue(L, names + i);
        lua_replace(L, names - 2 + i);
    }
    lua_settop(L, names - 2 + results);
}

void br_decoder_drop(br_decoder *d)
{
    close_decoder(d);
    lua_settop(d->L, d->names - 2);
}

/*
** Once made, a name is found by its number: Lua would hash it each time to find the same string.
** Each number has one place in the list, where the last one stays.
*/
void br_decoder_name(br_decoder *d, unsigned name)
{
    lua_State *L = d->L;
    unsigned place = name % BR_DECODER_NAMES;
    if (d->cached && d->named[place] == name + 1) {
        lua_rawgeti(L, d->names, (int)place + 1);
        return;
    }
    br_slice text = br_model_name(d->model, name);
    lua_pushlstring(L, text.p, text.n);
    if (d->cached) {
        lua_pushvalue(L, -1);
        lua_rawseti(L, d->names, (int)place + 1);
        d->named[place] = name + 1;
    }
}

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
    br_decoder_finish(d, 1);
    return true;
}

static br_slice header_of_member(const br_model *m, const br_headers *h, unsigned member)
{
    char name[128];
    br_slice wire = br_model_wire_name(m, member);
    if (h == NULL || wire.n >= sizeof name)
        return (br_slice){NULL, 0};
    for (size_t i = 0; i < wire.n; i++) {
        char c = wire.p[i];
        name[i] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
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
        return br_decode_fail(d, "it has none of the members that this operation answers");
    if (d->unknown > 0 && tells_an_error(d->L))
        return br_decode_fail(d, "it is an error document in a success answer");
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
        br_decoder_finish(d, 1);
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
    br_decoder_finish(d, 1);
}
