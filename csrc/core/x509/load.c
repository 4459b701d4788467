#include "core/text/base64.h"
#include "core/x509/internal.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

br_x509 *br_x509_ref(br_x509 *x)
{
    if (x != NULL)
        atomic_fetch_add_explicit(&x->references, 1, memory_order_relaxed);
    return x;
}

void br_x509_unref(br_x509 *x)
{
    if (x == NULL || atomic_fetch_sub_explicit(&x->references, 1, memory_order_acq_rel) != 1)
        return;
    X509_free(x->leaf);
    br_store_key_free(x->store_key, x->key);
    br_buf_free(&x->der);
    br_buf_free(&x->base64);
    br_buf_free(&x->chain_base64);
    br_buf_free(&x->subject);
    free(x);
}

static bool add_der(br_buf *out, const X509 *x)
{
    unsigned char *der = NULL;
    int n = i2d_X509(x, &der);
    bool ok = n > 0 && br_buf_add(out, der, (size_t)n);
    OPENSSL_free(der);
    return ok;
}

static bool add_base64(br_buf *out, const X509 *x)
{
    br_buf der;
    br_buf_init(&der, BR_PEM_INPUT_MAX);
    bool ok = add_der(&der, x);
    if (ok)
        br_base64_encode(out, br_buf_slice(&der));
    br_buf_free(&der);
    return ok && !out->failed;
}

static bool encode_chain(br_buf *out, X509 *const *chain, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            br_buf_addc(out, ',');
        if (!add_base64(out, chain[i]))
            return false;
    }
    return !out->failed;
}

static void init_buffers(br_x509 *x)
{
    br_buf_init(&x->der, BR_PEM_INPUT_MAX);
    br_buf_init(&x->base64, BR_X509_HEADER_MAX);
    br_buf_init(&x->chain_base64, BR_X509_HEADER_MAX);
    br_buf_init(&x->subject, BR_X509_NAME_MAX);
}

static bool fill(br_x509 *x, const br_x509_loading *l)
{
    br_x509_name(&x->subject, X509_get_subject_name(l->leaf));
    const EVP_PKEY *key = X509_get0_pubkey(l->leaf);
    x->algorithm = EVP_PKEY_is_a(key, "RSA")  ? "AWS4-X509-RSA-SHA256"
                   : EVP_PKEY_is_a(key, "EC") ? "AWS4-X509-ECDSA-SHA256"
                                              : "AWS4-X509-MLDSA";
    return br_key_type(key, x->key_type) && br_x509_serial_text(l->leaf, x->serial) &&
           br_asn1_time_ms(X509_get0_notAfter(l->leaf), &x->not_after_ms) &&
           add_der(&x->der, l->leaf) && add_base64(&x->base64, l->leaf) &&
           encode_chain(&x->chain_base64, l->chain, l->chain_count) &&
           X509_digest(l->leaf, EVP_sha256(), x->fingerprint, NULL);
}

static br_x509 *build(br_x509_loading *l)
{
    br_x509 *x = calloc(1, sizeof *x);
    if (x == NULL)
        return NULL;
    atomic_init(&x->references, 1);
    init_buffers(x);
    if (!fill(x, l)) {
        br_x509_unref(x);
        return NULL;
    }
    X509_up_ref(l->leaf);
    x->leaf = l->leaf;
    x->key = l->key;
    x->store_key = l->store_key;
    l->key = NULL;
    l->store_key = NULL;
    return x;
}

static bool read_key(br_x509_loading *l)
{
    br_slice given = l->in->private_key;
    bool device = given.p != NULL && (l->in->providers.n > 0 || br_x509_is_uri(given));
    return device ? br_x509_read_store_key(l) : br_x509_read_key(l);
}

bool br_x509_read_all(br_x509_loading *l)
{
    if (l->in->password.n > BR_X509_PASSWORD_MAX)
        return br_x509_problem(l, "private_key_password", "is longer than %d bytes",
                               BR_X509_PASSWORD_MAX);
    if (l->in->pkcs12.p != NULL)
        return br_x509_read_pkcs12(l);
    bool ok = br_x509_read_certificates(l, l->in->certificate, "certificate");
    ok = (l->in->signed_outside || read_key(l)) && ok;
    if (l->in->certificate_chain.p != NULL)
        ok = br_x509_read_certificates(l, l->in->certificate_chain, "certificate_chain") && ok;
    return ok;
}

/* The leaf of what was given as `certificate` or in `pkcs12`: the one that belongs to the key. */
static const br_given_certificate *find_leaf(const br_x509_loading *l)
{
    for (size_t i = 0; i < l->count; i++) {
        EVP_PKEY *public_key = X509_get0_pubkey(l->given[i].x);
        if (public_key != NULL && strcmp(l->given[i].option, "certificate_chain") != 0 &&
            EVP_PKEY_eq(public_key, l->key) == 1)
            return &l->given[i];
    }
    return NULL;
}

static void no_leaf(br_x509_loading *l)
{
    const char *option = l->in->pkcs12.p != NULL ? "pkcs12" : "certificate";
    if (l->in->private_key.p != NULL)
        br_x509_problem(l, "private_key", "does not belong to the certificate given");
    else
        br_x509_problem(l, option, "contains no certificate that belongs to its private key");
}

