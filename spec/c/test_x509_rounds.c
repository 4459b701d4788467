/* Files that would take minutes or hours to open, as they say themselves how often to hash. */
#include "check.h"
#include "x509_fixture.h"

#include <openssl/pkcs12.h>
#include <string.h>

/* The key of p256 says that it was encrypted by that scheme, which is freed. */
static void expect_scheme(X509_ALGOR *scheme, const char *option, const char *text)
{
    br_slice good = file("p256", ".key.pkcs8.enc.der");
    const unsigned char *p = (const unsigned char *)good.p;
    unsigned char *der = NULL;
    X509_ALGOR *own;
    X509_SIG *sealed = d2i_X509_SIG(NULL, &p, (long)good.n);
    X509_SIG_getm(sealed, &own, NULL);
    CHECK(X509_ALGOR_copy(own, scheme));
    int n = i2d_X509_SIG(sealed, &der);
    br_x509_input in = {.certificate = file("p256", ".crt.pem"),
                        .private_key = guarded_der(der, n),
                        .password = BR_SLICE(PASSWORD)};
    expect_problem(&in, option, text);
    X509_SIG_free(sealed);
    X509_ALGOR_free(scheme);
    drop(good);
}

static X509_ALGOR *pbkdf2(int rounds)
{
    return PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), rounds, NULL, 0, NULL, NID_hmacWithSHA256);
}

static X509_ALGOR *scrypt(uint64_t p)
{
    return PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), NULL, 0, NULL, 16384, 8, p);
}

/* The number of rounds stands before the checksum that covers the rest, so anyone can change it. */
static void expect_slow_checksum(uint64_t rounds, const char *option, const char *text)
{
    br_slice good = file("p256", ".p12");
    const unsigned char *p = (const unsigned char *)good.p;
    unsigned char *der = NULL;
    const ASN1_INTEGER *found = NULL;
    ASN1_INTEGER *iterations;
    PKCS12 *p12 = d2i_PKCS12(NULL, &p, (long)good.n);
    PKCS12_get0_mac(NULL, NULL, NULL, &found, p12);
    memcpy(&iterations, &found, sizeof found);
    CHECK(ASN1_INTEGER_set_uint64(iterations, rounds));
    int n = i2d_PKCS12(p12, &der);
    br_x509_input in = {.pkcs12 = guarded_der(der, n), .password = BR_SLICE(PASSWORD)};
    expect_problem(&in, option, text);
    PKCS12_free(p12);
    drop(good);
}

/* The scheme of a part of a PKCS#12 file: of its certificates, or of its key. */
static X509_ALGOR *scheme_of(PKCS7 *safe, STACK_OF(PKCS12_SAFEBAG) * *bags)
{
    X509_ALGOR *scheme = NULL;
    if (PKCS7_type_is_encrypted(safe))
        return safe->d.encrypted->enc_data->algorithm;
    *bags = PKCS12_unpack_p7data(safe);
    const X509_SIG *found = PKCS12_SAFEBAG_get0_pkcs8(sk_PKCS12_SAFEBAG_value(*bags, 0));
    X509_SIG *sealed;
    memcpy(&sealed, &found, sizeof found);
    X509_SIG_getm(sealed, &scheme, NULL);
    return scheme;
}

static void replace_scheme(PKCS12 *p12, bool of_key, X509_ALGOR *with)
{
    STACK_OF(PKCS7) *safes = PKCS12_unpack_authsafes(p12);
    for (int i = 0; i < sk_PKCS7_num(safes); i++) {
        PKCS7 *safe = sk_PKCS7_value(safes, i);
        STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
        if (!PKCS7_type_is_encrypted(safe) != of_key)
            continue;
        CHECK(X509_ALGOR_copy(scheme_of(safe, &bags), with));
        if (bags != NULL)
            CHECK(ASN1_item_pack(bags, ASN1_ITEM_rptr(PKCS12_SAFEBAGS), &safe->d.data) != NULL);
        sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    }
    CHECK(PKCS12_pack_authsafes(p12, safes));
    sk_PKCS7_pop_free(safes, PKCS7_free);
}

