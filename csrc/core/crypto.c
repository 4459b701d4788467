#include "core/crypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

struct br_crypto {
    EVP_MD *sha256;
    EVP_MD_CTX *digest;
    EVP_MAC *hmac;
    EVP_MAC_CTX *mac; /* SHA-256 chosen, no key yet */
};

struct br_hmac_key {
    EVP_MAC_CTX *mac;
};

static EVP_MAC_CTX *new_hmac_sha256(EVP_MAC *hmac)
{
    char name[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(hmac);
    if (ctx != NULL && !EVP_MAC_CTX_set_params(ctx, params)) {
        EVP_MAC_CTX_free(ctx);
        return NULL;
    }
    return ctx;
}

br_crypto *br_crypto_new(void)
{
    br_crypto *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    c->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    c->digest = EVP_MD_CTX_new();
    if (c->hmac != NULL)
        c->mac = new_hmac_sha256(c->hmac);
    if (c->sha256 == NULL || c->digest == NULL || c->mac == NULL) {
        br_crypto_free(c);
        return NULL;
    }
    return c;
}

void br_crypto_free(br_crypto *c)
{
    if (c == NULL)
        return;
    EVP_MAC_CTX_free(c->mac);
    EVP_MD_CTX_free(c->digest);
    EVP_MAC_free(c->hmac);
    EVP_MD_free(c->sha256);
    free(c);
}

bool br_sha256(br_crypto *c, br_slice data, uint8_t out[BR_SHA256_SIZE])
{
    return EVP_DigestInit_ex2(c->digest, c->sha256, NULL) &&
           EVP_DigestUpdate(c->digest, data.p, data.n) && EVP_DigestFinal_ex(c->digest, out, NULL);
}

/* OpenSSL takes a NULL key for "keep the key", so an empty key needs an address. */
static bool mac_set_key(EVP_MAC_CTX *ctx, br_slice key)
{
    static const unsigned char none[1] = {0};
    return EVP_MAC_init(ctx, key.n > 0 ? (const unsigned char *)key.p : none, key.n, NULL) == 1;
}

static bool mac_finish(EVP_MAC_CTX *ctx, br_slice data, uint8_t out[BR_SHA256_SIZE])
{
    size_t n = 0;
    return EVP_MAC_update(ctx, (const unsigned char *)data.p, data.n) &&
           EVP_MAC_final(ctx, out, &n, BR_SHA256_SIZE) && n == BR_SHA256_SIZE;
}

bool br_hmac_sha256(br_crypto *c, br_slice key, br_slice data, uint8_t out[BR_SHA256_SIZE])
{
    return mac_set_key(c->mac, key) && mac_finish(c->mac, data, out);
}

br_hmac_key *br_hmac_key_new(br_crypto *c, br_slice key)
{
    br_hmac_key *k = calloc(1, sizeof *k);
    if (k == NULL)
        return NULL;
    k->mac = new_hmac_sha256(c->hmac);
    if (k->mac == NULL || !mac_set_key(k->mac, key)) {
        br_hmac_key_free(k);
        return NULL;
    }
    return k;
}

bool br_hmac_key_sign(br_hmac_key *k, br_slice data, uint8_t out[BR_SHA256_SIZE])
{
    return EVP_MAC_init(k->mac, NULL, 0, NULL) && mac_finish(k->mac, data, out);
}

void br_hmac_key_free(br_hmac_key *k)
{
    if (k == NULL)
        return;
    EVP_MAC_CTX_free(k->mac);
    free(k);
}

static char hex_digit(unsigned nibble)
{
    return "0123456789abcdef"[nibble];
}

#ifdef __SSE2__
static __m128i hex_digits(__m128i nibbles)
{
    __m128i letters =
        _mm_and_si128(_mm_cmpgt_epi8(nibbles, _mm_set1_epi8(9)), _mm_set1_epi8('a' - '0' - 10));
    return _mm_add_epi8(_mm_add_epi8(nibbles, _mm_set1_epi8('0')), letters);
}

static void hex_16(char *out, const uint8_t *bytes)
{
    __m128i all = _mm_loadu_si128((const __m128i *)(const void *)bytes);
    __m128i low = hex_digits(_mm_and_si128(all, _mm_set1_epi8(15)));
    __m128i high = hex_digits(_mm_and_si128(_mm_srli_epi16(all, 4), _mm_set1_epi8(15)));
    _mm_storeu_si128((__m128i *)(void *)out, _mm_unpacklo_epi8(high, low));
    _mm_storeu_si128((__m128i *)(void *)(out + 16), _mm_unpackhi_epi8(high, low));
}
#endif

void br_hex(char *out, const uint8_t *bytes, size_t n)
{
    size_t i = 0;
#ifdef __SSE2__
    for (; n - i >= 16; i += 16)
        hex_16(out + 2 * i, bytes + i);
#endif
    for (; i < n; i++) {
        out[2 * i] = hex_digit(bytes[i] >> 4);
        out[2 * i + 1] = hex_digit(bytes[i] & 15);
    }
}
