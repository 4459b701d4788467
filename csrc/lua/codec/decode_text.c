/*
** Values as text: headers, the text of XML elements and attributes, and what JSON has in strings.
*/
#include <math.h>

#include "core/base/digest.h"
#include "core/base/times.h"
#include "core/text/base64.h"
#include "lua/codec/decode.h"

bool br_decode_push_special(lua_State *L, br_slice text)
{
    double value;
    if (br_slice_eqs(text, "NaN"))
        value = (double)NAN;
    else if (br_slice_eqs(text, "Infinity"))
        value = (double)INFINITY;
    else if (br_slice_eqs(text, "-Infinity"))
        value = -(double)INFINITY;
    else
        return false;
    lua_pushnumber(L, (lua_Number)value);
    return true;
}

/* Epoch seconds as text. */
static bool push_epoch_text(br_decoder *d, br_slice text)
{
    br_json_reader r;
    br_json_number n;
    br_json_reader_init(&r, text);
    bool ok = br_json_number_value(&r, &n) && br_json_end(&r) && isfinite(n.d);
    br_json_reader_free(&r);
    if (ok && n.is_integer)
        br_push_integer(d->L, n.i);
    else if (ok)
        lua_pushnumber(d->L, (lua_Number)n.d);
    return ok;
}

bool br_decode_push_time(br_decoder *d, br_slice text)
{
    int64_t ms;
    if (push_epoch_text(d, text))
        return true;
    if (!br_time_parse_iso(text, &ms) && !br_time_parse_http(text, &ms))
        return br_decode_fail(d, "expected a time (a number or an ISO 8601 string)");
    br_push_time(d->L, ms);
    return true;
}

static bool push_number_text(br_decoder *d, const br_shape *s, br_slice text, bool whole)
{
    br_json_reader r;
    br_json_number n;
    br_json_reader_init(&r, text);
    bool ok = br_json_number_value(&r, &n) && br_json_end(&r) && isfinite(n.d);
    br_json_reader_free(&r);
    if (!ok)
        return !whole && br_decode_push_special(d->L, text)
                   ? true
                   : br_decode_fail(d, "expected a number, got other text");
    if (whole)
        br_decode_push_whole(d, s, &n);
    else
        lua_pushnumber(d->L, (lua_Number)n.d);
    return true;
}

/* The text may lie in the scratch buffer itself, so it is copied first. */
static bool push_base64_text(br_decoder *d, const br_shape *s, br_slice text)
{
    lua_pushlstring(d->L, text.p, text.n);
    text.p = lua_tolstring(d->L, -1, &text.n);
    br_buf_clear(&d->scratch);
    if (!br_base64_decode(&d->scratch, text))
        return br_decode_fail(d, "a string is not base64");
    lua_pushlstring(d->L, br_buf_slice(&d->scratch).p, d->scratch.len);
    lua_remove(d->L, -2);
    br_decoder_check(d, s->a, (double)d->scratch.len);
    return true;
}

bool br_decode_text(br_decoder *d, const br_shape *s, br_slice text)
{
    switch ((br_shape_kind)s->kind) {
    case BR_SHAPE_BOOLEAN:
        lua_pushboolean(d->L, br_slice_eqs(text, "true"));
        return true;
    case BR_SHAPE_INTEGER:
    case BR_SHAPE_LONG:
        return push_number_text(d, s, text, true);
    case BR_SHAPE_FLOAT:
    case BR_SHAPE_DOUBLE:
        return push_number_text(d, s, text, false);
    case BR_SHAPE_TIMESTAMP:
        return br_decode_push_time(d, text);
    case BR_SHAPE_BLOB:
        return push_base64_text(d, s, text);
    case BR_SHAPE_STRING:
        lua_pushlstring(d->L, text.p, text.n);
        br_decoder_check_string(d, s, text);
        return true;
    default: /* a header's list */
        lua_pushlstring(d->L, text.p, text.n);
        return true;
    }
}
