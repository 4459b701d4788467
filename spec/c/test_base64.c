/* Base64 against RFC 4648 and OpenSSL's. */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "core/text/base64_groups.h"

#define DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

static void test_samples(void)
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
static void test_lengths(void)
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
static void check_encoder(br_base64_encoder *encode, size_t left_at_most)
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

/*
** What one way decodes by itself: every length, and every byte in every place of a text that is long
** enough for all of its loops. It stops at or before the group of a byte that is no digit, and writes
** nothing beyond what the whole text needs.
*/
static void check_decoder(br_base64_decoder *decode, size_t left_at_most)
{
    unsigned char bytes[150], text[201];
    char out[151];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 211 + 7);
    EVP_EncodeBlock(text, bytes, sizeof bytes);
    for (size_t n = 0; n <= sizeof text - 1; n++) {
        char *guarded = guard_copy(text, n);
        memset(out, '#', sizeof out);
        size_t done = decode(out, guarded, n);
        CHECK(done % 4 == 0 && done <= n && n - done <= left_at_most);
        CHECK(memcmp(out, bytes, done / 4 * 3) == 0 && out[n / 4 * 3] == '#');
        guard_free(guarded, n);
    }
    for (size_t at = 0; at < 100; at++)
        for (int c = 0; c < 256; c++) {
            unsigned char one[201], want[150];
            memcpy(one, text, sizeof one);
            one[at] = (unsigned char)c;
            bool digit = c != 0 && strchr(DIGITS, c) != NULL;
            size_t done = decode(out, (const char *)one, sizeof one - 1);
            CHECK(digit ? sizeof one - 1 - done <= left_at_most : done <= at / 4 * 4);
            EVP_DecodeBlock(want, one, (int)(done < 4 ? 0 : done));
            CHECK(memcmp(out, want, done / 4 * 3) == 0);
        }
}

static void test_ways(void)
{
    check_encoder(br_base64_encode_portable, 2);
    check_decoder(br_base64_decode_portable, 3);
#ifdef __x86_64__
    if (__builtin_cpu_supports("ssse3")) {
        check_encoder(br_base64_encode_ssse3, 15);
        check_decoder(br_base64_decode_ssse3, 23);
    }
    if (__builtin_cpu_supports("avx2")) {
        check_encoder(br_base64_encode_avx2, 27);
        check_decoder(br_base64_decode_avx2, 39);
    }
#endif
}

static void test_refusals(void)
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
        CHECK(br_slice_eq(br_buf_slice(&out), BR_SLICE("kept")) && out.data[4] == '\0');
        guard_free(guarded, n);
        br_buf_free(&out);
    }
}

static void test_limits(void)
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
    test_samples();
    test_lengths();
    test_ways();
    test_refusals();
    test_limits();
    return check_done();
}
