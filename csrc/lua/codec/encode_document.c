#include <math.h>
#include <stdio.h>

#include "core/base/whole.h"
#include "lua/codec/encode.h"
#include "lua/codec/literal.h"

/* With a point or an exponent, so that a float is a float when it comes back. */
static void write_float(br_buf *out, double d)
{
    size_t before = out->len;
    if (!br_json_write_double(out, d) || out->failed)
        return;
    for (size_t i = before; i < out->len; i++)
        if (out->data[i] == '.' || out->data[i] == 'e')
            return;
    br_emit(out, ".0", 2);
}

static void encode_number(br_encoder *e)
{
    lua_State *L = e->L;
    if (lua_isinteger(L, -1)) {
        br_json_write_int(e->out, (int64_t)lua_tointeger(L, -1));
        return;
    }
    double d = (double)lua_tonumber(L, -1);
#if LUA_VERSION_NUM == 501
    if (br_is_whole(d) && fabs(d) <= 9007199254740992.0 && !(d == 0 && signbit(d))) {
        br_json_write_int(e->out, (int64_t)d);
        return;
    }
#endif
    if (!isfinite(d))
        br_encode_problem(e, "type", "expected a finite number");
    else
        write_float(e->out, d);
}

static void encode_string(br_encoder *e)
{
    if (!br_encode_put_string(e, br_lua_string(e->L, -1)) && !e->out->failed)
        br_encode_problem(e, "type", "is not valid UTF-8");
}

static void encode_element(br_encoder *e, const void *how)
{
    (void)how;
    br_encode_document(e);
}

typedef struct map_walk {
    br_encoder *e;
    int table;
    bool comma;
} map_walk;

static void encode_entry(lua_State *L, void *state, br_slice key)
{
    map_walk *w = state;
    br_encoder *e = w->e;
    (void)L;
    br_encode_step(e, key, w->table);
    if (!br_emit_key(e->out, w->comma, key) && !e->out->failed)
        br_encode_problem(e, "type", "the key is not valid UTF-8");
    w->comma = true;
    br_encode_document(e);
    e->depth--;
}

/* `order`: the place of the list of keys that come first; 0: there is none. */
static void encode_map(br_encoder *e, int table, int order)
{
    map_walk w = {e, table, false};
    br_emit_char(e->out, '{');
    int strange = order != 0 ? br_each_in_order(e->L, table, order, encode_entry, &w)
                             : br_each_sorted(e->L, NULL, encode_entry, &w);
    br_emit_char(e->out, '}');
    if (strange != LUA_TNONE)
        br_encode_problem(e, "type", "the keys of a JSON object must be strings, got %s",
                          br_lua_kind(strange));
}

/* LuaJIT's 64-bit integers (LL, ULL); false: it is none. */
static bool encode_cdata(br_encoder *e)
{
#ifdef BR_LUA_TCDATA
    int64_t value;
    if (br_lua_cdata_integer(e->L, &value)) {
        br_json_write_int(e->out, value);
        return true;
    }
#endif
    (void)e;
    return false;
}

/* As it was written; false: it is none. */
static bool encode_literal(br_encoder *e)
{
    const br_literal *literal = br_literal_at(e->L, -1);
    if (literal == NULL)
        return false;
    if (e->depth + literal->depth > BR_JSON_DEPTH_MAX)
        br_encode_problem(e, "type", "nested deeper than %d tables, its raw JSON included",
                          BR_JSON_DEPTH_MAX);
    else if (!br_encode_attach(e, literal->text, false))
        br_buf_add_slice(e->out, literal->text);
    return true;
}

/* By its mark; without one, a table with something at 1 is a list, and an empty one a map. */
static bool is_list(lua_State *L, br_mark mark)
{
    if (mark == BR_MARK_ARRAY || mark == BR_MARK_OBJECT || mark == BR_MARK_ORDERED)
        return mark == BR_MARK_ARRAY;
    if (lua_rawlen(L, -1) > 0)
        return true;
    if (mark == BR_MARK_NONE)
        return false;
    lua_pushnil(L);
    bool empty = lua_next(L, -2) == 0;
    lua_pop(L, empty ? 0 : 2);
    return empty;
}

static void encode_table(br_encoder *e)
{
    size_t count;
    int table = br_encode_enter(e, LUA_TTABLE, NULL, "a table");
    if (table == 0)
        return;
    br_mark mark = br_document_push_mark(e->L, &e->marks, table);
    if (mark == BR_MARK_ORDERED) {
        encode_map(e, table, table + 2);
        lua_settop(e->L, table);
    } else if (is_list(e->L, mark)) {
        br_encode_items(e, table, NULL, encode_element, NULL, &count);
    } else {
        encode_map(e, table, 0);
    }
}

