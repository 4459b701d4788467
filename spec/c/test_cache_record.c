/*
** Identities and sealed cache files. One file is opened here by other means (HKDF by hand from
** HMAC, AES-GCM by OpenSSL), and hostile files must all be refused.
*/
#include "check.h"
#include "core/aws/cache_record.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MATERIAL BR_SLICE("key material of a private key")

static const char *pki;
static br_digest *crypto;
static uint8_t identity[BR_IDENTITY_SIZE];
static uint8_t random_bytes[BR_CACHE_RECORD_RANDOM];

static br_cache_record sample(bool with_credentials)
{
    br_cache_record r = {.written_ms = 1767323045678,
                         .clock_offset_ms = -4321,
                         .clock_offset_known = true,
                         .note_ms = 1767000000000};
    if (with_credentials)
        r.credentials = br_credentials_new(BR_SLICE("ASIAEXAMPLE"), BR_SLICE("a secret"),
                                           BR_SLICE("a token"), 1767326645000);
    return r;
}

static void seal(const br_cache_record *r, br_buf *out)
{
    br_buf_init(out, BR_CACHE_RECORD_MAX);
    CHECK(br_cache_record_encrypt(r, MATERIAL, identity, random_bytes, out));
}

static bool open_copy(const char *bytes, size_t n, br_cache_record *out)
{
    char *guarded = guard_copy(bytes, n);
    *out = (br_cache_record){0};
    bool ok = br_cache_record_decrypt((br_slice){guarded, n}, MATERIAL, identity, out);
    guard_free(guarded, n);
    return ok;
}

static void check_record(const br_cache_record *got, const br_cache_record *want)
{
    CHECK_INT(got->written_ms, want->written_ms);
    CHECK_INT(got->clock_offset_ms, want->clock_offset_ms);
    CHECK(got->clock_offset_known == want->clock_offset_known);
    CHECK_INT(got->note_ms, want->note_ms);
    CHECK((got->credentials == NULL) == (want->credentials == NULL));
    if (got->credentials == NULL || want->credentials == NULL)
        return;
    CHECK(br_slice_eq(got->credentials->access_key_id, want->credentials->access_key_id));
    CHECK(br_slice_eq(got->credentials->secret_access_key, want->credentials->secret_access_key));
    CHECK(br_slice_eq(got->credentials->session_token, want->credentials->session_token));
    CHECK_INT(got->credentials->expiration_ms, want->credentials->expiration_ms);
}

static void test_round_trip(bool with_credentials)
{
    br_cache_record r = sample(with_credentials), back;
    br_buf file;
    seal(&r, &file);
    CHECK(open_copy(file.data, file.len, &back));
    check_record(&back, &r);
    br_cache_record_clear(&back);
    CHECK(back.credentials == NULL && back.written_ms == 0);
    br_cache_record_clear(&r);
    br_buf_free(&file);
}

static void test_largest_record(void)
{
    char big[BR_SESSION_TOKEN_MAX];
    memset(big, 'x', sizeof big);
    br_cache_record r = sample(false), back;
    r.credentials =
        br_credentials_new((br_slice){big, BR_ACCESS_KEY_ID_MAX}, (br_slice){big, BR_SECRET_MAX},
                           (br_slice){big, BR_SESSION_TOKEN_MAX}, BR_NEVER_EXPIRES);
    r.clock_offset_known = false;
    br_buf file;
    seal(&r, &file);
    CHECK(open_copy(file.data, file.len, &back));
    check_record(&back, &r);
    br_cache_record_clear(&back);
    br_cache_record_clear(&r);
    br_buf_free(&file);
}

static void hkdf_by_hand(const unsigned char *salt, unsigned char key[32])
{
    unsigned char prk[32], info[20 + BR_IDENTITY_SIZE + 1];
    unsigned n;
    HMAC(EVP_sha256(), salt, 32, (const unsigned char *)MATERIAL.p, MATERIAL.n, prk, &n);
    memcpy(info, "lua-bedrock cache v1", 20);
    memcpy(info + 20, identity, BR_IDENTITY_SIZE);
    info[sizeof info - 1] = 1;
    HMAC(EVP_sha256(), prk, 32, info, sizeof info, key, &n);
}

