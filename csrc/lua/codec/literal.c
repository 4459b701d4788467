#include "lua/codec/literal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/ascii.h"
#include "core/text/decimal.h"
#include "core/text/json.h"

/* Keys of the registry: only their addresses count. */
static const char number_key = 'n', raw_key = 'r';

#define DOUBLE_DIGITS 767 /* no double has more that are not zeros */

static bool is_of(lua_State *L, const void *key)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, key);
    bool same = lua_rawequal(L, -1, -2);
    lua_pop(L, 1);
    return same;
}

const br_literal *br_literal_at(lua_State *L, int index)
{
    if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index))
        return NULL;
    bool is_literal = is_of(L, &number_key) || is_of(L, &raw_key);
    lua_pop(L, 1);
    return is_literal ? lua_touserdata(L, index) : NULL;
}

static br_literal *push_literal(lua_State *L, br_slice text, const void *key)
{
    br_literal *literal = lua_newuserdatauv(L, sizeof *literal + text.n + 1, 0);
    char *copy = (char *)(literal + 1);
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    *literal = (br_literal){.is_number = key == &number_key, .text = {copy, text.n}};
    lua_rawgetp(L, LUA_REGISTRYINDEX, key);
    lua_setmetatable(L, -2);
    return literal;
}

void br_literal_push_number(lua_State *L, br_slice text)
{
    push_literal(L, text, &number_key);
}

static int literal_text(lua_State *L)
{
    const br_literal *literal = br_literal_at(L, 1);
    luaL_argcheck(L, literal != NULL, 1, "bedrock.json number or raw JSON expected");
    lua_pushlstring(L, literal->text.p, literal->text.n);
    return 1;
}

static int concat(lua_State *L)
{
    for (int i = 1; i <= 2; i++) {
        bool fits = lua_isstring(L, i) || br_literal_at(L, i) != NULL;
        if (!fits)
            return luaL_error(L, "attempt to concatenate a %s value", luaL_typename(L, i));
    }
    luaL_tolstring(L, 1, NULL);
    luaL_tolstring(L, 2, NULL);
    lua_concat(L, 2);
    return 1;
}

static int equal(lua_State *L)
{
    const br_literal *a = br_literal_at(L, 1), *b = br_literal_at(L, 2);
    bool same = a != NULL && b != NULL && a->is_number == b->is_number;
    if (same && a->is_number)
        same = br_decimal_order(a->text, b->text) == 0;
    else if (same)
        same = br_slice_eq(a->text, b->text);
    lua_pushboolean(L, same);
    return 1;
}

/* What is compared: a number by its text, or one that has none. */
typedef struct operand {
    br_slice text;
    double special; /* an infinity or NaN; 0: none */
    char digits[DOUBLE_DIGITS + 24];
} operand;

/* Every digit that a double has, without a look at the locale, whose point may be anything. */
static void spell_double(operand *o, double d)
{
    char spelled[sizeof o->digits + 8];
    size_t n = 0;
    snprintf(spelled, sizeof spelled, "%.*e", DOUBLE_DIGITS - 1, d);
    for (const char *p = spelled; *p != '\0' && n < sizeof o->digits - 1; p++) {
        bool digit = br_is_digit(*p);
        if (digit || *p == 'e' || *p == '-')
            o->digits[n++] = *p;
        if (digit && n == (d < 0 ? 2 : 1))
            o->digits[n++] = '.';
    }
    o->text = (br_slice){o->digits, n};
}

static void read_operand(lua_State *L, int index, operand *o)
{
    const br_literal *literal = br_literal_at(L, index);
    o->special = 0;
    if (literal != NULL && literal->is_number) {
        o->text = literal->text;
    } else if (lua_isinteger(L, index)) {
        int n = snprintf(o->digits, sizeof o->digits, "%lld", (long long)lua_tointeger(L, index));
        o->text = (br_slice){o->digits, (size_t)n};
    } else if (lua_type(L, index) != LUA_TNUMBER) {
        luaL_error(L, "attempt to compare a number with a %s",
                   literal != NULL ? "JSON text" : luaL_typename(L, index));
    } else if (isfinite(lua_tonumber(L, index))) {
        spell_double(o, (double)lua_tonumber(L, index));
    } else {
        o->special = (double)lua_tonumber(L, index);
    }
}

