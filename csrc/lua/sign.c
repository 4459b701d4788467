#include "lua/sign.h"

#include <string.h>

#include "core/aws/sigv4.h"
#include "core/base/hex.h"
#include "core/base/times.h"
#include "core/http/uri.h"
#include "core/text/printable.h"
#include "engine/loop/engine.h"
#include "lua/binding.h"

#define TYPE "bedrock.signing"
#define TIME_MAX_MS 253402300799999.0
#define PAYLOAD_HASH "x-amz-content-sha256"

/* Everything is kept for the next signature, so that one costs no allocation but Lua's own. */
typedef struct signing {
    br_digest *crypto;
    br_signer *signer;
    br_headers headers;
    br_buf origin, host; /* the URL's last time, and the Host header that it makes */
    br_buf authorization;
    br_problems problems;
    bool busy;
} signing;

/* Where on the stack each field's value is. */
enum {
    ACCESS_KEY_ID = 2,
    BODY,
    HEADERS,
    METHOD,
    REGION,
    SECRET_ACCESS_KEY,
    SERVICE,
    SESSION_TOKEN,
    TIME,
    URL,
    FIELDS_END
};

static const br_slice fields[FIELDS_END] = {
    [ACCESS_KEY_ID] = {"access_key_id", 13},
    [BODY] = {"body", 4},
    [HEADERS] = {"headers", 7},
    [METHOD] = {"method", 6},
    [REGION] = {"region", 6},
    [SECRET_ACCESS_KEY] = {"secret_access_key", 17},
    [SERVICE] = {"service", 7},
    [SESSION_TOKEN] = {"session_token", 13},
    [TIME] = {"time", 4},
    [URL] = {"url", 3},
};

/* The parts of a URL that is sent as it is: nothing is encoded or decoded. */
typedef struct parts {
    br_slice origin, path, query;
} parts;

static int signing_gc(lua_State *L)
{
    signing *s = lua_touserdata(L, 1);
    br_signer_free(s->signer);
    br_digest_free(s->crypto);
    br_headers_free(&s->headers);
    br_buf_free(&s->origin);
    br_buf_free(&s->host);
    br_buf_free(&s->authorization);
    br_problems_free(&s->problems);
    memset(s, 0, sizeof(*s));
    return 0;
}

/* 0: there is no such field. */
static int place_of(lua_State *L, int key)
{
    br_slice name = {NULL, 0};
    if (lua_type(L, key) == LUA_TSTRING)
        name.p = lua_tolstring(L, key, &name.n);
    for (int place = ACCESS_KEY_ID; name.p != NULL && place < FIELDS_END; place++)
        if (name.n == fields[place].n && memcmp(name.p, fields[place].p, name.n) == 0)
            return place;
    return 0;
}

static void refuse(lua_State *L, int key, br_problems *p)
{
    if (lua_type(L, key) != LUA_TSTRING) {
        br_problems_add(p, "unknown", (br_slice){"", 0}, "names of fields must be strings, got %s",
                        br_lua_kind(lua_type(L, key)));
        return;
    }
    br_slice name = br_lua_string_arg(L, key);
    br_printable shown = br_print(name);
    br_suggest near;
    br_suggest_init(&near, name);
    for (int place = ACCESS_KEY_ID; place < FIELDS_END; place++)
        br_suggest_try(&near, fields[place]);
    br_problems_add(p, "unknown", br_slice_of(shown.text), "unknown field of a request%s%.*s%s",
                    near.best.p ? " (did you mean " : "", (int)near.best.n,
                    near.best.p ? near.best.p : "", near.best.p ? "?)" : "");
}

/* Walks the table instead of asking it for each field: what it has besides is seen for nothing. */
static bool read_fields(lua_State *L, br_problems *p)
{
    br_problems_free(p);
    luaL_checkstack(L, FIELDS_END + LUA_MINSTACK, NULL);
    lua_settop(L, FIELDS_END - 1);
    lua_pushvalue(L, lua_upvalueindex(1)); /* stays, whoever replaces it */
    lua_pushnil(L);
    while (lua_next(L, 1)) {
        int place = place_of(L, -2);
        if (place > 0) {
            lua_replace(L, place);
        } else {
            refuse(L, -2, p);
            lua_pop(L, 1);
        }
    }
    return !br_problems_any(p);
}

