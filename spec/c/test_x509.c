/*
** Certificates and keys in every form, good and bad, made by spec/pki/make.sh. Signatures are
** verified here with OpenSSL and the public key of the certificate file.
*/
#include "check.h"
#include "core/times.h"
#include "core/x509.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PASSWORD "test-password"

static const char *const kinds[] = {"rsa2048", "rsa4096", "p256", "p384", "p521"};
#define KINDS (sizeof kinds / sizeof kinds[0])

static const char *pki;
static int64_t now_ms;

static char *path_of(const char *name, const char *suffix, char out[512])
{
    snprintf(out, 512, "%s/%s%s", pki, name, suffix);
    return out;
}

/* A file against an unmapped page; {NULL, 0} for NULL. */
static br_slice file(const char *name, const char *suffix)
{
    char path[512];
    size_t n = 0;
    if (name == NULL || suffix == NULL)
        return (br_slice){NULL, 0};
    char *data = slurp(path_of(name, suffix, path), &n);
    if (data == NULL) {
        printf("no test file %s: run spec/pki/make.sh %s\n", path, pki);
        exit(1);
    }
    br_slice guarded = {guard_copy(data, n), n};
    free(data);
    return guarded;
}

static void drop(br_slice s)
{
    char *p;
    memcpy(&p, &s.p, sizeof p);
    if (p != NULL)
        guard_free(p, s.n);
}

static br_slice copy_text(const char *text)
{
    return (br_slice){guard_copy(text, strlen(text)), strlen(text)};
}

static void drop_input(br_x509_input *in)
{
    drop(in->certificate);
    drop(in->private_key);
    drop(in->certificate_chain);
    drop(in->pkcs12);
}

/* Loads and frees the input; prints problems that were not expected. */
static br_x509 *load_at(br_x509_input *in, int64_t at, br_problems *problems)
{
    br_problems_init(problems);
    ERR_put_error(ERR_LIB_USER, 0, 1, __FILE__, __LINE__);
    unsigned long before = ERR_peek_last_error();
    br_x509 *x = br_x509_load(in, at, problems);
    CHECK(ERR_peek_last_error() == before);
    ERR_clear_error();
    CHECK((x == NULL) == br_problems_any(problems));
    drop_input(in);
    return x;
}

static br_x509 *load_good(br_x509_input *in, const char *what)
{
    br_problems problems;
    br_x509 *x = load_at(in, now_ms, &problems);
    CHECK(x != NULL);
    for (size_t i = 0; i < problems.count; i++)
        printf("%s: %s %s\n", what, problems.items[i].path, problems.items[i].message);
    br_problems_free(&problems);
    return x;
}

static X509 *reference(const char *name, const char *suffix)
{
    char path[512];
    FILE *f = fopen(path_of(name, suffix, path), "r");
    X509 *x = f != NULL ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;
    if (f != NULL)
        fclose(f);
    CHECK(x != NULL);
    return x;
}

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
    free(intermediate);
}

