#include <string.h>

#include "core/aws/foreign_options.h"
#include "core/base/whole.h"
#include "core/text/printable.h"
#include "lua/binding.h"
#include "lua/codec/entries.h"

static const char *const known[] = {
    "authorization", "connect_timeout", "first_byte_timeout", "headers", "max_attempts",
    "read_timeout",  "require_end",     "retry_timeouts",     "stream",  "strict",
    "total_timeout", "unknown",         "validate",
};

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

static bool is_known(br_slice option)
{
    for (size_t i = 0; i < COUNT(known); i++) {
        if (br_slice_eqs(option, known[i]))
            return true;
    }
    return false;
}

static bool absent(lua_State *L, int index)
{
    return lua_isnoneornil(L, index) || br_lua_is_null(L, index);
}

static void wrong_type(br_problems *p, const char *name, const char *wanted, const char *got)
{
    br_problems_add(p, "type", br_slice_of(name), "must be %s, got %s", wanted, got);
}

/* An integer of [low, high], or -1 where `none`. Absent: *value stays. */
static void read_integer(lua_State *L, int table, const char *name, int low, int high, bool none,
                         int *value, br_problems *p)
{
    br_lua_rawfield(L, table, name);
    double n = lua_tonumber(L, -1);
    if (absent(L, -1)) {
        lua_pop(L, 1);
        return;
    }
    if (lua_type(L, -1) != LUA_TNUMBER)
        wrong_type(p, name, "a number", br_lua_kind(lua_type(L, -1)));
    else if (br_is_whole(n) && ((n >= low && n <= high) || (none && n == -1)))
        *value = (int)n;
    else
        br_problems_add(p,
                        !br_is_whole(n) ? "type"
                        : n > high      ? "max-value"
                                        : "min-value",
                        br_slice_of(name), "must be an integer from %d to %d%s, got %g", low, high,
                        none ? " (-1 for none)" : "", n);
    lua_pop(L, 1);
}

static void read_flag(lua_State *L, int table, const char *name, bool *value, br_problems *p)
{
    br_lua_rawfield(L, table, name);
    if (lua_type(L, -1) == LUA_TBOOLEAN)
        *value = lua_toboolean(L, -1);
    else if (!absent(L, -1))
        wrong_type(p, name, "true or false", br_lua_kind(lua_type(L, -1)));
    lua_pop(L, 1);
}

static void read_unknown_mode(lua_State *L, int table, bool *pass, br_problems *p)
{
    br_lua_rawfield(L, table, "unknown");
    br_slice text = {"", 0};
    if (lua_type(L, -1) == LUA_TSTRING)
        text = br_lua_string_arg(L, -1);
    if (br_slice_eqs(text, "pass") || br_slice_eqs(text, "error"))
        *pass = br_slice_eqs(text, "pass");
    else if (!absent(L, -1))
        br_problems_add(p, "enum", BR_SLICE("unknown"), "must be \"error\" or \"pass\"");
    lua_pop(L, 1);
}

/* The call itself says so, not the connection: then it is about what it sends. */
static bool asks_for_checks(lua_State *L, int table)
{
    br_lua_rawfield(L, table, "strict");
    br_lua_rawfield(L, table, "unknown");
    bool asks = lua_toboolean(L, -2) ||
                (lua_type(L, -1) == LUA_TSTRING && br_slice_eqs(br_lua_string_arg(L, -1), "error"));
    lua_pop(L, 2);
    return asks;
}

static void read_stream(lua_State *L, int table, br_lua_options *out, br_problems *p)
{
    br_lua_rawfield(L, table, "stream");
    int type = absent(L, -1) ? LUA_TNIL : lua_type(L, -1);
    out->bytes = type == LUA_TSTRING && br_slice_eqs(br_lua_string_arg(L, -1), "bytes");
    out->stream = out->bytes || (type == LUA_TBOOLEAN && lua_toboolean(L, -1));
    if (type == LUA_TSTRING && !out->bytes)
        br_problems_add(p, "enum", BR_SLICE("stream"), "must be true, false or \"bytes\"");
    else if (type != LUA_TSTRING && type != LUA_TBOOLEAN && type != LUA_TNIL)
        wrong_type(p, "stream", "true, false or \"bytes\"", br_lua_kind(lua_type(L, -1)));
    lua_pop(L, 1);
    read_flag(L, table, "require_end", &out->require_end, p);
}

