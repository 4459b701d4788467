#include "core/base/digest.h"
#include "core/text/base64.h"
#include "lua/codec/encode.h"
#include "lua/codec/limits.h"

bool br_encode_more_room(br_encoder *e)
{
    if (!lua_checkstack(e->L, BR_ENCODE_STACK)) {
        br_encode_problem(e, "type", "the Lua stack is full");
        return false;
    }
    e->room = lua_gettop(e->L) + BR_ENCODE_STACK;
    return true;
}

int br_encode_enter(br_encoder *e, int type, const br_shape *wanted, const char *expected)
{
    int table = lua_gettop(e->L);
    if (type != LUA_TTABLE) {
        br_encode_wrong_type(e, wanted, expected);
        return 0;
    }
    if (e->depth >= BR_JSON_DEPTH_MAX) {
        br_encode_problem(e, "type", "nested deeper than %d tables (does one contain itself?)",
                          BR_JSON_DEPTH_MAX);
        return 0;
    }
    return table + BR_ENCODE_LEVEL <= e->room || br_encode_more_room(e) ? table : 0;
}

/* Without escapes, the common case, it is one copy. */
bool br_emit_any_string(br_buf *b, br_slice s)
{
    const char *end = s.p + s.n;
    char *to;
    if (br_json_skip_plain(s.p, end) != end || (to = br_buf_reserve(b, s.n + 2)) == NULL)
        return br_json_write_string(b, s);
    to[0] = '"';
    memcpy(to + 1, s.p, s.n);
    to[s.n + 1] = '"';
    br_buf_commit(b, s.n + 2);
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

static void not_utf8(br_encoder *e)
{
    if (!e->out->failed)
        br_encode_problem(e, "type", "is not valid UTF-8");
}

void br_encode_put_text(br_encoder *e, br_slice text)
{
    if (!e->form) {
        if (!br_encode_put_string(e, text))
            not_utf8(e);
    } else if (br_utf8_valid(text)) {
        br_encode_form_value(e, text);
    } else {
        not_utf8(e);
    }
}

static void encode_string(br_encoder *e, const br_shape *s)
{
    br_slice text;
    if (br_encode_string(e, s, &text))
        br_encode_put_text(e, text);
}

/* All other scalars need no escapes. */
static void encode_scalar(br_encoder *e, const br_shape *s)
{
    br_text text;
    if (!br_encode_text(e, s, &text))
        return;
    if (text.quoted)
        br_encode_put_text(e, text.s);
    else if (e->form)
        br_encode_form_value(e, text.s);
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
        br_encode_wrong_type(e, s, "a string of bytes (it is base64-encoded for you)");
        return;
    }
    br_slice bytes = br_lua_string(e->L, -1);
    br_encode_check_bytes(e, s, bytes);
    if (e->form)
        br_encode_form_bytes(e, bytes);
    else
        write_base64(e, bytes);
}

static void encode_item(br_encoder *e, const void *how)
{
    const br_shape *list = how;
    if ((list->flags & BR_SHAPE_SPARSE) != 0 && br_lua_is_null(e->L, -1))
        br_emit(e->out, "null", 4);
    else
        br_encode_value(e, list->a);
}

static void encode_list(br_encoder *e, const br_shape *s, int type)
{
    size_t count;
    int table = br_encode_enter(e, type, s, "a list");
    if (table == 0 || !br_encode_items(e, table, s, encode_item, s, &count))
        return;
    br_encode_check_size(e, s->b, count, "elements");
    if (e->form && count == 0)
        br_encode_form_value(e, BR_SLICE(""));
}

typedef struct map_walk {
    br_encoder *e;
    const br_shape *shape;
    int table;
    size_t count;
} map_walk;

static void encode_map_pair(lua_State *L, void *state, br_slice key)
{
    map_walk *w = state;
    br_encoder *e = w->e;
    const br_shape *s = w->shape;
    br_encode_step(e, key, w->table);
    e->path[e->depth - 1].index = (lua_Integer)w->count + 1;
    br_encode_check_string(e, br_encoder_shape(e, s->a), key);
    if (!e->form) {
        if (!br_emit_key(e->out, w->count > 0, key))
            not_utf8(e);
    } else if (br_utf8_valid(key)) {
        br_encode_form_key(e, key);
    } else {
        not_utf8(e);
    }
    w->count++;
    if ((s->flags & BR_SHAPE_SPARSE) != 0 && br_lua_is_null(L, -1))
        br_emit(e->out, "null", 4);
    else
        br_encode_value(e, s->b);
    e->depth--;
}

static void encode_map(br_encoder *e, const br_shape *s, int type)
{
    map_walk w = {e, s, br_encode_enter(e, type, s, "a table of keys and values"), 0};
    if (w.table == 0)
        return;
    if (!e->form)
        br_emit_char(e->out, '{');
    int strange = br_each_entry(e->L, encode_map_pair, &w);
    if (!e->form)
        br_emit_char(e->out, '}');
    if (strange != LUA_TNONE)
        br_encode_problem(e, "type", "the keys of a map must be strings, got %s",
                          br_lua_kind(strange));
    else
        br_encode_check_size(e, s->c, w.count, "entries");
}

static void encode_by_kind(br_encoder *e, const br_shape *s, int type)
{
    switch ((br_shape_kind)s->kind) {
    case BR_SHAPE_STRUCTURE:
    case BR_SHAPE_UNION:
        br_encode_structure(e, s, type);
        break;
    case BR_SHAPE_LIST:
        encode_list(e, s, type);
        break;
    case BR_SHAPE_MAP:
        encode_map(e, s, type);
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

/*
** The common string, of which no more is to be said than whether its bytes are too few or too many.
** false: nothing was done.
*/
static inline bool put_common_string(br_encoder *e, const br_shape *s, int index)
{
    if (e->form || e->ctx->strict)
        return false;
    br_slice text = br_lua_string(e->L, index);
    bool fits =
        s->a == BR_NONE || !e->ctx->validate || br_limits_settled(&e->model->limits[s->a], text.n);
    return fits && text.n < BR_ATTACHED_BYTES_MIN && br_emit_string(e->out, text);
}

/* Of the value on top of the stack. */
static inline void encode_value(br_encoder *e, const br_shape *s, int type)
{
    unsigned secret = (s->flags & BR_SHAPE_SENSITIVE) != 0;
    e->secret += secret;
    encode_by_kind(e, s, type);
    e->secret -= secret;
}

void br_encode_value_at(br_encoder *e, unsigned shape, int index, int type)
{
    const br_shape *s = br_encoder_shape(e, shape);
    if (type == LUA_TSTRING && s->kind == BR_SHAPE_STRING && put_common_string(e, s, index))
        return;
    if (index == -1) {
        encode_value(e, s, type);
        return;
    }
    lua_pushvalue(e->L, index);
    encode_value(e, s, type);
    lua_pop(e->L, 1);
}
