/* Documents, which have no shape: any JSON as Lua values. */
#include "lua/codec/decode.h"
#include "lua/codec/document.h"
#include "lua/codec/entries.h"
#include "lua/codec/literal.h"

static bool push_string(br_decoder *d)
{
    br_slice text;
    if (!br_json_string(&d->reader, &text))
        return false;
    lua_pushlstring(d->L, text.p, text.n);
    return true;
}

/* Whether the integer is exact as a number of Lua. */
static bool holds_integer(int64_t value)
{
#if LUA_VERSION_NUM == 501
    return value <= BR_LUA_EXACT_INTEGER && value >= -BR_LUA_EXACT_INTEGER;
#else
    (void)value;
    return true;
#endif
}

/* -0 is a float; other whole numbers that are no integers of Lua keep their digits. */
static bool holds(const br_json_number *n)
{
    if (n->is_integer)
        return holds_integer(n->i);
    return (!n->is_whole || n->d == 0) && br_json_number_fits(n);
}

/* In documents: what no number of Lua holds comes as it was written. */
static bool push_number(br_decoder *d)
{
    br_json_number n;
    if (!br_json_number_value(&d->reader, &n))
        return false;
    if (!holds(&n)) {
        if (n.text.n > BR_NUMBER_TEXT_MAX)
            return br_decode_fail(d, "a number is too long");
        br_literal_push_number(d->L, n.text);
    } else if (n.is_integer) {
        br_push_integer(d->L, n.i);
    } else {
        lua_pushnumber(d->L, (lua_Number)n.d);
    }
    return true;
}

bool br_decode_boolean(br_decoder *d)
{
    bool value;
    if (!br_json_bool(&d->reader, &value))
        return false;
    lua_pushboolean(d->L, value);
    return true;
}

bool br_decode_null(br_decoder *d)
{
    if (!br_json_null(&d->reader))
        return false;
    br_push_null(d->L);
    return true;
}

BR_DECODE_APART bool document_array(br_decoder *d)
{
    lua_State *L = d->L;
    lua_Integer i = 0;
    if (!br_decode_room(d) || !br_json_array_begin(&d->reader))
        return false;
    int next = br_json_array_next(&d->reader, true);
    lua_createtable(L, next == 1 ? BR_DECODE_ITEMS : 0, 0);
    br_document_set_array(L);
    for (; next == 1; next = br_json_array_next(&d->reader, false)) {
        if (!br_decode_document(d))
            return false;
        lua_rawseti(L, -2, (int)++i);
    }
    return next == 0;
}

/* The keys of the object in hand are those from `first` on in d->keys. */
typedef struct key_order {
    size_t first;
    bool sorted; /* strictly, so no key came twice */
} key_order;

static const br_slice *last_key(const br_decoder *d, const key_order *o)
{
    if (d->keys.len == o->first)
        return NULL;
    return (const br_slice *)(const void *)(d->keys.data + d->keys.len - sizeof(br_slice));
}

/*
** Of the key on top of the stack, whose table is below it. Its bytes stay where they are: they are
** the table's. One that is there already keeps its place.
*/
static bool note_key(br_decoder *d, key_order *o)
{
    lua_State *L = d->L;
    br_slice key;
    key.p = lua_tolstring(L, -1, &key.n);
    const br_slice *last = last_key(d, o);
    if (!o->sorted || (last != NULL && br_compare_keys(*last, key) >= 0)) {
        o->sorted = false;
        lua_pushvalue(L, -1);
        lua_rawget(L, -3);
        bool there = !lua_isnil(L, -1);
        lua_pop(L, 1);
        if (there)
            return true;
    }
    return br_buf_add(&d->keys, &key, sizeof key) || br_decode_fail(d, "not enough memory");
}

/* Marks the table on top of the stack; its keys are done with. */
static void set_key_order(br_decoder *d, const key_order *o)
{
    if (o->sorted)
        br_document_set_object(d->L);
    else
        br_document_set_order(d->L, (const br_slice *)(const void *)(d->keys.data + o->first),
                              (d->keys.len - o->first) / sizeof(br_slice));
    d->keys.len = o->first;
}

BR_DECODE_APART bool document_object(br_decoder *d)
{
    lua_State *L = d->L;
    key_order order = {d->keys.len, true};
    br_slice key;
    if (!br_decode_room(d) || !br_json_object_begin(&d->reader))
        return false;
    int next = br_json_object_next(&d->reader, true, &key);
    lua_createtable(L, 0, next == 1 ? BR_DECODE_ITEMS : 0);
    for (; next == 1; next = br_json_object_next(&d->reader, false, &key)) {
        lua_pushlstring(L, key.p, key.n);
        if (!note_key(d, &order) || !br_decode_document(d))
            return false;
        lua_rawset(L, -3);
    }
    set_key_order(d, &order);
    return next == 0;
}

bool br_decode_document(br_decoder *d)
{
    switch (br_json_peek(&d->reader)) {
    case BR_JSON_NULL:
        return br_decode_null(d);
    case BR_JSON_FALSE:
    case BR_JSON_TRUE:
        return br_decode_boolean(d);
    case BR_JSON_NUMBER:
        return push_number(d);
    case BR_JSON_STRING:
        return push_string(d);
    case BR_JSON_ARRAY:
        return document_array(d);
    case BR_JSON_OBJECT:
        return document_object(d);
    case BR_JSON_ERROR:
        break;
    }
    return false;
}
