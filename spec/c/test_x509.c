/*
** Certificates and keys in every good form, made by spec/pki/make.sh. Signatures are verified
** here with OpenSSL and the public key of the certificate file.
*/
#include "check.h"
#include "x509_fixture.h"

#include <openssl/pem.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check_signature(const br_x509 *x, X509 *leaf)
{
    uint8_t signature[BR_SIGNATURE_MAX];
    size_t n = 0;
    static const char text[] = "AWS4-X509-RSA-SHA256\n20260101T000000Z\nscope\nhash";
    br_slice guarded = copy_text(text);
    CHECK(br_x509_sign(x, guarded, signature, &n));
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    CHECK(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, X509_get0_pubkey(leaf)) == 1);
    CHECK(EVP_DigestVerify(ctx, signature, n, (const unsigned char *)text, strlen(text)) == 1);
    EVP_MD_CTX_free(ctx);
    drop(guarded);
}

static void check_identity(const br_x509 *x, const char *kind)
{
    static const char *const types[] = {"RSA-2048", "RSA-4096", "EC P-256", "EC P-384", "EC P-521"};
    for (size_t i = 0; i < KINDS; i++)
        if (strcmp(kinds[i], kind) == 0)
            CHECK_STR(br_x509_key_type(x), types[i]);
    CHECK_STR(br_x509_algorithm(x),
              kind[0] == 'r' ? "AWS4-X509-RSA-SHA256" : "AWS4-X509-ECDSA-SHA256");
    X509 *leaf = reference(kind, ".crt.pem");
    unsigned char *der = NULL;
    int n = i2d_X509(leaf, &der);
    CHECK(br_slice_eq(br_x509_der(x), (br_slice){(char *)der, (size_t)n}));
    BIGNUM *serial = ASN1_INTEGER_to_BN(X509_get_serialNumber(leaf), NULL);
    char *decimal = BN_bn2dec(serial);
    CHECK_SLICE(br_x509_serial(x), decimal);
    check_signature(x, leaf);
    OPENSSL_free(decimal);
    BN_free(serial);
    OPENSSL_free(der);
    X509_free(leaf);
}

/* Every way to give one key and certificate leads to the same object and the same key material. */
static void check_same(br_x509 *x, const char *kind, br_buf *material)
{
    if (x == NULL)
        return;
    check_identity(x, kind);
    br_buf own;
    br_buf_init_secret(&own, 8192);
    CHECK(br_x509_key_material(x, &own));
    if (material->len == 0)
        br_buf_add_slice(material, br_buf_slice(&own));
    CHECK(br_slice_eq(br_buf_slice(&own), br_buf_slice(material)));
    br_buf_free(&own);
    br_x509_unref(x);
}

typedef struct form {
    const char *certificate, *key, *pkcs12, *password;
} form;

static const form forms[] = {
    {".crt.pem", ".key.pkcs8.pem", NULL, NULL},
    {".crt.der", ".key.pkcs8.der", NULL, NULL},
    {".crt.pem", ".key.pkcs8.enc.pem", NULL, PASSWORD},
    {".crt.pem", ".key.pkcs8.enc.der", NULL, PASSWORD},
    {".crt.der", ".key.trad.pem", NULL, NULL},
    {".crt.pem", ".key.trad.der", NULL, NULL},
    {".crt.pem", ".key.trad.enc.pem", NULL, PASSWORD},
    {".both.pem", NULL, NULL, NULL},
    {".both-reversed.pem", NULL, NULL, NULL},
    {".both.pem", ".both.pem", NULL, NULL},
    {".both.pem", ".key.pkcs8.enc.pem", NULL, PASSWORD},
    {".chain.pem", ".key.pkcs8.pem", NULL, NULL},
    {".chain-shuffled.pem", ".key.pkcs8.pem", NULL, NULL},
    {NULL, NULL, ".p12", PASSWORD},
    {NULL, NULL, ".nopass.p12", NULL},
    {NULL, NULL, ".nopass.p12", ""},
};

