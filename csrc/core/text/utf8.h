/*
** UTF-8 (RFC 3629), many bytes at a time where it can be.
*/
#ifndef BR_CORE_TEXT_UTF8_H
#define BR_CORE_TEXT_UTF8_H

#include "core/base/buffer.h"

#define BR_ONES UINT64_C(0x0101010101010101)
#define BR_HIGHS UINT64_C(0x8080808080808080)

static inline uint64_t br_load8(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof(word));
    return word;
}

static inline bool br_is_continuation(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

/*
** The length of the well-formed sequence (RFC 3629) at p, whose first byte is 0x80 or above; 0 if
** there is none. The second byte alone tells overlong forms, surrogates and values above U+10FFFF.
*/
static inline size_t br_utf8_sequence(const char *p, const char *end)
{
    const unsigned char *s = (const unsigned char *)p;
    size_t left = (size_t)(end - p);
    if (s[0] < 0xC2 || s[0] > 0xF4 || left < 2 || !br_is_continuation(s[1]))
        return 0;
    if (s[0] < 0xE0)
        return 2;
    if (left < 3 || !br_is_continuation(s[2]))
        return 0;
    if (s[0] < 0xF0)
        return (s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) ? 0 : 3;
    if (left < 4 || !br_is_continuation(s[3]))
        return 0;
    return (s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F) ? 0 : 4;
}

/* Valid UTF-8 as RFC 3629 has it. */
bool br_utf8_valid(br_slice text);
/*
** Appends text, in which halves were kept, as valid UTF-8: two that belong together become their
** character, others U+FFFD each.
*/
bool br_utf8_join_halves(br_buf *out, br_slice text);
/* Code points of valid UTF-8. */
size_t br_utf8_length(br_slice text);

#endif
