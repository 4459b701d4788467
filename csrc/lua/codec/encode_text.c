#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/aws/arn.h"
#include "core/aws/region.h"
#include "core/base/ascii.h"
#include "core/base/times.h"
#include "core/base/whole.h"
#include "core/text/decimal.h"
#include "core/text/json.h"
#include "lua/codec/encode.h"
#include "lua/codec/limits.h"
#include "lua/codec/literal.h"
#include "lua/codec/patterns.h"

#define SHOWN_MAX 60
#define PATTERN_SHOWN_MAX 300
#define EXACT_DOUBLE 9007199254740992.0 /* 2^53: integers up to it are exact */
#define MS_END 253402300800000.0        /* 10000-01-01T00:00:00Z */
#define MS_MIN (-62167219200000.0)      /* 0000-01-01T00:00:00Z */

static const br_limits *limits_of(const br_encoder *e, unsigned limits)
{
    bool wanted = limits != BR_NONE && e->ctx->validate;
    return wanted ? &e->model->limits[limits] : NULL;
}

static void report_count(br_encoder *e, const br_limits *l, size_t n, const char *unit)
{
    if ((double)n < l->min)
        br_encode_problem(e, "min-length", "has %zu %s, the minimum is %.17g", n, unit, l->min);
    else
        br_encode_problem(e, "max-length", "has %zu %s, the maximum is %.17g", n, unit, l->max);
}

void br_encode_check_bytes(br_encoder *e, const br_shape *s, br_slice bytes)
{
    const br_limits *l = limits_of(e, s->a);
    if (l == NULL || br_limits_fit(l, (double)bytes.n))
        return;
    if (!br_encode_came_text(e, bytes, (double)bytes.n < l->min))
        report_count(e, l, bytes.n, "bytes");
}

void br_encode_check_size(br_encoder *e, unsigned limits, size_t n, const char *unit)
{
    const br_limits *l = limits_of(e, limits);
    if (l != NULL && !br_limits_fit(l, (double)n) && !br_encode_came_whole(e))
        report_count(e, l, n, unit);
}

static void check_code_points(br_encoder *e, unsigned limits, br_slice text)
{
    const br_limits *l = limits_of(e, limits);
    if (l == NULL || br_limits_fit_text(l, text))
        return;
    size_t n = br_utf8_length(text);
    if (!br_encode_came_text(e, text, (double)n < l->min))
        report_count(e, l, n, "characters");
}

static void report_enum(br_encoder *e, unsigned list, br_slice text)
{
    char allowed[320] = "";
    size_t len = 0;
    const uint16_t *values = e->model->enums + list;
    for (unsigned i = 1; i <= values[0] && len < sizeof allowed - 64; i++) {
        br_slice value = br_model_name(e->model, values[i]);
        len += (size_t)snprintf(allowed + len, sizeof allowed - len, "%s%.*s", i > 1 ? ", " : "",
                                value.n > 60 ? 60 : (int)value.n, value.p);
    }
    if (e->secret > 0 || text.n > SHOWN_MAX)
        br_encode_problem(e, "enum", "is not one of %s", allowed);
    else
        br_encode_problem(e, "enum", "\"%.*s\" is not one of %s", (int)text.n, text.p, allowed);
}

static void report_pattern(br_encoder *e, unsigned index)
{
    char room[BR_PATTERN_MAX];
    br_slice pattern = br_model_pattern(e->model, index, room);
    bool cut = pattern.n > PATTERN_SHOWN_MAX;
    br_encode_problem(e, "pattern", "does not match the pattern %.*s%s",
                      cut ? PATTERN_SHOWN_MAX : (int)pattern.n, pattern.p, cut ? "…" : "");
}

#define SHOWN(s) ((s).n > BR_REGION_MAX ? BR_REGION_MAX : (int)(s).n), (s).p

