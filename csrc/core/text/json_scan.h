/*
** Scanning the text of JSON strings many bytes at a time, for the reader and the writer. Static inline,
** because it is the innermost loop of both.
*/
#ifndef BR_CORE_TEXT_JSON_SCAN_H
#define BR_CORE_TEXT_JSON_SCAN_H

#include "core/text/utf8.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/*
** The bytes of a word that end a plain run of a JSON string: quote, backslash, control characters
** and all above ASCII, as 0x80 in their places. Borrows make wrong marks only above a right one, so
** the lowest mark is always right.
*/
static inline uint64_t br_json_marks(uint64_t word)
{
    uint64_t quote = word ^ (BR_ONES * '"'), backslash = word ^ (BR_ONES * '\\');
    uint64_t below = (quote - BR_ONES) & ~quote;
    below |= (backslash - BR_ONES) & ~backslash;
    below |= (word - BR_ONES * ' ') & ~word;
    return (below | word) & BR_HIGHS;
}

static inline bool br_json_is_plain_ascii(char c)
{
    return (unsigned char)c >= ' ' && (unsigned char)c < 0x80 && c != '"' && c != '\\';
}

/* Four to seven bytes are checked as one word, from both ends. */
static inline const char *br_json_skip_ascii_short(const char *p, const char *end)
{
    if (end - p >= 4 && end - p < 8) {
        uint32_t first, last;
        memcpy(&first, p, sizeof(first));
        memcpy(&last, end - 4, sizeof(last));
        if (br_json_marks(first | (uint64_t)last << 32) == 0)
            return end;
    }
    while (p < end && br_json_is_plain_ascii(*p))
        p++;
    return p;
}

/*
** Here and below, the last step begins before the rest that is left: what it sees again is plain,
** so its first mark is the first of all.
*/
static inline const char *br_json_skip_ascii_8(const char *p, const char *end)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (end - p >= 8) {
        const char *last = end - 8;
        uint64_t marks = 0;
        while (p < last && (marks = br_json_marks(br_load8(p))) == 0)
            p += 8;
        if (marks == 0)
            marks = br_json_marks(br_load8(p = last));
        return marks == 0 ? end : p + (__builtin_ctzll(marks) >> 3);
    }
#else
    while (end - p >= 8 && br_json_marks(br_load8(p)) == 0)
        p += 8;
#endif
    return br_json_skip_ascii_short(p, end);
}

#ifdef __SSE2__
/*
** A bit for each byte of sixteen that ends a plain run. Compared as signed numbers, the bytes above
** ASCII are below the space, like control characters.
*/
static inline unsigned br_json_marks_128(__m128i bytes)
{
    __m128i below = _mm_cmplt_epi8(bytes, _mm_set1_epi8(' '));
    __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(below, _mm_or_si128(quote, backslash)));
}

static inline unsigned br_json_marks_16(const char *p)
{
    return br_json_marks_128(_mm_loadu_si128((const __m128i *)(const void *)p));
}
#endif

/* Whether none of the sixteen bytes, in any order, ends a plain run. */
static inline bool br_json_are_plain(uint64_t one, uint64_t other)
{
#ifdef __SSE2__
    __m128i bytes = _mm_set_epi64x((long long)one, (long long)other);
    return br_json_marks_128(bytes) == 0;
#else
    return (br_json_marks(one) | br_json_marks(other)) == 0;
#endif
}

/* Where SSE2 is missing, and for short texts, eight bytes at a time. */
static inline const char *br_json_skip_ascii(const char *p, const char *end)
{
#ifdef __SSE2__
    if (end - p >= 16) {
        const char *last = end - 16;
        unsigned marks = 0;
        while (p < last && (marks = br_json_marks_16(p)) == 0)
            p += 16;
        if (marks == 0)
            marks = br_json_marks_16(p = last);
        return marks == 0 ? end : p + __builtin_ctz(marks);
    }
#endif
    return br_json_skip_ascii_8(p, end);
}

/*
** The first byte that cannot stand in a JSON string as it is: quote, backslash, control character,
** or the start of something that is not UTF-8; `end` if there is none.
*/
static inline const char *br_json_skip_plain(const char *p, const char *end)
{
    for (;;) {
        p = br_json_skip_ascii(p, end);
        if (p == end || (unsigned char)*p < 0x80)
            return p;
        do {
            size_t n = br_utf8_sequence(p, end);
            if (n == 0)
                return p;
            p += n;
        } while (p < end && (unsigned char)*p >= 0x80);
    }
}

#endif
