#include "core/text/printable.h"

#include <string.h>

#include "core/text/utf8.h"

/* C0, DEL and, in two bytes, C1: all that a terminal may take for a command. */
static bool is_control(const char *p, size_t n)
{
    unsigned char first = (unsigned char)p[0];
    if (n == 2)
        return first == 0xC2 && (unsigned char)p[1] < 0xA0;
    return n == 1 && (first < ' ' || first == 0x7F);
}

/* The length of the character at p; 0 if it cannot be shown. */
static size_t character(const char *p, const char *end)
{
    size_t n = (unsigned char)*p < 0x80 ? 1 : br_utf8_sequence(p, end);
    return n > 0 && !is_control(p, n) ? n : 0;
}

br_printable br_print(br_slice text)
{
    static const char cut[] = "…";
    br_printable shown;
    size_t at = 0, n = 0;
    while (at < text.n) {
        size_t seen = character(text.p + at, text.p + text.n), width = seen > 0 ? seen : 1;
        if (n + width > BR_PRINTABLE_MAX)
            break;
        memcpy(shown.text + n, seen > 0 ? text.p + at : "?", width);
        n += width;
        at += width;
    }
    memcpy(shown.text + n, at < text.n ? cut : "", at < text.n ? sizeof cut : 1);
    return shown;
}
