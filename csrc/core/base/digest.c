#include "core/base/digest.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>

struct br_digest {
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

br_digest *br_digest_new(void)
{
    br_digest *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    c->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    c->digest = EVP_MD_CTX_new();
    if (c->hmac != NULL)
        c->mac = new_hmac_sha256(c->hmac);
    if (c->sha256 == NULL || c->digest == NULL || c->mac == NULL) {
        br_digest_free(c);
        return NULL;
    }
    return c;
}

void br_digest_free(br_digest *c)
{
    if (c == NULL)
        return;
    EVP_MAC_CTX_free(c->mac);
    EVP_MD_CTX_free(c->digest);
    EVP_MAC_free(c->hmac);
    EVP_MD_free(c->sha256);
    free(c);
}

bool br_sha256(br_digest *c, br_slice data, uint8_t out[BR_SHA256_SIZE])
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

bool br_hmac_sha256(br_digest *c, br_slice key, br_slice data, uint8_t out[BR_SHA256_SIZE])
{
    return mac_set_key(c->mac, key) && mac_finish(c->mac, data, out);
}

br_hmac_key *br_hmac_key_new(br_digest *c, br_slice key)
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