static const form odd_forms[] = {
    {".crlf.pem", NULL, NULL, NULL},       {".bom.pem", NULL, NULL, NULL},
    {".bag.pem", NULL, NULL, NULL},        {".comments.pem", NULL, NULL, NULL},
    {NULL, NULL, ".legacy.p12", PASSWORD},
};

static void check_forms(const char *kind, const form *list, size_t count, br_buf *material)
{
    for (size_t i = 0; i < count; i++) {
        const form *f = &list[i];
        br_x509_input in = {.certificate = file(f->certificate ? kind : NULL, f->certificate),
                            .private_key = file(f->key ? kind : NULL, f->key),
                            .pkcs12 = file(f->pkcs12 ? kind : NULL, f->pkcs12),
                            .password = br_slice_of(f->password)};
        char what[128];
        snprintf(what, sizeof what, "%s%s%s%s", kind, f->certificate ? f->certificate : "",
                 f->key ? f->key : "", f->pkcs12 ? f->pkcs12 : "");
        check_same(load_good(&in, what), kind, material);
    }
}

static void test_forms(void)
{
    for (size_t i = 0; i < KINDS; i++) {
        br_buf material;
        br_buf_init_secret(&material, 8192);
        check_forms(kinds[i], forms, sizeof forms / sizeof forms[0], &material);
        if (strcmp(kinds[i], "rsa2048") == 0 || strcmp(kinds[i], "p256") == 0)
            check_forms(kinds[i], odd_forms, sizeof odd_forms / sizeof odd_forms[0], &material);
        br_buf_free(&material);
    }
}

/* The both file with each line end replaced, and the whole on as few lines as may be. */
static br_slice relined(const char *kind, const char *line_end, const char *lead)
{
    br_slice original = file(kind, ".both.pem");
    br_buf out;
    br_buf_init(&out, 65536);
    br_buf_adds(&out, lead);
    for (size_t i = 0; i < original.n; i++)
        if (original.p[i] == '\n')
            br_buf_adds(&out, line_end);
        else
            br_buf_addc(&out, original.p[i]);
    br_slice copy = {guard_copy(out.data, out.len), out.len};
    br_buf_free(&out);
    drop(original);
    return copy;
}

static void test_line_ends(void)
{
    static const char *const ends[] = {"\n", "\r\n", "\r", "\\n", "\\r\\n", " ", "\n\n", "\t\n"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        br_buf material;
        br_buf_init_secret(&material, 8192);
        br_x509_input in = {.certificate = relined("p256", ends[i], "")};
        check_same(load_good(&in, ends[i]), "p256", &material);
        in = (br_x509_input){.certificate = relined("p256", ends[i], "\xef\xbb\xbf  \n\t")};
        check_same(load_good(&in, "with BOM"), "p256", &material);
        br_buf_free(&material);
    }
}

static br_slice with_label(const char *kind, const char *label)
{
    X509 *x = reference(kind, ".crt.pem");
    BIO *text = BIO_new(BIO_s_mem());
    if (strcmp(label, "TRUSTED") == 0) {
        X509_alias_set1(x, (const unsigned char *)"alias", 5);
        PEM_write_bio_X509_AUX(text, x);
    } else {
        unsigned char *der = NULL;
        int n = i2d_X509(x, &der);
        PEM_write_bio(text, label, "", der, n);
        OPENSSL_free(der);
    }
    char *data;
    long n = BIO_get_mem_data(text, &data);
    br_slice copy = {guard_copy(data, (size_t)n), (size_t)n};
    BIO_free(text);
    X509_free(x);
    return copy;
}

static void test_labels(void)
{
    static const char *const labels[] = {"TRUSTED", "X509 CERTIFICATE", "CERTIFICATE"};
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        br_buf material;
        br_buf_init_secret(&material, 8192);
        br_x509_input in = {.certificate = with_label("p384", labels[i]),
                            .private_key = file("p384", ".key.pkcs8.pem")};
        check_same(load_good(&in, labels[i]), "p384", &material);
        br_buf_free(&material);
    }
}

