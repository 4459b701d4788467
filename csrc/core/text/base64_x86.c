/*
** Base64 sixteen or thirty-two digits at a time, by Wojciech Muła's method ("Faster Base64 encoding
** and decoding using AVX2 instructions", 2018): a shuffle brings the three bytes of each group into
** one 32-bit word, two multiplications move its four sextets into a byte each, and a shuffle as
** lookup gives what is to be added to a sextet to make it its digit.
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
__attribute__((target("ssse3"))) size_t br_base64_ssse3(char *to, const uint8_t *from, size_t n)
{
    size_t done = 0;
    for (; n - done >= 16; done += 12, to += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(from + done));
        _mm_storeu_si128((__m128i *)(void *)to, digits_16(bytes));
    }
    return done;
}

/* Each half reads sixteen bytes for the twelve that are encoded. */
__attribute__((target("avx2"))) size_t br_base64_avx2(char *to, const uint8_t *from, size_t n)
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

#endif