static bool sign(const br_x509_loading *l, br_slice text, uint8_t out[BR_SIGNATURE_MAX], size_t *n,
                 br_buf *why)
{
    return l->store_key != NULL ? br_store_key_sign(l->store_key, l->key, text, out, n, why)
                                : br_key_sign(l->key, NULL, NULL, text, out, n);
}

/*
** Many forms of keys hold the public part as well, so that one which was damaged still seems to
** belong to the certificate; AWS would refuse what it signs. A key in a device may want a PIN that
** is not asked for before.
*/
static void check_key_works(br_x509_loading *l)
{
    const char *option = l->in->pkcs12.p != NULL        ? "pkcs12"
                         : l->in->private_key.p != NULL ? "private_key"
                                                        : "certificate";
    uint8_t signature[BR_SIGNATURE_MAX];
    size_t n;
    br_slice text = BR_SLICE("lua-bedrock");
    br_buf why;
    br_buf_init(&why, BR_ERROR_MESSAGE_MAX);
    if (!sign(l, text, signature, &n, &why) && l->store_key != NULL)
        br_x509_problem(l, option,
                        "does not sign: is private_key_password right, and may the key sign? (%s)",
                        why.len > 0 ? why.data : "OpenSSL does not say why");
    else if (!br_key_verify(X509_get0_pubkey(l->leaf), text,
                            (br_slice){(const char *)signature, n}))
        br_x509_problem(
            l, option,
            "contains a damaged private key: its signatures do not match the certificate");
    br_buf_free(&why);
}

/* Without a key: the first that is no authority, else the first. */
static const br_given_certificate *guess_leaf(const br_x509_loading *l)
{
    const br_given_certificate *first = NULL;
    for (size_t i = 0; i < l->count; i++) {
        const br_given_certificate *g = &l->given[i];
        if (strcmp(g->option, "certificate_chain") == 0)
            continue;
        if (!(X509_get_extension_flags(g->x) & EXFLAG_CA))
            return g;
        if (first == NULL)
            first = g;
    }
    return first;
}

static void check_with_leaf(br_x509_loading *l, const br_given_certificate *leaf)
{
    l->leaf = leaf->x;
    l->leaf_option = leaf->option;
    br_x509_check_leaf(l, leaf->x, leaf->option);
    char type[16];
    if (l->key != NULL && br_key_type(X509_get0_pubkey(leaf->x), type))
        check_key_works(l);
    br_x509_order_chain(l);
}

/*
** Without a key only a lone certificate is sure to be the leaf, and is checked all the same; one given
** as part of the chain is none.
*/
static void check_all(br_x509_loading *l, bool complete)
{
    if (l->key == NULL && !l->in->signed_outside) {
        if (l->count == 1 && strcmp(l->given[0].option, "certificate_chain") != 0)
            br_x509_check_leaf(l, l->given[0].x, l->given[0].option);
        return;
    }
    const br_given_certificate *leaf = l->key != NULL ? find_leaf(l) : guess_leaf(l);
    if (leaf != NULL)
        check_with_leaf(l, leaf);
    else if (complete)
        no_leaf(l);
}

void br_x509_release(br_x509_loading *l)
{
    for (size_t i = 0; i < l->count; i++)
        X509_free(l->given[i].x);
    br_store_key_free(l->store_key, l->key);
}

br_x509 *br_x509_load(const br_x509_input *in, int64_t now_ms, br_problems *problems)
{
    br_x509_loading l = {
        .in = in, .now_ms = now_ms, .problems = problems, .queue_ours = ERR_peek_error() == 0};
    ERR_set_mark();
    check_all(&l, br_x509_read_all(&l));
    br_x509 *x = NULL;
    if (!l.failed) {
        x = build(&l);
        if (x == NULL)
            br_x509_problem(&l, "certificate", "is too large, or memory ran out");
    }
    br_x509_release(&l);
    ERR_pop_to_mark();
    return x;
}

/* Whether the DER is what a certificate is at its outside: a sequence of two sequences and bits. */
static bool is_outline(const unsigned char *der, long n)
{
    static const int parts[] = {V_ASN1_SEQUENCE, V_ASN1_SEQUENCE, V_ASN1_BIT_STRING};
    ASN1_SEQUENCE_ANY *found = d2i_ASN1_SEQUENCE_ANY(NULL, &der, n);
    bool outline = sk_ASN1_TYPE_num(found) == 3;
    for (int i = 0; outline && i < 3; i++)
        outline = ASN1_TYPE_get(sk_ASN1_TYPE_value(found, i)) == parts[i];
    sk_ASN1_TYPE_pop_free(found, ASN1_TYPE_free);
    return outline;
}

bool br_x509_is_in(br_slice pem)
{
    char no_password[] = ""; /* without one OpenSSL would ask at the terminal */
    unsigned char *der = NULL;
    long n = 0;
    BIO *bio = pem.n > 0 && pem.n <= INT_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
    if (bio == NULL)
        return false;
    ERR_set_mark();
    bool found =
        PEM_bytes_read_bio(&der, &n, NULL, PEM_STRING_X509_TRUSTED, bio, NULL, no_password) == 1 &&
        is_outline(der, n);
    ERR_pop_to_mark();
    OPENSSL_free(der);
    BIO_free(bio);
    return found;
}