static void test_details(void)
{
    br_x509_input in = {.certificate = file("p256", ".crt.pem"),
                        .private_key = file("p256", ".key.pkcs8.pem")};
    br_x509 *x = load_good(&in, "details");
    CHECK_SLICE(br_x509_serial(x), "6699");
    CHECK_SLICE(br_x509_subject(x), "CN=p256,O=lua-bedrock tests");
    CHECK_SLICE(br_x509_issuer(x), "CN=intermediate,O=lua-bedrock tests");
    CHECK_INT(br_x509_not_before_ms(x), 1704067200000);
    CHECK(br_x509_not_after_ms(x) > now_ms);
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

/* Exactly one problem, of that option, whose message holds that text. */
static void expect_problem_at(br_x509_input *in, int64_t at, const char *option, const char *text)
{
    br_problems problems;
    br_x509 *x = load_at(in, at, &problems);
    CHECK(x == NULL);
    CHECK_INT((long long)problems.count, 1);
    if (problems.count > 0) {
        CHECK_STR(problems.items[0].kind, "certificate");
        CHECK_STR(problems.items[0].path, option);
        bool found = strstr(problems.items[0].message, text) != NULL;
        CHECK(found);
        CHECK(strstr(problems.items[0].message, PASSWORD) == NULL);
        if (!found)
            printf("got \"%s\", want \"%s\"\n", problems.items[0].message, text);
    }
    for (size_t i = 1; i < problems.count; i++)
        printf("too much: %s %s\n", problems.items[i].path, problems.items[i].message);
    br_problems_free(&problems);
    br_x509_unref(x);
}

static void expect_problem(br_x509_input *in, const char *option, const char *text)
{
    expect_problem_at(in, now_ms, option, text);
}

static void test_refused_certificates(void)
{
    static const char *const cases[][2] = {
        {"expired", "expired on 2021-01-01T00:00:00Z"},
        {"future", "not valid before 2099-01-01T00:00:00Z"},
        {"ca-leaf", "CA:TRUE"},
        {"nodigsig", "lacks digitalSignature"},
        {"nokeyusage", "no keyUsage extension"},
        {"sha1", "is signed with sha1"},
        {"rsa1024", "RSA key of 1024 bits"},
        {"ed25519", "type ED25519"},
        {"secp256k1", "type EC secp256k1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        br_x509_input in = {.certificate = file(cases[i][0], ".crt.pem"),
                            .private_key = file(cases[i][0], ".key.pem")};
        expect_problem(&in, "certificate", cases[i][1]);
    }
}

/* Both ends of the validity belong to it. */
static void test_date_boundaries(void)
{
    int64_t from = 0, to = 0;
    CHECK(br_time_parse_iso(BR_SLICE("2020-01-01T00:00:00Z"), &from));
    CHECK(br_time_parse_iso(BR_SLICE("2021-01-01T00:00:00Z"), &to));
    const int64_t good[] = {from, from + 1, to - 1, to};
    for (size_t i = 0; i < 4; i++) {
        br_x509_input in = {.certificate = file("expired", ".crt.pem"),
                            .private_key = file("expired", ".key.pem")};
        br_problems problems;
        br_x509 *x = load_at(&in, good[i], &problems);
        CHECK(x != NULL);
        br_problems_free(&problems);
        br_x509_unref(x);
    }
    br_x509_input in = {.certificate = file("expired", ".crt.pem"),
                        .private_key = file("expired", ".key.pem")};
    expect_problem_at(&in, from - 1, "certificate", "not valid before 2020-01-01T00:00:00Z");
    in = (br_x509_input){.certificate = file("expired", ".crt.pem"),
                         .private_key = file("expired", ".key.pem")};
    expect_problem_at(&in, to + 1, "certificate", "expired on 2021-01-01T00:00:00Z");
}

static br_x509_input certificate_and(br_slice certificate, br_slice key, const char *password)
{
    return (br_x509_input){
        .certificate = certificate, .private_key = key, .password = br_slice_of(password)};
}

static void test_passwords(void)
{
    static const char *const sealed[] = {".key.pkcs8.enc.pem", ".key.pkcs8.enc.der",
                                         ".key.trad.enc.pem"};
    for (size_t k = 0; k < KINDS; k++)
        for (size_t i = 0; i < 3; i++) {
            br_x509_input in =
                certificate_and(file(kinds[k], ".crt.pem"), file(kinds[k], sealed[i]), NULL);
            expect_problem(&in, "private_key", "encrypted private key: set private_key_password");
            in = certificate_and(file(kinds[k], ".crt.pem"), file(kinds[k], sealed[i]), "wrong");
            expect_problem(&in, "private_key_password", "is wrong");
        }
    br_x509_input in = {.pkcs12 = file("p256", ".p12"), .password = BR_SLICE("wrong")};
    expect_problem(&in, "private_key_password", "is wrong");
    in = (br_x509_input){.pkcs12 = file("p256", ".p12")};
    expect_problem(&in, "pkcs12", "encrypted: set private_key_password");
    in = (br_x509_input){.pkcs12 = file("p256", ".legacy.p12"), .password = BR_SLICE("wrong")};
    expect_problem(&in, "private_key_password", "is wrong");
}

/* An unneeded password does no harm. */
static void test_unneeded_password(void)
{
    br_x509_input in =
        certificate_and(file("p256", ".crt.pem"), file("p256", ".key.pkcs8.pem"), PASSWORD);
    br_x509_unref(load_good(&in, "unneeded password"));
}

static void test_wrong_pairs(void)
{
    br_x509_input in =
        certificate_and(file("p256", ".crt.pem"), file("rsa2048", ".key.pkcs8.pem"), NULL);
    expect_problem(&in, "private_key", "does not belong to the certificate");
    in = certificate_and(file("p256", ".crt.pem"), file("soon", ".key.pem"), NULL);
    expect_problem(&in, "private_key", "does not belong to the certificate");
    in = certificate_and(file("p256", ".crt.pem"), file("two-keys", ".pem"), NULL);
    expect_problem(&in, "private_key", "two different private keys");
    in = certificate_and(file("p256", ".crt.pem"), (br_slice){NULL, 0}, NULL);
    expect_problem(&in, "private_key", "is not given, and certificate holds none");
    in = certificate_and(file("p256", ".crt.der"), (br_slice){NULL, 0}, NULL);
    expect_problem(&in, "private_key", "is not given, and certificate holds none");
}

static void test_wrong_contents(void)
{
    struct {
        const char *certificate, *key, *option, *text;
    } cases[] = {
        {"truncated.pem", "rsa2048.key.pkcs8.pem", "certificate", "is cut off"},
        {"garbage.pem", "rsa2048.key.pkcs8.pem", "certificate", "certificate 1 is damaged"},
        {"empty.pem", "rsa2048.key.pkcs8.pem", "certificate", "is empty"},
        {"rsa2048.key.pkcs8.pem", "rsa2048.key.pkcs8.pem", "certificate", "only PRIVATE KEY"},
        {"rsa2048.key.pkcs8.der", "rsa2048.key.pkcs8.pem", "certificate", "holds no certificate"},
        {"rsa2048.p12", "rsa2048.key.pkcs8.pem", "certificate", "give it as pkcs12"},
        {"rsa2048.crt.pem", "rsa2048.p12", "private_key", "give it as pkcs12"},
        {"rsa2048.crt.pem", "rsa2048.crt.pem", "private_key", "only CERTIFICATE"},
        {"rsa2048.crt.pem", "rsa2048.crt.der", "private_key", "cannot be read"},
        {"rsa2048.crt.pem", "empty.pem", "private_key", "is empty"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        br_x509_input in =
            certificate_and(file(cases[i].certificate, ""), file(cases[i].key, ""), NULL);
        expect_problem(&in, cases[i].option, cases[i].text);
    }
    br_x509_input in =
        certificate_and(copy_text("\xff\xfe-\0-\0"), file("p256", ".key.pkcs8.pem"), NULL);
    expect_problem(&in, "certificate", "is UTF-16 text");
    in = certificate_and(file("p256", ".crt.pem"),
                         copy_text("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n"
                                   "-----END OPENSSH PRIVATE KEY-----\n"),
                         NULL);
    expect_problem(&in, "private_key", "ssh-keygen -p -m PKCS8");
    in = certificate_and(file("p256", ".crt.pem"),
                         copy_text("-----BEGIN PRIVATE KEY-----\nAA!A\n-----END PRIVATE KEY-----"),
                         NULL);
    expect_problem(&in, "private_key", "cannot be read");
    in = (br_x509_input){.pkcs12 = file("p256", ".crt.der")};
    expect_problem(&in, "pkcs12", "is not a PKCS#12 file");
    in = (br_x509_input){.pkcs12 = file("empty", ".pem")};
    expect_problem(&in, "pkcs12", "is empty");
}

static void test_strange_chains(void)
{
    br_x509_input in = {.certificate = file("p256", ".crt.pem"),
                        .private_key = file("p256", ".key.pkcs8.pem"),
                        .certificate_chain = file("other-ca", ".pem")};
    expect_problem(&in, "certificate_chain", "does not belong to the leaf's chain: CN=other-ca");
    in = (br_x509_input){.certificate = file("p256", ".crt.pem"),
                         .private_key = file("p256", ".key.pkcs8.pem"),
                         .certificate_chain = file("ca", ".pem")};
    expect_problem(&in, "certificate_chain", "does not belong to the leaf's chain: CN=ca");
    in = (br_x509_input){.certificate = file("p256", ".crt.pem"),
                         .private_key = file("p256", ".key.pkcs8.pem"),
                         .certificate_chain = file("p384", ".chain.pem")};
    expect_problem(&in, "certificate_chain", "CN=p384");
    in = (br_x509_input){.certificate = file("p256", ".crt.pem"),
                         .private_key = file("p256", ".key.pkcs8.pem"),
                         .certificate_chain = file("garbage", ".pem")};
    expect_problem(&in, "certificate_chain", "is damaged");
}

/* All problems at once, each under its option. */
static void test_several_problems(void)
{
    br_x509_input in = {.certificate = file("expired", ".crt.pem"),
                        .private_key = file("p256", ".key.pkcs8.enc.pem"),
                        .certificate_chain = file("empty", ".pem")};
    br_problems problems;
    CHECK(load_at(&in, now_ms, &problems) == NULL);
    CHECK_INT((long long)problems.count, 3);
    br_problems_free(&problems);
}

/* Hostile bytes: every cut and many bit flips of good files; nothing but a clean answer. */
static void flip_and_cut(const char *name, const char *suffix, bool pkcs12)
{
    br_slice whole = file(name, suffix);
    for (size_t i = 0; i < whole.n; i += pkcs12 ? 61 : 7)
        for (int cut = 0; cut < 2; cut++) {
            br_slice bad = {guard_copy(whole.p, cut ? i : whole.n), cut ? i : whole.n};
            char *bytes;
            memcpy(&bytes, &bad.p, sizeof bytes);
            if (!cut)
                bytes[i] = (char)(bytes[i] ^ (1 << i % 8));
            br_x509_input in = {.certificate = pkcs12 ? (br_slice){NULL, 0} : bad,
                                .pkcs12 = pkcs12 ? bad : (br_slice){NULL, 0},
                                .password = br_slice_of(pkcs12 ? PASSWORD : NULL)};
            br_problems problems;
            br_x509_unref(load_at(&in, now_ms, &problems));
            br_problems_free(&problems);
        }
    drop(whole);
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
    pki = getenv("BEDROCK_TEST_PKI");
    if (pki == NULL)
        pki = "build/pki";
    now_ms = (int64_t)time(NULL) * 1000;
    test_forms();
    test_line_ends();
    test_labels();
    test_chain();
    test_details();
    test_issuer_hash();
    test_key_material_layout();
    test_refused_certificates();
    test_date_boundaries();
    test_passwords();
    test_unneeded_password();
    test_wrong_pairs();
    test_wrong_contents();
    test_strange_chains();
    test_several_problems();
    flip_and_cut("p256", ".both.pem", false);
    flip_and_cut("p256", ".p12", true);
    test_threads();
    return check_done();
}
