#include "core/text/base64_groups.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void encode_three(char *out, const uint8_t *in)
{
    uint32_t bits = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
    out[0] = alphabet[bits >> 18];
    out[1] = alphabet[bits >> 12 & 63];
    out[2] = alphabet[bits >> 6 & 63];
    out[3] = alphabet[bits & 63];
}

size_t br_base64_portable(char *to, const uint8_t *from, size_t n)
{
    size_t done = 0;
    for (; n - done >= 3; done += 3, to += 4)
        encode_three(to, from + done);
    return done;
}

static br_base64_groups *fastest(void)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2"))
        return br_base64_avx2;
    if (__builtin_cpu_supports("ssse3"))
        return br_base64_ssse3;
#endif
    return br_base64_portable;
}

static void encode(char *to, const uint8_t *from, size_t n)
{
    size_t done = fastest()(to, from, n);
    done += br_base64_portable(to + done / 3 * 4, from + done, n - done);
    size_t rest = n - done;
    if (rest == 0)
        return;
    uint8_t last[3] = {from[done], rest > 1 ? from[done + 1] : 0, 0};
    to += done / 3 * 4;
    encode_three(to, last);
    memset(to + 1 + rest, '=', 3 - rest);
}

void br_base64_encode(br_buf *out, br_slice bytes)
{
    if (bytes.n > SIZE_MAX / 2) {
        out->failed = true;
        return;
    }
    size_t length = (bytes.n + 2) / 3 * 4;
    char *to = br_buf_reserve(out, length);
    if (to == NULL)
        return;
    if (bytes.n > 0)
        encode(to, (const uint8_t *)bytes.p, bytes.n);
    br_buf_commit(out, length);
}

/* 0 to 63, or 64 for what is not in the alphabet. */
static unsigned digit_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (unsigned)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (unsigned)(c - 'a') + 26;
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0') + 52;
    return c == '+' ? 62 : c == '/' ? 63 : 64;
}

/* Four digits, the last `padding` of them read as zero. Sets *bad bits for foreign characters. */
static uint32_t decode_four(const char *in, unsigned padding, unsigned *bad)
{
    uint32_t bits = 0;
    for (unsigned i = 0; i < 4; i++) {
        unsigned value = i < 4 - padding ? digit_value(in[i]) : 0;
        *bad |= value & 64;
        bits = bits << 6 | (value & 63);
    }
    return bits;
}

static unsigned padding_of(br_slice text)
{
    if (text.n == 0 || text.p[text.n - 1] != '=')
        return 0;
    return text.p[text.n - 2] == '=' ? 2 : 1;
}

static void put_bytes(char *out, uint32_t bits, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        out[i] = (char)(uint8_t)(bits >> (16 - 8 * i));
}

/* The bits that a padded last group carries beyond its bytes must be zero: one text per value. */
bool br_base64_decode(br_buf *out, br_slice text)
{
    if (text.n % 4 != 0)
        return false;
    unsigned padding = padding_of(text), bad = 0;
    size_t length = text.n / 4 * 3 - padding;
    char *to = br_buf_reserve(out, length);
    if (to == NULL)
        return false;
    for (size_t i = 0; i < text.n; i += 4) {
        unsigned missing = i + 4 == text.n ? padding : 0;
        uint32_t bits = decode_four(text.p + i, missing, &bad);
        put_bytes(to + i / 4 * 3, bits, 3 - missing);
        bad |= missing > 0 && (bits & ((1U << 8 * missing) - 1)) != 0;
    }
    if (bad != 0)
        return false;
    br_buf_commit(out, length);
    return true;
}
