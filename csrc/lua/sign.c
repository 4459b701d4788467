#include "lua/sign.h"

#include <string.h>

#include "core/sigv4.h"
#include "core/times.h"
#include "core/uri.h"
#include "engine/engine.h"
#include "lua/binding.h"

#define TYPE "bedrock.signing"

/* Everything is kept for the next signature, so that one costs no allocation but Lua's own. */
typedef struct signing {
    br_crypto *crypto;
    br_signer *signer;
    br_headers headers;
    br_buf origin, host; /* the URL's last time, and the Host header that it makes */
    br_buf authorization;
} signing;

/* The parts of a URL that is sent as it is: nothing is encoded or decoded. */
typedef struct parts {
    br_slice origin, path, query;
} parts;

static int signing_gc(lua_State *L)
{
    signing *s = lua_touserdata(L, 1);
    br_signer_free(s->signer);
    br_crypto_free(s->crypto);
    br_headers_free(&s->headers);
    br_buf_free(&s->origin);
    br_buf_free(&s->host);
    br_buf_free(&s->authorization);
    memset(s, 0, sizeof(*s));
    return 0;
}

/* A field that must be a string, or may be missing if `fallback` is given. */
static br_slice field(lua_State *L, const char *name, const char *fallback)
{
    br_slice text;
    br_lua_rawfield(L, 1, name);
    if (lua_isnil(L, -1) && fallback != NULL) {
        text = br_slice_of(fallback);
    } else {
        if (lua_type(L, -1) != LUA_TSTRING)
            luaL_error(L, "sign: %s must be a string, got %s", name, luaL_typename(L, -1));
        text.p = lua_tolstring(L, -1, &text.n);
    }
    lua_pop(L, 1); /* the table keeps it alive */
    return text;
}

static parts split(br_slice url)
{
    parts p = {url, {"/", 1}, {"", 0}};
    const char *end = url.p + url.n;
    const char *at = url.n > 8 ? memchr(url.p + 8, '/', url.n - 8) : NULL;
    const char *mark = memchr(url.p, '?', url.n);
    if (mark != NULL) {
        p.query = (br_slice){mark + 1, (size_t)(end - mark - 1)};
        end = mark;
    }
    p.origin.n = (size_t)(end - url.p);
    if (at != NULL && at < end) {
        p.path = (br_slice){at, (size_t)(end - at)};
        p.origin.n = (size_t)(at - url.p);
    }
    return p;
}

static bool refuse_header(br_slice name, br_slice value, br_error *error)
{
    if (br_header_name_ok(name) && br_header_value_ok(value))
        return br_error_set(error, BR_ERR_VALIDATION, "ValidationError",
                            "sign: the headers are more than %d, or longer than %d bytes together",
                            BR_HEADERS_MAX, BR_HEADERS_BYTES_MAX);
    return br_error_set(error, BR_ERR_VALIDATION, "ValidationError",
                        "sign: header \"%.*s\" has a bad name, or control characters in its value",
                        name.n > 80 ? 80 : (int)name.n, name.p);
}

static bool add_given(lua_State *L, br_headers *h, br_error *error)
{
    br_lua_rawfield(L, 1, "headers");
    if (lua_isnil(L, -1))
        return true;
    luaL_checktype(L, -1, LUA_TTABLE);
    for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING)
            luaL_error(L, "sign: names and values of headers must be strings");
        br_slice name, value;
        name.p = lua_tolstring(L, -2, &name.n);
        value.p = lua_tolstring(L, -1, &value.n);
        if (!br_headers_add(h, name, value))
            return refuse_header(name, value, error);
    }
    return true;
}

static int64_t time_ms(lua_State *L)
{
    br_lua_rawfield(L, 1, "time");
    int64_t ms = lua_isnil(L, -1) ? br_host_system.wall_ms(br_host_system.user)
                                  : (int64_t)(luaL_checknumber(L, -1) * 1000);
    lua_pop(L, 1);
    return ms;
}

static bool remember_host(signing *s, br_slice origin, br_error *error)
{
    br_url url;
    br_buf_clear(&s->origin);
    br_buf_clear(&s->host);
    if (!br_url_parse(&url, origin, error))
        return false;
    br_url_host(&s->host, &url);
    br_buf_add_slice(&s->origin, origin);
    return true;
}

