#include "core/text/base64_groups.h"

#include <string.h>

#define NO 64 /* not in the alphabet */

/* Of ASCII alone: what is above is looked up as NO, too. */
static const uint8_t values[128] = {
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, 62,
    NO, NO, NO, 63, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, NO, NO, NO, NO, NO, NO, NO, 0,
    1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
    23, 24, 25, NO, NO, NO, NO, NO, NO, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38,
    39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, NO, NO, NO, NO, NO,
};

static unsigned value_of(char c)
{
    return (unsigned char)c < sizeof values ? values[(unsigned char)c] : NO;
}

/* Sets the bit of NO in *bad if one of the four is no digit. */
static uint32_t four_digits(const char *in, unsigned *bad)
{
    unsigned a = value_of(in[0]), b = value_of(in[1]), c = value_of(in[2]), d = value_of(in[3]);
    *bad |= a | b | c | d;
    return (a & 63) << 18 | (b & 63) << 12 | (c & 63) << 6 | (d & 63);
}

size_t br_base64_decode_portable(char *to, const char *from, size_t n)
{
    size_t done = 0;
    for (; n - done >= 4; done += 4, to += 3) {
        unsigned bad = 0;
        uint32_t bits = four_digits(from + done, &bad);
        if ((bad & NO) != 0)
            break;
        to[0] = (char)(uint8_t)(bits >> 16);
        to[1] = (char)(uint8_t)(bits >> 8);
        to[2] = (char)(uint8_t)bits;
    }
    return done;
}

static br_base64_decoder *fastest(void)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2"))
        return br_base64_decode_avx2;
    if (__builtin_cpu_supports("ssse3"))
        return br_base64_decode_ssse3;
#endif
    return br_base64_decode_portable;
}

static bool decode_whole(char *to, const char *from, size_t n)
{
    size_t done = fastest()(to, from, n);
    return done + br_base64_decode_portable(to + done / 4 * 3, from + done, n - done) == n;
}

/* The bits that a padded group carries beyond its bytes must be zero: one text per value. */
static bool decode_padded(char *to, const char *from, unsigned padding)
{
    char four[] = {from[0], from[1], padding == 2 ? 'A' : from[2], 'A'};
    char three[3];
    if (br_base64_decode_portable(three, four, 4) != 4 || three[2] != 0 ||
        (padding == 2 && three[1] != 0))
        return false;
    memcpy(to, three, 3 - padding);
    return true;
}

static unsigned padding_of(br_slice text)
{
    if (text.n == 0 || text.p[text.n - 1] != '=')
        return 0;
    return text.p[text.n - 2] == '=' ? 2 : 1;
}

bool br_base64_decode(br_buf *out, br_slice text)
{
    if (text.n % 4 != 0)
        return false;
    unsigned padding = padding_of(text);
    size_t length = text.n / 4 * 3 - padding, whole = text.n - (padding > 0 ? 4 : 0);
    char *to = br_buf_reserve(out, length);
    if (to == NULL)
        return false;
    if (!decode_whole(to, text.p, whole) ||
        (padding > 0 && !decode_padded(to + whole / 4 * 3, text.p + whole, padding))) {
        *to = '\0'; /* the end of what was there before */
        return false;
    }
    br_buf_commit(out, length);
    return true;
}
