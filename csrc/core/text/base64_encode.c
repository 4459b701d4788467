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

size_t br_base64_encode_portable(char *to, const uint8_t *from, size_t n)
{
    size_t done = 0;
    for (; n - done >= 3; done += 3, to += 4)
        encode_three(to, from + done);
    return done;
}

static br_base64_encoder *fastest(void)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2"))
        return br_base64_encode_avx2;
    if (__builtin_cpu_supports("ssse3"))
        return br_base64_encode_ssse3;
#endif
    return br_base64_encode_portable;
}

static void encode(char *to, const uint8_t *from, size_t n)
{
    size_t done = fastest()(to, from, n);
    done += br_base64_encode_portable(to + done / 3 * 4, from + done, n - done);
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
