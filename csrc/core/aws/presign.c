#include "core/aws/presign.h"

#include "core/base/times.h"
#include "core/http/uri.h"
#include "core/text/base64.h"

#include <string.h>

#define HOST "bedrock.amazonaws.com"

static bool refuse(br_error *error, const char *why)
{
    return br_error_set(error, BR_ERR_VALIDATION, "ValidationError", "presign: %s", why);
}

/* Parameters of the signature itself; S3 has others that begin with x-amz-. */
static bool is_own_parameter(br_slice name)
{
    static const char *const own[] = {
        "X-Amz-Algorithm",     "X-Amz-Credential",     "X-Amz-Date",      "X-Amz-Expires",
        "X-Amz-SignedHeaders", "X-Amz-Security-Token", "X-Amz-Signature", "X-Amz-S3session-Token",
    };
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (br_slice_eq_nocase(name, br_slice_of(own[i])))
            return true;
    return false;
}

static br_slice take_name(br_slice *query)
{
    const char *pair_end = memchr(query->p, '&', query->n);
    size_t pair = pair_end != NULL ? (size_t)(pair_end - query->p) : query->n;
    const char *equals = memchr(query->p, '=', pair);
    br_slice name = {query->p, equals != NULL ? (size_t)(equals - query->p) : pair};
    size_t used = pair_end != NULL ? pair + 1 : pair;
    *query = (br_slice){query->p + used, query->n - used};
    return name;
}

/* An encoded name has no more than one spelling. */
static bool check_query(br_slice encoded, br_error *error)
{
    while (encoded.n > 0) {
        br_slice name = take_name(&encoded);
        if (is_own_parameter(name))
            return br_error_set(error, BR_ERR_VALIDATION, "ValidationError",
                                "presign: url has %.*s in its query already: give the URL as it "
                                "was before it was signed",
                                (int)name.n, name.p);
    }
    return true;
}

