#include "core/aws/sigv4.h"

#include "core/aws/credentials.h"
#include "core/base/ascii.h"
#include "core/base/hex.h"
#include "core/base/put.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define ALGORITHM "AWS4-HMAC-SHA256"
#define DATE_SIZE 8 /* YYYYMMDD, the start of an x-amz-date */
#define NAMES_MAX BR_HEADERS_BYTES_MAX
#define SCOPE_END "/aws4_request"
#define SCOPE_MAX (DATE_SIZE + 2 * (1 + BR_SCOPE_PART_MAX) + sizeof SCOPE_END)
#define STRING_TO_SIGN_MAX 512

/* Everything a signing key is derived from. */
typedef struct origin {
    br_slice secret, date, region, service;
} origin;

typedef struct kept_key {
    br_hmac_key *key; /* NULL: free place */
    uint64_t last_use;
    size_t secret_len, region_len, service_len, scope_len;
    char secret[BR_SECRET_MAX];
    char scope[SCOPE_MAX]; /* date/region/service/aws4_request */
} kept_key;

struct br_signer {
    br_digest *crypto;
    uint64_t uses;
    br_buf canonical, names, to_sign; /* reused, so that signing allocates nothing */
    kept_key keys[BR_SIGNING_KEYS_MAX];
};

br_signer *br_signer_new(br_digest *c)
{
    br_signer *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->crypto = c;
    br_buf_init_secret(&s->canonical, BR_CANONICAL_MAX);
    br_buf_init(&s->names, NAMES_MAX);
    br_buf_init(&s->to_sign, STRING_TO_SIGN_MAX);
    return s;
}

static void forget(kept_key *k)
{
    br_hmac_key_free(k->key);
    OPENSSL_cleanse(k, sizeof *k);
}

void br_signer_free(br_signer *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < BR_SIGNING_KEYS_MAX; i++)
        forget(&s->keys[i]);
    br_buf_free(&s->canonical);
    br_buf_free(&s->names);
    br_buf_free(&s->to_sign);
    free(s);
}

static bool derive(br_digest *c, const origin *o, uint8_t key[BR_SHA256_SIZE])
{
    char start[4 + BR_SECRET_MAX] = "AWS4";
    memcpy(start + 4, o->secret.p, o->secret.n);
    br_slice previous = {(const char *)key, BR_SHA256_SIZE};
    bool ok = br_hmac_sha256(c, (br_slice){start, 4 + o->secret.n}, o->date, key) &&
              br_hmac_sha256(c, previous, o->region, key) &&
              br_hmac_sha256(c, previous, o->service, key) &&
              br_hmac_sha256(c, previous, BR_SLICE("aws4_request"), key);
    OPENSSL_cleanse(start, sizeof start);
    return ok;
}

/* The lengths match, and the separators stand where they should: so the texts are the same. */
static bool is_from(const kept_key *k, const origin *o)
{
    return k->key != NULL && k->secret_len == o->secret.n && k->region_len == o->region.n &&
           k->service_len == o->service.n && memcmp(k->scope, o->date.p, DATE_SIZE) == 0 &&
           memcmp(k->scope + DATE_SIZE + 1, o->region.p, o->region.n) == 0 &&
           memcmp(k->scope + DATE_SIZE + 1 + o->region.n + 1, o->service.p, o->service.n) == 0 &&
           CRYPTO_memcmp(k->secret, o->secret.p, o->secret.n) == 0;
}

static void put_scope(kept_key *k, const origin *o)
{
    char *to = br_putc(br_put(k->scope, o->date), '/');
    to = br_putc(br_put(to, o->region), '/');
    to = br_put(to, o->service);
    to = br_put(to, BR_SLICE(SCOPE_END));
    k->scope_len = (size_t)(to - k->scope);
}

static bool keep(br_digest *c, kept_key *k, const origin *o)
{
    uint8_t bytes[BR_SHA256_SIZE];
    forget(k);
    if (derive(c, o, bytes))
        k->key = br_hmac_key_new(c, (br_slice){(const char *)bytes, sizeof bytes});
    OPENSSL_cleanse(bytes, sizeof bytes);
    if (k->key == NULL)
        return false;
    memcpy(k->secret, o->secret.p, o->secret.n);
    k->secret_len = o->secret.n;
    k->region_len = o->region.n;
    k->service_len = o->service.n;
    put_scope(k, o);
    return true;
}

/* The kept key of that origin, else a new one in the place used longest ago. NULL: no memory. */
static const kept_key *signing_key(br_signer *s, const origin *o)
{
    kept_key *oldest = &s->keys[0];
    for (size_t i = 0; i < BR_SIGNING_KEYS_MAX; i++) {
        kept_key *k = &s->keys[i];
        if (is_from(k, o)) {
            k->last_use = ++s->uses;
            return k;
        }
        if (k->last_use < oldest->last_use)
            oldest = k;
    }
    if (!keep(s->crypto, oldest, o))
        return NULL;
    oldest->last_use = ++s->uses;
    return oldest;
}