static void read_numbers(lua_State *L, int table, br_call_opts *o, br_problems *p)
{
    br_timeouts *t = &o->timeouts;
    read_integer(L, table, "connect_timeout", 1, INT32_MAX, true, &t->connect_ms, p);
    read_integer(L, table, "read_timeout", 1, INT32_MAX, true, &t->read_ms, p);
    read_integer(L, table, "first_byte_timeout", 1, INT32_MAX, true, &t->first_byte_ms, p);
    read_integer(L, table, "total_timeout", 1, INT32_MAX, true, &t->total_ms, p);
    read_integer(L, table, "max_attempts", 1, BR_MAX_ATTEMPTS_MAX, false, &o->max_attempts, p);
}

static void use_authorization(lua_State *L, int index, br_slice *out, br_problems *p)
{
    br_slice value = {NULL, 0};
    if (lua_type(L, index) == LUA_TSTRING)
        value = br_lua_string_arg(L, index);
    if (value.n > 0 && br_header_value_ok(value)) {
        *out = value;
        lua_pushvalue(L, index);
        lua_replace(L, BR_LUA_AUTHORIZATION);
    } else {
        br_problems_add(p, "header-value", BR_SLICE("authorization"),
                        "must be a string without control characters, and not empty");
    }
}

void br_lua_options_authorization(lua_State *L, int table, br_slice *out, br_problems *p)
{
    br_lua_rawfield(L, table, "authorization");
    if (!absent(L, -1))
        use_authorization(L, -1, out, p);
    lua_pop(L, 1);
    br_lua_rawfield(L, table, "headers");
    if (lua_type(L, -1) == LUA_TTABLE) {
        lua_pushnil(L);
        for (; lua_next(L, -2); lua_pop(L, 1)) {
            if (lua_type(L, -2) == LUA_TSTRING &&
                br_slice_eq_nocase(br_lua_string_arg(L, -2), BR_SLICE("authorization")))
                use_authorization(L, -1, out, p);
        }
    } else if (!absent(L, -1)) {
        wrong_type(p, "headers", "a table of names and values", br_lua_kind(lua_type(L, -1)));
    }
    lua_pop(L, 1);
}

static void refuse(br_slice name, br_problems *p)
{
    br_suggest near;
    br_suggest_init(&near, name);
    for (size_t i = 0; i < COUNT(known); i++)
        br_suggest_try(&near, br_slice_of(known[i]));
    br_printable shown = br_print(name);
    br_slice path = br_slice_of(shown.text);
    const char *slip = br_foreign_option(name, true);
    if (br_option_find(name) >= 0)
        br_problems_add(p, "unknown", path, "is an option of connect, not of a call");
    else if (slip && !near.best.p)
        br_problems_add(p, "unknown", path, "unknown option of a call (%s)", slip);
    else if (near.best.p)
        br_problems_add(p, "unknown", path, "unknown option of a call (did you mean %.*s?)",
                        (int)near.best.n, near.best.p);
    else
        br_problems_add(
            p, "unknown", path,
            "unknown option of a call (the operation's parameters go into the first table)");
}

static void refuse_others(lua_State *L, int table, br_problems *p)
{
    lua_pushnil(L);
    for (; lua_next(L, table); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            br_problems_add(p, "unknown", (br_slice){"", 0},
                            "names of options must be strings, got %s",
                            br_lua_kind(lua_type(L, -2)));
        else if (!is_known(br_lua_string_arg(L, -2)))
            refuse(br_lua_string_arg(L, -2), p);
    }
}

static void defaults(const br_client *client, const br_model *model, br_lua_options *out)
{
    memset(out, 0, sizeof *out);
    br_encode_ctx_init(&out->encode, model);
    out->encode.validate = br_settings_flag(&client->config->settings, BR_OPT_VALIDATE);
    out->encode.strict = br_settings_flag(&client->config->settings, BR_OPT_STRICT);
    out->encode.region = br_slice_of(client->config->settings.region);
    out->encode.unknown_pass =
        br_slice_eqs(br_settings_text(&client->config->settings, BR_OPT_UNKNOWN), "pass");
    out->call.model = model;
    out->call.timeouts = client->config->timeouts;
    out->call.max_attempts = client->config->max_attempts;
    out->call.retry_timeouts = client->config->retry_timeouts;
}

