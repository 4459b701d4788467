/* What bedrock.sign and bedrock.presign sign: the request, of the fields that were given. */
#include "lua/signing.h"

#include "core/aws/signing_name.h"
#include "core/http/url.h"
#include "core/text/printable.h"
#include "lua/binding.h"

/* The parts of a URL that is sent as it is: nothing is encoded or decoded. */
typedef struct parts {
    br_slice origin, path, query;
} parts;

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

bool br_signing_too_many_headers(const br_signing *s, br_error *error)
{
    return br_error_set(error, BR_ERR_VALIDATION, "ValidationError",
                        "%s: there are more than %d headers, or more than %d bytes of them",
                        s->name, BR_HEADERS_MAX, BR_HEADERS_BYTES_MAX);
}

static bool refuse_header(const br_signing *s, br_slice name, br_slice value, br_error *error)
{
    if (br_header_name_ok(name) && br_header_value_ok(value))
        return br_signing_too_many_headers(s, error);
    return br_error_set(error, BR_ERR_VALIDATION, "ValidationError",
                        "%s: header \"%s\" has an invalid name, or control characters in its value",
                        s->name, br_print(name).text);
}

/* Tables have no order: of names that differ in case only nobody can tell which is first. */
static bool has_twin(const br_signing *s, br_slice name, br_error *error)
{
    return br_headers_has(&s->headers, name) &&
           !br_error_set(error, BR_ERR_VALIDATION, "ValidationError",
                         "%s: header \"%s\" is given twice, in different case: remove one", s->name,
                         br_print(name).text);
}

static bool add_given(lua_State *L, br_signing *s, br_error *error)
{
    if (lua_isnil(L, BR_SIGNING_HEADERS))
        return true;
    if (!lua_istable(L, BR_SIGNING_HEADERS))
        luaL_error(L, "%s: headers must be a table, got %s", s->name,
                   br_lua_kind(lua_type(L, BR_SIGNING_HEADERS)));
    for (lua_pushnil(L); lua_next(L, BR_SIGNING_HEADERS) != 0; lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING)
            luaL_error(L, "%s: names and values of headers must be strings", s->name);
        br_slice name = br_lua_string(L, -2), value = br_lua_string(L, -1);
        if (has_twin(s, name, error))
            return false;
        if (!br_headers_add(&s->headers, name, value))
            return refuse_header(s, name, value, error);
    }
    return true;
}

static bool remember_host(br_signing *s, br_slice origin, br_error *error)
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

static bool add_host(br_signing *s, br_slice origin, br_error *error)
{
    if (br_headers_get(&s->headers, "host").p != NULL)
        return true;
    bool known = s->origin.len > 0 && br_slice_eq(br_buf_slice(&s->origin), origin);
    if (!known && !remember_host(s, origin, error))
        return false;
    return br_headers_add(&s->headers, BR_SLICE("host"), br_buf_slice(&s->host)) ||
           br_signing_too_many_headers(s, error);
}

static bool check_request(const br_signing *s, br_slice method, br_slice url, br_error *error)
{
    for (size_t i = 0; i < method.n; i++)
        if (method.p[i] < 'A' || method.p[i] > 'Z')
            return br_error_set(error, BR_ERR_VALIDATION, "ValidationError",
                                "%s: method must be an HTTP method in capitals, got \"%s\"",
                                s->name, br_print(method).text);
    if (memchr(url.p, '#', url.n) != NULL)
        return br_error_set(error, BR_ERR_VALIDATION, "ValidationError",
                            "%s: url has a fragment (#…), which is not sent", s->name);
    return true;
}

/* A signature for Bedrock that another service gets is refused there, in words about the credentials. */
static bool check_service(lua_State *L, const br_signing *s, br_error *error)
{
    br_slice host = br_headers_get(&s->headers, "host");
    return !lua_isnil(L, BR_SIGNING_SERVICE) || br_may_sign_as_bedrock(host) ||
           br_error_set(error, BR_ERR_VALIDATION, "ValidationError",
                        "%s: %s is not signed for as \"bedrock\" unasked: give the service's name "
                        "there, as in "
                        "service = \"s3\"",
                        s->name, br_print(host).text);
}

bool br_signing_input(lua_State *L, br_signing *s, br_sign_input *in, br_error *error)
{
    br_slice url = br_signing_text(L, s, BR_SIGNING_URL, NULL);
    br_slice method = br_signing_text(L, s, BR_SIGNING_METHOD, "POST");
    parts of = split(url);
    bool s3 = br_sigv4_is_s3(br_signing_text(L, s, BR_SIGNING_SERVICE, "bedrock"));
    *in = (br_sign_input){
        .method = method,
        .path = of.path,
        .query = of.query,
        .headers = &s->headers,
        .body = br_signing_text(L, s, BR_SIGNING_BODY, ""),
        .normalise_path = !s3,
        .encode_path = !s3,
    };
    return check_request(s, method, url, error) && add_given(L, s, error) &&
           add_host(s, of.origin, error) && check_service(L, s, error);
}
