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

void br_ra_signing_init(br_ra_signing *s)
{
    br_buf_init(&s->to_sign, (size_t)SCOPE_MAX * 2);
    br_buf_init(&s->authorization, AUTHORIZATION_MAX);
}

void br_ra_signing_free(br_ra_signing *s)
{
    br_buf_free(&s->to_sign);
    br_buf_free(&s->authorization);
}

static void write_scope(br_buf *out, const char *amz_date, br_slice region)
{
    br_buf_add(out, amz_date, 8);
    br_buf_addc(out, '/');
    br_buf_add_slice(out, region);
    br_buf_adds(out, "/rolesanywhere/aws4_request");
}

static bool write_authorization(br_buf *out, const br_x509 *x, br_slice scope, br_slice names)
{
    br_buf_clear(out);
    br_buf_adds(out, br_x509_algorithm(x));
    br_buf_adds(out, " Credential=");
    br_buf_add_slice(out, br_x509_serial(x));
    br_buf_addc(out, '/');
    br_buf_add_slice(out, scope);
    br_buf_adds(out, ", SignedHeaders=");
    br_buf_add_slice(out, names);
    br_buf_adds(out, ", Signature=");
    return !out->failed;
}

/* What is signed, and all but the signature of the value of Authorization. */
static bool write_signing(br_digest *c, const br_request *r, const br_x509 *x, br_slice region,
                          const char *amz_date, br_ra_signing *s, const br_sign_trace *trace)
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
    br_buf canonical, names, scope;
    br_buf_init(&canonical, BR_CANONICAL_MAX);
    br_buf_init(&names, BR_HEADERS_BYTES_MAX);
    br_buf_init(&scope, SCOPE_MAX);
    br_buf_clear(&s->to_sign);
    write_scope(&scope, amz_date, region);
    bool ok = !scope.failed && br_canonical_request(c, &in, &canonical, &names) &&
              br_string_to_sign(c, br_x509_algorithm(x), br_slice_of(amz_date),
                                br_buf_slice(&scope), br_buf_slice(&canonical), &s->to_sign) &&
              write_authorization(&s->authorization, x, br_buf_slice(&scope), br_buf_slice(&names));
    if (ok && trace != NULL && trace->canonical_request != NULL)
        br_buf_add_slice(trace->canonical_request, br_buf_slice(&canonical));
    if (ok && trace != NULL && trace->string_to_sign != NULL)
        br_buf_add_slice(trace->string_to_sign, br_buf_slice(&s->to_sign));
    br_buf_free(&canonical);
    br_buf_free(&names);
    br_buf_free(&scope);
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

bool br_ra_prepare(br_digest *c, const br_ra_params *p, const br_x509 *x, const br_url *endpoint,
                   int64_t now_ms, br_request *out, br_ra_signing *s, const br_sign_trace *trace,
                   br_error *error)
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
        !write_signing(c, out, x, p->region, amz_date, s, trace))
        return br_error_set(error, BR_ERR_CREDENTIALS, "SigningFailed",
                            "the Roles Anywhere request could not be signed: a value is not UTF-8, "
                            "or memory ran out");
    return true;
}

static bool add_authorization(const br_ra_signing *s, br_slice signature, br_request *out,
                              br_error *error)
{
    br_buf value;
    br_buf_init(&value, AUTHORIZATION_MAX);
    br_buf_add_slice(&value, br_buf_slice(&s->authorization));
    char *to = br_buf_reserve(&value, 2 * signature.n);
    if (to != NULL) {
        br_hex(to, (const uint8_t *)signature.p, signature.n);
        br_buf_commit(&value, 2 * signature.n);
    }
    bool ok = !value.failed &&
              br_headers_add(&out->headers, BR_SLICE("authorization"), br_buf_slice(&value));
    br_buf_free(&value);
    return ok || br_error_set(error, BR_ERR_CREDENTIALS, "SigningFailed",
                              "the Roles Anywhere request could not be signed: memory ran out");
}

const char *br_ra_signature_algorithm(const br_x509 *x)
{
    return br_x509_algorithm(x) + sizeof "AWS4-X509-" - 1;
}

bool br_ra_complete(const br_ra_signing *s, const br_x509 *x, br_slice signature, br_request *out,
                    br_error *error)
{
    if (!br_x509_verify(x, br_buf_slice(&s->to_sign), signature))
        return br_error_set(error, BR_ERR_CREDENTIALS, "SigningFailed",
                            "the sign function's signature does not fit the certificate's key: %zu "
                            "bytes that are no %s of the data (%s)",
                            signature.n, br_ra_signature_algorithm(x),
                            "RSA: PKCS#1 v1.5; ECDSA: DER; the data itself is hashed once");
    return add_authorization(s, signature, out, error);
}

static bool sign(const br_x509 *x, br_slice text, uint8_t out[BR_SIGNATURE_MAX], size_t *n,
                 br_error *error)
{
    br_buf why;
    br_buf_init(&why, BR_ERROR_MESSAGE_MAX);
    bool ok = br_x509_sign_or_tell(x, text, out, n, &why);
    if (!ok)
        br_error_set(error, BR_ERR_CREDENTIALS, "SigningFailed",
                     "the Roles Anywhere request could not be signed: the private key failed%s%.*s",
                     why.len > 0 ? ". Is its device there? " : "", (int)why.len,
                     why.len > 0 ? why.data : "");
    br_buf_free(&why);
    return ok;
}

bool br_ra_request(br_digest *c, const br_ra_params *p, const br_x509 *x, const br_url *endpoint,
                   int64_t now_ms, br_request *out, const br_sign_trace *trace, br_error *error)
{
    br_ra_signing s;
    br_ra_signing_init(&s);
    bool ok = br_ra_prepare(c, p, x, endpoint, now_ms, out, &s, trace, error);
    uint8_t signature[BR_SIGNATURE_MAX];
    size_t n = 0;
    if (ok)
        ok = sign(x, br_buf_slice(&s.to_sign), signature, &n, error);
    ok = ok && add_authorization(&s, (br_slice){(const char *)signature, n}, out, error);
    br_ra_signing_free(&s);
    return ok;
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
