#include "core/text/utf8.h"

bool br_utf8_valid(br_slice text)
{
    if (text.n == 0)
        return true;
    const char *p = text.p, *end = text.p + text.n;
    while (p < end) {
        if (end - p >= 8 && (br_load8(p) & BR_HIGHS) == 0) {
            p += 8;
        } else if ((unsigned char)*p < 0x80) {
            p++;
        } else {
            size_t n = br_utf8_sequence(p, end);
            if (n == 0)
                return false;
            p += n;
        }
    }
    return true;
}

/* The half of a surrogate pair at p, in the three bytes of its own; 0: there is none. */
static unsigned half_at(const char *p, const char *end)
{
    const unsigned char *s = (const unsigned char *)p;
    if (end - p < 3 || s[0] != 0xED || s[1] < 0xA0 || s[1] > 0xBF || !br_is_continuation(s[2]))
        return 0;
    return 0xD000u | (s[1] & 0x3Fu) << 6 | (s[2] & 0x3Fu);
}

static void add_pair(br_buf *out, unsigned high, unsigned low)
{
    unsigned c = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
    char four[] = {(char)(0xF0 | c >> 18), (char)(0x80 | (c >> 12 & 0x3F)),
                   (char)(0x80 | (c >> 6 & 0x3F)), (char)(0x80 | (c & 0x3F))};
    br_buf_add(out, four, sizeof four);
}

bool br_utf8_join_halves(br_buf *out, br_slice text)
{
    const char *p = text.n > 0 ? text.p : "", *end = p + text.n;
    while (p < end) {
        const char *run = p;
        unsigned half = 0;
        while (p < end && (half = half_at(p, end)) == 0)
            p++;
        br_buf_add(out, run, (size_t)(p - run));
        if (p == end)
            break;
        unsigned next = half_at(p + 3, end);
        bool pair = half < 0xDC00 && next >= 0xDC00;
        if (pair)
            add_pair(out, half, next);
        else
            br_buf_adds(out, "\xEF\xBF\xBD");
        p += pair ? 6 : 3;
    }
    return !out->failed;
}

size_t br_utf8_length(br_slice text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.n; i++)
        count += !br_is_continuation((unsigned char)text.p[i]);
    return count;
}
