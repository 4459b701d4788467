/*
** A byte of form, then what was given: 0 certificate, private key and chain with NUL between them,
** the later ones optional; 1 PKCS#12; 2 one file as certificate and as private key. The password
** is that of spec/pki.
*/
#include "core/x509/x509.h"
#include "fuzz.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <string.h>
#include <time.h>

static br_slice take_part(br_slice *rest)
{
    br_slice part = *rest;
    const char *end = part.n > 0 ? memchr(part.p, '\0', part.n) : NULL;
    *rest = (br_slice){NULL, 0};
    if (end != NULL) {
        size_t n = (size_t)(end - part.p);
        *rest = (br_slice){end + 1, part.n - n - 1};
        part.n = n;
    }
    return part;
}

static br_x509_input make_input(uint8_t form, br_slice given)
{
    br_x509_input in = {.password = BR_SLICE("test-password")};
    switch (form % 3) {
    case 0:
        in.certificate = take_part(&given);
        in.private_key = take_part(&given);
        in.certificate_chain = given;
        break;
    case 1:
        in.pkcs12 = given;
        break;
    default:
        in.certificate = in.private_key = given;
    }
    return in;
}

static bool verifies(br_slice der, br_slice text, const uint8_t *signature, size_t length)
{
    const unsigned char *p = (const unsigned char *)der.p;
    X509 *leaf = d2i_X509(NULL, &p, (long)der.n);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    MUST(leaf != NULL && ctx != NULL);
    bool ok = EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, X509_get0_pubkey(leaf)) == 1 &&
              EVP_DigestVerify(ctx, signature, length, (const unsigned char *)text.p, text.n) == 1;
    EVP_MD_CTX_free(ctx);
    X509_free(leaf);
    return ok;
}

/* What was taken is good for all that is done with it. */
static void use(const br_x509 *x)
{
    uint8_t signature[BR_SIGNATURE_MAX];
    size_t length = 0;
    br_slice text = BR_SLICE("string to sign"), serial = br_x509_serial(x);
    br_buf material;
    MUST(serial.n > 0 && serial.n <= BR_SERIAL_MAX);
    MUST(strspn(serial.p, "0123456789") >= serial.n);
    MUST(br_x509_base64(x).n == (br_x509_der(x).n + 2) / 3 * 4);
    if (br_x509_sign(x, text, signature, &length))
        MUST(length <= sizeof signature && verifies(br_x509_der(x), text, signature, length));
    br_buf_init_secret(&material, 65536);
    br_x509_key_material(x, &material);
    br_buf_free(&material);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    br_slice given = {(const char *)data + 1, size - 1};
    br_x509_input in = make_input(data[0], given);
    br_problems problems;
    br_problems_init(&problems);
    br_x509 *x = br_x509_load(&in, (int64_t)time(NULL) * 1000, &problems);
    MUST((x == NULL) == br_problems_any(&problems));
    if (x != NULL)
        use(x);
    ERR_clear_error();
    br_x509_unref(x);
    br_problems_free(&problems);
    return 0;
}
