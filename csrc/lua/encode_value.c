#include "core/crypto.h"
#include "core/uri.h"
#include "lua/came.h"
#include "lua/encode.h"

#define SEEN_WORDS (BR_MEMBERS_MAX / 64)

/* What is known of a structure while its table is walked. */
typedef struct walk {
    const br_shape *shape;
    uint64_t seen[SEEN_WORDS];
    unsigned count;   /* members that are there */
    unsigned refused; /* of these: not known, and told of */
    bool comma;       /* something was written */
    bool braces;
    bool top; /* members of the operation's input: only those bound to the body are written */
} walk;

bool br_encode_enter(br_encoder *e, const char *expected)
{
    if (!lua_istable(e->L, -1)) {
        br_encode_wrong_type(e, expected);
        return false;
    }
    if (e->depth >= BR_JSON_DEPTH_MAX) {
        br_encode_problem(e, "type", "nested deeper than %d tables (does one contain itself?)",
                          BR_JSON_DEPTH_MAX);
        return false;
    }
    if (e->depth >= BR_ENCODE_LEVELS && !lua_checkstack(e->L, BR_ENCODE_STACK)) {
        br_encode_problem(e, "type", "the Lua stack is full");
        return false;
    }
    return true;
}

static void keep_string(br_encoder *e)
{
    lua_State *L = e->L;
    int slot = e->ctx->keep;
    if (lua_isnil(L, slot)) {
        lua_newtable(L);
        lua_replace(L, slot);
    }
    lua_pushvalue(L, -1);
    lua_rawseti(L, slot, (int)lua_rawlen(L, slot) + 1);
}

bool br_encode_attach(br_encoder *e, br_slice bytes, bool base64)
{
    if (e->request == NULL || e->ctx->keep == 0 || bytes.n < BR_ATTACHED_BYTES_MIN)
        return false;
    keep_string(e);
    return br_request_attach(e->request, bytes, base64);
}

bool br_encode_long_string(br_encoder *e, br_slice s)
{
    const char *end = s.p + s.n;
    if (br_json_skip_plain(s.p, end) != end)
        return br_json_write_string(e->out, s);
    br_emit_char(e->out, '"');
    if (!br_encode_attach(e, s, false))
        br_buf_add_slice(e->out, s);
    br_emit_char(e->out, '"');
    return true;
}

/* Pairs of a form: the path, '=', the text. Nothing here calls Lua, so the buffer cannot leak. */
static void put_form_pair(br_encoder *e, br_slice text)
{
    br_buf key;
    br_buf_init(&key, BR_QUERY_MAX);
    br_encode_form_key(e, &key);
    if (key.failed)
        e->out->failed = true;
    if (e->out->len > 0)
        br_emit_char(e->out, '&');
    br_uri_encode(e->out, br_buf_slice(&key), false);
    br_emit_char(e->out, '=');
    br_uri_encode(e->out, text, false);
    br_buf_free(&key);
}

static void not_utf8(br_encoder *e)
{
    if (!e->out->failed)
        br_encode_problem(e, "type", "is not valid UTF-8");
}

static void put_string(br_encoder *e, br_slice text)
{
    if (!e->form) {
        if (!br_encode_put_string(e, text))
            not_utf8(e);
    } else if (br_utf8_valid(text)) {
        put_form_pair(e, text);
    } else {
        not_utf8(e);
    }
}

static void encode_string(br_encoder *e, const br_shape *s)
{
    br_slice text;
    if (br_encode_string(e, s, &text))
        put_string(e, text);
}

/* All other scalars need no escapes. */
static void encode_scalar(br_encoder *e, const br_shape *s)
{
    br_text text;
    if (!br_encode_text(e, s, &text))
        return;
    if (text.quoted)
        put_string(e, text.s);
    else if (e->form)
        put_form_pair(e, text.s);
    else
        br_emit(e->out, text.s.p, text.s.n);
}

static void write_base64(br_encoder *e, br_slice bytes)
{
    br_emit_char(e->out, '"');
    if (!br_encode_attach(e, bytes, true))
        br_base64_encode(e->out, bytes);
    br_emit_char(e->out, '"');
}

static void encode_blob(br_encoder *e, const br_shape *s)
{
    if (lua_type(e->L, -1) != LUA_TSTRING) {
        br_encode_wrong_type(e, "a string of bytes (it is base64-encoded for you)");
        return;
    }
    br_slice bytes = br_lua_slice(e->L, -1);
    br_encode_check_bytes(e, s, bytes);
    write_base64(e, bytes);
}

/* Names of the model need no escapes. */
static void put_member_name(br_encoder *e, walk *w, br_slice name)
{
    if (e->form)
        return;
    char *to = br_buf_reserve(e->out, name.n + 4);
    if (to == NULL)
        return;
    char *p = to;
    if (w->comma)
        *p++ = ',';
    w->comma = true;
    *p++ = '"';
    memcpy(p, name.p, name.n);
    p += name.n;
    *p++ = '"';
    *p++ = ':';
    br_buf_commit(e->out, (size_t)(p - to));
}