static void base64_of(const char *name, char **out)
{
    X509 *x = reference(name, ".pem");
    unsigned char *der = NULL;
    int n = i2d_X509(x, &der);
    *out = calloc(1, (size_t)n * 2 + 8);
    EVP_EncodeBlock((unsigned char *)*out, der, n);
    OPENSSL_free(der);
    X509_free(x);
}

static void expect_chain(br_x509_input *in, const char *want)
{
    br_x509 *x = load_good(in, "chain");
    if (x == NULL)
        return;
    CHECK_SLICE(br_x509_chain_base64(x), want);
    br_x509_unref(x);
}

/* The intermediate is sent, the root is not, wherever they stand. */
static void test_chain(void)
{
    char *intermediate;
    base64_of("intermediate", &intermediate);
    br_x509_input in = {.certificate = file("p256", ".crt.pem"),
                        .private_key = file("p256", ".key.pkcs8.pem")};
    expect_chain(&in, "");
    in = (br_x509_input){.certificate = file("p256", ".chain.pem"),
                         .private_key = file("p256", ".key.pkcs8.pem")};
    expect_chain(&in, intermediate);
    in = (br_x509_input){.certificate = file("p256", ".chain-shuffled.pem"),
                         .private_key = file("p256", ".key.pkcs8.pem")};
    expect_chain(&in, intermediate);
    in = (br_x509_input){.certificate = file("p256", ".crt.pem"),
                         .private_key = file("p256", ".key.pkcs8.pem"),
                         .certificate_chain = file("intermediate", ".pem")};
    expect_chain(&in, intermediate);
    in = (br_x509_input){.certificate = file("p256", ".chain.pem"),
                         .private_key = file("p256", ".key.pkcs8.pem"),
                         .certificate_chain = file("p256", ".chain-shuffled.pem")};
    expect_chain(&in, intermediate);
    in = (br_x509_input){.pkcs12 = file("rsa2048", ".p12"), .password = BR_SLICE(PASSWORD)};
    expect_chain(&in, intermediate);
    in =
        (br_x509_input){.certificate = file("p256", ".chain-shuffled.pem"), .signed_outside = true};
    expect_chain(&in, intermediate);
    free(intermediate);
}

/* A certificate alone: whoever has its key signs. */
static void test_signed_outside(void)
{
    uint8_t signature[BR_SIGNATURE_MAX];
    size_t n;
    br_buf material;
    br_slice text = BR_SLICE("text");
    br_x509_input in = {.certificate = file("rsa2048", ".chain.pem"), .signed_outside = true};
    br_x509 *x = load_good(&in, "signed outside");
    in = (br_x509_input){.certificate = file("rsa2048", ".chain.pem"),
                         .private_key = file("rsa2048", ".key.pkcs8.pem")};
    br_x509 *holder = load_good(&in, "its holder");
    br_buf_init_secret(&material, 4096);
    CHECK(!br_x509_sign(x, text, signature, &n));
    CHECK(!br_x509_key_material(x, &material));
    CHECK_STR(br_x509_key_type(x), "RSA-2048");
    CHECK_STR(br_x509_algorithm(x), "AWS4-X509-RSA-SHA256");
    CHECK(br_x509_sign(holder, text, signature, &n));
    CHECK(br_x509_verify(x, text, (br_slice){(const char *)signature, n}));
    CHECK(!br_x509_verify(x, BR_SLICE("texts"), (br_slice){(const char *)signature, n}));
    CHECK(!br_x509_verify(x, text, (br_slice){(const char *)signature, n - 1}));
    CHECK(!br_x509_verify(x, text, (br_slice){NULL, 0}));
    br_buf_free(&material);
    br_x509_unref(x);
    br_x509_unref(holder);
    in = (br_x509_input){.certificate = file("ca-leaf", ".crt.pem"), .signed_outside = true};
    expect_problem(&in, "certificate", "CA:TRUE");
}

