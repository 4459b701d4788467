#include "core/text/json.h"
#include "core/text/json_scan.h"

#include "check.h"
#include "core/text/utf8.h"

#include <string.h>

static size_t encode(char *out, long c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const int leads[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 + c % 64);
    out[0] = (char)(leads[n] + c);
    return n;
}

/* Every code point but the surrogates, and nothing else of two or three bytes. */
static void test_utf8(void)
{
    size_t wrong = 0, valid = 0;
    for (long c = 0; c <= 0x10FFFF; c++) {
        char text[4];
        br_slice s = {text, encode(text, c)};
        bool surrogate = c >= 0xD800 && c <= 0xDFFF;
        wrong += br_utf8_valid(s) == surrogate;
        wrong += !surrogate && br_utf8_length(s) != 1;
    }
    CHECK_INT(wrong, 0);
    for (long bytes = 0; bytes < 0x1000000; bytes++) {
        char text[] = {(char)(bytes >> 16), (char)(bytes >> 8), (char)bytes};
        if ((text[0] & 0xE0) == 0xE0 && br_utf8_valid((br_slice){text, 3}))
            valid++;
    }
    CHECK_INT(valid, 0x10000 - 0x800 - 0x800);
    CHECK(br_utf8_valid((br_slice){NULL, 0}) && br_utf8_length((br_slice){NULL, 0}) == 0);
    CHECK(br_utf8_valid(BR_SLICE("ascii of more than eight bytes \xC3\xA9 and on")));
    CHECK(!br_utf8_valid(BR_SLICE("ascii of more than eight bytes \xC3")));
    CHECK_INT(br_utf8_length(BR_SLICE("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80")), 4);
}

typedef const char *skip(const char *p, const char *end);

/* One byte that ends the run, of every value and at every place, in text that ends at a guard. */
static void check_skip(skip *skip_plain)
{
    size_t wrong = 0;
    for (size_t n = 0; n <= 50; n++) {
        char text[51];
        memset(text, '~', sizeof text);
        for (size_t at = 0; at < n; at++) {
            for (int c = 0; c < 256; c++) {
                text[at] = (char)c;
                bool plain = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
                wrong += skip_plain(text, text + n) != text + (plain ? n : at);
            }
            text[at] = ' ';
        }
        char *guarded = guard_copy(text, n);
        wrong += skip_plain(guarded, guarded + n) != guarded + n;
        guard_free(guarded, n);
    }
    CHECK_INT(wrong, 0);
}

/* The wide way where there is one, and the way without. */
static void test_skip_plain(void)
{
    check_skip(br_json_skip_ascii);
    check_skip(br_json_skip_ascii_8);
}

int main(void)
{
    test_utf8();
    test_skip_plain();
    return check_done();
}
