/* Digests against FIPS 180-4 and RFC 4231. */
#include "check.h"
#include "core/base/digest.h"
#include "core/base/hex.h"

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

int main(void)
{
    crypto = br_digest_new();
    CHECK(crypto != NULL);
    test_sha256();
    test_hmac();
    test_hex();
    test_hex_lengths();
    br_hmac_key_free(NULL);
    br_digest_free(crypto);
    br_digest_free(NULL);
    return check_done();
}
