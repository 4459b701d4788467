#include "core/x509/internal.h"

#include <openssl/crypto.h>
#include <openssl/pkcs12.h>
#include <string.h>

typedef struct contents {
    EVP_PKEY *key;
    X509 *first;
    STACK_OF(X509) * others;
    bool too_slow; /* its key is, so nothing was opened */
} contents;

static void free_contents(contents *c)
{
    EVP_PKEY_free(c->key);
    X509_free(c->first);
    sk_X509_pop_free(c->others, X509_free);
    memset(c, 0, sizeof *c);
}

static PKCS12 *decode(br_slice der, OSSL_LIB_CTX *context)
{
    const unsigned char *p = (const unsigned char *)der.p;
    PKCS12 *p12 = PKCS12_init_ex(NID_pkcs7_data, context, NULL);
    PKCS12 *read = p12 != NULL ? d2i_PKCS12(&p12, &p, (long)der.n) : NULL;
    if (read != NULL && p != (const unsigned char *)der.p + der.n) {
        PKCS12_free(read);
        return NULL;
    }
    return read;
}

/* No password and an empty one are two different things in PKCS#12, and files differ. */
static bool password_fits(PKCS12 *p12, const char *password)
{
    if (!PKCS12_mac_present(p12))
        return true;
    if (password[0] == '\0')
        return PKCS12_verify_mac(p12, NULL, 0) || PKCS12_verify_mac(p12, "", 0);
    return PKCS12_verify_mac(p12, password, -1);
}

static bool open_in(br_slice der, const char *password, OSSL_LIB_CTX *context, contents *out)
{
    PKCS12 *p12 = decode(der, context);
    out->too_slow = p12 != NULL && !br_pkcs12_inner_rounds_ok(p12, password);
    bool ok = p12 != NULL && !out->too_slow &&
              PKCS12_parse(p12, password, &out->key, &out->first, &out->others);
    PKCS12_free(p12);
    return ok;
}

static X509 *copy_certificate(const X509 *x)
{
    unsigned char *der = NULL;
    int n = i2d_X509(x, &der);
    const unsigned char *p = der;
    X509 *copy = n > 0 ? d2i_X509(NULL, &p, n) : NULL;
    OPENSSL_free(der);
    return copy;
}

static EVP_PKEY *copy_key(const EVP_PKEY *key)
{
    unsigned char *der = NULL;
    int n = i2d_PrivateKey(key, &der);
    const unsigned char *p = der;
    EVP_PKEY *copy = n > 0 ? d2i_AutoPrivateKey(NULL, &p, n) : NULL;
    OPENSSL_clear_free(der, n > 0 ? (size_t)n : 0);
    return copy;
}

/* What was read in a context of its own must outlive it: copies through DER. */
static bool copy_contents(const contents *from, contents *to)
{
    to->key = from->key != NULL ? copy_key(from->key) : NULL;
    to->first = from->first != NULL ? copy_certificate(from->first) : NULL;
    to->others = sk_X509_new_null();
    for (int i = 0; to->others != NULL && i < sk_X509_num(from->others); i++) {
        X509 *x = copy_certificate(sk_X509_value(from->others, i));
        if (x == NULL || !sk_X509_push(to->others, x)) {
            X509_free(x);
            return false;
        }
    }
    return to->others != NULL && (from->key == NULL || to->key != NULL) &&
           (from->first == NULL || to->first != NULL);
}

/* Old files are often encrypted with RC2, which only the legacy provider has. */
static bool open_legacy(br_slice der, const char *password, contents *out)
{
    br_legacy legacy;
    contents inner = {0};
    bool ok = br_legacy_open(&legacy) && open_in(der, password, legacy.context, &inner) &&
              copy_contents(&inner, out);
    out->too_slow = inner.too_slow;
    free_contents(&inner);
    br_legacy_close(&legacy);
    return ok;
}

static bool take(br_x509_loading *l, contents *c)
{
    l->key = c->key;
    c->key = NULL;
    bool ok = c->first == NULL || br_x509_give(l, c->first, "pkcs12");
    c->first = NULL;
    while (ok && sk_X509_num(c->others) > 0)
        ok = br_x509_give(l, sk_X509_shift(c->others), "pkcs12");
    if (ok && l->key == NULL)
        ok = br_x509_problem(l, "pkcs12", "contains no private key");
    if (ok && l->count == 0)
        ok = br_x509_problem(l, "pkcs12", "contains no certificate");
    return ok;
}

static bool too_slow(br_x509_loading *l)
{
    return br_x509_problem(
        l, "pkcs12",
        "takes more than %d rounds of key derivation from its password: export it again with fewer",
        BR_PASSWORD_ROUNDS_MAX);
}

static bool check_password(br_x509_loading *l, PKCS12 *p12, const char *password)
{
    if (p12 == NULL)
        return br_x509_problem(l, "pkcs12", "is not a PKCS#12 file%s",
                               br_pem_is_text(l->in->pkcs12)
                                   ? " but PEM: give it as certificate and private_key"
                                   : "");
    if (!br_pkcs12_rounds_ok(p12))
        return too_slow(l);
    if (password_fits(p12, password))
        return true;
    if (l->in->password.p == NULL)
        return br_x509_problem(l, "pkcs12", "is encrypted: set private_key_password");
    return br_x509_wrong_password(l, "it does not open pkcs12");
}

static bool open_with(br_x509_loading *l, const char *password)
{
    contents c = {0};
    PKCS12 *p12 = decode(l->in->pkcs12, NULL);
    bool ok = check_password(l, p12, password);
    PKCS12_free(p12);
    if (!ok)
        return false;
    ok = open_in(l->in->pkcs12, password, NULL, &c) ||
         (!c.too_slow && open_legacy(l->in->pkcs12, password, &c));
    if (ok)
        ok = take(l, &c);
    else if (c.too_slow)
        too_slow(l);
    else
        br_x509_problem(l, "pkcs12",
                        "cannot be decrypted: it is damaged, or this OpenSSL lacks its cipher; "
                        "export it again with AES-256");
    free_contents(&c);
    return ok;
}

bool br_x509_read_pkcs12(br_x509_loading *l)
{
    br_slice file = l->in->pkcs12;
    char password[BR_X509_PASSWORD_MAX + 1] = "";
    if (!br_x509_is_usable(l, file, "pkcs12"))
        return false;
    if (l->in->password.n > 0)
        memcpy(password, l->in->password.p, l->in->password.n);
    password[l->in->password.n] = '\0';
    bool ok = open_with(l, password);
    OPENSSL_cleanse(password, sizeof password);
    return ok;
}