bool br_sigv4_is_s3(br_slice service)
{
    static const char *const names[] = {"s3", "s3express", "s3-object-lambda", "s3-outposts"};
    if (!br_slice_starts(service, "s3"))
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (br_slice_eqs(service, names[i]))
            return true;
    return false;
}

static bool is_amz_date(br_slice date)
{
    if (date.n != DATE_SIZE + 8 || date.p[DATE_SIZE] != 'T' || date.p[date.n - 1] != 'Z')
        return false;
    for (size_t i = 0; i < date.n - 1; i++)
        if (i != DATE_SIZE && !br_is_digit(date.p[i]))
            return false;
    return true;
}

static bool is_usable(const origin *o)
{
    return o->secret.n > 0 && o->secret.n <= BR_SECRET_MAX && o->region.n > 0 &&
           o->region.n <= BR_SCOPE_PART_MAX && o->service.n > 0 &&
           o->service.n <= BR_SCOPE_PART_MAX;
}

static void add_authorization(br_buf *out, br_slice access_key_id, br_slice scope, br_slice names,
                              const uint8_t signature[BR_SHA256_SIZE])
{
    static const br_slice credential = {ALGORITHM " Credential=", sizeof ALGORITHM + 11};
    static const br_slice signed_headers = {", SignedHeaders=", 16}, last = {", Signature=", 12};
    size_t length = credential.n + access_key_id.n + 1 + scope.n + signed_headers.n + names.n +
                    last.n + BR_SHA256_HEX;
    char *to = br_buf_reserve(out, length);
    if (to == NULL)
        return;
    to = br_put(br_put(to, credential), access_key_id);
    to = br_put(br_putc(to, '/'), scope);
    to = br_put(br_put(to, signed_headers), names);
    br_hex(br_put(to, last), signature, BR_SHA256_SIZE);
    br_buf_commit(out, length);
}

static void copy_trace(const br_signer *s, const br_sign_trace *trace)
{
    if (trace != NULL && trace->canonical_request != NULL)
        br_buf_add_slice(trace->canonical_request, br_buf_slice(&s->canonical));
    if (trace != NULL && trace->string_to_sign != NULL)
        br_buf_add_slice(trace->string_to_sign, br_buf_slice(&s->to_sign));
}

/* Back to empty, not cleansed: the next signature overwrites what the signer's end cleanses. */
static void rewind_buffer(br_buf *b)
{
    b->len = 0;
    b->failed = false;
}

/* NULL: a part is empty or too long, the date is none, or no memory. */
static const kept_key *key_from(br_signer *s, br_slice amz_date, br_slice secret, br_slice region,
                                br_slice service)
{
    origin from = {secret, {amz_date.p, DATE_SIZE}, region, service};
    return is_amz_date(amz_date) && is_usable(&from) ? signing_key(s, &from) : NULL;
}

static br_slice scope_of(const kept_key *k)
{
    return (br_slice){k->scope, k->scope_len};
}

/* Leaves the names of what is signed in the signer's own buffer. */
static bool sign_with(br_signer *s, const kept_key *kept, const br_sign_input *in,
                      br_slice amz_date, uint8_t signature[BR_SHA256_SIZE])
{
    rewind_buffer(&s->canonical);
    rewind_buffer(&s->names);
    rewind_buffer(&s->to_sign);
    return br_canonical_request(s->crypto, in, &s->canonical, &s->names) &&
           br_string_to_sign(s->crypto, ALGORITHM, amz_date, scope_of(kept),
                             br_buf_slice(&s->canonical), &s->to_sign) &&
           br_hmac_key_sign(kept->key, br_buf_slice(&s->to_sign), signature);
}

bool br_sigv4_sign(br_signer *s, const br_sign_input *in, br_slice access_key_id, br_slice secret,
                   br_slice region, br_slice service, br_buf *authorization,
                   const br_sign_trace *trace)
{
    br_slice amz_date = br_headers_get(in->headers, "x-amz-date");
    if (access_key_id.n == 0 || access_key_id.n > BR_ACCESS_KEY_ID_MAX)
        return false;
    const kept_key *kept = key_from(s, amz_date, secret, region, service);
    uint8_t signature[BR_SHA256_SIZE];
    if (kept == NULL || !sign_with(s, kept, in, amz_date, signature))
        return false;
    add_authorization(authorization, access_key_id, scope_of(kept), br_buf_slice(&s->names),
                      signature);
    copy_trace(s, trace);
    return !authorization->failed;
}

bool br_sigv4_scope(br_signer *s, br_slice amz_date, br_slice secret, br_slice region,
                    br_slice service, br_slice *scope)
{
    const kept_key *kept = key_from(s, amz_date, secret, region, service);
    if (kept != NULL)
        *scope = scope_of(kept);
    return kept != NULL;
}

bool br_sigv4_signature(br_signer *s, const br_sign_input *in, br_slice secret, br_slice region,
                        br_slice service, char hex[BR_SHA256_HEX])
{
    const kept_key *kept = key_from(s, in->amz_date, secret, region, service);
    uint8_t signature[BR_SHA256_SIZE];
    if (kept == NULL || !sign_with(s, kept, in, in->amz_date, signature))
        return false;
    br_hex(hex, signature, sizeof signature);
    return true;
}
