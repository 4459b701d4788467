#include "core/utf8.h"

#include "core/json.h"

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

size_t br_utf8_length(br_slice text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.n; i++)
        count += !br_is_continuation((unsigned char)text.p[i]);
    return count;
}
