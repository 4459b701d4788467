#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/digest.h"
#include "core/base/times.h"
#include "core/base/whole.h"
#include "core/text/base64.h"
#include "lua/codec/decode.h"

#define MEMBERS_HINT_MAX 8 /* structures are sparse: room for more would mostly be wasted */
#define NAMES_TRIED 16     /* of members, before a key is read and searched for */

bool br_decode_fail(br_decoder *d, const char *problem)
{
    if (d->problem == NULL)
        d->problem = problem;
    return false;
}

/* Instead of what comes next. What is not JSON at all the reader tells itself. */
static bool mismatch(br_decoder *d, const char *what)
{
    static const char *const names[] = {
        [BR_JSON_NULL] = "null",        [BR_JSON_FALSE] = "false",     [BR_JSON_TRUE] = "true",
        [BR_JSON_NUMBER] = "a number",  [BR_JSON_STRING] = "a string", [BR_JSON_ARRAY] = "a list",
        [BR_JSON_OBJECT] = "an object",
    };
    br_json_type type = br_json_peek(&d->reader);
    if (type == BR_JSON_ERROR)
        return false;
    snprintf(d->mismatch, sizeof d->mismatch, "expected %s, got %s", what, names[type]);
    return br_decode_fail(d, d->mismatch);
}

/* What the model calls a number. */
static bool read_number(br_decoder *d, br_json_number *n, const char *what)
{
    if (br_json_peek(&d->reader) != BR_JSON_NUMBER)
        return mismatch(d, what);
    return br_json_number_value(&d->reader, n) &&
           (isfinite(n->d) || br_decode_fail(d, "a number is out of range"));
}

/* Numbers and truth values become their JSON text: who takes a text joins and searches it. */
static bool decode_string(br_decoder *d, const br_shape *s)
{
    br_json_number n;
    br_slice text;
    bool value;
    switch (br_json_peek(&d->reader)) {
    case BR_JSON_NUMBER:
        if (!br_json_number_value(&d->reader, &n))
            return false;
        lua_pushlstring(d->L, n.text.p, n.text.n);
        return true;
    case BR_JSON_TRUE:
    case BR_JSON_FALSE:
        if (!br_json_bool(&d->reader, &value))
            return false;
        lua_pushstring(d->L, value ? "true" : "false");
        return true;
    case BR_JSON_NULL:
    case BR_JSON_ARRAY:
    case BR_JSON_OBJECT:
        return mismatch(d, "a string");
    case BR_JSON_STRING:
    case BR_JSON_ERROR:
        break;
    }
    if (!br_json_string(&d->reader, &text))
        return false;
    lua_pushlstring(d->L, text.p, text.n);
    br_decoder_check_string(d, s, text);
    return true;
}

static bool decode_boolean(br_decoder *d)
{
    br_json_type type = br_json_peek(&d->reader);
    return type == BR_JSON_TRUE || type == BR_JSON_FALSE ? br_decode_boolean(d)
                                                         : mismatch(d, "true or false");
}

void br_decode_push_whole(br_decoder *d, const br_shape *s, const br_json_number *n)
{
    double value = n->is_integer ? (double)n->i : n->d;
    bool narrow = s->kind == BR_SHAPE_INTEGER;
    if (n->is_integer)
        br_push_integer(d->L, n->i);
    else if (br_is_whole(value) && fabs(value) < 9.2e18)
        br_push_integer(d->L, (int64_t)value);
    else
        lua_pushnumber(d->L, (lua_Number)value);
    if (!br_is_whole(value) || (narrow && (value < INT32_MIN || value > INT32_MAX)))
        d->odd |= BR_ODD;
    br_decoder_check(d, s->a, value);
}

static bool decode_integer(br_decoder *d, const br_shape *s)
{
    br_json_number n;
    if (!read_number(d, &n, "an integer"))
        return false;
    br_decode_push_whole(d, s, &n);
    return true;
}

static bool decode_double(br_decoder *d, const br_shape *s)
{
    br_json_number n;
    br_slice text;
    br_json_type type = br_json_peek(&d->reader);
    if (type == BR_JSON_STRING) {
        if (!br_json_string(&d->reader, &text))
            return false;
        return br_decode_push_special(d->L, text) ||
               br_decode_fail(d, "expected a number, got a string");
    }
    if (!read_number(d, &n, "a number"))
        return false;
    lua_pushnumber(d->L, (lua_Number)n.d);
    br_decoder_check(d, s->a, n.d);
    return true;
}

static bool decode_blob(br_decoder *d, const br_shape *s)
{
    br_slice text;
    if (br_json_peek(&d->reader) != BR_JSON_STRING)
        return mismatch(d, "a base64 string");
    if (!br_json_string(&d->reader, &text))
        return false;
    br_buf_clear(&d->scratch);
    if (!br_base64_decode(&d->scratch, text))
        return br_decode_fail(d, "a string is not base64");
    lua_pushlstring(d->L, br_buf_slice(&d->scratch).p, d->scratch.len);
    br_decoder_check(d, s->a, (double)d->scratch.len);
    return true;
}

