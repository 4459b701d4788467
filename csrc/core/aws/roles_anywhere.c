#include "core/aws/roles_anywhere.h"

#include "core/base/hex.h"
#include "core/base/times.h"
#include "core/text/json.h"

#include <string.h>

#define SCOPE_MAX 256
#define AUTHORIZATION_MAX (BR_HEADERS_BYTES_MAX / 2)

static void add_member(br_buf *out, const char *name, br_slice value)
{
    br_buf_addc(out, ',');
    br_json_write_string(out, br_slice_of(name));
    br_buf_addc(out, ':');
    if (!br_json_write_string(out, value))
        out->failed = true;
}

static void write_body(br_buf *out, const br_ra_params *p)
{
    br_buf_adds(out, "{\"durationSeconds\":");
    br_json_write_int(out, p->duration_s);
    add_member(out, "profileArn", p->profile_arn);
    add_member(out, "roleArn", p->role_arn);
    add_member(out, "trustAnchorArn", p->trust_anchor_arn);
    if (p->session_name.n > 0)
        add_member(out, "roleSessionName", p->session_name);
    br_buf_addc(out, '}');
}

static void add_headers(br_headers *h, const br_x509 *x, const br_url *endpoint,
                        const char *amz_date)
{
    br_buf host;
    br_buf_init(&host, BR_HOST_MAX + 16);
    br_url_host(&host, endpoint);
    br_headers_add(h, BR_SLICE("accept"), BR_SLICE("application/json"));
    br_headers_add(h, BR_SLICE("content-type"), BR_SLICE("application/json"));
    br_headers_add(h, BR_SLICE("host"), br_buf_slice(&host));
    br_headers_add(h, BR_SLICE("x-amz-date"), br_slice_of(amz_date));
    br_headers_add(h, BR_SLICE("x-amz-x509"), br_x509_base64(x));
    if (br_x509_chain_base64(x).n > 0)
        br_headers_add(h, BR_SLICE("x-amz-x509-chain"), br_x509_chain_base64(x));
    br_buf_free(&host);
}

/* Everything between the headers and the value of Authorization. */
typedef struct signing {
    br_buf canonical, names, scope, to_sign, value;
} signing;

static void signing_init(signing *s)
{
    br_buf_init(&s->canonical, BR_CANONICAL_MAX);
    br_buf_init(&s->names, BR_HEADERS_BYTES_MAX);
    br_buf_init(&s->scope, SCOPE_MAX);
    br_buf_init(&s->to_sign, SCOPE_MAX * 2);
    br_buf_init(&s->value, AUTHORIZATION_MAX);
}

static void signing_free(signing *s)
{
    br_buf_free(&s->canonical);
    br_buf_free(&s->names);
    br_buf_free(&s->scope);
    br_buf_free(&s->to_sign);
    br_buf_free(&s->value);
}

static bool prepare(signing *s, br_digest *c, const br_request *r, const br_x509 *x,
                    br_slice region, const char *amz_date)
{
    br_sign_input in = {
        .method = br_slice_of(r->method),
        .path = br_buf_slice(&r->path),
        .query = br_buf_slice(&r->query),
        .headers = &r->headers,
        .body = br_buf_slice(&r->body),
        .normalise_path = true,
        .encode_path = true,
    };
    br_buf_add(&s->scope, amz_date, 8);
    br_buf_addc(&s->scope, '/');
    br_buf_add_slice(&s->scope, region);
    br_buf_adds(&s->scope, "/rolesanywhere/aws4_request");
    return !s->scope.failed && br_canonical_request(c, &in, &s->canonical, &s->names) &&
           br_string_to_sign(c, br_x509_algorithm(x), br_slice_of(amz_date),
                             br_buf_slice(&s->scope), br_buf_slice(&s->canonical), &s->to_sign);
}

