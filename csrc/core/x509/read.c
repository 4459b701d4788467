#include "core/x509/internal.h"

#include <openssl/pkcs12.h>
#include <stdio.h>
#include <string.h>

#define LABEL_SHOWN 40

bool br_x509_problem(br_x509_loading *l, const char *option, const char *format, ...)
{
    char text[BR_ERROR_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    l->failed = true;
    return br_problems_add(l->problems, "certificate", br_slice_of(option), "%s", text);
}

bool br_x509_give(br_x509_loading *l, X509 *x, const char *option)
{
    if (x == NULL)
        return br_x509_problem(l, option, "could not be read: out of memory");
    for (size_t i = 0; i < l->count; i++)
        if (X509_cmp(l->given[i].x, x) == 0) {
            X509_free(x);
            return true;
        }
    if (l->count == BR_X509_CERTIFICATES_MAX) {
        X509_free(x);
        return br_x509_problem(l, option,
                               "there are more than %d certificates: keep only the leaf and the "
                               "intermediates between it and the trust anchor",
                               BR_X509_CERTIFICATES_MAX);
    }
    l->given[l->count++] = (br_given_certificate){.x = x, .option = option};
    return true;
}

static bool is_label_of_certificate(br_slice label)
{
    return br_slice_eqs(label, "CERTIFICATE") || br_slice_eqs(label, "X509 CERTIFICATE") ||
           br_slice_eqs(label, "TRUSTED CERTIFICATE");
}

static bool is_label_of_key(br_slice label)
{
    return br_slice_ends(label, "PRIVATE KEY");
}

/* One certificate from the front of the bytes; NULL if there is none. */
static X509 *take_certificate(br_slice *der, bool trusted)
{
    const unsigned char *p = (const unsigned char *)der->p;
    X509 *x = trusted ? d2i_X509_AUX(NULL, &p, (long)der->n) : d2i_X509(NULL, &p, (long)der->n);
    if (x == NULL)
        return NULL;
    size_t used = (size_t)(p - (const unsigned char *)der->p);
    *der = (br_slice){der->p + used, der->n - used};
    return x;
}

static X509 *certificate_of_block(const br_pem_block *block)
{
    br_buf der;
    br_buf_init(&der, BR_PEM_INPUT_MAX);
    X509 *x = NULL;
    if (block->headers.n == 0 && br_pem_decode(&der, block->body)) {
        br_slice rest = br_buf_slice(&der);
        x = take_certificate(&rest, br_slice_eqs(block->label, "TRUSTED CERTIFICATE"));
        if (x != NULL && rest.n > 0) {
            X509_free(x);
            x = NULL;
        }
    }
    br_buf_free(&der);
    return x;
}

static bool no_certificate(br_x509_loading *l, const char *option, br_slice label)
{
    if (label.n == 0)
        return br_x509_problem(l, option,
                               "contains no certificate: give X.509 as PEM (-----BEGIN "
                               "CERTIFICATE-----) or DER");
    int shown = label.n < LABEL_SHOWN ? (int)label.n : LABEL_SHOWN;
    return br_x509_problem(l, option, "contains no certificate, only %.*s", shown, label.p);
}

static bool read_pem_certificates(br_x509_loading *l, br_slice text, const char *option)
{
    br_pem_block block;
    br_slice other = {NULL, 0};
    unsigned found = 0;
    int more;
    while ((more = br_pem_next(&text, &block)) == 1) {
        if (!is_label_of_certificate(block.label)) {
            other = block.label;
            continue;
        }
        found++;
        X509 *x = certificate_of_block(&block);
        if (x == NULL)
            return br_x509_problem(l, option, "certificate %u is damaged: its block is not X.509",
                                   found);
        if (!br_x509_give(l, x, option))
            return false;
    }
    if (more < 0)
        return br_x509_problem(l, option, "is cut off: a BEGIN line has no matching END line");
    return found > 0 || no_certificate(l, option, other);
}

static bool is_pkcs12(br_slice der)
{
    const unsigned char *p = (const unsigned char *)der.p;
    PKCS12 *p12 = d2i_PKCS12(NULL, &p, (long)der.n);
    PKCS12_free(p12);
    return p12 != NULL;
}

/* A line end makes it data, so that a path with one is not looked for. */
static bool is_line_with_end(br_slice text)
{
    size_t n = text.n;
    while (n > 0 && (text.p[n - 1] == '\n' || text.p[n - 1] == '\r'))
        n--;
    for (size_t i = 0; i < n; i++)
        if (text.p[i] < ' ' || text.p[i] > '~')
            return false;
    return n > 0 && n < text.n;
}

static bool problem_line(br_x509_loading *l, const char *option)
{
    return br_x509_problem(l, option,
                           "is not PEM, but one line with a line break at its end: if it is a "
                           "path, remove the line break");
}

static bool read_der_certificates(br_x509_loading *l, br_slice der, const char *option)
{
    size_t before = l->count;
    br_slice rest = der;
    for (X509 *x; rest.n > 0 && (x = take_certificate(&rest, false)) != NULL;)
        if (!br_x509_give(l, x, option))
            return false;
    if (rest.n == 0)
        return true;
    if (l->count > before)
        return br_x509_problem(l, option, "has other bytes after the certificate");
    if (is_pkcs12(der))
        return br_x509_problem(l, option, "is PKCS#12: give it as pkcs12");
    if (is_line_with_end(der))
        return problem_line(l, option);
    return no_certificate(l, option, (br_slice){NULL, 0});
}

bool br_x509_is_usable(br_x509_loading *l, br_slice text, const char *option)
{
    if (text.n == 0)
        return br_x509_problem(l, option, "is empty");
    if (text.n > BR_PEM_INPUT_MAX)
        return br_x509_problem(l, option, "is longer than %zu bytes", BR_PEM_INPUT_MAX);
    if (br_x509_is_utf16(text))
        return br_x509_problem(l, option, "is UTF-16 text: save it as UTF-8");
    return true;
}

bool br_x509_read_certificates(br_x509_loading *l, br_slice text, const char *option)
{
    if (!br_x509_is_usable(l, text, option))
        return false;
    br_buf pem;
    br_buf_init_secret(&pem, BR_PEM_INPUT_MAX);
    br_pem_normalise(&pem, text);
    bool ok = br_pem_is_text(br_buf_slice(&pem))
                  ? read_pem_certificates(l, br_buf_slice(&pem), option)
                  : read_der_certificates(l, text, option);
    br_buf_free(&pem);
    return ok;
}

bool br_x509_wrong_password(br_x509_loading *l, const char *what)
{
    br_slice given = l->in->password;
    bool line_end = given.n > 0 && (given.p[given.n - 1] == '\n' || given.p[given.n - 1] == '\r');
    return br_x509_problem(l, "private_key_password", "is wrong: %s%s", what,
                           line_end ? "; it ends in a line break, which is part of it" : "");
}

static bool key_problem(br_x509_loading *l, const char *option, br_key_result result)
{
    switch (result) {
    case BR_KEY_READ:
        return true;
    case BR_KEY_NEEDS_PASSWORD:
        return br_x509_problem(l, option,
                               "contains an encrypted private key: set private_key_password");
    case BR_KEY_WRONG_PASSWORD:
        return br_x509_wrong_password(l, "it does not decrypt the private key");
    case BR_KEY_CIPHER_MISSING:
        return br_x509_problem(l, option,
                               "contains a private key whose cipher this OpenSSL lacks: convert it "
                               "with openssl pkcs8 -topk8 -v2 "
                               "aes-256-cbc");
    case BR_KEY_TOO_SLOW:
        return br_x509_problem(l, option,
                               "contains a private key whose password takes more than %d rounds of "
                               "key derivation: encrypt it again with fewer",
                               BR_PASSWORD_ROUNDS_MAX);
    case BR_KEY_UNREADABLE:
        break;
    }
    for (size_t i = 0; i < l->count; i++)
        if (X509_get0_pubkey(l->given[i].x) == NULL && br_mldsa_name(l->given[i].x) != NULL)
            return br_x509_problem(l, option,
                                   "contains a private key that cannot be read, as the "
                                   "certificate's is of ML-DSA: that needs OpenSSL 3.5 or newer");
    return br_x509_problem(
        l, option,
        "contains a private key that cannot be read: give PKCS#8, PKCS#1 or SEC1, as PEM or DER");
}

/* Takes the key. The same key twice is one key. */
static bool keep_key(br_x509_loading *l, EVP_PKEY *key, const char *option)
{
    if (l->key == NULL) {
        l->key = key;
        return true;
    }
    bool same = EVP_PKEY_eq(l->key, key) == 1;
    EVP_PKEY_free(key);
    return same || br_x509_problem(l, option, "contains two different private keys: keep one");
}

static bool read_key_block(br_x509_loading *l, const br_pem_block *block, const char *option)
{
    EVP_PKEY *key;
    if (br_slice_eqs(block->label, "OPENSSH PRIVATE KEY"))
        return br_x509_problem(l, option,
                               "contains an OpenSSH private key: convert it with ssh-keygen -p -m "
                               "PKCS8");
    if (br_slice_eqs(block->label, "TSS2 PRIVATE KEY"))
        return br_x509_problem(l, option,
                               "contains the key of a TPM: give it as private_key, install "
                               "tpm2-openssl and set openssl_providers = {\"tpm2\", \"default\"}");
    br_key_result result = br_key_from_block(block, l->in->password, &key);
    return key_problem(l, option, result) && keep_key(l, key, option);
}

static bool no_key(br_x509_loading *l, br_slice label)
{
    if (l->in->private_key.p == NULL)
        return br_x509_problem(l, "private_key", "is not given, and certificate contains none");
    if (label.n == 0)
        return br_x509_problem(l, "private_key", "contains no private key");
    int shown = label.n < LABEL_SHOWN ? (int)label.n : LABEL_SHOWN;
    return br_x509_problem(l, "private_key", "contains no private key, only %.*s", shown, label.p);
}

static bool read_pem_key(br_x509_loading *l, br_slice text, const char *option)
{
    br_pem_block block;
    br_slice other = {NULL, 0};
    unsigned found = 0;
    int more;
    while ((more = br_pem_next(&text, &block)) == 1) {
        if (!is_label_of_key(block.label)) {
            other = block.label;
            continue;
        }
        found++;
        if (!read_key_block(l, &block, option))
            return false;
    }
    if (more < 0)
        return l->in->private_key.p != NULL &&
               br_x509_problem(l, option, "is cut off: a BEGIN line has no matching END line");
    return found > 0 || no_key(l, other);
}

static bool read_der_key(br_x509_loading *l, br_slice der, const char *option)
{
    if (l->in->private_key.p == NULL)
        return no_key(l, (br_slice){NULL, 0});
    EVP_PKEY *key;
    br_key_result result = br_key_from_der(der, l->in->password, &key);
    if (result == BR_KEY_UNREADABLE && is_pkcs12(der))
        return br_x509_problem(l, option, "is PKCS#12: give it as pkcs12");
    if (result == BR_KEY_UNREADABLE && is_line_with_end(der))
        return problem_line(l, option);
    return key_problem(l, option, result) && keep_key(l, key, option);
}

bool br_x509_read_key(br_x509_loading *l)
{
    bool own = l->in->private_key.p != NULL;
    const char *option = own ? "private_key" : "certificate";
    br_slice text = own ? l->in->private_key : l->in->certificate;
    /* What is wrong with `certificate` has been told when it was read. */
    if (own ? !br_x509_is_usable(l, text, option)
            : text.n == 0 || text.n > BR_PEM_INPUT_MAX || br_x509_is_utf16(text))
        return false;
    br_buf pem;
    br_buf_init_secret(&pem, BR_PEM_INPUT_MAX);
    br_pem_normalise(&pem, text);
    bool ok = br_pem_is_text(br_buf_slice(&pem)) ? read_pem_key(l, br_buf_slice(&pem), option)
                                                 : read_der_key(l, text, option);
    br_buf_free(&pem);
    return ok;
}
