/*
** Base64 sixteen or thirty-two digits at a time, by Wojciech Muła's method ("Faster Base64 encoding
** and decoding using AVX2 instructions", 2018): a shuffle brings the three bytes of each group into
** one 32-bit word, two multiplications move its four sextets into a byte each, and a shuffle as
** lookup gives what is to be added to a sextet to make it its digit. Back it goes likewise: two lookups,
** by the halves of a byte, have a bit in common where the byte is no digit; a third gives what is to be
** added, and two multiplications move four sextets together.
*/
#include "core/text/base64_groups.h"

#ifdef __x86_64__

#include <immintrin.h>

/* Bytes 1 0 2 1 of each group: every sextet then lies within one half of the word. */
#define ORDER 1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10
/* By class: capitals, small letters, ten digits, '+', '/'. */
#define OFFSETS                                                                                    \
    'A', 'a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, \
        '0' - 52, '0' - 52, '+' - 62, '/' - 63, 0, 0

__attribute__((target("ssse3"))) static __m128i digits_16(__m128i bytes)
{
    __m128i words = _mm_shuffle_epi8(bytes, _mm_setr_epi8(ORDER));
    __m128i even = _mm_and_si128(words, _mm_set1_epi32(0x0FC0FC00));
    __m128i odd = _mm_and_si128(words, _mm_set1_epi32(0x003F03F0));
    __m128i sextets = _mm_or_si128(_mm_mulhi_epu16(even, _mm_set1_epi32(0x04000040)),
                                   _mm_mullo_epi16(odd, _mm_set1_epi32(0x01000010)));
    __m128i class = _mm_sub_epi8(_mm_subs_epu8(sextets, _mm_set1_epi8(51)),
                                 _mm_cmpgt_epi8(sextets, _mm_set1_epi8(25)));
    return _mm_add_epi8(sextets, _mm_shuffle_epi8(_mm_setr_epi8(OFFSETS), class));
}

__attribute__((target("avx2"))) static __m256i digits_32(__m256i bytes)
{
    __m256i words = _mm256_shuffle_epi8(bytes, _mm256_setr_epi8(ORDER, ORDER));
    __m256i even = _mm256_and_si256(words, _mm256_set1_epi32(0x0FC0FC00));
    __m256i odd = _mm256_and_si256(words, _mm256_set1_epi32(0x003F03F0));
    __m256i sextets = _mm256_or_si256(_mm256_mulhi_epu16(even, _mm256_set1_epi32(0x04000040)),
                                      _mm256_mullo_epi16(odd, _mm256_set1_epi32(0x01000010)));
    __m256i class = _mm256_sub_epi8(_mm256_subs_epu8(sextets, _mm256_set1_epi8(51)),
                                    _mm256_cmpgt_epi8(sextets, _mm256_set1_epi8(25)));
    return _mm256_add_epi8(sextets, _mm256_shuffle_epi8(_mm256_setr_epi8(OFFSETS, OFFSETS), class));
}

/* Sixteen bytes are read for the twelve that are encoded. */
__attribute__((target("ssse3"))) size_t br_base64_encode_ssse3(char *to, const uint8_t *from,
                                                               size_t n)
{
    size_t done = 0;
    for (; n - done >= 16; done += 12, to += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(from + done));
        _mm_storeu_si128((__m128i *)(void *)to, digits_16(bytes));
    }
    return done;
}

/* Each half reads sixteen bytes for the twelve that are encoded. */
__attribute__((target("avx2"))) size_t br_base64_encode_avx2(char *to, const uint8_t *from,
                                                             size_t n)
{
    size_t done = 0;
    for (; n - done >= 28; done += 24, to += 32) {
        __m128i low = _mm_loadu_si128((const __m128i *)(const void *)(from + done));
        __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(from + done + 12));
        __m256i bytes = _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
        _mm256_storeu_si256((__m256i *)(void *)to, digits_32(bytes));
    }
    return done;
}

/* By the low and the high half of a byte: the sets of what the other half must not be. */
#define BY_LOW                                                                                     \
    0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1A, 0x1B, 0x1B, 0x1B, 0x1A
#define BY_HIGH                                                                                    \
    0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10
