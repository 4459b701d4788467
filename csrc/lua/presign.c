/*
** bedrock.presign, and what makes API keys.
**
**   presign({ method = "GET", url = …, headers = {…}, expires = seconds, … }, credentials)
**   api_key(region, credentials, duration)
**
** presign: as sign, but the signature is in the URL that it returns, which can be used by whoever sends
** the headers that were given. api_key: the key, and when it ends (epoch seconds).
*/
#include "lua/base/values.h"
#include "lua/signing.h"

#define DURATION 3 /* of an API key: where on the stack */

static double seconds(lua_State *L, const br_signing *s, int place, const char *name,
                      double fallback)
{
    if (lua_isnoneornil(L, place))
        return fallback;
    if (lua_type(L, place) != LUA_TNUMBER)
        luaL_error(L, "%s: %s must be a number of seconds, got %s", s->name, name,
                   br_lua_kind(lua_type(L, place)));
    return (double)lua_tonumber(L, place);
}

/* As it was given: nothing but its query changes. */
static void add_address(br_signing *s, br_slice url)
{
    const char *mark = memchr(url.p, '?', url.n);
    br_buf_add(&s->out, url.p, mark != NULL ? (size_t)(mark - url.p) : url.n);
    br_buf_addc(&s->out, '?');
}

int br_presign_work(lua_State *L, br_signing *s, br_error *error)
{
    br_sign_input in;
    char date[BR_AMZ_DATE_SIZE];
    double expires_s = seconds(L, s, BR_SIGNING_EXPIRES, "expires", BR_PRESIGN_EXPIRES);
    br_presign_keys keys = br_signing_keys(L, s);
    if (lua_isnil(L, BR_SIGNING_METHOD)) {
        lua_pushliteral(L, "GET");
        lua_replace(L, BR_SIGNING_METHOD);
    }
    if (!br_signing_input(L, s, &in, error))
        return 0;
    br_signing_date(L, s, date);
    in.amz_date = br_slice_of(date);
    in.payload_hash = br_headers_get(&s->headers, BR_PAYLOAD_HASH);
    s->out.secret = true;
    add_address(s, br_signing_text(L, s, BR_SIGNING_URL, NULL));
    if (!br_presign(s->signer, &in, &keys, expires_s, &s->out, error))
        return 0;
    br_lua_push(L, br_buf_slice(&s->out));
    return 1;
}

int br_api_key_work(lua_State *L, br_signing *s, br_error *error)
{
    char date[BR_AMZ_DATE_SIZE];
    int64_t expiration_ms;
    double duration_s = seconds(L, s, DURATION, "duration", BR_API_KEY_DURATION_MAX);
    br_presign_keys keys = {.region = br_lua_string_arg(L, 1)};
    br_signing_date(L, s, date);
    if (!br_signing_lent(L, &keys))
        return luaL_argerror(L, BR_SIGNING_LENT, "credentials expected");
    s->out.secret = true;
    if (!br_api_key(s->signer, &keys, br_slice_of(date), duration_s, &s->out, &expiration_ms,
                    error))
        return 0;
    br_lua_push(L, br_buf_slice(&s->out));
    br_push_integer(L, expiration_ms / 1000);
    return 2;
}