static bool write_value(signing *s, const br_x509 *x)
{
    uint8_t signature[BR_SIGNATURE_MAX];
    size_t n = 0;
    if (!br_x509_sign(x, br_buf_slice(&s->to_sign), signature, &n))
        return false;
    br_buf_adds(&s->value, br_x509_algorithm(x));
    br_buf_adds(&s->value, " Credential=");
    br_buf_add_slice(&s->value, br_x509_serial(x));
    br_buf_addc(&s->value, '/');
    br_buf_add_slice(&s->value, br_buf_slice(&s->scope));
    br_buf_adds(&s->value, ", SignedHeaders=");
    br_buf_add_slice(&s->value, br_buf_slice(&s->names));
    br_buf_adds(&s->value, ", Signature=");
    char *to = br_buf_reserve(&s->value, 2 * n);
    if (to == NULL)
        return false;
    br_hex(to, signature, n);
    br_buf_commit(&s->value, 2 * n);
    return !s->value.failed;
}

static bool authorize(br_digest *c, const br_ra_params *p, const br_x509 *x, const char *amz_date,
                      br_request *r, const br_sign_trace *trace)
{
    signing s;
    signing_init(&s);
    bool ok = prepare(&s, c, r, x, p->region, amz_date) && write_value(&s, x) &&
              br_headers_add(&r->headers, BR_SLICE("authorization"), br_buf_slice(&s.value));
    if (ok && trace != NULL && trace->canonical_request != NULL)
        br_buf_add_slice(trace->canonical_request, br_buf_slice(&s.canonical));
    if (ok && trace != NULL && trace->string_to_sign != NULL)
        br_buf_add_slice(trace->string_to_sign, br_buf_slice(&s.to_sign));
    signing_free(&s);
    return ok;
}

static bool check_params(const br_ra_params *p, br_error *error)
{
    if (p->duration_s < BR_RA_DURATION_MIN || p->duration_s > BR_RA_DURATION_MAX)
        return br_error_set(error, BR_ERR_CONFIG, "InvalidDuration",
                            "duration is %d seconds: it must be %d to %d", p->duration_s,
                            BR_RA_DURATION_MIN, BR_RA_DURATION_MAX);
    if (p->region.n == 0 || p->region.n > BR_SCOPE_PART_MAX)
        return br_error_set(error, BR_ERR_CONFIG, "InvalidRegion",
                            "the Roles Anywhere region must have 1 to %d characters",
                            BR_SCOPE_PART_MAX);
    return true;
}

bool br_ra_request(br_digest *c, const br_ra_params *p, const br_x509 *x, const br_url *endpoint,
                   int64_t now_ms, br_request *out, const br_sign_trace *trace, br_error *error)
{
    char amz_date[BR_AMZ_DATE_SIZE];
    if (!check_params(p, error))
        return false;
    br_time_amz(now_ms, amz_date);
    memcpy(out->method, "POST", sizeof "POST");
    out->auth = BR_SCHEME_NONE;
    out->retry_safe = true;
    out->has_body = true;
    br_buf_clear(&out->path);
    br_buf_clear(&out->query);
    br_buf_clear(&out->body);
    br_headers_clear(&out->headers);
    br_buf_adds(&out->path, endpoint->path);
    br_buf_adds(&out->path, "/sessions");
    write_body(&out->body, p);
    add_headers(&out->headers, x, endpoint, amz_date);
    if (out->path.failed || out->body.failed || out->headers.failed ||
        !authorize(c, p, x, amz_date, out, trace))
        return br_error_set(error, BR_ERR_CREDENTIALS, "SigningFailed",
                            "the Roles Anywhere request could not be signed: the private key "
                            "failed, a value is not UTF-8, or memory ran out");
    return true;
}

bool br_ra_session_name_refused(int status, br_slice message)
{
    static const char refusal[] = "Not authorized to set roleSessionName";
    size_t n = sizeof refusal - 1;
    if (status != 403)
        return false;
    for (size_t i = 0; i + n <= message.n; i++)
        if (memcmp(message.p + i, refusal, n) == 0)
            return true;
    return false;
}