/* By the high half, '/' apart, which is one further down than its half says. */
#define TO_SEXTET                                                                                  \
    0, 63 - '/', 62 - '+', 52 - '0', -'A', -'A', 26 - 'a', 26 - 'a', 0, 0, 0, 0, 0, 0, 0, 0
/* The three bytes of each group, the highest first; four places stay empty. */
#define TOGETHER 2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1

/* Twelve bytes, then four zeros. *good: all sixteen were digits. */
__attribute__((target("ssse3"))) static __m128i bytes_16(__m128i text, bool *good)
{
    __m128i half = _mm_set1_epi8(0x2F);
    __m128i high = _mm_and_si128(_mm_srli_epi32(text, 4), half);
    __m128i sets = _mm_and_si128(_mm_shuffle_epi8(_mm_setr_epi8(BY_LOW), _mm_and_si128(text, half)),
                                 _mm_shuffle_epi8(_mm_setr_epi8(BY_HIGH), high));
    __m128i row = _mm_add_epi8(_mm_cmpeq_epi8(text, half), high);
    __m128i sextets = _mm_add_epi8(text, _mm_shuffle_epi8(_mm_setr_epi8(TO_SEXTET), row));
    __m128i pairs = _mm_maddubs_epi16(sextets, _mm_set1_epi32(0x01400140));
    __m128i groups = _mm_madd_epi16(pairs, _mm_set1_epi32(0x00011000));
    *good = _mm_movemask_epi8(_mm_cmpgt_epi8(sets, _mm_setzero_si128())) == 0;
    return _mm_shuffle_epi8(groups, _mm_setr_epi8(TOGETHER));
}

/* Likewise, in each half. */
__attribute__((target("avx2"))) static __m256i bytes_32(__m256i text, bool *good)
{
    __m256i half = _mm256_set1_epi8(0x2F);
    __m256i high = _mm256_and_si256(_mm256_srli_epi32(text, 4), half);
    __m256i sets = _mm256_and_si256(
        _mm256_shuffle_epi8(_mm256_setr_epi8(BY_LOW, BY_LOW), _mm256_and_si256(text, half)),
        _mm256_shuffle_epi8(_mm256_setr_epi8(BY_HIGH, BY_HIGH), high));
    __m256i row = _mm256_add_epi8(_mm256_cmpeq_epi8(text, half), high);
    __m256i sextets =
        _mm256_add_epi8(text, _mm256_shuffle_epi8(_mm256_setr_epi8(TO_SEXTET, TO_SEXTET), row));
    __m256i pairs = _mm256_maddubs_epi16(sextets, _mm256_set1_epi32(0x01400140));
    __m256i groups = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00011000));
    *good = _mm256_movemask_epi8(_mm256_cmpgt_epi8(sets, _mm256_setzero_si256())) == 0;
    return _mm256_shuffle_epi8(groups, _mm256_setr_epi8(TOGETHER, TOGETHER));
}

/* Sixteen bytes are written for the twelve that are decoded, so room for four more digits is left. */
__attribute__((target("ssse3"))) size_t br_base64_decode_ssse3(char *to, const char *from, size_t n)
{
    size_t done = 0;
    for (; n - done >= 24; done += 16, to += 12) {
        bool good;
        __m128i bytes =
            bytes_16(_mm_loadu_si128((const __m128i *)(const void *)(from + done)), &good);
        if (!good)
            break;
        _mm_storeu_si128((__m128i *)(void *)to, bytes);
    }
    return done;
}

/* The halves' twelve bytes are written one after the other, each with four that go beyond. */
__attribute__((target("avx2"))) size_t br_base64_decode_avx2(char *to, const char *from, size_t n)
{
    size_t done = 0;
    for (; n - done >= 40; done += 32, to += 24) {
        bool good;
        __m256i bytes =
            bytes_32(_mm256_loadu_si256((const __m256i *)(const void *)(from + done)), &good);
        if (!good)
            break;
        _mm_storeu_si128((__m128i *)(void *)to, _mm256_castsi256_si128(bytes));
        _mm_storeu_si128((__m128i *)(void *)(to + 12), _mm256_extracti128_si256(bytes, 1));
    }
    return done;
}

#endif