static bool add_host(signing *s, br_slice origin, br_error *error)
{
    if (br_headers_get(&s->headers, "host").p != NULL)
        return true;
    bool known = s->origin.len > 0 && br_slice_eq(br_buf_slice(&s->origin), origin);
    if (!known && !remember_host(s, origin, error))
        return false;
    return br_headers_add(&s->headers, BR_SLICE("host"), br_buf_slice(&s->host));
}

/* Host, date and token: what signing needs and the caller has not given. */
static bool add_own(lua_State *L, signing *s, br_slice origin, br_error *error)
{
    char date[BR_AMZ_DATE_SIZE];
    br_slice token = field(L, "session_token", "");
    if (!add_host(s, origin, error))
        return false;
    br_time_amz(time_ms(L), date);
    br_headers_set(&s->headers, BR_SLICE("x-amz-date"), br_slice_of(date));
    if (token.n > 0)
        br_headers_set(&s->headers, BR_SLICE("x-amz-security-token"), token);
    return true;
}

static void set(lua_State *L, const char *name, br_slice value)
{
    lua_pushlstring(L, value.p, value.n);
    lua_setfield(L, -2, name);
}

/* Mostly the very string that the caller gave: tokens are long. */
static void set_token(lua_State *L, br_slice token)
{
    br_slice given = field(L, "session_token", "");
    if (!br_slice_eq(given, token)) {
        set(L, "x-amz-security-token", token);
        return;
    }
    br_lua_rawfield(L, 1, "session_token");
    lua_setfield(L, -2, "x-amz-security-token");
}

static void push_added(lua_State *L, const signing *s)
{
    br_slice token = br_headers_get(&s->headers, "x-amz-security-token");
    lua_createtable(L, 0, 4);
    set(L, "host", br_headers_get(&s->headers, "host"));
    set(L, "x-amz-date", br_headers_get(&s->headers, "x-amz-date"));
    if (token.p != NULL)
        set_token(L, token);
    set(L, "authorization", br_buf_slice(&s->authorization));
}

static bool sign(lua_State *L, signing *s, br_error *error)
{
    parts url = split(field(L, "url", NULL));
    br_headers_clear(&s->headers);
    br_buf_clear(&s->authorization);
    if (!add_given(L, &s->headers, error) || !add_own(L, s, url.origin, error))
        return false;
    br_sign_input in = {
        .method = field(L, "method", "POST"),
        .path = url.path,
        .query = url.query,
        .headers = &s->headers,
        .body = field(L, "body", ""),
        .normalise_path = true,
        .encode_path = true,
    };
    if (br_sigv4_sign(s->signer, &in, field(L, "access_key_id", NULL),
                      field(L, "secret_access_key", NULL), field(L, "region", NULL),
                      field(L, "service", "bedrock"), &s->authorization, NULL))
        return true;
    return br_error_set(error, BR_ERR_VALIDATION, "ValidationError",
                        "sign: the request cannot be signed: an empty or overlong key, region or "
                        "service, or headers beyond their limits");
}

/* At the first signature: OpenSSL takes longer to start than the rest of the module to load. */
static void need_signer(lua_State *L, signing *s)
{
    if (s->crypto == NULL)
        s->crypto = br_crypto_new();
    if (s->crypto != NULL && s->signer == NULL)
        s->signer = br_signer_new(s->crypto);
    if (s->signer == NULL)
        luaL_error(L, "sign: no SHA-256 from OpenSSL, or out of memory");
}

int br_lua_sign(lua_State *L)
{
    signing *s = lua_touserdata(L, lua_upvalueindex(1));
    br_error error;
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    need_signer(L, s);
    if (!sign(L, s, &error))
        return br_lua_fail(L, &error, (br_slice){NULL, 0}, NULL);
    push_added(L, s);
    return 1;
}

void br_lua_push_sign(lua_State *L)
{
    signing *s = lua_newuserdatauv(L, sizeof(*s), 0);
    memset(s, 0, sizeof(*s));
    br_headers_init_secret(&s->headers);
    br_buf_init(&s->origin, BR_HOST_MAX + 16);
    br_buf_init(&s->host, BR_HOST_MAX + 16);
    br_buf_init(&s->authorization, BR_HEADERS_BYTES_MAX);
    if (luaL_newmetatable(L, TYPE)) {
        lua_pushcfunction(L, signing_gc);
        lua_setfield(L, -2, "__gc");
        lua_pushboolean(L, 0);
        lua_setfield(L, -2, "__metatable");
    }
    lua_setmetatable(L, -2);
    lua_pushcclosure(L, br_lua_sign, 1);
}