/* Key, nonce, additional data and tag are where the format says. */
static void test_format(void)
{
    br_cache_record r = sample(true);
    br_buf file;
    seal(&r, &file);
    const unsigned char *bytes = (const unsigned char *)file.data;
    unsigned char key[32], plain[256], tag[16];
    int n = 0, last = 0, sealed = (int)file.len - 52 - 16;
    CHECK(memcmp(bytes, "LBRCACH\x01", 8) == 0);
    CHECK(memcmp(bytes + 8, random_bytes, sizeof random_bytes) == 0);
    hkdf_by_hand(bytes + 8, key);
    memcpy(tag, bytes + 52 + sealed, 16);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    CHECK(EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, bytes + 40));
    CHECK(EVP_DecryptUpdate(ctx, NULL, &n, bytes, 52));
    CHECK(EVP_DecryptUpdate(ctx, NULL, &n, identity, BR_IDENTITY_SIZE));
    CHECK(EVP_DecryptUpdate(ctx, plain, &n, bytes + 52, sealed));
    CHECK(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, 16, tag));
    CHECK(EVP_DecryptFinal_ex(ctx, plain + n, &last) == 1);
    CHECK_INT(plain[0], 3);
    CHECK(memcmp(plain + n - 7, "a token", 7) == 0);
    EVP_CIPHER_CTX_free(ctx);
    for (size_t i = 0; i + 8 < file.len; i++)
        CHECK(memcmp(file.data + i, "a secret", 8) != 0);
    br_cache_record_clear(&r);
    br_buf_free(&file);
}

/* A file that is sealed as it should be, around a plain text that need not be. */
static size_t seal_by_hand(const unsigned char *plain, int n, unsigned char *out)
{
    unsigned char key[32];
    int used = 0, last = 0;
    memcpy(out, "LBRCACH\x01", 8);
    memcpy(out + 8, random_bytes, sizeof random_bytes);
    hkdf_by_hand(out + 8, key);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, out + 40);
    EVP_EncryptUpdate(ctx, NULL, &used, out, 52);
    EVP_EncryptUpdate(ctx, NULL, &used, identity, BR_IDENTITY_SIZE);
    EVP_EncryptUpdate(ctx, out + 52, &used, plain, n);
    EVP_EncryptFinal_ex(ctx, out + 52 + used, &last);
    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, 16, out + 52 + n);
    EVP_CIPHER_CTX_free(ctx);
    return 52 + (size_t)n + 16;
}

static bool opens(const unsigned char *plain, int n)
{
    unsigned char file[1024];
    br_cache_record back;
    size_t sealed = seal_by_hand(plain, n, file);
    bool ok = open_copy((char *)file, sealed, &back);
    CHECK(ok || back.credentials == NULL);
    br_cache_record_clear(&back);
    return ok;
}

/* Flags, four times, then id "i", secret "s" and token "t": good only in full. */
static void test_malformed_plain(void)
{
    unsigned char plain[49] = {1};
    const int texts[] = {33, 38, 43};
    for (int i = 0; i < 3; i++) {
        plain[texts[i] + 3] = 1;
        plain[texts[i] + 4] = 'x';
    }
    CHECK(opens(plain, 48));
    for (int n = 0; n < 48; n++)
        CHECK(!opens(plain, n));
    CHECK(!opens(plain, 49));
    for (int i = 0; i < 3; i++)
        for (int byte = 0; byte < 4; byte++) {
            unsigned char before = plain[texts[i] + byte];
            plain[texts[i] + byte] = 0xff;
            CHECK(!opens(plain, 48));
            plain[texts[i] + byte] = before;
        }
    static const unsigned char none[26] = {0};
    CHECK(opens(none, 25));
    CHECK(!opens(none, 26));
}

static void test_hostile_files(void)
{
    br_cache_record r = sample(true), back;
    br_buf file;
    seal(&r, &file);
    for (size_t n = 0; n < file.len; n++)
        CHECK(!open_copy(file.data, n, &back) && back.credentials == NULL);
    for (size_t i = 0; i < file.len * 8; i++) {
        file.data[i / 8] = (char)(file.data[i / 8] ^ (1 << i % 8));
        CHECK(!open_copy(file.data, file.len, &back) && back.credentials == NULL);
        file.data[i / 8] = (char)(file.data[i / 8] ^ (1 << i % 8));
    }
    br_buf_addc(&file, 'x');
    CHECK(!open_copy(file.data, file.len, &back));
    br_cache_record_clear(&r);
    br_buf_free(&file);
    char *large = calloc(1, BR_CACHE_RECORD_MAX + 1);
    memcpy(large, "LBRCACH\x01", 8);
    CHECK(!open_copy(large, BR_CACHE_RECORD_MAX + 1, &back));
    CHECK(!open_copy(large, BR_CACHE_RECORD_MAX, &back));
    free(large);
}

static void test_other_key_or_identity(void)
{
    br_cache_record r = sample(true), back = {0};
    uint8_t other[BR_IDENTITY_SIZE];
    br_buf file;
    seal(&r, &file);
    memcpy(other, identity, sizeof other);
    other[31] ^= 1;
    CHECK(!br_cache_record_decrypt(br_buf_slice(&file), MATERIAL, other, &back));
    CHECK(!br_cache_record_decrypt(br_buf_slice(&file), BR_SLICE("Key"), identity, &back));
    CHECK(!br_cache_record_decrypt(br_buf_slice(&file), BR_SLICE(""), identity, &back));
    CHECK(back.credentials == NULL);
    br_buf none;
    br_buf_init(&none, 10);
    CHECK(!br_cache_record_encrypt(&r, MATERIAL, identity, random_bytes, &none));
    CHECK(!br_cache_record_encrypt(&r, BR_SLICE(""), identity, random_bytes, &file));
    br_buf_free(&none);
    br_cache_record_clear(&r);
    br_buf_free(&file);
}

