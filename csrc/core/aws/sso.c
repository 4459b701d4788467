#include "core/aws/sso.h"

#include <openssl/evp.h>
#include <stdio.h>

#include "core/base/hex.h"
#include "core/base/times.h"
#include "core/http/uri.h"
#include "core/text/json_members.h"

#define SHA1_SIZE 20
#define EXPIRES_IN_MAX_S 100000000

static const char *const names[BR_SSO_TEXT_COUNT] = {"accessToken",  "expiresAt",
                                                     "refreshToken", "clientId",
                                                     "clientSecret", "registrationExpiresAt"};

void br_sso_token_init(br_sso_token *t)
{
    for (int i = 0; i < BR_SSO_TEXT_COUNT; i++)
        br_buf_init_secret(&t->text[i], BR_SSO_TEXT_MAX);
    t->expires_ms = 0;
}

void br_sso_token_free(br_sso_token *t)
{
    for (int i = 0; i < BR_SSO_TEXT_COUNT; i++)
        br_buf_free(&t->text[i]);
}

bool br_sso_file_name(br_slice key, char out[BR_SSO_NAME_SIZE])
{
    uint8_t digest[SHA1_SIZE];
    if (!EVP_Digest(key.p, key.n, digest, NULL, EVP_sha1(), NULL))
        return false;
    br_hex(out, digest, SHA1_SIZE);
    memcpy(out + (size_t)2 * SHA1_SIZE, ".json", sizeof ".json");
    return true;
}

/* Older versions of the AWS CLI end it in "UTC". */
static bool read_time(br_slice text, int64_t *ms)
{
    char changed[BR_ISO_DATE_SIZE];
    if (!br_slice_ends(text, "UTC") || text.n >= sizeof changed)
        return br_time_parse_iso(text, ms);
    snprintf(changed, sizeof changed, "%.*sZ", (int)text.n - 3, text.p);
    return br_time_parse_iso(br_slice_of(changed), ms);
}

static void take(br_buf *to, const br_json_member *m)
{
    br_buf_clear(to);
    br_buf_add_slice(to, br_buf_slice(&m->text));
}

static bool usable(const br_json_member *m)
{
    return m->found && !m->text.failed && m->text.len > 0;
}

static bool token_ok(br_slice token)
{
    return token.n > 0 && br_header_value_ok(token);
}

bool br_sso_token_read(br_slice text, br_sso_token *out)
{
    br_json_member members[BR_SSO_TEXT_COUNT];
    for (int i = 0; i < BR_SSO_TEXT_COUNT; i++)
        members[i] = (br_json_member){.name = names[i], .max = BR_SSO_TEXT_MAX};
    bool ok = br_json_members_read(text, NULL, members, BR_SSO_TEXT_COUNT);
    for (int i = 0; i < BR_SSO_TEXT_COUNT; i++) {
        br_buf_clear(&out->text[i]);
        if (usable(&members[i]))
            take(&out->text[i], &members[i]);
    }
    br_json_members_free(members, BR_SSO_TEXT_COUNT);
    return ok && token_ok(br_buf_slice(&out->text[BR_SSO_ACCESS_TOKEN])) &&
           read_time(br_buf_slice(&out->text[BR_SSO_EXPIRES_AT]), &out->expires_ms);
}

static void write_member(br_buf *out, const char *name, br_slice value)
{
    br_buf_addf(out, "%s\"%s\":", out->len > 1 ? "," : "", name);
    if (!br_json_write_string(out, value))
        out->failed = true;
}

void br_sso_token_write(const br_sso_token *t, br_slice start_url, br_slice region, br_buf *out)
{
    br_buf_addc(out, '{');
    write_member(out, "startUrl", start_url);
    write_member(out, "region", region);
    for (int i = 0; i < BR_SSO_TEXT_COUNT; i++)
        if (t->text[i].len > 0)
            write_member(out, names[i], br_buf_slice(&t->text[i]));
    br_buf_addc(out, '}');
}