bool br_lua_options_read(lua_State *L, int index, const br_client *client, const br_model *model,
                         br_lua_options *out, br_problems *p)
{
    defaults(client, model, out);
    if (absent(L, index))
        return true;
    luaL_checktype(L, index, LUA_TTABLE);
    read_numbers(L, index, &out->call, p);
    read_flag(L, index, "retry_timeouts", &out->call.retry_timeouts, p);
    read_flag(L, index, "strict", &out->encode.strict, p);
    read_flag(L, index, "validate", &out->encode.validate, p);
    read_stream(L, index, out, p);
    read_unknown_mode(L, index, &out->encode.unknown_pass, p);
    out->encode.by_hand = asks_for_checks(L, index);
    br_lua_options_authorization(L, index, &out->call.authorization, p);
    refuse_others(L, index, p);
    return !br_problems_any(p);
}

/*
** Names that differ in case only are one header, and which of them is meant cannot be told, as tables
** have no order. Told once for each pair.
*/
static void refuse_twin(lua_State *L, int table, br_slice name, br_problems *p)
{
    lua_pushnil(L);
    for (; lua_next(L, table); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            continue;
        br_slice other = br_lua_string_arg(L, -2);
        if (br_slice_eq_nocase(name, other) && memcmp(name.p, other.p, name.n) < 0)
            br_problems_add(p, "conflict", BR_SLICE("headers"),
                            "%s and %s are the same header: remove one", br_print(name).text,
                            br_print(other).text);
    }
}

typedef struct given_headers {
    int table;
    int count;
    br_request *request;
    br_problems *problems;
} given_headers;

static void refuse_name(br_problems *p)
{
    br_problems_add(p, "header-name", BR_SLICE("headers"),
                    "the name of a header must be letters, digits and -");
}

/* One header of the caller's table; its value is on top of the stack. */
static void add_header(lua_State *L, void *state, br_slice name)
{
    given_headers *given = state;
    br_request *request = given->request;
    br_problems *p = given->problems;
    if (++given->count > BR_HEADERS_MAX)
        return;
    if (!br_header_name_ok(name)) {
        refuse_name(p);
        return;
    }
    refuse_twin(L, given->table, name, p);
    if (br_slice_eq_nocase(name, BR_SLICE("authorization")))
        return;
    if (br_header_is_reserved(name)) {
        br_problems_add(p, "header-name", BR_SLICE("headers"), "%s is set by the library",
                        br_print(name).text);
        return;
    }
    if (lua_type(L, -1) != LUA_TSTRING || !br_header_value_ok(br_lua_string_arg(L, -1))) {
        br_problems_add(p, "header-value", BR_SLICE("headers"),
                        "%s must be a string without control characters", br_print(name).text);
        return;
    }
    if (!br_headers_set(&request->headers, name, br_lua_string_arg(L, -1)))
        br_problems_add(p, "header-value", BR_SLICE("headers"),
                        "the headers are too many or too long");
}

/* The table is on top of the stack. They are sent in the order of their names. */
static void add_headers(lua_State *L, br_request *request, br_problems *p)
{
    given_headers given = {lua_gettop(L), 0, request, p};
    luaL_checkstack(L, BR_ENTRIES_STACK, NULL);
    if (br_each_sorted(L, NULL, add_header, &given) != LUA_TNONE)
        refuse_name(p);
    if (given.count > BR_HEADERS_MAX)
        br_problems_add(p, "header-value", BR_SLICE("headers"), "there are more than %d headers",
                        BR_HEADERS_MAX);
}

bool br_lua_options_headers(lua_State *L, int index, br_request *request, br_problems *p)
{
    if (absent(L, index))
        return true;
    br_lua_rawfield(L, index, "headers");
    if (lua_type(L, -1) == LUA_TTABLE)
        add_headers(L, request, p);
    lua_pop(L, 1);
    return !br_problems_any(p);
}