static br_x509 *load(const char *kind)
{
    char path[512];
    size_t n;
    br_problems problems;
    snprintf(path, sizeof path, "%s/%s.both.pem", pki, kind);
    char *both = slurp(path, &n);
    br_problems_init(&problems);
    br_x509_input in = {.certificate = {both, both != NULL ? n : 0}};
    br_x509 *x = br_x509_load(&in, (int64_t)time(NULL) * 1000, &problems);
    if (x == NULL) {
        printf("cannot load %s\n", path);
        exit(1);
    }
    br_problems_free(&problems);
    free(both);
    return x;
}

typedef struct inputs {
    const char *profile, *role, *anchor, *region, *name, *url, *kind;
    int duration;
} inputs;

static void identity_of(const inputs *in, uint8_t out[BR_IDENTITY_SIZE])
{
    br_error error;
    br_url url;
    br_x509 *x = load(in->kind);
    br_ra_params p = {.profile_arn = br_slice_of(in->profile),
                      .role_arn = br_slice_of(in->role),
                      .trust_anchor_arn = br_slice_of(in->anchor),
                      .region = br_slice_of(in->region),
                      .session_name = br_slice_of(in->name),
                      .duration_s = in->duration};
    CHECK(br_url_parse(&url, br_slice_of(in->url), &error));
    CHECK(br_identity(crypto, &p, x, &url, out));
    br_x509_unref(x);
}

/* Each input counts, and moving a byte from one to its neighbour counts too. */
static void test_identity(void)
{
    static const inputs all[] = {
        {"p", "r", "a", "eu-west-1", "n", "https://h.example", "p256", 900},
        {"P", "r", "a", "eu-west-1", "n", "https://h.example", "p256", 900},
        {"p", "R", "a", "eu-west-1", "n", "https://h.example", "p256", 900},
        {"p", "r", "A", "eu-west-1", "n", "https://h.example", "p256", 900},
        {"pr", "", "a", "eu-west-1", "n", "https://h.example", "p256", 900},
        {"", "pr", "a", "eu-west-1", "n", "https://h.example", "p256", 900},
        {"p", "r", "a", "eu-west-2", "n", "https://h.example", "p256", 900},
        {"p", "r", "a", "eu-west-1", "m", "https://h.example", "p256", 900},
        {"p", "r", "a", "eu-west-1", "n", "http://h.example", "p256", 900},
        {"p", "r", "a", "eu-west-1", "n", "https://h.example:444", "p256", 900},
        {"p", "r", "a", "eu-west-1", "n", "https://h.example/x", "p256", 900},
        {"p", "r", "a", "eu-west-1", "n", "https://h.example", "p384", 900},
        {"p", "r", "a", "eu-west-1", "n", "https://h.example", "p256", 901},
    };
    enum { COUNT = sizeof all / sizeof all[0] };
    uint8_t ids[COUNT][BR_IDENTITY_SIZE], same[BR_IDENTITY_SIZE];
    for (size_t i = 0; i < COUNT; i++)
        identity_of(&all[i], ids[i]);
    for (size_t i = 0; i < COUNT; i++)
        for (size_t j = 0; j < i; j++)
            CHECK(memcmp(ids[i], ids[j], BR_IDENTITY_SIZE) != 0);
    inputs again = all[0];
    static const char *const equal_urls[] = {"https://h.example", "https://H.Example:443",
                                             "https://h.example/"};
    for (size_t i = 0; i < 3; i++) {
        again.url = equal_urls[i];
        identity_of(&again, same);
        CHECK(memcmp(same, ids[0], BR_IDENTITY_SIZE) == 0);
    }
}

int main(void)
{
    pki = getenv("BEDROCK_TEST_PKI");
    if (pki == NULL)
        pki = "build/pki";
    crypto = br_digest_new();
    for (int i = 0; i < BR_IDENTITY_SIZE; i++)
        identity[i] = (uint8_t)(i * 7);
    for (int i = 0; i < BR_CACHE_RECORD_RANDOM; i++)
        random_bytes[i] = (uint8_t)(i * 11 + 3);
    test_round_trip(true);
    test_round_trip(false);
    test_largest_record();
    test_format();
    test_malformed_plain();
    test_hostile_files();
    test_other_key_or_identity();
    test_identity();
    br_digest_free(crypto);
    return check_done();
}
