/*
** Certificates with keys of ML-DSA: used where OpenSSL knows them (3.5), else refused by name. The
** verifier is OpenSSL.
*/
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "core/aws/roles_anywhere.h"
#include "x509_fixture.h"

static const char *const sizes[] = {"44", "65", "87"};
#define SIZES (sizeof sizes / sizeof *sizes)

static bool known(void)
{
    EVP_SIGNATURE *found = EVP_SIGNATURE_fetch(NULL, "ML-DSA-44", NULL);
    EVP_SIGNATURE_free(found);
    ERR_clear_error();
    return found != NULL;
}

static br_slice fixture(const char *size)
{
    char name[16];
    snprintf(name, sizeof name, "mldsa%s", size);
    return file(name, ".pem");
}

/* Over the text itself, with an empty context, which is what there is if none is set. */
static bool verifies(const br_x509 *x, br_slice text, br_slice signature)
{
    const unsigned char *p = (const unsigned char *)br_x509_der(x).p;
    X509 *leaf = d2i_X509(NULL, &p, (long)br_x509_der(x).n);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, NULL, X509_get0_pubkey(leaf), NULL) &&
              EVP_DigestVerify(ctx, (const unsigned char *)signature.p, signature.n,
                               (const unsigned char *)text.p, text.n) == 1;
    EVP_MD_CTX_free(ctx);
    X509_free(leaf);
    return ok;
}

static void check_request(const br_x509 *x, size_t signature_size)
{
    static const char *const head = "AWS4-X509-MLDSA Credential=400";
    br_ra_params params = {.profile_arn = BR_SLICE("p"),
                           .role_arn = BR_SLICE("r"),
                           .trust_anchor_arn = BR_SLICE("t"),
                           .region = BR_SLICE("eu-west-1"),
                           .duration_s = 900};
    br_url endpoint;
    br_request r;
    br_error error;
    br_buf to_sign;
    br_digest *digest = br_digest_new();
    br_buf_init(&to_sign, 4096);
    br_request_init(&r);
    br_sign_trace trace = {NULL, &to_sign};
    CHECK(br_url_parse(&endpoint, BR_SLICE("https://localhost"), &error));
    CHECK(br_ra_request(digest, &params, x, &endpoint, now_ms(), &r, &trace, &error));
    br_slice value = br_headers_get(&r.headers, "authorization");
    CHECK(br_slice_starts(value, head));
    const char *hex = value.p != NULL ? strstr(value.p, "Signature=") : NULL;
    uint8_t signature[BR_SIGNATURE_MAX];
    size_t n = 0;
    for (unsigned byte; hex != NULL && n < sizeof signature &&
                        sscanf(hex + sizeof "Signature=" - 1 + 2 * n, "%2x", &byte) == 1;
         n++)
        signature[n] = (uint8_t)byte;
    CHECK_INT((long long)n, (long long)signature_size);
    CHECK(strncmp(to_sign.data, "AWS4-X509-MLDSA\n", 16) == 0);
    CHECK(verifies(x, br_buf_slice(&to_sign), (br_slice){(const char *)signature, n}));
    br_buf_free(&to_sign);
    br_request_free(&r);
    br_digest_free(digest);
}

static void test_used(const char *size)
{
    char type[16];
    uint8_t signature[BR_SIGNATURE_MAX];
    size_t n = 0;
    br_buf material;
    br_x509_input in = {.certificate = fixture(size)};
    br_x509 *x = load_good(&in, size);
    if (x == NULL)
        return;
    br_buf_init_secret(&material, 8192);
    snprintf(type, sizeof type, "ML-DSA-%s", size);
    CHECK_STR(br_x509_key_type(x), type);
    CHECK_STR(br_x509_algorithm(x), "AWS4-X509-MLDSA");
    CHECK(br_x509_sign(x, BR_SLICE("text"), signature, &n));
    br_slice given = {(const char *)signature, n};
    CHECK(verifies(x, BR_SLICE("text"), given));
    CHECK(br_x509_verify(x, BR_SLICE("text"), given));
    CHECK(!br_x509_verify(x, BR_SLICE("texts"), given));
    CHECK(br_x509_key_material(x, &material));
    CHECK(material.len >= 2560);
    check_request(x, n);
    br_buf_free(&material);
    br_x509_unref(x);
}

static void expect(const br_problems *p, size_t i, const char *option, const char *text)
{
    CHECK_STR(p->items[i].path, option);
    bool found = strstr(p->items[i].message, text) != NULL;
    CHECK(found);
    if (!found)
        printf("got \"%s\", want \"%s\"\n", p->items[i].message, text);
}

static void test_refused(const char *size)
{
    char type[16];
    br_problems problems;
    br_x509_input in = {.certificate = fixture(size), .private_key = fixture(size)};
    CHECK(load_at(&in, now_ms(), &problems) == NULL);
    snprintf(type, sizeof type, "ML-DSA-%s", size);
    CHECK_INT((long long)problems.count, 2);
    if (problems.count == 2) {
        expect(&problems, 0, "certificate", "which needs OpenSSL 3.5 or newer: this is 3.");
        expect(&problems, 0, "certificate", type);
        expect(&problems, 1, "private_key", "that needs OpenSSL 3.5 or newer");
    }
    br_problems_free(&problems);
}

int main(void)
{
    for (size_t i = 0; i < SIZES; i++) {
        if (known())
            test_used(sizes[i]);
        else
            test_refused(sizes[i]);
    }
    return check_done();
}