static void expect_slow_part(bool of_key)
{
    br_slice good = file("p256", ".p12");
    const unsigned char *p = (const unsigned char *)good.p;
    unsigned char *der = NULL;
    X509_ALGOR *slow = pbkdf2(BR_PASSWORD_ROUNDS_MAX + 1);
    PKCS12 *p12 = d2i_PKCS12(NULL, &p, (long)good.n);
    replace_scheme(p12, of_key, slow);
    int n = i2d_PKCS12(p12, &der);
    br_x509_input in = {.pkcs12 = guarded_der(der, n), .password = BR_SLICE(PASSWORD)};
    expect_problem(&in, "pkcs12", "more than 10000000 rounds");
    X509_ALGOR_free(slow);
    PKCS12_free(p12);
    drop(good);
}

static EVP_PKEY *key_of(const char *name, X509 **certificate)
{
    br_slice good = file(name, ".p12");
    const unsigned char *p = (const unsigned char *)good.p;
    EVP_PKEY *key = NULL;
    PKCS12 *p12 = d2i_PKCS12(NULL, &p, (long)good.n);
    CHECK(PKCS12_parse(p12, PASSWORD, &key, certificate, NULL));
    PKCS12_free(p12);
    drop(good);
    return key;
}

/* Certificate and key in one encrypted part, which no usual program makes. */
static br_slice all_encrypted(bool slow)
{
    X509 *certificate = NULL;
    EVP_PKEY *key = key_of("p256", &certificate);
    STACK_OF(PKCS12_SAFEBAG) *bags = NULL;
    STACK_OF(PKCS7) *safes = NULL;
    unsigned char *der = NULL;
    CHECK(PKCS12_add_cert(&bags, certificate) != NULL);
    PKCS12_SAFEBAG *bag = PKCS12_add_key(&bags, key, 0, 1000, NID_aes_256_cbc, PASSWORD);
    const X509_SIG *found = PKCS12_SAFEBAG_get0_pkcs8(bag);
    X509_SIG *sealed;
    X509_ALGOR *own, *many = pbkdf2(BR_PASSWORD_ROUNDS_MAX + 1);
    memcpy(&sealed, &found, sizeof found);
    X509_SIG_getm(sealed, &own, NULL);
    CHECK(!slow || X509_ALGOR_copy(own, many));
    CHECK(PKCS12_add_safe(&safes, bags, NID_aes_256_cbc, 1000, PASSWORD));
    PKCS12 *p12 = PKCS12_add_safes(safes, 0);
    CHECK(PKCS12_set_mac(p12, PASSWORD, -1, NULL, 0, 1000, NULL));
    int n = i2d_PKCS12(p12, &der);
    X509_ALGOR_free(many);
    PKCS12_free(p12);
    sk_PKCS7_pop_free(safes, PKCS7_free);
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    EVP_PKEY_free(key);
    X509_free(certificate);
    return guarded_der(der, n);
}

static void expect_key_among_encrypted(bool slow)
{
    br_x509_input in = {.pkcs12 = all_encrypted(slow), .password = BR_SLICE(PASSWORD)};
    if (slow)
        expect_problem(&in, "pkcs12", "more than 10000000 rounds");
    else
        br_x509_unref(load_good(&in, "key among what is encrypted"));
}

/* Those that take too long are refused; of the others the password is wrong, or fits. */
static void test_many_rounds(void)
{
    const char *many = "more than 10000000 rounds";
    X509_ALGOR *old = PKCS5_pbe_set(NID_pbeWithMD5AndDES_CBC, BR_PASSWORD_ROUNDS_MAX + 1, NULL, 0);
    expect_scheme(pbkdf2(1000), "private_key_password", "is wrong");
    expect_scheme(pbkdf2(BR_PASSWORD_ROUNDS_MAX + 1), "private_key", many);
    expect_scheme(scrypt(1), "private_key_password", "is wrong");
    expect_scheme(scrypt(77), "private_key", many);
    expect_scheme(old, "private_key", many);
    expect_slow_checksum(1000, "private_key_password", "is wrong");
    expect_slow_checksum(BR_PASSWORD_ROUNDS_MAX + 1, "pkcs12", many);
    expect_slow_checksum(UINT64_MAX, "pkcs12", many);
    expect_slow_part(false);
    expect_slow_part(true);
    expect_key_among_encrypted(false);
    expect_key_among_encrypted(true);
}

int main(void)
{
    test_many_rounds();
    return check_done();
}
