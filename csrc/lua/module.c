#include <string.h>

#include "core/base/version.h"
#include "core/http/uri.h"
#include "core/text/base64.h"
#include "core/text/json.h"
#include "core/text/utf8.h"
#include "lua/binding.h"
#include "lua/codec/came.h"
#include "lua/codec/entries.h"
#include "lua/codec/literal.h"
#include "lua/sign.h"

#define BR_LUA_STATE "bedrock.state"
#define BR_LUA_TEXT_MAX ((size_t)256 * 1024 * 1024)

__attribute__((visibility("default"))) int luaopen_bedrock_core(lua_State *L);

br_lua_state *br_lua_state_of(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

void br_lua_rawfield(lua_State *L, int table, const char *name)
{
    int t = lua_absindex(L, table);
    lua_pushstring(L, name);
    lua_rawget(L, t);
}

void br_lua_push(lua_State *L, br_slice text)
{
    lua_pushlstring(L, text.p ? text.p : "", text.n);
}

br_slice br_lua_slice(lua_State *L, int arg)
{
    br_slice s = {NULL, 0};
    if (!lua_isnoneornil(L, arg)) {
        luaL_checktype(L, arg, LUA_TSTRING);
        s.p = lua_tolstring(L, arg, &s.n);
    }
    return s;
}

br_engine *br_lua_engine(br_lua_state *s, br_error *error)
{
    br_lua_leave_parent(s);
    if (s->bridged) {
        br_error_set(error, BR_ERR_CONFIG, "NotSupported",
                     "there is no engine in this thread, as nobody may block here");
        return NULL;
    }
    if (!s->engine)
        s->engine = br_engine_new(&br_host_system, error);
    return s->engine;
}

void br_lua_leave_parent(br_lua_state *s)
{
    if (s->bridge && br_bridge_inherited(s->bridge)) {
        br_lua_end_calls(s, NULL, "Forked");
        s->bridge = NULL;
    }
    if (!s->engine || !br_engine_forked(s->engine))
        return;
    br_engine_abandon(s->engine);
    br_lua_end_calls(s, NULL, "Forked");
    br_engine_free(s->engine);
    s->engine = NULL;
}

/* Calls first, whatever order the collector has: they lean on the engine. */
static int state_gc(lua_State *L)
{
    br_lua_state *s = lua_touserdata(L, 1);
    br_lua_leave_parent(s);
    br_lua_end_calls(s, NULL, "Closed");
    br_engine_free(s->engine);
    s->engine = NULL;
    if (s->bridge)
        br_bridge_unref(s->bridge);
    s->bridge = NULL;
    br_lua_free_frames(s);
    br_request_free(&s->request);
    return 0;
}

static void push_state(lua_State *L)
{
    br_lua_state *s = lua_newuserdatauv(L, sizeof *s, 0);
    memset(s, 0, sizeof *s);
    br_request_init(&s->request);
    s->models[s->model_count++] = &br_model_builtin;
    luaL_newmetatable(L, BR_LUA_STATE);
    lua_pushcfunction(L, state_gc);
    lua_setfield(L, -2, "__gc");
    lua_pushliteral(L, BR_LUA_STATE);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
}

void br_lua_class(lua_State *L, const char *name, const luaL_Reg *methods, const luaL_Reg *meta)
{
    int state = lua_gettop(L);
    luaL_newmetatable(L, name);
    lua_pushvalue(L, state);
    luaL_setfuncs(L, meta, 1);
    lua_newtable(L);
    lua_pushvalue(L, state);
    luaL_setfuncs(L, methods, 1);
    lua_setfield(L, -2, "__index");
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__metatable");
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__name");
    lua_settop(L, state);
}

br_lua_class_id br_lua_class_find(lua_State *L, const char *name)
{
    br_lua_class_id id;
    luaL_getmetatable(L, name);
    id.metatable = lua_topointer(L, -1);
    id.ref = luaL_ref(L, LUA_REGISTRYINDEX);
    return id;
}

void br_lua_class_set(lua_State *L, br_lua_class_id id)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, id.ref);
    lua_setmetatable(L, -2);
}

void *br_lua_class_check(lua_State *L, int arg, br_lua_class_id id, const char *name)
{
    void *object = lua_touserdata(L, arg);
    if (object && lua_getmetatable(L, arg)) {
        bool same = lua_topointer(L, -1) == id.metatable;
        lua_pop(L, 1);
        if (same)
            return object;
    }
    return luaL_checkudata(L, arg, name);
}

/* step(ms) -> number of things still running */
static int step(lua_State *L)
{
    br_lua_state *s = br_lua_state_of(L);
    int ms = (int)luaL_checkinteger(L, 1);
    br_lua_leave_parent(s);
    lua_pushinteger(L, s->engine ? br_engine_step(s->engine, ms) : 0);
    return 1;
}