static void put_other_name(br_encoder *e, walk *w, br_slice name)
{
    if (w->comma)
        br_emit_char(e->out, ',');
    w->comma = true;
    if (!br_emit_string(e->out, name))
        not_utf8(e);
    br_emit_char(e->out, ':');
}

static void encode_unknown(br_encoder *e, walk *w, br_slice name)
{
    bool writes = !e->form && w->braces, pass = e->ctx->unknown_pass || !e->ctx->validate;
    e->path[e->depth++] = (br_step){name, 0};
    pass = writes && (pass || br_encode_came(e));
    if (pass) {
        put_other_name(e, w, name);
        br_encode_document(e);
    }
    e->depth--;
    if (!pass) {
        w->refused++;
        br_encode_unknown(e, w->shape, name);
    }
}

static void encode_member(br_encoder *e, walk *w, int index, br_slice name)
{
    const br_member *m = &e->model->members[index];
    unsigned at = (unsigned)index - w->shape->a;
    w->seen[at / 64] |= (uint64_t)1 << (at % 64);
    w->count++;
    if (w->top && (m->bits & (BR_MEMBER_LOC_MASK | BR_MEMBER_PAYLOAD)) != 0)
        return;
    put_member_name(
        e, w, m->bits & BR_MEMBER_WIRE ? br_model_wire_name(e->model, (unsigned)index) : name);
    e->path[e->depth++] = (br_step){name, 0};
    br_encode_value(e, m->shape);
    e->depth--;
}

/* Key at -2, value at -1. */
static void encode_pair(br_encoder *e, walk *w)
{
    if (lua_type(e->L, -2) != LUA_TSTRING) {
        br_encode_problem(e, "type", "expected a table with named members, got a key of type %s",
                          luaL_typename(e->L, -2));
        return;
    }
    br_slice name = br_lua_slice(e->L, -2);
    bool is_union = w->shape->kind == BR_SHAPE_UNION;
    if (!is_union && br_lua_is_null(e->L, -1))
        return;
    int member = br_model_member(e->model, w->shape, name);
    if (member >= 0) {
        encode_member(e, w, member, name);
    } else {
        w->count++;
        encode_unknown(e, w, name);
    }
}

bool br_encode_token(br_encoder *e, int member, br_slice *token)
{
    br_encode_ctx *ctx = e->ctx;
    if (ctx->token_member < 0) {
        if (!ctx->uuid(ctx->uuid_state, ctx->token)) {
            br_encode_problem(e, "missing", "no random numbers to make a token of: give one");
            return false;
        }
        ctx->token_member = member;
    }
    *token = br_slice_of(ctx->token);
    return true;
}

static void fill_token(br_encoder *e, walk *w, int member, br_slice name)
{
    br_slice token;
    if (w->top && (e->model->members[member].bits & BR_MEMBER_LOC_MASK) != BR_MEMBER_BODY)
        return;
    e->path[e->depth++] = (br_step){name, 0};
    if (br_encode_token(e, member, &token)) {
        put_member_name(e, w, name);
        put_string(e, token);
    }
    e->depth--;
}

/* Null counts as absent, but where any JSON may stand and something must: there it is a value. */
static bool is_null_document(br_encoder *e, const br_member *m, br_slice name)
{
    if (br_encoder_shape(e, m->shape)->kind != BR_SHAPE_DOCUMENT)
        return false;
    lua_pushlstring(e->L, name.p, name.n);
    lua_rawget(e->L, -2);
    bool null = br_lua_is_null(e->L, -1);
    lua_pop(e->L, 1);
    return null;
}

static void demand(br_encoder *e, walk *w, int index)
{
    const br_member *m = &e->model->members[index];
    br_slice name = br_model_name(e->model, m->name);
    bool in_body = !w->top || (m->bits & (BR_MEMBER_LOC_MASK | BR_MEMBER_PAYLOAD)) == 0;
    if ((br_encoder_shape(e, m->shape)->flags & BR_SHAPE_EVENTSTREAM) != 0)
        return;
    br_absence absence = BR_ABSENT_MISSING;
    if (in_body && w->braces && !e->form)
        absence = is_null_document(e, m, name) ? BR_ABSENT_NULL : br_encode_absence(e, name);
    if (absence == BR_ABSENT_MISSING)
        br_encode_problem_at(e, "missing", name, "missing");
    if (absence == BR_ABSENT_NULL) {
        put_member_name(e, w, br_model_wire_name(e->model, (unsigned)index));
        br_emit(e->out, "null", 4);
    }
}

/* Members that were not given: tokens are made, required ones demanded. */
static void finish_members(br_encoder *e, walk *w)
{
    for (unsigned i = 0; i < w->shape->b; i++) {
        int index = w->shape->a + (int)i;
        const br_member *m = &e->model->members[index];
        if ((m->bits & (BR_MEMBER_TOKEN | BR_MEMBER_REQUIRED)) == 0 ||
            (w->seen[i / 64] >> (i % 64) & 1) != 0)
            continue;
        if (m->bits & BR_MEMBER_TOKEN)
            fill_token(e, w, index, br_model_name(e->model, m->name));
        else
            demand(e, w, index);
    }
}