bool br_sso_renewable(const br_sso_token *t, int64_t now_ms)
{
    int64_t registered_ms;
    for (int i = BR_SSO_REFRESH_TOKEN; i <= BR_SSO_CLIENT_SECRET; i++)
        if (t->text[i].len == 0)
            return false;
    return read_time(br_buf_slice(&t->text[BR_SSO_REGISTRATION_EXPIRES_AT]), &registered_ms) &&
           registered_ms > now_ms;
}

bool br_sso_renewal_request(const br_sso_token *t, const br_url *endpoint, br_request *out)
{
    snprintf(out->method, sizeof out->method, "POST");
    br_buf_adds(&out->path, endpoint->path);
    br_buf_adds(&out->path, "/token");
    br_headers_add(&out->headers, BR_SLICE("content-type"), BR_SLICE("application/json"));
    br_buf_addc(&out->body, '{');
    write_member(&out->body, "grantType", BR_SLICE("refresh_token"));
    for (int i = BR_SSO_REFRESH_TOKEN; i <= BR_SSO_CLIENT_SECRET; i++)
        write_member(&out->body, names[i], br_buf_slice(&t->text[i]));
    br_buf_addc(&out->body, '}');
    out->body.secret = true;
    out->has_body = true;
    return !out->path.failed && !out->headers.failed && !out->body.failed;
}

static bool read_seconds(br_slice text, int64_t *seconds)
{
    *seconds = 0;
    for (size_t i = 0; i < text.n && *seconds <= EXPIRES_IN_MAX_S; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
        *seconds = *seconds * 10 + (text.p[i] - '0');
    }
    return *seconds > 0 && *seconds <= EXPIRES_IN_MAX_S;
}

/* A refresh token that is not replaced stays what it was (RFC 6749, section 6). */
bool br_sso_renewal_answer(br_slice body, int64_t now_ms, br_sso_token *t)
{
    enum { ACCESS, EXPIRES_IN, REFRESH, MEMBERS };
    br_json_member m[MEMBERS] = {{.name = "accessToken", .max = BR_SSO_TEXT_MAX},
                                 {.name = "expiresIn", .max = 16, .number = true},
                                 {.name = "refreshToken", .max = BR_SSO_TEXT_MAX}};
    char end[BR_ISO_DATE_SIZE];
    int64_t seconds;
    bool ok = br_json_members_read(body, NULL, m, MEMBERS) && usable(&m[ACCESS]) &&
              token_ok(br_buf_slice(&m[ACCESS].text)) &&
              read_seconds(br_buf_slice(&m[EXPIRES_IN].text), &seconds);
    if (ok) {
        t->expires_ms = (now_ms / 1000 + seconds) * 1000;
        br_time_iso(t->expires_ms, end);
        take(&t->text[BR_SSO_ACCESS_TOKEN], &m[ACCESS]);
        br_buf_clear(&t->text[BR_SSO_EXPIRES_AT]);
        br_buf_adds(&t->text[BR_SSO_EXPIRES_AT], end);
        if (usable(&m[REFRESH]))
            take(&t->text[BR_SSO_REFRESH_TOKEN], &m[REFRESH]);
    }
    br_json_members_free(m, MEMBERS);
    return ok;
}

bool br_sso_role_request(const br_sso_token *t, br_slice account_id, br_slice role_name,
                         const br_url *endpoint, br_request *out)
{
    snprintf(out->method, sizeof out->method, "GET");
    br_buf_adds(&out->path, endpoint->path);
    br_buf_adds(&out->path, "/federation/credentials?role_name=");
    br_uri_encode(&out->path, role_name, false);
    br_buf_adds(&out->path, "&account_id=");
    br_uri_encode(&out->path, account_id, false);
    br_headers_add(&out->headers, BR_SLICE("x-amz-sso_bearer_token"),
                   br_buf_slice(&t->text[BR_SSO_ACCESS_TOKEN]));
    return !out->path.failed && !out->headers.failed;
}
