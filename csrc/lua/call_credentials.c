/* Calls that only want credentials: what is told of them, and lending them to what signs. */

#include "lua/call.h"
#include "lua/credentials.h"

static void push_life(lua_State *L, const br_lua_call *c, const br_credentials *credentials)
{
    int64_t local = br_platform_system.wall_ms(br_platform_system.user);
    int64_t now = local + atomic_load(&c->client->config->skew.ms);
    if (credentials->expiration_ms == BR_NEVER_EXPIRES)
        return;
    br_push_integer(L, credentials->expiration_ms / 1000);
    lua_setfield(L, -2, "expiration");
    br_push_integer(L, br_credentials_life_ms(credentials, now) / 1000);
    lua_setfield(L, -2, "seconds_left");
}

static void push_credentials(lua_State *L, const br_lua_call *c)
{
    lua_pushstring(L, br_origin_name(c->item.origin));
    lua_setfield(L, -2, "cache");
    br_lua_push(L, c->item.credentials->access_key_id);
    lua_setfield(L, -2, "access_key_id");
    push_life(L, c, c->item.credentials);
    if (br_client_session_name_refused(c->client)) {
        lua_pushboolean(L, 1);
        lua_setfield(L, -2, "session_name_refused");
    }
}

static int read_credentials(lua_State *L, br_lua_call *c)
{
    if (c->item.kind == BR_ERROR)
        return br_lua_call_fail(L, c, c->item.error);
    lua_createtable(L, 0, 5);
    if (c->item.kind == BR_CREDENTIALS && c->item.credentials)
        push_credentials(L, c);
    br_lua_call_finish(L, c);
    return 1;
}

/*
** credentials() -> {cache, access_key_id, expiration, seconds_left, session_name_refused}
**                | nil, err
*/
int br_lua_call_credentials(lua_State *L)
{
    return br_lua_call_take(L, br_lua_call_check(L), 1, read_credentials);
}

/* A counted reference; NULL: there are none to sign with. An API key's set is none to sign with. */
static const br_credentials *credentials_of(br_lua_state *s, const br_lua_call *c)
{
    bool keyed = c->client->config->settings.auth == BR_AUTH_API_KEY;
    if (keyed || c->item.kind != BR_CREDENTIALS || !c->item.credentials)
        return NULL;
    return c->frames ? br_channel_credentials(s->bridge, c->channel)
                     : br_credentials_ref(c->item.credentials);
}

static int read_lent(lua_State *L, br_lua_call *c)
{
    if (c->item.kind == BR_ERROR)
        return br_lua_call_fail(L, c, c->item.error);
    br_lua_credentials *lent = br_lua_credentials_push(L);
    lent->set = credentials_of(br_lua_state_of(L), c);
    lent->skew_ms = atomic_load(&c->client->config->skew.ms);
    if (!lent->set)
        lua_pushboolean(L, 0);
    br_lua_call_finish(L, c);
    return 1;
}

/* lend() -> credentials, for the functions that sign | false: no keys | nil, err */
int br_lua_call_lend(lua_State *L)
{
    return br_lua_call_take(L, br_lua_call_check(L), 1, read_lent);
}
