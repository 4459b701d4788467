/* Functions of the module that make values of values: JSON, base64, percent-encoding. */

#include "core/http/uri.h"
#include "core/text/base64.h"
#include "core/text/json.h"
#include "core/text/utf8.h"
#include "lua/binding.h"
#include "lua/codec/came.h"
#include "lua/codec/entries.h"
#include "lua/codec/literal.h"

#define BR_LUA_TEXT_MAX ((size_t)256 * 1024 * 1024)

/* What a text is made in; the collector frees it, so that no Lua error can lose it. */
typedef struct br_lua_text {
    br_buf buf;
    br_problems problems;
} br_lua_text;

static void clear_text(br_lua_text *t)
{
    br_buf_free(&t->buf);
    br_problems_free(&t->problems);
}

static int text_gc(lua_State *L)
{
    clear_text(lua_touserdata(L, 1));
    return 0;
}

static br_lua_text *push_text(lua_State *L, size_t max)
{
    br_lua_text *t = lua_newuserdatauv(L, sizeof *t, 0);
    br_buf_init(&t->buf, max);
    br_problems_init(&t->problems);
    if (luaL_newmetatable(L, "bedrock.text")) {
        lua_pushcfunction(L, text_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return t;
}

static int give_text(lua_State *L, br_lua_text *t)
{
    if (t->buf.failed)
        return luaL_error(L, "not enough memory");
    br_lua_push(L, br_buf_slice(&t->buf));
    clear_text(t);
    return 1;
}

/*
** array(table) -> table, marked as a list; array() -> a new one; array(nil, err) -> nil, err. Anything else
** that came beside a nil is no error of ours, and its table is wanted: that it is missing is not passed over.
*/
int br_lua_array(lua_State *L)
{
    if (br_lua_is_failure(L)) {
        lua_settop(L, 2);
        return 2;
    }
    if (lua_isnoneornil(L, 1) && lua_isnoneornil(L, 2)) {
        lua_settop(L, 0);
        lua_newtable(L);
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    br_mark_array(L, 1);
    lua_settop(L, 1);
    return 1;
}

/* encode(value) -> JSON text | nil, err; encode(nil, err) -> nil, err */
int br_lua_encode(lua_State *L)
{
    luaL_checkany(L, 1);
    if (br_lua_is_failure(L)) {
        lua_settop(L, 2);
        return 2;
    }
    lua_settop(L, 1);
    br_lua_text *t = push_text(L, BR_LUA_TEXT_MAX);
    if (br_write_json(L, 1, &t->buf, &t->problems))
        return give_text(L, t);
    br_lua_fail_problems(L, BR_ERR_VALIDATION, BR_SLICE("encode"), &t->problems);
    clear_text(t);
    return 2;
}

static int push_json(lua_State *L, bool keep_halves)
{
    br_error error;
    br_error_clear(&error);
    luaL_checktype(L, 1, LUA_TSTRING);
    if (br_push_json(L, br_lua_string_arg(L, 1), keep_halves, &error))
        return 1;
    return br_lua_fail(L, &error, BR_SLICE("decode"), NULL);
}

/* decode(text) -> value | nil, err */
int br_lua_decode(lua_State *L)
{
    return push_json(L, false);
}

/* decode_halves(text) -> value | nil, err; lone halves of surrogate pairs are kept in it */
int br_lua_decode_halves(lua_State *L)
{
    return push_json(L, true);
}

/* join_halves(text in which halves were kept) -> valid UTF-8; see br_utf8_join_halves */
int br_lua_join_halves(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TSTRING);
    br_lua_text *t = push_text(L, BR_JSON_STRING_MAX);
    br_utf8_join_halves(&t->buf, br_lua_string_arg(L, 1));
    return give_text(L, t);
}

static void append_key(lua_State *L, void *state, br_slice key)
{
    int *list = state;
    lua_pushlstring(L, key.p, key.n);
    lua_rawseti(L, list[0], ++list[1]);
}

/* keys(table) -> list of the keys that are strings, in the order of br_each_entry */
int br_lua_keys(lua_State *L)
{
    int list[] = {2, 0};
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkstack(L, BR_ENTRIES_STACK, NULL);
    lua_settop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, 1);
    br_each_entry(L, append_key, list);
    lua_settop(L, 2);
    return 1;
}

/* percent(text, keep_slash) -> percent-encoded */
int br_lua_percent(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TSTRING);
    br_lua_text *t = push_text(L, BR_QUERY_MAX);
    br_uri_encode(&t->buf, br_lua_string_arg(L, 1), lua_toboolean(L, 2));
    return give_text(L, t);
}

/* is_public_header(name) -> may its value be shown? */
int br_lua_is_public_header(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TSTRING);
    lua_pushboolean(L, br_header_is_public(br_lua_string_arg(L, 1)));
    return 1;
}

/* base64_encode(bytes) -> text */
int br_lua_base64_encode(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TSTRING);
    br_lua_text *t = push_text(L, BR_LUA_TEXT_MAX);
    br_base64_encode(&t->buf, br_lua_string_arg(L, 1));
    return give_text(L, t);
}

/* base64_decode(text) -> bytes | nil */
int br_lua_base64_decode(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TSTRING);
    br_lua_text *t = push_text(L, BR_LUA_TEXT_MAX);
    if (!br_base64_decode(&t->buf, br_lua_string_arg(L, 1)) && !t->buf.failed)
        return 0;
    return give_text(L, t);
}

/*
** came(table) -> table, which goes back as it is now: made of parts of an answer, with all in it.
** came(copy, original) -> copy, which goes back as the original would; the tables in it are for other calls.
*/
int br_lua_came(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    if (!lua_istable(L, 2)) {
        lua_settop(L, 1);
        br_came_remember_all(L);
        return 1;
    }
    lua_insert(L, 1);
    br_came_remember_like(L);
    return 1;
}

static int refuse(lua_State *L, const char *operation, const char *what, const char *why, size_t at)
{
    br_error error;
    br_error_clear(&error);
    br_error_set(&error, BR_ERR_VALIDATION, "ValidationError", "%s: %s: %s (near byte %zu)",
                 operation, what, why, at);
    return br_lua_fail(L, &error, br_slice_of(operation), NULL);
}

/* raw(text) -> JSON that is sent byte for byte | nil, err */
int br_lua_raw(lua_State *L)
{
    size_t at = 0;
    luaL_checktype(L, 1, LUA_TSTRING);
    const char *why = br_literal_push_raw(L, br_lua_string(L, 1), &at);
    return why == NULL ? 1 : refuse(L, "raw", "the text is not JSON", why, at);
}

/* number(text) -> number that is sent digit for digit | nil, err */
int br_lua_number(lua_State *L)
{
    size_t at = 0;
    luaL_checktype(L, 1, LUA_TSTRING);
    const char *why = br_literal_read_number(L, br_lua_string(L, 1), &at);
    return why == NULL ? 1 : refuse(L, "number", "the text is not a JSON number", why, at);
}

/* literal(value) -> is it one of these? */
int br_lua_literal(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_pushboolean(L, br_literal_at(L, 1) != NULL);
    return 1;
}
