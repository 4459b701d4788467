#include "core/sigv4.h"

#include "core/credentials.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define ALGORITHM "AWS4-HMAC-SHA256"
#define DATE_SIZE 8 /* YYYYMMDD, the start of an x-amz-date */
#define NAMES_MAX BR_HEADERS_BYTES_MAX
#define STRING_TO_SIGN_MAX 512

/* Everything a signing key is derived from. */
typedef struct origin {
    br_slice secret, date, region, service;
} origin;

typedef struct kept_key {
    br_hmac_key *key; /* NULL: free place */
    uint64_t last_use;
    size_t secret_len, region_len, service_len;
    char date[DATE_SIZE];
    char region[BR_SCOPE_PART_MAX];
    char service[BR_SCOPE_PART_MAX];
    char secret[BR_SECRET_MAX];
} kept_key;

struct br_signer {
    br_crypto *crypto;
    uint64_t uses;
    br_buf canonical, names, scope, to_sign; /* reused, so that signing allocates nothing */
    kept_key keys[BR_SIGNING_KEYS_MAX];
};

br_signer *br_signer_new(br_crypto *c)
{
    br_signer *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->crypto = c;
    br_buf_init_secret(&s->canonical, BR_CANONICAL_MAX);
    br_buf_init(&s->names, NAMES_MAX);
    br_buf_init(&s->scope, STRING_TO_SIGN_MAX);
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
    br_buf_free(&s->scope);
    br_buf_free(&s->to_sign);
    free(s);
}

static bool derive(br_crypto *c, const origin *o, uint8_t key[BR_SHA256_SIZE])
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

static bool same(const char *kept, size_t kept_len, br_slice given)
{
    return kept_len == given.n && CRYPTO_memcmp(kept, given.p, kept_len) == 0;
}

static bool is_from(const kept_key *k, const origin *o)
{
    return k->key != NULL && memcmp(k->date, o->date.p, DATE_SIZE) == 0 &&
           same(k->secret, k->secret_len, o->secret) && same(k->region, k->region_len, o->region) &&
           same(k->service, k->service_len, o->service);
}

static bool keep(br_crypto *c, kept_key *k, const origin *o)
{
    uint8_t bytes[BR_SHA256_SIZE];
    forget(k);
    if (derive(c, o, bytes))
        k->key = br_hmac_key_new(c, (br_slice){(const char *)bytes, sizeof bytes});
    OPENSSL_cleanse(bytes, sizeof bytes);
    if (k->key == NULL)
        return false;
    memcpy(k->date, o->date.p, DATE_SIZE);
    memcpy(k->secret, o->secret.p, k->secret_len = o->secret.n);
    memcpy(k->region, o->region.p, k->region_len = o->region.n);
    memcpy(k->service, o->service.p, k->service_len = o->service.n);
    return true;
}

/* The kept key of that origin, else a new one in the place used longest ago. NULL: no memory. */
static br_hmac_key *signing_key(br_signer *s, const origin *o)
{
    kept_key *oldest = &s->keys[0];
    for (size_t i = 0; i < BR_SIGNING_KEYS_MAX; i++) {
        kept_key *k = &s->keys[i];
        if (is_from(k, o)) {
            k->last_use = ++s->uses;
            return k->key;
        }
        if (k->last_use < oldest->last_use)
            oldest = k;
    }
    if (!keep(s->crypto, oldest, o))
        return NULL;
    oldest->last_use = ++s->uses;
    return oldest->key;
}

static bool is_amz_date(br_slice date)
{
    if (date.n != DATE_SIZE + 8 || date.p[DATE_SIZE] != 'T' || date.p[date.n - 1] != 'Z')
        return false;
    for (size_t i = 0; i < date.n - 1; i++)
        if (i != DATE_SIZE && (date.p[i] < '0' || date.p[i] > '9'))
            return false;
    return true;
}

static bool is_usable(const origin *o)
{
    return o->secret.n > 0 && o->secret.n <= BR_SECRET_MAX && o->region.n > 0 &&
           o->region.n <= BR_SCOPE_PART_MAX && o->service.n > 0 &&
           o->service.n <= BR_SCOPE_PART_MAX;
}

static void add_scope(br_buf *out, const origin *o)
{
    br_buf_add_slice(out, o->date);
    br_buf_addc(out, '/');
    br_buf_add_slice(out, o->region);
    br_buf_addc(out, '/');
    br_buf_add_slice(out, o->service);
    br_buf_adds(out, "/aws4_request");
}

static void add_authorization(br_buf *out, const br_signer *s, br_slice access_key_id,
                              const uint8_t signature[BR_SHA256_SIZE])
{
    br_buf_adds(out, ALGORITHM " Credential=");
    br_buf_add_slice(out, access_key_id);
    br_buf_addc(out, '/');
    br_buf_add_slice(out, br_buf_slice(&s->scope));
    br_buf_adds(out, ", SignedHeaders=");
    br_buf_add_slice(out, br_buf_slice(&s->names));
    br_buf_adds(out, ", Signature=");
    char *to = br_buf_reserve(out, BR_SHA256_HEX);
    if (to == NULL)
        return;
    br_hex(to, signature, BR_SHA256_SIZE);
    br_buf_commit(out, BR_SHA256_HEX);
}

static void copy_trace(const br_signer *s, const br_sign_trace *trace)
{
    if (trace != NULL && trace->canonical_request != NULL)
        br_buf_add_slice(trace->canonical_request, br_buf_slice(&s->canonical));
    if (trace != NULL && trace->string_to_sign != NULL)
        br_buf_add_slice(trace->string_to_sign, br_buf_slice(&s->to_sign));
}

static void clear(br_signer *s)
{
    br_buf_clear(&s->canonical);
    br_buf_clear(&s->names);
    br_buf_clear(&s->scope);
    br_buf_clear(&s->to_sign);
}

bool br_sigv4_sign(br_signer *s, const br_sign_input *in, br_slice access_key_id, br_slice secret,
                   br_slice region, br_slice service, br_buf *authorization,
                   const br_sign_trace *trace)
{
    br_slice amz_date = br_headers_get(in->headers, "x-amz-date");
    origin from = {secret, {amz_date.p, DATE_SIZE}, region, service};
    if (access_key_id.n == 0 || !is_amz_date(amz_date) || !is_usable(&from))
        return false;
    clear(s);
    add_scope(&s->scope, &from);
    br_hmac_key *key = signing_key(s, &from);
    uint8_t signature[BR_SHA256_SIZE];
    if (key == NULL || !br_canonical_request(s->crypto, in, &s->canonical, &s->names) ||
        !br_string_to_sign(s->crypto, ALGORITHM, amz_date, br_buf_slice(&s->scope),
                           br_buf_slice(&s->canonical), &s->to_sign) ||
        !br_hmac_key_sign(key, br_buf_slice(&s->to_sign), signature))
        return false;
    add_authorization(authorization, s, access_key_id, signature);
    copy_trace(s, trace);
    return !authorization->failed;
}