/* A field that must be a string, or may be missing if `fallback` is given. */
static br_slice field(lua_State *L, int place, const char *fallback)
{
    br_slice text;
    if (lua_isnil(L, place) && fallback != NULL)
        return br_slice_of(fallback);
    if (lua_type(L, place) != LUA_TSTRING)
        luaL_error(L, "sign: %s must be a string, got %s", fields[place].p,
                   br_lua_kind(lua_type(L, place)));
    text.p = lua_tolstring(L, place, &text.n);
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

static bool too_many_headers(br_error *error)
{
    return br_error_set(error, BR_ERR_VALIDATION, "ValidationError",
                        "sign: there are more than %d headers, or more than %d bytes of them",
                        BR_HEADERS_MAX, BR_HEADERS_BYTES_MAX);
}

static bool refuse_header(br_slice name, br_slice value, br_error *error)
{
    if (br_header_name_ok(name) && br_header_value_ok(value))
        return too_many_headers(error);
    return br_error_set(
        error, BR_ERR_VALIDATION, "ValidationError",
        "sign: header \"%s\" has an invalid name, or control characters in its value",
        br_print(name).text);
}

/* Tables have no order: of names that differ in case only nobody can tell which is first. */
static bool has_twin(const br_headers *h, br_slice name, br_error *error)
{
    return br_headers_has(h, name) &&
           !br_error_set(error, BR_ERR_VALIDATION, "ValidationError",
                         "sign: header \"%s\" is given twice, in different case: remove one",
                         br_print(name).text);
}

static bool add_given(lua_State *L, br_headers *h, br_error *error)
{
    if (lua_isnil(L, HEADERS))
        return true;
    if (!lua_istable(L, HEADERS))
        luaL_error(L, "sign: headers must be a table, got %s", br_lua_kind(lua_type(L, HEADERS)));
    for (lua_pushnil(L); lua_next(L, HEADERS) != 0; lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING)
            luaL_error(L, "sign: names and values of headers must be strings");
        br_slice name, value;
        name.p = lua_tolstring(L, -2, &name.n);
        value.p = lua_tolstring(L, -1, &value.n);
        if (has_twin(h, name, error))
            return false;
        if (!br_headers_add(h, name, value))
            return refuse_header(name, value, error);
    }
    return true;
}

static int64_t time_ms(lua_State *L)
{
    if (lua_isnil(L, TIME))
        return br_platform_system.wall_ms(br_platform_system.user);
    if (lua_type(L, TIME) != LUA_TNUMBER)
        luaL_error(L, "sign: time must be a number, got %s", br_lua_kind(lua_type(L, TIME)));
    double ms = (double)lua_tonumber(L, TIME) * 1000;
    if (!(ms >= 0 && ms <= TIME_MAX_MS))
        luaL_error(L, "sign: time must be seconds since 1970, up to the year 9999");
    return (int64_t)ms;
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
    return br_headers_add(&s->headers, BR_SLICE("host"), br_buf_slice(&s->host)) ||
           too_many_headers(error);
}

/* The token is not shown; one that was read from a file ends in a line break. */
static bool add_token(signing *s, br_slice token, br_error *error)
{
    if (token.n == 0)
        return true;
    if (!br_header_value_ok(token))
        return br_error_set(error, BR_ERR_VALIDATION, "ValidationError",
                            "sign: session_token has control characters: was all of it copied, "
                            "without the line break?");
    return br_headers_set(&s->headers, BR_SLICE("x-amz-security-token"), token) ||
           too_many_headers(error);
}

/* S3 wants the payload's hash sent, too. A caller's own stays, UNSIGNED-PAYLOAD as well. */
static bool add_hash(signing *s, br_slice body, br_error *error)
{
    uint8_t hash[BR_SHA256_SIZE];
    char hex[BR_SHA256_HEX];
    if (br_headers_get(&s->headers, PAYLOAD_HASH).p != NULL)
        return true;
    if (!br_sha256(s->crypto, body, hash))
        return br_error_set(error, BR_ERR_TRANSPORT, "NoMemory", "sign: out of memory");
    br_hex(hex, hash, sizeof hash);
    return br_headers_add(&s->headers, BR_SLICE(PAYLOAD_HASH), (br_slice){hex, sizeof hex}) ||
           too_many_headers(error);
}

/* Host, date and token: what signing needs and the caller has not given. */
static bool add_own(lua_State *L, signing *s, br_slice origin, br_error *error)
{
    char date[BR_AMZ_DATE_SIZE];
    br_slice token = field(L, SESSION_TOKEN, "");
    if (!add_host(s, origin, error))
        return false;
    br_time_amz(time_ms(L), date);
    if (!br_headers_set(&s->headers, BR_SLICE("x-amz-date"), br_slice_of(date)))
        return too_many_headers(error);
    return add_token(s, token, error);
}

static void set(lua_State *L, const char *name, br_slice value)
{
    lua_pushlstring(L, value.p, value.n);
    lua_setfield(L, -2, name);
}

/* Mostly the very string that the caller gave: tokens are long. */
static void set_token(lua_State *L, br_slice token)
{
    br_slice given = field(L, SESSION_TOKEN, "");
    if (!br_slice_eq(given, token)) {
        set(L, "x-amz-security-token", token);
        return;
    }
    lua_pushvalue(L, SESSION_TOKEN);
    lua_setfield(L, -2, "x-amz-security-token");
}