void br_encode_document(br_encoder *e)
{
    lua_State *L = e->L;
    switch (lua_type(L, -1)) {
    case LUA_TTABLE:
        encode_table(e);
        break;
    case LUA_TSTRING:
        encode_string(e);
        break;
    case LUA_TNUMBER:
        encode_number(e);
        break;
    case LUA_TBOOLEAN:
        br_buf_adds(e->out, lua_toboolean(L, -1) ? "true" : "false");
        break;
    default:
        if (br_lua_is_null(L, -1))
            br_emit(e->out, "null", 4);
        else if (br_document_is_empty_array(L, -1))
            br_emit(e->out, "[]", 2);
        else if (!encode_literal(e) && !encode_cdata(e))
            br_encode_wrong_type(e, NULL, "a string, number, boolean, table or bedrock.null");
    }
}

static void encode_next_item(br_encoder *e, int table, br_item_encoder *item, const void *how,
                             lua_Integer i)
{
    if (i > 1 && !e->form)
        br_emit_char(e->out, ',');
    e->path[e->depth++] = (br_step){{NULL, 0}, i, table};
    item(e, how);
    e->depth--;
}

static bool is_key(lua_State *L, int index, lua_Integer wanted)
{
    return lua_type(L, index) == LUA_TNUMBER && lua_tonumber(L, index) == (lua_Number)wanted;
}

/*
** The elements as lua_next gives them, which is in order for all but strangely made tables. Stops
** (false) at the first key out of order; *count elements are written then.
*/
static bool items_in_order(br_encoder *e, int table, br_item_encoder *item, const void *how,
                           size_t *count)
{
    lua_State *L = e->L;
    *count = 0;
    lua_pushnil(L);
    while (lua_next(L, table) != 0) {
        if (!is_key(L, -2, (lua_Integer)*count + 1)) {
            lua_pop(L, 2);
            return false;
        }
        encode_next_item(e, table, item, how, (lua_Integer)++ * count);
        lua_pop(L, 1);
    }
    return true;
}

/* Counts the keys; false if one is no positive integer up to `limit`. */
static bool all_indexes(lua_State *L, size_t limit, size_t *count)
{
    *count = 0;
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
        lua_pop(L, 1);
        lua_Number key = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : 0;
        if (!(key >= 1 && key <= (lua_Number)limit && br_is_whole(key))) {
            lua_pop(L, 1);
            return false;
        }
        ++*count;
    }
    return true;
}

/* The first in their order of the keys that no list has; the key's text lives as long as the table. */
static bool strange_key(lua_State *L, br_slice *first)
{
    bool found = false;
    lua_pushnil(L);
    for (; lua_next(L, -2) != 0; lua_pop(L, 1)) {
        br_slice key = {"", 0};
        if (lua_type(L, -2) == LUA_TNUMBER)
            continue;
        if (lua_type(L, -2) == LUA_TSTRING)
            key = br_lua_string(L, -2);
        if (!found || br_natural_order(key.p, first->p) < 0)
            *first = key;
        found = true;
    }
    return found;
}

static void report_no_list(br_encoder *e, const br_shape *list)
{
    br_slice key;
    if (strange_key(e->L, &key))
        br_encode_problem(e, "type", "expected a list, got a table with the key \"%.*s\"%s",
                          key.n > 60 ? 60 : (int)key.n, key.p,
                          br_encode_list_hint(e, list, key).text);
    else
        br_encode_problem(e, "type", "expected a list without holes: keys 1, 2, …");
}

static bool remaining_items(br_encoder *e, const br_shape *list, br_item_encoder *item,
                            const void *how, size_t *count)
{
    lua_State *L = e->L;
    size_t length = lua_rawlen(L, -1), keys;
    if (!all_indexes(L, length, &keys) || keys != length) {
        report_no_list(e, list);
        return false;
    }
    while (*count < length) {
        lua_rawgeti(L, -1, (int)++*count);
        encode_next_item(e, lua_gettop(L) - 1, item, how, (lua_Integer)*count);
        lua_pop(L, 1);
    }
    return true;
}

bool br_encode_items(br_encoder *e, int table, const br_shape *list, br_item_encoder *item,
                     const void *how, size_t *count)
{
    if (!e->form)
        br_emit_char(e->out, '[');
    bool ok =
        items_in_order(e, table, item, how, count) || remaining_items(e, list, item, how, count);
    if (!e->form)
        br_emit_char(e->out, ']');
    return ok;
}

bool br_write_json(lua_State *L, int index, br_buf *out, br_problems *problems)
{
    br_encoder e;
    size_t before = problems->count + problems->dropped;
    if (!lua_checkstack(L, BR_ENCODE_STACK))
        return br_problems_add(problems, "type", BR_SLICE(""), "the Lua stack is full");
    br_encoder_init(&e, L, NULL, out, problems);
    lua_pushvalue(L, index);
    br_encode_document(&e);
    lua_pop(L, 1);
    if (out->failed)
        br_problems_add(problems, "max-length", BR_SLICE(""), "is larger than %zu bytes", out->max);
    return problems->count + problems->dropped == before;
}