/* Below 0, 0, above 0; 2: one is NaN. */
static int compare(lua_State *L)
{
    operand a, b;
    read_operand(L, 1, &a);
    read_operand(L, 2, &b);
    if (isnan(a.special) || isnan(b.special))
        return 2;
    if (a.special != 0 || b.special != 0)
        return (a.special > b.special) - (a.special < b.special);
    return br_decimal_order(a.text, b.text);
}

static int less(lua_State *L)
{
    lua_pushboolean(L, compare(L) < 0);
    return 1;
}

static int less_or_equal(lua_State *L)
{
    lua_pushboolean(L, compare(L) <= 0);
    return 1;
}

static int refuse_arithmetic(lua_State *L)
{
    return luaL_error(L, "arithmetic on a number that Lua cannot hold exactly: use "
                         "tonumber(tostring(n)) for the nearest one it can");
}

static void new_metatable(lua_State *L, const char *name, const luaL_Reg *methods, const void *key)
{
    static const char arithmetic[][8] = {"__add", "__sub", "__mul", "__div",
                                         "__mod", "__pow", "__unm", "__idiv"};
    lua_createtable(L, 0, 16);
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__name");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    for (size_t i = 0; i < sizeof arithmetic / sizeof arithmetic[0]; i++) {
        lua_pushcfunction(L, refuse_arithmetic);
        lua_setfield(L, -2, arithmetic[i]);
    }
    for (; methods->name != NULL; methods++) {
        lua_pushcfunction(L, methods->func);
        lua_setfield(L, -2, methods->name);
    }
    lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}

void br_literal_open(lua_State *L)
{
    static const luaL_Reg methods[] = {
        {"__tostring", literal_text}, {"__concat", concat}, {"__eq", equal}, {"__lt", less},
        {"__le", less_or_equal},      {NULL, NULL},
    };
    new_metatable(L, "bedrock.number", methods, &number_key);
    new_metatable(L, "bedrock.raw", methods, &raw_key);
}

/* How deep the arrays and objects in a valid text are nested. */
static unsigned depth_of(br_slice text)
{
    unsigned depth = 0, deepest = 0;
    bool string = false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (string && c == '\\')
            i++;
        else if (c == '"')
            string = !string;
        else if (!string && (c == '[' || c == '{'))
            deepest = ++depth > deepest ? depth : deepest;
        else if (!string && (c == ']' || c == '}'))
            depth--;
    }
    return deepest;
}

/* NULL: it is JSON that can be sent. */
static const char *json_problem(br_slice text, size_t *at)
{
    br_json_reader r;
    br_json_reader_init(&r, text);
    const char *why = br_json_skip(&r) && br_json_end(&r) ? NULL : r.error;
    if (why == NULL && r.halves > 0)
        why = "a \\u escape is half of a surrogate pair";
    *at = br_json_offset(&r);
    br_json_reader_free(&r);
    return why;
}

const char *br_literal_push_raw(lua_State *L, br_slice text, size_t *at)
{
    const char *why = text.n > BR_RAW_TEXT_MAX ? "it is too long" : json_problem(text, at);
    if (why == NULL)
        push_literal(L, text, &raw_key)->depth = depth_of(text);
    return why;
}

static const char *number_problem(br_slice text, size_t *at)
{
    br_json_reader r;
    br_json_number n;
    br_json_reader_init(&r, text);
    bool ok = br_json_number_value(&r, &n) && br_json_end(&r);
    const char *why = ok ? NULL : r.error;
    if (ok && n.text.n != text.n)
        why = "there is white space around it";
    *at = br_json_offset(&r);
    br_json_reader_free(&r);
    return why;
}

const char *br_literal_read_number(lua_State *L, br_slice text, size_t *at)
{
    const char *why = text.n > BR_NUMBER_TEXT_MAX ? "it is too long" : number_problem(text, at);
    if (why == NULL)
        br_literal_push_number(L, text);
    return why;
}
