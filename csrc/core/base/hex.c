#include "core/base/hex.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static char hex_digit(unsigned nibble)
{
    return "0123456789abcdef"[nibble];
}

#ifdef __SSE2__
static __m128i hex_digits(__m128i nibbles)
{
    __m128i letters =
        _mm_and_si128(_mm_cmpgt_epi8(nibbles, _mm_set1_epi8(9)), _mm_set1_epi8('a' - '0' - 10));
    return _mm_add_epi8(_mm_add_epi8(nibbles, _mm_set1_epi8('0')), letters);
}

static void hex_16(char *out, const uint8_t *bytes)
{
    __m128i all = _mm_loadu_si128((const __m128i *)(const void *)bytes);
    __m128i low = hex_digits(_mm_and_si128(all, _mm_set1_epi8(15)));
    __m128i high = hex_digits(_mm_and_si128(_mm_srli_epi16(all, 4), _mm_set1_epi8(15)));
    _mm_storeu_si128((__m128i *)(void *)out, _mm_unpacklo_epi8(high, low));
    _mm_storeu_si128((__m128i *)(void *)(out + 16), _mm_unpackhi_epi8(high, low));
}
#endif

void br_hex(char *out, const uint8_t *bytes, size_t n)
{
    size_t i = 0;
#ifdef __SSE2__
    for (; n - i >= 16; i += 16)
        hex_16(out + 2 * i, bytes + i);
#endif
    for (; i < n; i++) {
        out[2 * i] = hex_digit(bytes[i] >> 4);
        out[2 * i + 1] = hex_digit(bytes[i] & 15);
    }
}