static bool decode_epoch(br_decoder *d)
{
    br_json_number n;
    if (!read_number(d, &n, "a time"))
        return false;
    if (n.is_integer)
        br_push_integer(d->L, n.i);
    else
        lua_pushnumber(d->L, (lua_Number)n.d);
    return true;
}

static bool decode_time(br_decoder *d)
{
    br_slice text;
    if (br_json_peek(&d->reader) == BR_JSON_NUMBER)
        return decode_epoch(d);
    if (br_json_peek(&d->reader) != BR_JSON_STRING)
        return mismatch(d, "a time (a number or a string)");
    return br_json_string(&d->reader, &text) && br_decode_push_time(d, text);
}

/* Lists and maps without null: absent in answers, unless the shape is sparse. */
static bool skip_null(br_decoder *d, const br_shape *s)
{
    if ((s->flags & BR_SHAPE_SPARSE) != 0 || br_json_peek(&d->reader) != BR_JSON_NULL)
        return false;
    return br_json_null(&d->reader);
}

static bool decode_element(br_decoder *d, const br_shape *s, unsigned shape)
{
    if ((s->flags & BR_SHAPE_SPARSE) != 0 && br_json_peek(&d->reader) == BR_JSON_NULL)
        return br_decode_null(d);
    return br_decode_value(d, shape);
}

BR_DECODE_APART bool decode_list(br_decoder *d, const br_shape *s)
{
    lua_State *L = d->L;
    lua_Integer i = 0;
    unsigned outer = d->odd;
    if (!br_decode_room(d))
        return false;
    if (br_json_peek(&d->reader) != BR_JSON_ARRAY)
        return mismatch(d, "a list");
    if (!br_json_array_begin(&d->reader))
        return false;
    int next = br_json_array_next(&d->reader, true);
    lua_createtable(L, next == 1 ? BR_DECODE_ITEMS : 0, 0);
    d->odd = 0;
    for (; next == 1; next = br_json_array_next(&d->reader, false)) {
        if (skip_null(d, s))
            continue;
        if (!decode_element(d, s, s->a))
            return false;
        lua_rawseti(L, -2, (int)++i);
    }
    br_decoder_check(d, s->b, (double)i);
    br_decoder_remember(d, outer);
    return next == 0;
}

BR_DECODE_APART bool decode_map(br_decoder *d, const br_shape *s)
{
    lua_State *L = d->L;
    const br_shape *keys = &d->model->shapes[s->a];
    unsigned outer = d->odd, count = 0;
    br_slice key;
    if (!br_decode_room(d))
        return false;
    if (br_json_peek(&d->reader) != BR_JSON_OBJECT)
        return mismatch(d, "an object");
    if (!br_json_object_begin(&d->reader))
        return false;
    int next = br_json_object_next(&d->reader, true, &key);
    lua_createtable(L, 0, next == 1 ? BR_DECODE_ITEMS : 0);
    d->odd = 0;
    for (; next == 1; next = br_json_object_next(&d->reader, false, &key)) {
        if (skip_null(d, s))
            continue;
        lua_pushlstring(L, key.p, key.n);
        br_decoder_check_string(d, keys, key);
        count++;
        if (!decode_element(d, s, s->b))
            return false;
        lua_rawset(L, -3);
    }
    br_decoder_check(d, s->c, count);
    br_decoder_remember(d, outer);
    return next == 0;
}

/* Events are padded, so that their lengths tell an eavesdropper nothing; that is no member. */
static const br_slice padding = {"p", 1};

static bool is_padding(const br_shape *s, br_slice key)
{
    return (s->flags & BR_SHAPE_EVENT) != 0 && br_slice_eq(key, padding);
}

static bool decode_member(br_decoder *d, unsigned member)
{
    const br_member *m = &d->model->members[member];
    br_decoder_name(d, m->name);
    if (!br_decode_value(d, m->shape))
        return false;
    lua_rawset(d->L, -3);
    return true;
}

/* The key is pushed first: reading the value may overwrite the bytes it lies in. */
static bool decode_other(br_decoder *d, const br_shape *s, br_slice key, bool outermost)
{
    if (is_padding(s, key))
        return br_json_skip(&d->reader);
    d->unknown += outermost;
    if (outermost && d->declared_only)
        return br_json_skip(&d->reader);
    lua_pushlstring(d->L, key.p, key.n);
    if (!br_decode_document(d))
        return false;
    lua_rawset(d->L, -3);
    d->odd |= BR_ODD;
    return true;
}

/*
** Null is absent. Where that leaves out what must be there, it is set until the table is remembered
** as having come with it.
*/
static bool decode_null(br_decoder *d, const br_shape *s, int member, br_slice key)
{
    unsigned bits = member >= 0 ? d->model->members[member].bits : 0;
    if (s->kind != BR_SHAPE_UNION && (bits & BR_MEMBER_REQUIRED) == 0)
        return br_json_null(&d->reader);
    if (member >= 0)
        br_decoder_name(d, d->model->members[member].name);
    else
        lua_pushlstring(d->L, key.p, key.n);
    if (!br_decode_null(d))
        return false;
    lua_rawset(d->L, -3);
    d->odd |= BR_ODD | BR_ODD_NULLS;
    return true;
}

