#include "core/x509/internal.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <stdlib.h>

#define OCTETS_MAX 5000     /* ML-DSA-87 has 4896 */
#define KEY_NUMBER_MAX 2048 /* bytes of one number of a key; RSA-16384 is OpenSSL's limit */

br_slice br_x509_der(const br_x509 *x)
{
    return br_buf_slice(&x->der);
}

br_slice br_x509_base64(const br_x509 *x)
{
    return br_buf_slice(&x->base64);
}

br_slice br_x509_chain_base64(const br_x509 *x)
{
    return br_buf_slice(&x->chain_base64);
}

br_slice br_x509_serial(const br_x509 *x)
{
    return br_slice_of(x->serial);
}

br_slice br_x509_subject(const br_x509 *x)
{
    return br_buf_slice(&x->subject);
}

const char *br_x509_algorithm(const br_x509 *x)
{
    return x->algorithm;
}

const char *br_x509_key_type(const br_x509 *x)
{
    return x->key_type;
}

int64_t br_x509_not_after_ms(const br_x509 *x)
{
    return x->not_after_ms;
}

const uint8_t *br_x509_fingerprint(const br_x509 *x)
{
    return x->fingerprint;
}

/* A context for each signature: the key itself is safe to share, a context is not. */
bool br_key_sign(EVP_PKEY *key, OSSL_LIB_CTX *context, const char *query, br_slice text,
                 uint8_t out[BR_SIGNATURE_MAX], size_t *out_len)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    *out_len = BR_SIGNATURE_MAX;
    bool ok = ctx != NULL && EVP_PKEY_get_size(key) <= BR_SIGNATURE_MAX &&
              EVP_DigestSignInit_ex(ctx, NULL, br_key_digest(key), context, query, key, NULL) &&
              EVP_DigestSign(ctx, out, out_len, (const unsigned char *)text.p, text.n) == 1;
    EVP_MD_CTX_free(ctx);
    return ok;
}

bool br_key_verify(EVP_PKEY *key, br_slice text, br_slice signature)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx != NULL &&
              EVP_DigestVerifyInit_ex(ctx, NULL, br_key_digest(key), NULL, NULL, key, NULL) &&
              EVP_DigestVerify(ctx, (const unsigned char *)signature.p, signature.n,
                               (const unsigned char *)text.p, text.n) == 1;
    EVP_MD_CTX_free(ctx);
    return ok;
}

bool br_x509_sign_or_tell(const br_x509 *x, br_slice text, uint8_t out[BR_SIGNATURE_MAX],
                          size_t *out_len, br_buf *why)
{
    if (x->key == NULL)
        return false;
    ERR_set_mark();
    bool ok = x->store_key != NULL
                  ? br_store_key_sign(x->store_key, x->key, text, out, out_len, why)
                  : br_key_sign(x->key, NULL, NULL, text, out, out_len);
    ERR_pop_to_mark();
    return ok;
}

bool br_x509_sign(const br_x509 *x, br_slice text, uint8_t out[BR_SIGNATURE_MAX], size_t *out_len)
{
    return br_x509_sign_or_tell(x, text, out, out_len, NULL);
}

bool br_x509_verify(const br_x509 *x, br_slice text, br_slice signature)
{
    ERR_set_mark();
    bool ok = br_key_verify(X509_get0_pubkey(x->leaf), text, signature);
    ERR_pop_to_mark();
    return ok;
}

static BIGNUM *number_of(const EVP_PKEY *key, const char *name)
{
    BIGNUM *number = NULL;
    EVP_PKEY_get_bn_param(key, name, &number);
    return number;
}

/* Big-endian, padded on the left to `size` bytes; size 0: as many as the number has. */
static bool add_number(br_buf *out, const BIGNUM *number, int size)
{
    int n = size > 0 ? size : BN_num_bytes(number);
    if (n <= 0 || n > KEY_NUMBER_MAX)
        return false;
    unsigned char *to = (unsigned char *)br_buf_reserve(out, (size_t)n);
    if (to == NULL || BN_bn2binpad(number, to, n) != n)
        return false;
    br_buf_commit(out, (size_t)n);
    return true;
}

static bool add_rsa(br_buf *out, const EVP_PKEY *key)
{
    BIGNUM *n = number_of(key, OSSL_PKEY_PARAM_RSA_N);
    BIGNUM *p = number_of(key, OSSL_PKEY_PARAM_RSA_FACTOR1);
    BIGNUM *q = number_of(key, OSSL_PKEY_PARAM_RSA_FACTOR2);
    bool ok = n != NULL && p != NULL && q != NULL;
    if (ok) {
        const BIGNUM *small = BN_cmp(p, q) < 0 ? p : q, *large = small == p ? q : p;
        ok = add_number(out, n, 0) && add_number(out, small, 0) && add_number(out, large, 0);
    }
    BN_free(n);
    BN_clear_free(p);
    BN_clear_free(q);
    return ok;
}

static bool add_curve(br_buf *out, const EVP_PKEY *key)
{
    char group[64];
    size_t length = 0;
    if (!EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group,
                                        &length))
        return false;
    unsigned char *der = NULL;
    int n = i2d_ASN1_OBJECT(OBJ_nid2obj(OBJ_txt2nid(group)), &der);
    bool ok = n > 0 && br_buf_add(out, der, (size_t)n);
    OPENSSL_free(der);
    return ok;
}

static bool add_ec(br_buf *out, const EVP_PKEY *key)
{
    BIGNUM *order = number_of(key, OSSL_PKEY_PARAM_EC_ORDER);
    BIGNUM *scalar = number_of(key, OSSL_PKEY_PARAM_PRIV_KEY);
    bool ok = order != NULL && scalar != NULL && add_curve(out, key) &&
              add_number(out, scalar, BN_num_bytes(order));
    BN_free(order);
    BN_clear_free(scalar);
    return ok;
}

/* ML-DSA, in whichever form it came. */
static bool add_octets(br_buf *out, const EVP_PKEY *key)
{
    size_t n = 0;
    unsigned char *to = (unsigned char *)br_buf_reserve(out, OCTETS_MAX);
    bool ok = to != NULL &&
              EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PRIV_KEY, to, OCTETS_MAX, &n);
    if (ok)
        br_buf_commit(out, n);
    return ok && n > 0;
}

bool br_x509_key_material(const br_x509 *x, br_buf *out)
{
    if (x->key == NULL || x->store_key != NULL)
        return false;
    ERR_set_mark();
    bool ok = EVP_PKEY_is_a(x->key, "RSA")  ? add_rsa(out, x->key)
              : EVP_PKEY_is_a(x->key, "EC") ? add_ec(out, x->key)
                                            : add_octets(out, x->key);
    ERR_pop_to_mark();
    return ok;
}
