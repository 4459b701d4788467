#include <string.h>

#include "core/aws/service_error.h"
#include "lua/binding.h"

/*
** What is known of an answer beside its contents. Kept as one block, since few ask for it: texts
** end in NUL and follow each other: request ID, name and value of the made-up token, then a name
** and a value for each header.
*/
typedef struct br_lua_facts {
    int status, attempts;
    int64_t bytes;
    br_call_times times;
    size_t len;
    char text[];
} br_lua_facts;

#define BR_LUA_FACTS "bedrock.facts"

static char *put(char *to, br_slice text)
{
    if (text.n > 0)
        memcpy(to, text.p, text.n);
    to[text.n] = '\0';
    return to + text.n + 1;
}

static size_t headers_size(const br_headers *h)
{
    size_t size = 0;
    for (size_t i = 0; h && i < h->count; i++)
        size += br_headers_name(h, i).n + br_headers_value(h, i).n + 2;
    return size;
}

void br_lua_push_metadata(lua_State *L, const br_call_info *info, br_slice token_name,
                          const char *token)
{
    const br_headers *h = info->headers;
    br_slice id = h ? br_request_id(h) : (br_slice){NULL, 0};
    br_slice value = token_name.n > 0 ? br_slice_of(token) : (br_slice){NULL, 0};
    size_t len = id.n + token_name.n + value.n + 3 + headers_size(h);
    br_lua_facts *facts = lua_newuserdatauv(L, sizeof *facts + len, 0);
    facts->status = info->status;
    facts->attempts = info->attempts;
    facts->bytes = info->bytes;
    facts->times = info->times;
    facts->len = len;
    br_lua_class_set(L, br_lua_state_of(L)->facts_class);
    char *to = put(put(put(facts->text, id), token_name), value);
    for (size_t i = 0; h && i < h->count; i++)
        to = put(put(to, br_headers_name(h, i)), br_headers_value(h, i));
}

void br_lua_open_metadata(lua_State *L)
{
    br_lua_state *s = lua_touserdata(L, -1);
    luaL_newmetatable(L, BR_LUA_FACTS);
    lua_pushliteral(L, BR_LUA_FACTS);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
    s->facts_class = br_lua_class_find(L, BR_LUA_FACTS);
}

static const char *after(const char *text)
{
    return text + strlen(text) + 1;
}

/* Adds a field to the table on top; repeated ones are joined, as RFC 9110 allows. */
static void add_field(lua_State *L, br_slice name, br_slice value)
{
    br_lua_push(L, name);
    lua_pushvalue(L, -1);
    lua_rawget(L, -3);
    if (!lua_isnil(L, -1)) {
        lua_pushliteral(L, ", ");
        br_lua_push(L, value);
        lua_concat(L, 3);
    } else {
        lua_pop(L, 1);
        br_lua_push(L, value);
    }
    lua_rawset(L, -3);
}

void br_lua_push_headers(lua_State *L, const br_headers *h)
{
    lua_createtable(L, 0, (int)h->count);
    for (size_t i = 0; i < h->count; i++)
        add_field(L, br_headers_name(h, i), br_headers_value(h, i));
}

static void push_packed_headers(lua_State *L, const char *text, const char *end)
{
    lua_newtable(L);
    while (text < end) {
        const char *value = after(text);
        add_field(L, br_slice_of(text), br_slice_of(value));
        text = after(value);
    }
}

static void push_timing(lua_State *L, const br_lua_facts *facts)
{
    lua_createtable(L, 0, 3);
    br_push_integer(L, facts->bytes);
    lua_setfield(L, -2, "bytes");
    lua_createtable(L, 0, BR_TIME_COUNT);
    for (int i = 0; i < BR_TIME_COUNT; i++) {
        lua_pushnumber(L, (lua_Number)facts->times.us[i] / 1000);
        lua_setfield(L, -2, br_call_time_names[i]);
    }
    lua_setfield(L, -2, "ms");
}

/* metadata(facts) -> {status, request_id, attempts, headers, timing = {bytes, ms}, token?} */
int br_lua_metadata(lua_State *L)
{
    const br_lua_facts *facts = luaL_checkudata(L, 1, BR_LUA_FACTS);
    const char *id = facts->text, *name = after(id), *value = after(name);
    lua_createtable(L, 0, 6);
    push_timing(L, facts);
    lua_setfield(L, -2, "timing");
    lua_pushinteger(L, facts->status);
    lua_setfield(L, -2, "status");
    lua_pushinteger(L, facts->attempts);
    lua_setfield(L, -2, "attempts");
    if (*id) {
        lua_pushstring(L, id);
        lua_setfield(L, -2, "request_id");
    }
    if (*name) {
        lua_newtable(L);
        lua_pushstring(L, value);
        lua_setfield(L, -2, name);
        lua_setfield(L, -2, "token");
    }
    push_packed_headers(L, after(value), facts->text + facts->len);
    lua_setfield(L, -2, "headers");
    return 1;
}
