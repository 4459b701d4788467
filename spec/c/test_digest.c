/* Digests against FIPS 180-4 and RFC 4231, base64 against RFC 4648 and OpenSSL's encoder. */
#include "check.h"
#include "core/base/digest.h"
#include "core/base/hex.h"
#include "core/text/base64_groups.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static br_digest *crypto;

static void check_hex(const uint8_t hash[BR_SHA256_SIZE], const char *want)
{
    char hex[BR_SHA256_HEX];
    br_hex(hex, hash, BR_SHA256_SIZE);
    CHECK_SLICE(((br_slice){hex, sizeof hex}), want);
}

static void check_sha256(const char *text, const char *want)
{
    size_t n = strlen(text);
    char *guarded = guard_copy(text, n);
    uint8_t hash[BR_SHA256_SIZE];
    CHECK(br_sha256(crypto, (br_slice){guarded, n}, hash));
    check_hex(hash, want);
    guard_free(guarded, n);
}

static void test_sha256(void)
{
    check_sha256("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check_sha256("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check_sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    uint8_t hash[BR_SHA256_SIZE];
    CHECK(br_sha256(crypto, (br_slice){NULL, 0}, hash));
    check_hex(hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void check_hmac(br_slice key, br_slice data, const char *want)
{
    uint8_t mac[BR_SHA256_SIZE];
    CHECK(br_hmac_sha256(crypto, key, data, mac));
    check_hex(mac, want);
    br_hmac_key *kept = br_hmac_key_new(crypto, key);
    CHECK(kept != NULL);
    for (int i = 0; i < 3; i++) {
        memset(mac, 0, sizeof mac);
        CHECK(br_hmac_key_sign(kept, data, mac));
        check_hex(mac, want);
        CHECK(br_hmac_key_sign(kept, BR_SLICE("another text"), mac));
    }
    br_hmac_key_free(kept);
}

static void test_hmac(void)
{
    char long_key[131], key_1[20], key_3[20], data_3[50];
    memset(long_key, 0xaa, sizeof long_key);
    memset(key_1, 0x0b, sizeof key_1);
    memset(key_3, 0xaa, sizeof key_3);
    memset(data_3, 0xdd, sizeof data_3);
    check_hmac((br_slice){key_1, 20}, BR_SLICE("Hi There"),
               "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    check_hmac(BR_SLICE("Jefe"), BR_SLICE("what do ya want for nothing?"),
               "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    check_hmac((br_slice){key_3, 20}, (br_slice){data_3, 50},
               "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    check_hmac((br_slice){long_key, 131},
               BR_SLICE("Test Using Larger Than Block-Size Key - Hash Key First"),
               "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    check_hmac(BR_SLICE(""), BR_SLICE(""),
               "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void test_hex(void)
{
    static const uint8_t bytes[] = {0x00, 0x09, 0x0a, 0x7f, 0x80, 0xf0, 0xff};
    char out[sizeof bytes * 2 + 1];
    memset(out, '#', sizeof out);
    br_hex(out, bytes, sizeof bytes);
    CHECK_SLICE(((br_slice){out, sizeof out}), "00090a7f80f0ff#");
    br_hex(out, bytes, 0);
    CHECK(out[0] == '0');
}

/* All byte values, in texts of any length. */
static void test_hex_lengths(void)
{
    uint8_t bytes[256 + 40];
    char out[2 * sizeof bytes], want[2 * sizeof bytes + 1];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)i;
        snprintf(want + 2 * i, 3, "%02x", (unsigned)bytes[i]);
    }
    for (size_t n = 0; n <= sizeof bytes; n++) {
        memset(out, '#', sizeof out);
        br_hex(out, bytes, n);
        CHECK(memcmp(out, want, 2 * n) == 0 && (n == sizeof bytes || out[2 * n] == '#'));
    }
}

static void test_base64_samples(void)
{
    static const char *const samples[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        br_buf out;
        br_buf_init(&out, 100);
        br_buf_adds(&out, "<");
        br_base64_encode(&out, br_slice_of(samples[i][0]));
        CHECK(br_slice_eqs((br_slice){out.data + 1, out.len - 1}, samples[i][1]));
        br_buf_clear(&out);
        CHECK(br_base64_decode(&out, br_slice_of(samples[i][1])));
        CHECK_SLICE(br_buf_slice(&out), samples[i][0]);
        br_buf_free(&out);
    }
}

/* All lengths around the group sizes, all byte values, both ways. */
static void test_base64_lengths(void)
{
    unsigned char bytes[300], *want = calloc(1, 1000);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 167 + i / 256);
    for (size_t n = 0; n <= sizeof bytes; n++) {
        char *guarded = guard_copy(bytes, n);
        br_buf text, back;
        br_buf_init(&text, 1000);
        br_buf_init(&back, 1000);
        br_base64_encode(&text, (br_slice){guarded, n});
        EVP_EncodeBlock(want, bytes, (int)n);
        CHECK_SLICE(br_buf_slice(&text), (const char *)want);
        char *encoded = guard_copy(br_buf_slice(&text).p, text.len);
        CHECK(br_base64_decode(&back, (br_slice){encoded, text.len}));
        CHECK(back.len == n && (n == 0 || memcmp(back.data, bytes, n) == 0));
        guard_free(encoded, text.len);
        guard_free(guarded, n);
        br_buf_free(&text);
        br_buf_free(&back);
    }
    free(want);
}

/* What one way encodes by itself, whichever way this processor would choose. */
static void check_groups(br_base64_groups *encode, size_t left_at_most)
{
    unsigned char bytes[200], want[300];
    char text[300];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 211 + 7);
    for (size_t n = 0; n <= sizeof bytes; n++) {
        char *guarded = guard_copy(bytes, n);
        memset(text, '#', sizeof text);
        size_t done = encode(text, (const uint8_t *)guarded, n);
        CHECK(done % 3 == 0 && done <= n && n - done <= left_at_most);
        EVP_EncodeBlock(want, bytes, (int)done);
        CHECK(memcmp(text, want, done / 3 * 4) == 0 && text[done / 3 * 4] == '#');
        guard_free(guarded, n);
    }
}

static void test_base64_ways(void)
{
    check_groups(br_base64_portable, 2);
#ifdef __x86_64__
    if (__builtin_cpu_supports("ssse3"))
        check_groups(br_base64_ssse3, 15);
    if (__builtin_cpu_supports("avx2"))
        check_groups(br_base64_avx2, 27);
#endif
}

static void test_base64_refusals(void)
{
    static const char *const bad[] = {
        "Z",    "Zg",       "Zg=",     "=",        "====",     "Zg==Zg==", "Zm8=Zm8=",
        "Z===", "Zg==\n",   " Zg==",   "Zm 8",     "Zm-_",     "Zh==",     "Zm9=",
        "Z=g=", "Zm9v====", "\xffm9v", "Zm9v\x80", "Zm9vZg=a", "Zm\t9"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        br_buf out;
        br_buf_init(&out, 100);
        br_buf_adds(&out, "kept");
        size_t n = strlen(bad[i]);
        char *guarded = guard_copy(bad[i], n);
        CHECK(!br_base64_decode(&out, (br_slice){guarded, n}));
        CHECK(br_slice_eq(br_buf_slice(&out), BR_SLICE("kept")));
        guard_free(guarded, n);
        br_buf_free(&out);
    }
}

static void test_base64_limits(void)
{
    br_buf out;
    br_buf_init(&out, 7);
    br_base64_encode(&out, BR_SLICE("foobar"));
    CHECK(out.failed && out.len == 0);
    br_buf_clear(&out);
    br_base64_encode(&out, (br_slice){"x", SIZE_MAX});
    CHECK(out.failed);
    br_buf_clear(&out);
    CHECK(!br_base64_decode(&out, BR_SLICE("Zm9vYmFyZm9v")));
    br_buf_free(&out);
}

int main(void)
{
    crypto = br_digest_new();
    CHECK(crypto != NULL);
    test_sha256();
    test_hmac();
    test_hex();
    test_hex_lengths();
    test_base64_samples();
    test_base64_lengths();
    test_base64_ways();
    test_base64_refusals();
    test_base64_limits();
    br_hmac_key_free(NULL);
    br_digest_free(crypto);
    br_digest_free(NULL);
    return check_done();
}