static void test_details(void)
{
    br_x509_input in = {.certificate = file("p256", ".crt.pem"),
                        .private_key = file("p256", ".key.pkcs8.pem")};
    br_x509 *x = load_good(&in, "details");
    CHECK_SLICE(br_x509_serial(x), "6699");
    CHECK_SLICE(br_x509_subject(x), "CN=p256,O=lua-bedrock tests");
    CHECK(br_x509_not_after_ms(x) > now_ms());
    X509 *leaf = reference("p256", ".crt.pem");
    unsigned char digest[32], *base64 = calloc(1, 8192);
    X509_digest(leaf, EVP_sha256(), digest, NULL);
    CHECK(memcmp(br_x509_fingerprint(x), digest, 32) == 0);
    EVP_EncodeBlock(base64, (const unsigned char *)br_x509_der(x).p, (int)br_x509_der(x).n);
    CHECK_SLICE(br_x509_base64(x), (char *)base64);
    free(base64);
    X509_free(leaf);
    CHECK(br_x509_ref(x) == x);
    br_x509_unref(x);
    CHECK_SLICE(br_x509_serial(x), "6699");
    br_x509_unref(x);
    br_x509_unref(NULL);
    CHECK(br_x509_ref(NULL) == NULL);
}

/* The algorithm is the key's, whatever hash the issuer signed with. */
static void test_issuer_hash(void)
{
    br_x509_input in = {.certificate = file("rsa2048", ".sha384.crt.pem"),
                        .private_key = file("rsa2048", ".key.pkcs8.pem")};
    br_x509 *x = load_good(&in, "SHA-384");
    CHECK_STR(br_x509_algorithm(x), "AWS4-X509-RSA-SHA256");
    br_x509_unref(x);
}

/* EC: the curve's OID and a padded scalar; RSA: n, then the smaller prime. */
static void test_key_material_layout(void)
{
    static const unsigned char p256_oid[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
    br_x509_input in = {.certificate = file("p256", ".both.pem")};
    br_x509 *x = load_good(&in, "p256");
    br_buf material;
    br_buf_init_secret(&material, 8192);
    CHECK(br_x509_key_material(x, &material));
    CHECK_INT((long long)material.len, sizeof p256_oid + 32);
    CHECK(memcmp(material.data, p256_oid, sizeof p256_oid) == 0);
    br_x509_unref(x);
    br_buf_clear(&material);
    in = (br_x509_input){.certificate = file("rsa2048", ".both.pem")};
    x = load_good(&in, "rsa2048");
    CHECK(br_x509_key_material(x, &material));
    CHECK_INT((long long)material.len, 256 + 128 + 128);
    CHECK(memcmp(material.data + 256, material.data + 384, 128) < 0);
    br_x509_unref(x);
    br_buf_free(&material);
}

static void *sign_many(void *x)
{
    uint8_t out[BR_SIGNATURE_MAX];
    size_t n;
    bool ok = true;
    for (int i = 0; i < 50; i++)
        ok = br_x509_sign(x, BR_SLICE("text"), out, &n) && ok;
    br_x509_unref(x);
    return ok ? x : NULL;
}

static void test_threads(void)
{
    br_x509_input in = {.certificate = file("rsa2048", ".both.pem")};
    br_x509 *x = load_good(&in, "threads");
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, sign_many, br_x509_ref(x));
    for (int i = 0; i < 4; i++) {
        void *result = NULL;
        pthread_join(threads[i], &result);
        CHECK(result != NULL);
    }
    br_x509_unref(x);
}

int main(void)
{
    test_forms();
    test_line_ends();
    test_labels();
    test_chain();
    test_details();
    test_signed_outside();
    test_issuer_hash();
    test_key_material_layout();
    test_threads();
    return check_done();
}