static void push_added(lua_State *L, const signing *s, bool s3)
{
    br_slice token = br_headers_get(&s->headers, "x-amz-security-token");
    lua_createtable(L, 0, 5);
    set(L, "host", br_headers_get(&s->headers, "host"));
    set(L, "x-amz-date", br_headers_get(&s->headers, "x-amz-date"));
    if (token.p != NULL)
        set_token(L, token);
    if (s3)
        set(L, PAYLOAD_HASH, br_headers_get(&s->headers, PAYLOAD_HASH));
    set(L, "authorization", br_buf_slice(&s->authorization));
}

static bool check_request(br_slice method, br_slice url, br_error *error)
{
    for (size_t i = 0; i < method.n; i++)
        if (method.p[i] < 'A' || method.p[i] > 'Z')
            return br_error_set(error, BR_ERR_VALIDATION, "ValidationError",
                                "sign: method must be an HTTP method in capitals, got \"%s\"",
                                br_print(method).text);
    if (memchr(url.p, '#', url.n) != NULL)
        return br_error_set(error, BR_ERR_VALIDATION, "ValidationError",
                            "sign: url has a fragment (#…), which is not sent");
    return true;
}

static bool sign(lua_State *L, signing *s, bool s3, br_error *error)
{
    parts url = split(field(L, URL, NULL));
    if (!check_request(field(L, METHOD, "POST"), field(L, URL, NULL), error))
        return false;
    br_headers_clear(&s->headers);
    br_buf_clear(&s->authorization);
    if (!add_given(L, &s->headers, error) || !add_own(L, s, url.origin, error) ||
        (s3 && !add_hash(s, field(L, BODY, ""), error)))
        return false;
    br_sign_input in = {
        .method = field(L, METHOD, "POST"),
        .path = url.path,
        .query = url.query,
        .headers = &s->headers,
        .body = field(L, BODY, ""),
        .payload_hash = br_headers_get(&s->headers, PAYLOAD_HASH),
        .normalise_path = !s3,
        .encode_path = !s3,
    };
    if (br_sigv4_sign(s->signer, &in, field(L, ACCESS_KEY_ID, NULL),
                      field(L, SECRET_ACCESS_KEY, NULL), field(L, REGION, NULL),
                      field(L, SERVICE, "bedrock"), &s->authorization, NULL))
        return true;
    return br_error_set(error, BR_ERR_VALIDATION, "ValidationError",
                        "sign: the request cannot be signed: a key, the region or the service is "
                        "empty or too long, or the headers are too many");
}

/* At the first signature: OpenSSL takes longer to start than the rest of the module to load. */
static void need_signer(lua_State *L, signing *s)
{
    if (s->crypto == NULL)
        s->crypto = br_digest_new();
    if (s->crypto != NULL && s->signer == NULL)
        s->signer = br_signer_new(s->crypto);
    if (s->signer == NULL)
        luaL_error(L, "sign: OpenSSL offers no SHA-256, or memory ran out");
}

static signing *push_signing(lua_State *L)
{
    signing *s = lua_newuserdatauv(L, sizeof(*s), 0);
    memset(s, 0, sizeof(*s));
    br_headers_init_secret(&s->headers);
    br_buf_init(&s->origin, BR_HOST_MAX + 16);
    br_buf_init(&s->host, BR_HOST_MAX + 16);
    br_buf_init(&s->authorization, BR_HEADERS_BYTES_MAX);
    br_problems_init(&s->problems);
    if (luaL_newmetatable(L, TYPE)) {
        lua_pushcfunction(L, signing_gc);
        lua_setfield(L, -2, "__gc");
        lua_pushboolean(L, 0);
        lua_setfield(L, -2, "__metatable");
    }
    lua_setmetatable(L, -2);
    return s;
}

static int sign_with(lua_State *L, signing *s)
{
    br_error error;
    br_error_clear(&error);
    if (!read_fields(L, &s->problems))
        return br_lua_fail_problems(L, BR_ERR_VALIDATION, BR_SLICE("sign"), &s->problems);
    need_signer(L, s);
    bool s3 = br_sigv4_is_s3(field(L, SERVICE, "bedrock"));
    if (!sign(L, s, s3, &error))
        return br_lua_fail(L, &error, (br_slice){NULL, 0}, NULL);
    push_added(L, s, s3);
    return 1;
}

/* One that is at work (a finalizer signs, or a Lua error left it) is replaced. */
int br_lua_sign(lua_State *L)
{
    signing *s = lua_touserdata(L, lua_upvalueindex(1));
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    if (s->busy) {
        s = push_signing(L);
        lua_replace(L, lua_upvalueindex(1));
    }
    s->busy = true;
    int n = sign_with(L, s);
    s->busy = false;
    return n;
}

void br_lua_push_sign(lua_State *L)
{
    push_signing(L);
    lua_pushcclosure(L, br_lua_sign, 1);
}
