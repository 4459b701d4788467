#include "core/x509/internal.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <stdio.h>
#include <string.h>

#define PEM_HEADERS_MAX 1024

bool br_legacy_open(br_legacy *l)
{
    l->context = OSSL_LIB_CTX_new();
    l->standard = l->context != NULL ? OSSL_PROVIDER_load(l->context, "default") : NULL;
    l->old = l->standard != NULL ? OSSL_PROVIDER_load(l->context, "legacy") : NULL;
    return l->old != NULL;
}

void br_legacy_close(br_legacy *l)
{
    if (l->old != NULL)
        OSSL_PROVIDER_unload(l->old);
    if (l->standard != NULL)
        OSSL_PROVIDER_unload(l->standard);
    OSSL_LIB_CTX_free(l->context);
}

static EVP_PKEY *read_plain(br_slice der)
{
    const unsigned char *p = (const unsigned char *)der.p;
    EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &p, (long)der.n);
    if (key != NULL && p != (const unsigned char *)der.p + der.n) {
        EVP_PKEY_free(key);
        return NULL;
    }
    return key;
}

static EVP_PKEY *decrypt(const X509_SIG *sealed, br_slice password, OSSL_LIB_CTX *context)
{
    PKCS8_PRIV_KEY_INFO *opened =
        PKCS8_decrypt_ex(sealed, password.p, (int)password.n, context, NULL);
    EVP_PKEY *key = opened != NULL ? EVP_PKCS82PKEY(opened) : NULL;
    PKCS8_PRIV_KEY_INFO_free(opened);
    return key;
}

/* The old password schemes of PKCS#5 v1 and PKCS#12 may need ciphers of the legacy provider. */
static br_key_result decrypt_legacy(const X509_SIG *sealed, br_slice password, EVP_PKEY **key)
{
    br_legacy legacy;
    br_key_result result = BR_KEY_CIPHER_MISSING;
    if (br_legacy_open(&legacy)) {
        *key = decrypt(sealed, password, legacy.context);
        result = *key != NULL ? BR_KEY_READ : BR_KEY_WRONG_PASSWORD;
    }
    br_legacy_close(&legacy);
    return result;
}

static br_key_result read_sealed(const X509_SIG *sealed, br_slice password, EVP_PKEY **key)
{
    if (password.p == NULL)
        return BR_KEY_NEEDS_PASSWORD;
    if (!br_key_rounds_ok(sealed))
        return BR_KEY_TOO_SLOW;
    *key = decrypt(sealed, password, NULL);
    if (*key != NULL)
        return BR_KEY_READ;
    const X509_ALGOR *scheme;
    const ASN1_OBJECT *id;
    X509_SIG_get0(sealed, &scheme, NULL);
    X509_ALGOR_get0(&id, NULL, NULL, scheme);
    if (OBJ_obj2nid(id) == NID_pbes2)
        return BR_KEY_WRONG_PASSWORD;
    return decrypt_legacy(sealed, password, key);
}

br_key_result br_key_from_der(br_slice der, br_slice password, EVP_PKEY **key)
{
    const unsigned char *p = (const unsigned char *)der.p;
    *key = NULL;
    X509_SIG *sealed = d2i_X509_SIG(NULL, &p, (long)der.n);
    bool is_sealed = sealed != NULL && p == (const unsigned char *)der.p + der.n;
    br_key_result result = BR_KEY_UNREADABLE;
    if (is_sealed)
        result = read_sealed(sealed, password, key);
    else if ((*key = read_plain(der)) != NULL)
        result = BR_KEY_READ;
    X509_SIG_free(sealed);
    return result;
}

static int give_password(char *to, int size, int writing, void *password)
{
    const br_slice *text = password;
    (void)writing;
    if (text->n > (size_t)size)
        return -1;
    if (text->n > 0)
        memcpy(to, text->p, text->n);
    return (int)text->n;
}