/* Members that name what a service uses in its own region. Others, as sourceModelArn, need not. */
static bool is_used_here(br_slice name)
{
    static const char *const names[] = {"modelId", "modelArn", "modelIdentifier",
                                        "guardrailIdentifier", "agentRuntimeArn"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (br_slice_eqs(name, names[i]))
            return true;
    return false;
}

static void check_region(br_encoder *e, br_slice text)
{
    br_slice region = e->ctx->region;
    br_arn arn;
    if (region.n == 0 || e->depth == 0 || !br_slice_starts(text, "arn:") ||
        !is_used_here(e->path[e->depth - 1].name) || !br_arn_parse(text, &arn) ||
        !br_slice_starts(arn.service, "bedrock") || arn.region.n == 0 ||
        br_slice_eq(arn.region, region))
        return;
    br_encode_problem(e, "pattern",
                      "is an ARN of region %.*s, but this connection is in %.*s: connect with "
                      "region = \"%.*s\", or use one in %.*s",
                      SHOWN(arn.region), SHOWN(region), SHOWN(arn.region), SHOWN(region));
}

void br_encode_check_string(br_encoder *e, const br_shape *s, br_slice text)
{
    check_code_points(e, s->a, text);
    if (!e->ctx->strict)
        return;
    check_region(e, text);
    bool listed = s->b == BR_NONE || br_text_in_enum(e->model, s->b, text);
    bool matches = s->c == BR_NONE || br_text_matches(e->L, e->model, s->c, text);
    if ((listed && matches) || br_encode_came_text(e, text, false))
        return;
    if (!listed)
        report_enum(e, s->b, text);
    if (!matches)
        report_pattern(e, s->c);
}

bool br_encode_string(br_encoder *e, const br_shape *s, br_slice *text)
{
    if (lua_type(e->L, -1) != LUA_TSTRING) {
        br_encode_wrong_type(e, s, "a string");
        return false;
    }
    *text = br_lua_string(e->L, -1);
    br_encode_check_string(e, s, *text);
    return true;
}

static bool boolean_text(br_encoder *e, const br_shape *s, br_text *text)
{
    if (!lua_isboolean(e->L, -1)) {
        br_encode_wrong_type(e, s, "a boolean");
        return false;
    }
    text->s = lua_toboolean(e->L, -1) ? BR_SLICE("true") : BR_SLICE("false");
    return true;
}

static void check_value(br_encoder *e, unsigned limits, double value)
{
    const br_limits *l = limits_of(e, limits);
    if (l == NULL || br_limits_fit(l, value) || br_encode_came(e))
        return;
    bool low = value < l->min;
    const char *kind = low ? "min-value" : "max-value";
    const char *side = low ? "below the minimum" : "above the maximum";
    double bound = low ? l->min : l->max;
    if (e->secret > 0)
        br_encode_problem(e, kind, "is %s %.17g", side, bound);
    else
        br_encode_problem(e, kind, "%.14g is %s %.17g", value, side, bound);
}

/* Digits with an optional sign, all of the text, within int64. `suffix` may follow. */
static bool parse_decimal(br_slice text, bool cdata, int64_t *value)
{
    char *end;
    size_t digits = text.n > 0 && text.p[0] == '-' ? 1 : 0;
    if (text.n == digits || text.n > 24 || !br_is_digit(text.p[digits]))
        return false;
    errno = 0;
    long long parsed = strtoll(text.p, &end, 10);
    *value = parsed;
    if (errno != 0)
        return false;
    size_t used = (size_t)(end - text.p);
    br_slice rest = {text.p + used, text.n - used};
    return cdata ? br_slice_eqs(rest, "LL") || br_slice_eqs(rest, "ULL") : rest.n == 0;
}

#ifdef BR_LUA_TCDATA
/* A boxed 64-bit integer of LuaJIT prints as digits and LL or ULL; nothing else does. */
bool br_lua_cdata_integer(lua_State *L, int64_t *value)
{
    if (lua_type(L, -1) != BR_LUA_TCDATA)
        return false;
    lua_pushliteral(L, LUA_LOADED_TABLE);
    lua_rawget(L, LUA_REGISTRYINDEX);
    lua_pushliteral(L, "_G");
    lua_rawget(L, -2);
    lua_pushliteral(L, "tostring");
    lua_rawget(L, -2);
    lua_pushvalue(L, -4);
    bool ok = lua_pcall(L, 1, 1, 0) == 0 && lua_type(L, -1) == LUA_TSTRING;
    ok = ok && parse_decimal(br_lua_string(L, -1), true, value);
    lua_pop(L, 3);
    return ok;
}
#endif

typedef enum integer_outcome {
    INTEGER_OK,
    INTEGER_NOT,
    INTEGER_FRACTION,
    INTEGER_RANGE
} integer_outcome;

static integer_outcome double_to_integer(double d, int64_t *value)
{
    if (!isfinite(d))
        return INTEGER_NOT;
    if (!br_is_whole(d))
        return INTEGER_FRACTION;
    if (d < -9223372036854775808.0 || d >= 9223372036854775808.0)
        return INTEGER_RANGE;
#if LUA_VERSION_NUM == 501
    if (fabs(d) > EXACT_DOUBLE)
        return INTEGER_RANGE;
#endif
    *value = (int64_t)d;
    return INTEGER_OK;
}

/* A number that was kept as text, as those are that Lua cannot hold; NULL: it is none. */
static const br_literal *kept_number(lua_State *L)
{
    const br_literal *literal = br_literal_at(L, -1);
    return literal != NULL && literal->is_number ? literal : NULL;
}

static integer_outcome text_to_integer(br_slice text, int64_t *value)
{
    if (parse_decimal(text, false, value))
        return INTEGER_OK;
    return strpbrk(text.p, ".eE") != NULL ? INTEGER_FRACTION : INTEGER_RANGE;
}

static integer_outcome read_integer(br_encoder *e, bool is_long, int64_t *value)
{
    lua_State *L = e->L;
    if (lua_isinteger(L, -1)) {
        *value = (int64_t)lua_tointeger(L, -1);
        return INTEGER_OK;
    }
    if (lua_type(L, -1) == LUA_TNUMBER)
        return double_to_integer((double)lua_tonumber(L, -1), value);
    if (is_long && lua_type(L, -1) == LUA_TSTRING)
        return parse_decimal(br_lua_string(L, -1), false, value) ? INTEGER_OK : INTEGER_NOT;
#ifdef BR_LUA_TCDATA
    if (br_lua_cdata_integer(L, value))
        return INTEGER_OK;
#endif
    const br_literal *kept = kept_number(L);
    return kept != NULL ? text_to_integer(kept->text, value) : INTEGER_NOT;
}

/* As snprintf's %lld, which costs more than all the rest of an integer. */
static void write_integer(int64_t value, br_text *text)
{
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    char *p = text->small + sizeof text->small;
    do {
        *--p = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (value < 0)
        *--p = '-';
    text->s = (br_slice){p, (size_t)(text->small + sizeof text->small - p)};
}

static bool kept_number_text(br_encoder *e, const br_shape *s, br_slice kept, br_text *text)
{
    br_json_reader r;
    br_json_number n;
    br_json_reader_init(&r, kept);
    bool ok = br_json_number_value(&r, &n) && isfinite(n.d);
    br_json_reader_free(&r);
    if (!ok) {
        br_encode_problem(e, "type", "is beyond the range of a double");
        return false;
    }
    check_value(e, s->a, n.d);
    text->s = kept;
    return true;
}

static bool number_text(br_encoder *e, const br_shape *s, br_text *text)
{
    if (lua_type(e->L, -1) != LUA_TNUMBER) {
        const br_literal *kept = kept_number(e->L);
        if (kept != NULL)
            return kept_number_text(e, s, kept->text, text);
        br_encode_wrong_type(e, s, "a number");
        return false;
    }
    if (lua_isinteger(e->L, -1)) {
        check_value(e, s->a, (double)lua_tointeger(e->L, -1));
        write_integer((int64_t)lua_tointeger(e->L, -1), text);
        return true;
    }
    double d = (double)lua_tonumber(e->L, -1);
    if (!isfinite(d)) {
        br_encode_problem(e, "type", "expected a finite number, got %s",
                          isnan(d) ? "NaN" : "infinity");
        return false;
    }
    check_value(e, s->a, d);
    text->s = (br_slice){text->small, br_double_text(d, text->small)};
    return true;
}

static bool integer_text(br_encoder *e, const br_shape *s, br_text *text)
{
    int64_t value = 0;
    bool is_long = s->kind == BR_SHAPE_LONG;
    integer_outcome outcome = read_integer(e, is_long, &value);
    if (outcome == INTEGER_NOT) {
        br_encode_wrong_type(e, s, "an integer");
        return false;
    }
    if (outcome == INTEGER_FRACTION && br_encode_came(e))
        return number_text(e, s, text);
    if (outcome == INTEGER_FRACTION) {
        br_encode_problem(e, "type", "expected an integer, got a number with a fraction");
        return false;
    }
    size_t before = e->problems->count + e->problems->dropped;
    if (outcome == INTEGER_OK)
        check_value(e, s->a, (double)value);
    if (e->problems->count + e->problems->dropped > before)
        return false;
    bool beyond = !is_long && (value < INT32_MIN || value > INT32_MAX);
    if (outcome == INTEGER_RANGE || (beyond && !br_encode_came(e))) {
        br_encode_problem(e, "type", "does not fit a %d-bit integer%s", is_long ? 64 : 32,
                          is_long ? " exactly: give it as a decimal string" : "");
        return false;
    }
    write_integer(value, text);
    return true;
}

static bool read_time(br_encoder *e, int64_t *ms)
{
    lua_State *L = e->L;
    if (lua_type(L, -1) == LUA_TSTRING) {
        if (br_time_parse_iso(br_lua_string(L, -1), ms))
            return true;
        br_encode_problem(e, "type",
                          "expected epoch seconds or an ISO 8601 time such as "
                          "2026-01-31T12:00:00Z");
        return false;
    }
    if (lua_type(L, -1) != LUA_TNUMBER) {
        br_encode_wrong_type(e, NULL, "a time (epoch seconds or an ISO 8601 string)");
        return false;
    }
    double scaled = (double)lua_tonumber(L, -1) * 1000.0 + 0.5;
    if (!(scaled >= MS_MIN && scaled < MS_END)) {
        br_encode_problem(e, "type", "is outside the years 0 to 9999 (in epoch seconds)");
        return false;
    }
    *ms = (int64_t)scaled - (scaled < 0 && !br_is_whole(scaled) ? 1 : 0);
    return true;
}

static void write_epoch(int64_t ms, br_text *text)
{
    long long whole = ms / 1000, rest = ms % 1000;
    const char *sign = ms < 0 ? "-" : "";
    whole = whole < 0 ? -whole : whole;
    rest = rest < 0 ? -rest : rest;
    int n = snprintf(text->small, sizeof text->small, "%s%lld.%03lld", sign, whole, rest);
    while (n > 0 && text->small[n - 1] == '0')
        n--;
    if (n > 0 && text->small[n - 1] == '.')
        n--;
    text->s = (br_slice){text->small, (size_t)n};
}

static bool time_text(br_encoder *e, const br_shape *s, br_text *text)
{
    int64_t ms;
    if (!read_time(e, &ms))
        return false;
    if (s->a == BR_TIME_EPOCH) {
        write_epoch(ms, text);
        return true;
    }
    if (s->a == BR_TIME_HTTP)
        br_time_http(ms, text->small);
    else
        br_time_iso(ms, text->small);
    text->s = br_slice_of(text->small);
    text->quoted = true;
    return true;
}

bool br_encode_text(br_encoder *e, const br_shape *s, br_text *text)
{
    text->quoted = s->kind == BR_SHAPE_STRING;
    switch ((br_shape_kind)s->kind) {
    case BR_SHAPE_STRING:
        return br_encode_string(e, s, &text->s);
    case BR_SHAPE_BOOLEAN:
        return boolean_text(e, s, text);
    case BR_SHAPE_INTEGER:
    case BR_SHAPE_LONG:
        return integer_text(e, s, text);
    case BR_SHAPE_FLOAT:
    case BR_SHAPE_DOUBLE:
        return number_text(e, s, text);
    case BR_SHAPE_TIMESTAMP:
        return time_text(e, s, text);
    default:
        br_encode_wrong_type(e, s, "a string, number or boolean");
        return false;
    }
}
