/*
** bedrock.sign: Signature Version 4 for requests that others send.
**
**   sign({ method = "POST", url = …, headers = {…}, body = …, region = …, service = "bedrock",
**          access_key_id = …, secret_access_key = …, session_token = …, time = epoch seconds })
**   sign({ the same without keys and time }, credentials)
**
** Returns the headers to add: host, x-amz-date, authorization and, with a token,
** x-amz-security-token; or nil and an error.
*/
#include "core/base/hex.h"
#include "lua/base/values.h"
#include "lua/signing.h"

/*
** The token is not shown; one that was read from a file ends in a line break. It is signed where it lies: no
** copy of it needs cleansing.
*/
static bool check_token(const br_signing *s, br_slice token, br_error *error)
{
    if (!br_header_value_ok(token))
        return br_error_set(error, BR_ERR_VALIDATION, "ValidationError",
                            "sign: session_token has control characters: was all of it copied, "
                            "without the line break?");
    return token.n <= BR_HEADERS_BYTES_MAX || br_signing_too_many_headers(s, error);
}

/* S3 wants the payload's hash sent, too. A caller's own stays, UNSIGNED-PAYLOAD as well. */
static bool add_hash(br_signing *s, br_slice body, br_error *error)
{
    uint8_t hash[BR_SHA256_SIZE];
    char hex[BR_SHA256_HEX];
    if (br_headers_get(&s->headers, BR_PAYLOAD_HASH).p != NULL)
        return true;
    if (!br_sha256(s->crypto, body, hash))
        return br_error_set(error, BR_ERR_TRANSPORT, "NoMemory", "sign: out of memory");
    br_hex(hex, hash, sizeof hash);
    return br_headers_add(&s->headers, BR_SLICE(BR_PAYLOAD_HASH), (br_slice){hex, sizeof hex}) ||
           br_signing_too_many_headers(s, error);
}

static bool add_date(lua_State *L, br_signing *s, char date[BR_AMZ_DATE_SIZE], br_error *error)
{
    br_signing_date(L, s, date);
    return br_headers_set(&s->headers, BR_SLICE("x-amz-date"), br_slice_of(date)) ||
           br_signing_too_many_headers(s, error);
}

static void set(lua_State *L, const char *name, br_slice value)
{
    br_lua_push(L, value);
    lua_setfield(L, -2, name);
}

/* Mostly the very string that the caller gave: tokens are long. */
static void set_token(lua_State *L, br_slice token)
{
    if (lua_type(L, BR_SIGNING_SESSION_TOKEN) != LUA_TSTRING ||
        !br_slice_eq(br_lua_string(L, BR_SIGNING_SESSION_TOKEN), token)) {
        set(L, "x-amz-security-token", token);
        return;
    }
    lua_pushvalue(L, BR_SIGNING_SESSION_TOKEN);
    lua_setfield(L, -2, "x-amz-security-token");
}

static void push_added(lua_State *L, const br_signing *s, br_slice date, br_slice token, bool s3)
{
    if (token.n == 0)
        token = br_headers_get(&s->headers, "x-amz-security-token");
    lua_createtable(L, 0, 5);
    set(L, "host", br_headers_get(&s->headers, "host"));
    set(L, "x-amz-date", date);
    if (token.p != NULL)
        set_token(L, token);
    if (s3)
        set(L, BR_PAYLOAD_HASH, br_headers_get(&s->headers, BR_PAYLOAD_HASH));
    set(L, "authorization", br_buf_slice(&s->out));
}

int br_sign_work(lua_State *L, br_signing *s, br_error *error)
{
    br_sign_input in;
    char date[BR_AMZ_DATE_SIZE];
    br_presign_keys keys = br_signing_keys(L, s);
    br_slice token = br_header_trim(keys.session_token);
    bool s3 = br_sigv4_is_s3(keys.service);
    if (!br_signing_input(L, s, &in, error) || !add_date(L, s, date, error) ||
        !check_token(s, token, error) || (s3 && !add_hash(s, in.body, error)))
        return 0;
    in.session_token = token;
    in.payload_hash = br_headers_get(&s->headers, BR_PAYLOAD_HASH);
    if (!br_sigv4_sign(s->signer, &in, keys.access_key_id, keys.secret_access_key, keys.region,
                       keys.service, &s->out, NULL))
        return br_error_set(error, BR_ERR_VALIDATION, "ValidationError",
                            "sign: the request cannot be signed: a key, the region or the service "
                            "is empty or too long, or the headers are too many");
    push_added(L, s, (br_slice){date, sizeof date - 1}, token, s3);
    return 1;
}