/* In place. RFC 1421 encryption, as "Proc-Type: 4,ENCRYPTED" announces it. */
static br_key_result decrypt_block(br_slice headers, br_slice password, br_buf *der)
{
    char text[PEM_HEADERS_MAX];
    EVP_CIPHER_INFO cipher;
    if (headers.n >= sizeof text)
        return BR_KEY_UNREADABLE;
    memcpy(text, headers.p, headers.n);
    text[headers.n] = '\0';
    if (!PEM_get_EVP_CIPHER_INFO(text, &cipher))
        return BR_KEY_CIPHER_MISSING;
    if (cipher.cipher == NULL)
        return BR_KEY_READ;
    if (password.p == NULL)
        return BR_KEY_NEEDS_PASSWORD;
    EVP_CIPHER *offered = EVP_CIPHER_fetch(NULL, EVP_CIPHER_get0_name(cipher.cipher), NULL);
    EVP_CIPHER_free(offered);
    if (offered == NULL)
        return BR_KEY_CIPHER_MISSING;
    long length = (long)der->len;
    if (!PEM_do_header(&cipher, (unsigned char *)der->data, &length, give_password, &password))
        return BR_KEY_WRONG_PASSWORD;
    der->len = (size_t)length;
    return BR_KEY_READ;
}

/* A wrong password passes the padding check once in 256 times, and then leaves no key behind. */
br_key_result br_key_from_block(const br_pem_block *block, br_slice password, EVP_PKEY **key)
{
    br_buf der;
    br_buf_init_secret(&der, BR_PEM_INPUT_MAX);
    *key = NULL;
    br_key_result result = BR_KEY_UNREADABLE;
    if (br_pem_decode(&der, block->body))
        result = BR_KEY_READ;
    bool sealed = block->headers.n > 0;
    if (result == BR_KEY_READ && sealed)
        result = decrypt_block(block->headers, password, &der);
    if (result == BR_KEY_READ)
        result = br_key_from_der(br_buf_slice(&der), password, key);
    if (result == BR_KEY_UNREADABLE && sealed && der.len > 0)
        result = BR_KEY_WRONG_PASSWORD;
    br_buf_free(&der);
    return result;
}

static const char *curve_name(const char *group)
{
    static const struct {
        const char *group, *shown;
    } taken[] = {{"prime256v1", "EC P-256"}, {"P-256", "EC P-256"},     {"secp384r1", "EC P-384"},
                 {"P-384", "EC P-384"},      {"secp521r1", "EC P-521"}, {"P-521", "EC P-521"}};
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        if (strcmp(group, taken[i].group) == 0)
            return taken[i].shown;
    return NULL;
}

static bool ec_type(const EVP_PKEY *key, char out[16])
{
    char group[64] = "explicit";
    size_t n = 0;
    EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, &n);
    const char *known = curve_name(group);
    if (known != NULL)
        snprintf(out, 16, "%s", known);
    else
        snprintf(out, 16, "EC %.12s", group);
    return known != NULL;
}

static bool is_mldsa(const EVP_PKEY *key)
{
    return EVP_PKEY_is_a(key, "ML-DSA-44") || EVP_PKEY_is_a(key, "ML-DSA-65") ||
           EVP_PKEY_is_a(key, "ML-DSA-87");
}

const char *br_key_digest(const EVP_PKEY *key)
{
    return is_mldsa(key) ? NULL : "SHA256";
}

bool br_key_type(const EVP_PKEY *key, char out[16])
{
    if (EVP_PKEY_is_a(key, "RSA")) {
        int bits = EVP_PKEY_get_bits(key);
        snprintf(out, 16, "RSA-%d", bits);
        return bits >= BR_RSA_BITS_MIN && bits <= BR_RSA_BITS_MAX;
    }
    if (EVP_PKEY_is_a(key, "EC"))
        return ec_type(key, out);
    const char *name = EVP_PKEY_get0_type_name(key);
    snprintf(out, 16, "%.15s", name != NULL ? name : "unknown");
    return is_mldsa(key);
}