/* fd() -> descriptor that is readable when step has something to do */
static int descriptor(lua_State *L)
{
    br_error error;
    br_error_clear(&error);
    br_engine *e = br_lua_engine(br_lua_state_of(L), &error);
    if (!e)
        return br_lua_fail(L, &error, (br_slice){NULL, 0}, NULL);
    lua_pushinteger(L, br_engine_fd(e));
    return 1;
}

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

/* encode(value) -> JSON text | nil, err */
static int encode(lua_State *L)
{
    luaL_checkany(L, 1);
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
    if (br_push_json(L, br_lua_slice(L, 1), keep_halves, &error))
        return 1;
    return br_lua_fail(L, &error, BR_SLICE("decode"), NULL);
}

/* decode(text) -> value | nil, err */
static int decode(lua_State *L)
{
    return push_json(L, false);
}

/* decode_halves(text) -> value | nil, err; lone halves of surrogate pairs are kept in it */
static int decode_halves(lua_State *L)
{
    return push_json(L, true);
}

/* join_halves(text in which halves were kept) -> valid UTF-8; see br_utf8_join_halves */
static int join_halves(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TSTRING);
    br_lua_text *t = push_text(L, BR_JSON_STRING_MAX);
    br_utf8_join_halves(&t->buf, br_lua_slice(L, 1));
    return give_text(L, t);
}

static void append_key(lua_State *L, void *state, br_slice key)
{
    int *list = state;
    lua_pushlstring(L, key.p, key.n);
    lua_rawseti(L, list[0], ++list[1]);
}

/* keys(table) -> list of the keys that are strings, in the order of br_each_entry */
static int keys(lua_State *L)
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
static int percent(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TSTRING);
    br_lua_text *t = push_text(L, BR_QUERY_MAX);
    br_uri_encode(&t->buf, br_lua_slice(L, 1), lua_toboolean(L, 2));
    return give_text(L, t);
}

/* is_public_header(name) -> may its value be shown? */
static int is_public_header(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TSTRING);
    lua_pushboolean(L, br_header_is_public(br_lua_slice(L, 1)));
    return 1;
}

/* base64_decode(text) -> bytes | nil */
static int base64_decode(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TSTRING);
    br_lua_text *t = push_text(L, BR_LUA_TEXT_MAX);
    if (!br_base64_decode(&t->buf, br_lua_slice(L, 1)) && !t->buf.failed)
        return 0;
    return give_text(L, t);
}

/* now_ms() -> milliseconds of a clock that never goes back */
static int now_ms(lua_State *L)
{
    lua_pushnumber(L, (lua_Number)br_host_system.mono_ms(br_host_system.user));
    return 1;
}

/* came(table) -> table, which goes back as it is now: made of parts of an answer, with all in it. */
static int came(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    br_came_remember_all(L);
    return 1;
}

static const luaL_Reg functions[] = {
    {"api_version", br_lua_api_version},
    {"array", br_lua_array},
    {"came", came},
    {"base64_decode", base64_decode},
    {"before", br_lua_before},
    {"bridge", br_lua_bridge},
    {"bridged", br_lua_bridged},
    {"connect", br_lua_connect},
    {"decode", decode},
    {"decode_halves", decode_halves},
    {"describe", br_lua_describe},
    {"encode", encode},
    {"fd", descriptor},
    {"find", br_lua_find},
    {"join_halves", join_halves},
    {"keys", keys},
    {"literal", br_lua_literal},
    {"metadata", br_lua_metadata},
    {"model", br_lua_load_model},
    {"notify", br_lua_notify},
    {"now_ms", now_ms},
    {"number", br_lua_number},
    {"operation", br_lua_operation},
    {"operations", br_lua_operations},
    {"paginator", br_lua_paginator},
    {"is_public_header", is_public_header},
    {"percent", percent},
    {"raw", br_lua_raw},
    {"service", br_lua_service},
    {"services", br_lua_services},
    {"sse", br_lua_sse_new},
    {"shown", br_lua_shown},
    {"step", step},
    {"suggest", br_lua_suggest},
    {"timer", br_lua_timer_new},
    {"waiters", br_lua_waiters},
    {"woken", br_lua_woken},
    {NULL, NULL},
};

static void push_module(lua_State *L)
{
    br_codec_open(L);
    lua_newtable(L);
    push_state(L);
    br_lua_open_client(L);
    br_lua_open_call(L);
    br_lua_open_timer(L);
    br_lua_open_sse(L);
    br_lua_open_metadata(L);
    luaL_setfuncs(L, functions, 1);
    br_lua_open_errors(L);
    br_push_null(L);
    lua_setfield(L, -2, "null");
    br_lua_push_sign(L);
    lua_setfield(L, -2, "sign");
    lua_pushliteral(L, BR_VERSION);
    lua_setfield(L, -2, "version");
}

/* One module and one engine for a Lua state, even if it is loaded twice. */
int luaopen_bedrock_core(lua_State *L)
{
    lua_getfield(L, LUA_REGISTRYINDEX, "bedrock.core");
    if (lua_istable(L, -1))
        return 1;
    lua_pop(L, 1);
    push_module(L);
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, "bedrock.core");
    return 1;
}
