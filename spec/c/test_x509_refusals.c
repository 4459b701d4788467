/* Certificates and keys that must be refused, each with the problem that says why. */
#include "check.h"
#include "core/base/times.h"
#include "x509_fixture.h"

#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    expect_problem(&in, "private_key", "is not given, and certificate contains none");
    in = certificate_and(file("p256", ".crt.der"), (br_slice){NULL, 0}, NULL);
    expect_problem(&in, "private_key", "is not given, and certificate contains none");
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
        {"rsa2048.key.pkcs8.der", "rsa2048.key.pkcs8.pem", "certificate",
         "contains no certificate"},
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
    CHECK(load_at(&in, now_ms(), &problems) == NULL);
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
            br_x509_unref(load_at(&in, now_ms(), &problems));
            br_problems_free(&problems);
        }
    drop(whole);
}

static EVP_PKEY *p256_key(void)
{
    return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
}

/* The private scalar 5, whose leading zeros a key material must keep. */
static EVP_PKEY *small_key(void)
{
    static const unsigned char sec1[] = {
        0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20, 0,    0,    0,    0,    0,   0,
        0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,   0,
        0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,   0x05,
        0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    const unsigned char *p = sec1;
    return d2i_AutoPrivateKey(NULL, &p, sizeof sec1);
}

typedef struct recipe {
    long version;          /* as the field counts: 2 is version 3 */
    const char *serial;    /* decimal */
    const char *key_usage; /* NULL: no such extension */
    bool ca;
} recipe;

static void add_extension(X509 *x, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    X509_add_ext(x, extension, -1);
    X509_EXTENSION_free(extension);
}

/* More bits than any signature has room for; of five primes, so that it is made at once. */
static EVP_PKEY *huge_key(void)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    CHECK(EVP_PKEY_keygen_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 8200) == 1 &&
          EVP_PKEY_CTX_set_rsa_keygen_primes(ctx, 5) == 1 && EVP_PKEY_keygen(ctx, &key) == 1);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

/* Certificate and key as one PEM text. Takes the key. */
static br_slice make_pair(const recipe *r, EVP_PKEY *key)
{
    X509 *x = X509_new();
    BIGNUM *serial = NULL;
    BN_dec2bn(&serial, r->serial);
    BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(x));
    X509_set_version(x, r->version);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                               (const unsigned char *)"m\xc3\xa4"
                                                      "de",
                               -1, -1, 0);
    X509_set_pubkey(x, key);
    if (r->key_usage != NULL)
        add_extension(x, NID_key_usage, r->key_usage);
    add_extension(x, NID_basic_constraints, r->ca ? "CA:TRUE" : "CA:FALSE");
    X509_sign(x, key, EVP_sha256());
    X509_set_version(x, r->version); /* newer versions of OpenSSL sign it as 3 */
    BIO *text = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(text, x);
    PEM_write_bio_PrivateKey(text, key, NULL, NULL, 0, NULL, NULL);
    char *data;
    long n = BIO_get_mem_data(text, &data);
    br_slice copy = {guard_copy(data, (size_t)n), (size_t)n};
    BIO_free(text);
    BN_free(serial);
    X509_free(x);
    EVP_PKEY_free(key);
    return copy;
}

#define SERIAL_20_OCTETS "1461501637330902918203684832716283019655932542975"
#define SERIAL_21_OCTETS "1461501637330902918203684832716283019655932542976"

static void test_made_certificates(void)
{
    static const recipe good = {2, SERIAL_20_OCTETS, "digitalSignature", false};
    static const recipe version_1 = {0, "1", "digitalSignature", false};
    static const recipe negative = {2, "-5", "digitalSignature", false};
    static const recipe long_serial = {2, SERIAL_21_OCTETS, "digitalSignature", false};
    br_x509_input in = {.certificate = make_pair(&good, p256_key())};
    br_x509 *x = load_good(&in, "20 octets");
    CHECK_SLICE(br_x509_serial(x), SERIAL_20_OCTETS);
    CHECK_SLICE(br_x509_subject(x), "CN=m\xc3\xa4"
                                    "de");
    br_x509_unref(x);
    in = (br_x509_input){.certificate = make_pair(&version_1, p256_key())};
    expect_problem(&in, "certificate", "is an X.509 version 1 certificate");
    in = (br_x509_input){.certificate = make_pair(&negative, p256_key())};
    expect_problem(&in, "certificate", "serial number that is negative");
    in = (br_x509_input){.certificate = make_pair(&long_serial, p256_key())};
    expect_problem(&in, "certificate", "serial number that is negative or over 20 octets");
    in = (br_x509_input){.certificate = make_pair(&good, huge_key())};
    expect_problem(&in, "certificate", "has a key of 8200 bits, the maximum is 8192");
}

static void test_small_scalar(void)
{
    static const recipe good = {2, "0", "digitalSignature", false};
    br_x509_input in = {.certificate = make_pair(&good, small_key())};
    br_x509 *x = load_good(&in, "small scalar");
    br_buf material;
    br_buf_init_secret(&material, 1024);
    CHECK(br_x509_key_material(x, &material));
    CHECK_INT((long long)material.len, 10 + 32);
    CHECK(material.data[10] == 0 && material.data[41] == 5);
    CHECK_SLICE(br_x509_serial(x), "0");
    br_buf_free(&material);
    br_x509_unref(x);
}

/* One wrong password in 256 leaves good padding around rubbish: that is a wrong password too. */
static void test_many_wrong_passwords(void)
{
    for (int i = 0; i < 1500; i++) {
        char password[24];
        snprintf(password, sizeof password, "wrong%d", i);
        br_x509_input in =
            certificate_and(file("p256", ".crt.pem"), file("p256", ".key.trad.enc.pem"), password);
        br_problems problems;
        CHECK(load_at(&in, now_ms(), &problems) == NULL);
        CHECK_STR(problems.items[0].path, "private_key_password");
        br_problems_free(&problems);
    }
}

/* A bit of the private number is flipped; the public one beside it still is the certificate's. */
static void test_damaged_key(const char *kind, size_t at)
{
    br_slice good = file(kind, ".key.pkcs8.der");
    br_slice bad = {guard_copy(good.p, good.n), good.n};
    char *bytes;
    memcpy(&bytes, &bad.p, sizeof bytes);
    bytes[at] = (char)(bytes[at] ^ 1);
    br_x509_input in = {.certificate = file(kind, ".crt.pem"), .private_key = bad};
    expect_problem(&in, "private_key", "damaged");
    drop(good);
}

int main(void)
{
    test_refused_certificates();
    test_date_boundaries();
    test_passwords();
    test_many_wrong_passwords();
    test_unneeded_password();
    test_wrong_pairs();
    test_wrong_contents();
    test_strange_chains();
    test_several_problems();
    test_made_certificates();
    test_small_scalar();
    test_damaged_key("p256", 50);
    test_damaged_key("p521", 50);
    flip_and_cut("p256", ".both.pem", false);
    flip_and_cut("p256", ".p12", true);
    return check_done();
}
