#include "core/x509/tls_identity.h"

#include "core/x509/internal.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

static const char CERTIFICATE[] = "client_certificate", KEY[] = "client_key",
                  PASSWORD[] = "client_key_password";

/* Names the option that is at fault; always false. */
static bool problem(br_problems *p, const char *option, const char *what)
{
    br_problems_add(p, "certificate", br_slice_of(option), "%s", what);
    return false;
}

/* Never prompts: without a password there is none to give. */
static int give_password(char *to, int size, int writing, void *user)
{
    const br_slice *password = user;
    (void)writing;
    if (password->p == NULL || password->n > (size_t)size)
        return -1;
    memcpy(to, password->p, password->n);
    return (int)password->n;
}

static BIO *reader(br_slice text)
{
    return text.n <= BR_TLS_IDENTITY_MAX ? BIO_new_mem_buf(text.p, (int)text.n) : NULL;
}

/* The certificates of a text, in its order. */
static size_t read_certificates(br_slice text, X509 *found[BR_TLS_CHAIN_MAX])
{
    BIO *in = reader(text);
    size_t count = 0;
    while (in != NULL && count < BR_TLS_CHAIN_MAX &&
           (found[count] = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL)
        count++;
    BIO_free(in);
    ERR_clear_error();
    return count;
}

static EVP_PKEY *read_key(br_slice text, br_slice password)
{
    BIO *in = reader(text);
    EVP_PKEY *key = in != NULL ? PEM_read_bio_PrivateKey(in, NULL, give_password, &password) : NULL;
    BIO_free(in);
    ERR_clear_error();
    return key;
}

static bool is_encrypted(br_slice text)
{
    static const char *const marks[] = {"BEGIN ENCRYPTED PRIVATE KEY", "Proc-Type: 4,ENCRYPTED"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        for (size_t at = 0, n = strlen(marks[i]); at + n <= text.n; at++)
            if (memcmp(text.p + at, marks[i], n) == 0)
                return true;
    return false;
}

static bool explain_key(const br_tls_identity_input *in, br_slice text, br_problems *p)
{
    if (is_encrypted(text) && in->password.p == NULL)
        return problem(p, PASSWORD, "missing: the key is encrypted");
    if (is_encrypted(text))
        return problem(p, PASSWORD, "does not open the key, or the key is damaged");
    if (in->key.p == NULL)
        return problem(p, KEY, "missing: client_certificate contains no private key");
    return problem(p, KEY, "contains no private key in PEM (-----BEGIN PRIVATE KEY-----)");
}

/* The one that the key belongs to comes to the front, as TLS wants it. */
static bool put_own_first(X509 *certificates[], size_t count, EVP_PKEY *key)
{
    for (size_t i = 0; i < count; i++) {
        if (X509_check_private_key(certificates[i], key) != 1)
            continue;
        X509 *own = certificates[i];
        memmove(certificates + 1, certificates, i * sizeof *certificates);
        certificates[0] = own;
        return true;
    }
    ERR_clear_error();
    return false;
}

static bool check_dates(const X509 *own, int64_t now_ms, br_problems *p)
{
    int64_t from, to;
    if (!br_asn1_time_ms(X509_get0_notBefore(own), &from) ||
        !br_asn1_time_ms(X509_get0_notAfter(own), &to))
        return problem(p, CERTIFICATE, "has dates that cannot be read");
    if (now_ms < from)
        return problem(p, CERTIFICATE, "is not valid yet");
    if (now_ms > to)
        return problem(p, CERTIFICATE, "has expired");
    return true;
}

static bool take_text(BIO *from, br_buf *to)
{
    char *text = NULL;
    long n = BIO_get_mem_data(from, &text);
    return n > 0 && br_buf_add(to, text, (size_t)n);
}

static bool write_certificates(X509 *const certificates[], size_t count, br_buf *to)
{
    BIO *out = BIO_new(BIO_s_mem());
    bool ok = out != NULL;
    for (size_t i = 0; ok && i < count; i++)
        ok = PEM_write_bio_X509(out, certificates[i]) == 1;
    ok = ok && take_text(out, to);
    BIO_free(out);
    return ok;
}

static bool write_key(const EVP_PKEY *key, br_buf *to)
{
    BIO *out = BIO_new(BIO_s_secmem());
    bool ok = out != NULL &&
              PEM_write_bio_PKCS8PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) == 1 &&
              take_text(out, to);
    BIO_free(out);
    return ok;
}

static br_tls_identity *new_identity(X509 *const certificates[], size_t count, const EVP_PKEY *key)
{
    br_tls_identity *identity = calloc(1, sizeof *identity);
    if (identity == NULL)
        return NULL;
    br_buf_init(&identity->certificate, BR_TLS_IDENTITY_MAX);
    br_buf_init_secret(&identity->key, BR_TLS_IDENTITY_MAX);
    if (write_certificates(certificates, count, &identity->certificate) &&
        write_key(key, &identity->key))
        return identity;
    br_tls_identity_free(identity);
    return NULL;
}

static br_tls_identity *join(X509 *certificates[], size_t count, EVP_PKEY *key, int64_t now_ms,
                             br_problems *p)
{
    if (!put_own_first(certificates, count, key)) {
        problem(p, KEY, "is not the key of client_certificate");
        return NULL;
    }
    if (!check_dates(certificates[0], now_ms, p))
        return NULL;
    br_tls_identity *identity = new_identity(certificates, count, key);
    if (identity == NULL)
        problem(p, CERTIFICATE, "is too long, or memory ran out");
    return identity;
}

br_tls_identity *br_tls_identity_load(const br_tls_identity_input *in, int64_t now_ms,
                                      br_problems *problems)
{
    if (br_x509_is_utf16(in->certificate) || br_x509_is_utf16(in->key)) {
        problem(problems, br_x509_is_utf16(in->certificate) ? CERTIFICATE : KEY,
                "is UTF-16 text: save it as UTF-8");
        return NULL;
    }
    X509 *certificates[BR_TLS_CHAIN_MAX];
    br_slice key_text = in->key.p != NULL ? in->key : in->certificate;
    size_t count = read_certificates(in->certificate, certificates);
    EVP_PKEY *key = read_key(key_text, in->password);
    br_tls_identity *identity = NULL;
    if (count == 0)
        problem(problems, CERTIFICATE,
                "contains no certificate in PEM (-----BEGIN CERTIFICATE-----)");
    if (key == NULL)
        explain_key(in, key_text, problems);
    if (count > 0 && key != NULL)
        identity = join(certificates, count, key, now_ms, problems);
    for (size_t i = 0; i < count; i++)
        X509_free(certificates[i]);
    EVP_PKEY_free(key);
    return identity;
}

void br_tls_identity_free(br_tls_identity *identity)
{
    if (identity == NULL)
        return;
    br_buf_free(&identity->certificate);
    br_buf_free(&identity->key);
    free(identity);
}