/* Those members that came as null, of the table in hand, which still is as it came. */
static void put_nulls(br_encoder *e, walk *w)
{
    lua_State *L = e->L;
    if (e->form || !br_came_push(L, -1))
        return;
    for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
        if (!br_lua_is_null(L, -1))
            continue;
        br_slice name = br_lua_slice(L, -2);
        int member = br_model_member(e->model, w->shape, name);
        put_other_name(e, w, member < 0 ? name : br_model_wire_name(e->model, (unsigned)member));
        br_emit(e->out, "null", 4);
    }
    lua_pop(L, 1);
}

static void check_union(br_encoder *e, walk *w)
{
    if (w->count > 0 && w->count - w->refused <= 1)
        return;
    if (br_encode_came_whole(e))
        put_nulls(e, w);
    else
        br_encode_union_count(e, w->shape, w->seen, w->count);
}

static void walk_members(br_encoder *e, walk *w)
{
    lua_State *L = e->L;
    bool braces = w->braces && !e->form;
    if (braces)
        br_emit_char(e->out, '{');
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
        encode_pair(e, w);
        lua_pop(L, 1);
    }
    if (w->shape->kind == BR_SHAPE_UNION)
        check_union(e, w);
    else
        finish_members(e, w);
    if (braces)
        br_emit_char(e->out, '}');
}

static void encode_structure(br_encoder *e, const br_shape *s)
{
    if (!br_encode_enter(e, "a table of members"))
        return;
    walk w = {.shape = s, .braces = true};
    const br_shape *holder = e->holder;
    e->holder = s;
    walk_members(e, &w);
    e->holder = holder;
}

void br_encode_body_members(br_encoder *e, const br_shape *s, bool braces)
{
    if (!br_encode_enter(e, "a table of parameters"))
        return;
    walk w = {.shape = s, .braces = braces, .top = true};
    walk_members(e, &w);
}

static void encode_item(br_encoder *e, const void *how)
{
    const br_shape *list = how;
    if (br_lua_is_null(e->L, -1) && (list->flags & BR_SHAPE_SPARSE) != 0)
        br_emit(e->out, "null", 4);
    else
        br_encode_value(e, list->a);
}

static void encode_list(br_encoder *e, const br_shape *s)
{
    size_t count;
    if (!br_encode_enter(e, "a list") || !br_encode_items(e, encode_item, s, &count))
        return;
    br_encode_check_size(e, s->b, count, "elements");
    if (e->form && count == 0)
        put_form_pair(e, BR_SLICE(""));
}

static void encode_map_pair(br_encoder *e, const br_shape *s, bool first)
{
    if (lua_type(e->L, -2) != LUA_TSTRING) {
        br_encode_problem(e, "type", "keys of this map are strings, got a key of type %s",
                          luaL_typename(e->L, -2));
        return;
    }
    br_slice key = br_lua_slice(e->L, -2);
    e->path[e->depth++] = (br_step){key, 0};
    br_encode_check_string(e, br_encoder_shape(e, s->a), key);
    if (!e->form) {
        if (!first)
            br_emit_char(e->out, ',');
        if (!br_emit_string(e->out, key))
            not_utf8(e);
        br_emit_char(e->out, ':');
    }
    if (br_lua_is_null(e->L, -1) && (s->flags & BR_SHAPE_SPARSE) != 0)
        br_emit(e->out, "null", 4);
    else
        br_encode_value(e, s->b);
    e->depth--;
}

static void encode_map(br_encoder *e, const br_shape *s)
{
    lua_State *L = e->L;
    size_t count = 0;
    if (!br_encode_enter(e, "a table of keys and values"))
        return;
    if (!e->form)
        br_emit_char(e->out, '{');
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
        encode_map_pair(e, s, count++ == 0);
        lua_pop(L, 1);
    }
    if (!e->form)
        br_emit_char(e->out, '}');
    br_encode_check_size(e, s->c, count, "entries");
}

static void encode_by_kind(br_encoder *e, const br_shape *s)
{
    switch ((br_shape_kind)s->kind) {
    case BR_SHAPE_STRUCTURE:
    case BR_SHAPE_UNION:
        encode_structure(e, s);
        break;
    case BR_SHAPE_LIST:
        encode_list(e, s);
        break;
    case BR_SHAPE_MAP:
        encode_map(e, s);
        break;
    case BR_SHAPE_STRING:
        encode_string(e, s);
        break;
    case BR_SHAPE_BLOB:
        encode_blob(e, s);
        break;
    case BR_SHAPE_DOCUMENT:
        br_encode_document(e);
        break;
    default:
        encode_scalar(e, s);
    }
}

void br_encode_value(br_encoder *e, unsigned shape)
{
    const br_shape *s = br_encoder_shape(e, shape);
    if ((s->flags & BR_SHAPE_SENSITIVE) == 0) {
        encode_by_kind(e, s);
        return;
    }
    e->secret++;
    encode_by_kind(e, s);
    e->secret--;
}