/* What signs a request stands in the query; twice it would be refused. */
static bool check_headers(const br_headers *headers, br_error *error)
{
    static const char *const own[] = {"authorization", "x-amz-date", "x-amz-security-token"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (br_headers_get(headers, own[i]).p != NULL)
            return br_error_set(error, BR_ERR_VALIDATION, "ValidationError",
                                "presign: header \"%s\" does not go with a presigned URL, which "
                                "has it in its query: remove it",
                                own[i]);
    return true;
}

static void add_pair(br_buf *query, const char *name, br_slice value)
{
    br_buf_adds(query, name);
    br_uri_encode(query, value, false);
}

static void add_credential(br_buf *query, br_slice access_key_id, br_slice scope)
{
    add_pair(query, "&X-Amz-Credential=", access_key_id);
    br_buf_adds(query, "%2F");
    br_uri_encode(query, scope, false);
}

static bool add_signed_headers(br_buf *query, const br_sign_input *in)
{
    br_buf names;
    br_buf_init(&names, BR_HEADERS_BYTES_MAX);
    bool ok = br_signed_headers(in, &names);
    add_pair(query, "&X-Amz-SignedHeaders=", br_buf_slice(&names));
    br_buf_free(&names);
    return ok;
}

static bool add_parameters(br_signer *s, const br_sign_input *in, const br_presign_keys *k,
                           int expires_s, br_buf *query)
{
    br_slice scope;
    if (k->access_key_id.n == 0 || k->access_key_id.n > BR_ACCESS_KEY_ID_MAX ||
        !br_sigv4_scope(s, in->amz_date, k->secret_access_key, k->region, k->service, &scope))
        return false;
    br_buf_adds(query, "X-Amz-Algorithm=AWS4-HMAC-SHA256");
    add_credential(query, k->access_key_id, scope);
    add_pair(query, "&X-Amz-Date=", in->amz_date);
    br_buf_addf(query, "&X-Amz-Expires=%d", expires_s);
    bool ok = add_signed_headers(query, in);
    if (k->session_token.n > 0)
        add_pair(query, "&X-Amz-Security-Token=", k->session_token);
    return ok && !query->failed;
}

static bool add_signature(br_signer *s, const br_sign_input *in, const br_presign_keys *k,
                          br_buf *query, size_t start)
{
    char hex[BR_SHA256_HEX];
    br_sign_input whole = *in;
    whole.query = (br_slice){query->data + start, query->len - start};
    if (in->payload_hash.n == 0 && br_sigv4_is_s3(k->service))
        whole.payload_hash = BR_SLICE("UNSIGNED-PAYLOAD");
    if (!br_sigv4_signature(s, &whole, k->secret_access_key, k->region, k->service, hex))
        return false;
    br_buf_adds(query, "&X-Amz-Signature=");
    return br_buf_add(query, hex, sizeof hex);
}

static bool check_seconds(double given, int max, const char *what, br_error *error)
{
    if (given >= 1 && given <= max && given == (int)given)
        return true;
    return br_error_set(error, BR_ERR_VALIDATION, "ValidationError",
                        "%s must be a whole number of seconds from 1 to %d, got %.10g", what, max,
                        given);
}

/* A URL that outlived the credentials would promise too much. 0: they are as good as expired. */
static int cut_to_life(double expires_s, const br_presign_keys *keys, br_slice amz_date)
{
    int64_t date_ms;
    if (!br_time_parse_amz(amz_date, &date_ms))
        return (int)expires_s;
    int64_t life_s = keys->expiration_ms / 1000 - date_ms / 1000;
    if (life_s >= expires_s)
        return (int)expires_s;
    return life_s > 0 ? (int)life_s : 0;
}

bool br_presign(br_signer *s, const br_sign_input *in, const br_presign_keys *keys,
                double expires_s, br_buf *query, br_error *error)
{
    size_t start = query->len;
    if (!check_seconds(expires_s, BR_PRESIGN_EXPIRES_MAX, "presign: expires", error) ||
        !check_headers(in->headers, error))
        return false;
    int cut_s = cut_to_life(expires_s, keys, in->amz_date);
    if (cut_s == 0)
        return br_error_set(error, BR_ERR_CREDENTIALS, "ExpiredToken",
                            "presign: the credentials have less than a second left");
    br_uri_encode_query(query, in->query);
    if (!check_query((br_slice){br_buf_slice(query).p + start, query->len - start}, error))
        return false;
    if (query->len > start)
        br_buf_addc(query, '&');
    if (add_parameters(s, in, keys, cut_s, query) && add_signature(s, in, keys, query, start))
        return true;
    return refuse(error, "the request cannot be signed: a key, the region or the service is empty "
                         "or too long, or the headers or the query are");
}

static bool presign_call(br_signer *s, const br_presign_keys *keys, br_slice amz_date,
                         double duration_s, br_buf *query, br_error *error)
{
    br_headers headers;
    br_presign_keys own = *keys;
    br_sign_input in = {
        .method = BR_SLICE("POST"),
        .path = BR_SLICE("/"),
        .query = BR_SLICE("Action=CallWithBearerToken"),
        .headers = &headers,
        .body = BR_SLICE(""),
        .normalise_path = true,
        .encode_path = true,
        .amz_date = amz_date,
    };
    own.service = BR_SLICE("bedrock");
    own.expiration_ms = BR_NEVER_EXPIRES;
    br_headers_init(&headers);
    bool ok = br_headers_add(&headers, BR_SLICE("host"), BR_SLICE(HOST)) &&
              br_presign(s, &in, &own, duration_s, query, error);
    br_headers_free(&headers);
    return ok;
}

static int64_t end_of_key(const br_presign_keys *keys, br_slice amz_date, double duration_s)
{
    int64_t end_ms = 0;
    br_time_parse_amz(amz_date, &end_ms);
    end_ms += (int64_t)duration_s * 1000;
    return end_ms < keys->expiration_ms ? end_ms : keys->expiration_ms;
}

bool br_api_key(br_signer *s, const br_presign_keys *keys, br_slice amz_date, double duration_s,
                br_buf *key, int64_t *expiration_ms, br_error *error)
{
    br_buf request;
    if (!check_seconds(duration_s, BR_API_KEY_DURATION_MAX, "api_key: duration", error))
        return false;
    *expiration_ms = end_of_key(keys, amz_date, duration_s);
    br_buf_init_secret(&request, BR_API_KEY_MAX);
    br_buf_adds(&request, HOST "/?");
    bool ok = presign_call(s, keys, amz_date, duration_s, &request, error);
    br_buf_adds(&request, "&Version=1");
    if (ok) {
        br_buf_adds(key, "bedrock-api-key-");
        br_base64_encode(key, br_buf_slice(&request));
    }
    if (ok && (request.failed || key->failed))
        ok = refuse(error, "the API key is too long, or memory ran out");
    br_buf_free(&request);
    return ok;
}