/*
** What goes back must have those members: one in a union; in a structure all that are required, but
** services relax that.
*/
static unsigned demanded(const br_decoder *d, const br_shape *s)
{
    if (s->kind == BR_SHAPE_UNION)
        return 1;
    return s->b > 0 ? d->model->members[s->a].bits >> BR_MEMBER_DEMANDED_SHIFT : 0;
}

/*
** Most objects have their members in the same order: so the key that comes next is compared with the names
** from `from` on, before it is read as a string. Padding is none of them, and mostly comes last. Sets the
** member, or -1. As br_json_object_next.
*/
static inline int next_member(br_decoder *d, const br_shape *s, bool first, unsigned from,
                              br_slice *key, int *member)
{
    if (br_json_object_ends(&d->reader))
        return 0;
    const char *ahead = br_json_key_ahead(&d->reader, first);
    unsigned tries = ahead == NULL ? 0 : s->b < NAMES_TRIED ? s->b : NAMES_TRIED, tried = 0;
    for (unsigned at = from; tries > 0; tries--, at++) {
        at = at < (unsigned)s->a + s->b ? at : s->a;
        const br_member *m = &d->model->members[at];
        if (br_member_is_renamed(m))
            continue;
        if (br_json_key_take(&d->reader, ahead, br_member_name(d->model, m))) {
            *member = (int)at;
            return 1;
        }
        tried++;
    }
    *member = -1;
    if ((s->flags & BR_SHAPE_EVENT) != 0 && ahead != NULL && tried == s->b &&
        br_json_key_take(&d->reader, ahead, padding)) {
        *key = padding;
        return 1;
    }
    int next = br_json_object_next(&d->reader, first, key);
    if (next == 1)
        *member = br_model_body_member(d->model, s, *key);
    return next;
}

static int members_hint(const br_shape *s)
{
    if (s->kind == BR_SHAPE_UNION)
        return 1;
    return s->b < MEMBERS_HINT_MAX ? s->b : MEMBERS_HINT_MAX;
}

/* The outermost is set into the table on top of the stack; another gets one of its own. */
static bool decode_object(br_decoder *d, const br_shape *s, bool outermost)
{
    bool first = true;
    unsigned expected = s->a, seen = 0, is_union = s->kind == BR_SHAPE_UNION;
    br_slice key = {NULL, 0};
    int next, member;
    if (br_json_peek(&d->reader) != BR_JSON_OBJECT)
        return mismatch(d, "an object");
    if (!br_json_object_begin(&d->reader))
        return false;
    while ((next = next_member(d, s, first, expected, &key, &member)) == 1) {
        if (first && !outermost)
            lua_createtable(d->L, 0, members_hint(s));
        first = false;
        expected = member < 0 ? s->a : (unsigned)member + 1;
        if (br_json_peek(&d->reader) == BR_JSON_NULL) {
            if (!decode_null(d, s, member, key))
                return false;
            continue;
        }
        if (member < 0 ? !decode_other(d, s, key, outermost) : !decode_member(d, (unsigned)member))
            return false;
        d->known += outermost && member >= 0;
        seen += is_union | (member >= 0 && (d->model->members[member].bits & BR_MEMBER_REQUIRED));
    }
    if (first && !outermost)
        lua_createtable(d->L, 0, 0);
    if (seen != demanded(d, s))
        d->odd |= BR_ODD;
    return next == 0;
}

bool br_decode_members(br_decoder *d, const br_shape *s)
{
    return br_decode_room(d) && decode_object(d, s, true);
}

BR_DECODE_APART bool decode_structure(br_decoder *d, const br_shape *s)
{
    if (!br_decode_room(d))
        return false;
    unsigned outer = d->odd;
    d->odd = 0;
    if (!decode_object(d, s, false))
        return false;
    br_decoder_remember(d, outer);
    return true;
}

bool br_decode_value(br_decoder *d, unsigned shape)
{
    const br_shape *s = &d->model->shapes[shape];
    switch ((br_shape_kind)s->kind) {
    case BR_SHAPE_STRUCTURE:
    case BR_SHAPE_UNION:
        return decode_structure(d, s);
    case BR_SHAPE_LIST:
        return decode_list(d, s);
    case BR_SHAPE_MAP:
        return decode_map(d, s);
    case BR_SHAPE_BLOB:
        return decode_blob(d, s);
    case BR_SHAPE_INTEGER:
    case BR_SHAPE_LONG:
        return decode_integer(d, s);
    case BR_SHAPE_FLOAT:
    case BR_SHAPE_DOUBLE:
        return decode_double(d, s);
    case BR_SHAPE_TIMESTAMP:
        return decode_time(d);
    case BR_SHAPE_STRING:
        return decode_string(d, s);
    case BR_SHAPE_BOOLEAN:
        return decode_boolean(d);
    case BR_SHAPE_DOCUMENT:
        break;
    }
    return br_decode_document(d);
}
