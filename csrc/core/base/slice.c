#include "core/base/slice.h"

#include <string.h>

#include "core/base/ascii.h"

br_slice br_slice_of(const char *text)
{
    return (br_slice){text, text != NULL ? strlen(text) : 0};
}

bool br_slice_eqs(br_slice a, const char *text)
{
    return br_slice_eq(a, br_slice_of(text));
}

bool br_slice_eq_nocase(br_slice a, br_slice b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (br_to_lower(a.p[i]) != br_to_lower(b.p[i]))
            return false;
    return true;
}

bool br_slice_is_visible(br_slice a)
{
    for (size_t i = 0; i < a.n; i++)
        if (!br_is_visible(a.p[i]))
            return false;
    return true;
}

bool br_slice_has_blank_or_control(br_slice a)
{
    for (size_t i = 0; i < a.n; i++)
        if ((unsigned char)a.p[i] <= ' ' || a.p[i] == 0x7F)
            return true;
    return false;
}

int64_t br_slice_number(br_slice a, int64_t max)
{
    int64_t value = a.n > 0 ? 0 : -1;
    for (size_t i = 0; i < a.n; i++) {
        if (!br_is_digit(a.p[i]))
            return -1;
        value = value * 10 + (a.p[i] - '0');
        value = value < max ? value : max;
    }
    return value;
}

bool br_slice_starts(br_slice a, const char *prefix)
{
    size_t n = strlen(prefix);
    return n == 0 || (a.n >= n && memcmp(a.p, prefix, n) == 0);
}

bool br_slice_ends(br_slice a, const char *suffix)
{
    size_t n = strlen(suffix);
    return n == 0 || (a.n >= n && memcmp(a.p + a.n - n, suffix, n) == 0);
}

br_slice br_slice_cut(br_slice text, size_t max)
{
    if (text.n <= max)
        return text;
    size_t end = max;
    for (int back = 0; back < 3 && end > 0 && ((unsigned char)text.p[end] & 0xC0) == 0x80; back++)
        end--;
    return (br_slice){text.p, end};
}
