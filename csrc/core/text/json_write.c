#include "core/base/hex.h"
#include "core/text/decimal.h"
#include "core/text/json.h"
#include "core/text/json_scan.h"

#include <math.h>

static void add_escaped(br_buf *out, char c)
{
    static const char named[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *at = c != '\0' ? strchr(named, c) : NULL;
    if (at != NULL) {
        char two[] = {'\\', letters[at - named]};
        br_buf_add(out, two, sizeof(two));
        return;
    }
    char six[] = {'\\', 'u', '0', '0', 0, 0};
    br_hex(six + 4, (uint8_t *)&c, 1);
    br_buf_add(out, six, sizeof(six));
}

/* Takes back what was added since `len`, on a buffer whose contents an add leaves as they were. */
static void take_back(br_buf *out, size_t len)
{
    out->len = len;
    if (out->data != NULL)
        out->data[len] = '\0';
}

bool br_json_write_string(br_buf *out, br_slice text)
{
    const char *p = text.p != NULL ? text.p : "", *end = p + text.n;
    size_t before = out->len;
    br_buf_addc(out, '"');
    while (p < end) {
        const char *run = p;
        p = br_json_skip_plain(run, end);
        br_buf_add(out, run, (size_t)(p - run));
        if (p < end && (unsigned char)*p >= 0x80) {
            take_back(out, before);
            return false;
        }
        if (p < end)
            add_escaped(out, *p++);
    }
    return br_buf_addc(out, '"');
}

void br_json_write_int(br_buf *out, int64_t value)
{
    if (value < 0)
        br_buf_addc(out, '-');
    br_buf_add_u64(out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

#define INTEGRAL_MAX 9007199254740992.0

bool br_json_write_double(br_buf *out, double value)
{
    if (!isfinite(value))
        return false;
    if (fabs(value) < INTEGRAL_MAX && value == (double)(int64_t)value &&
        !(value == 0 && signbit(value))) {
        br_json_write_int(out, (int64_t)value);
        return true;
    }
    char text[BR_DOUBLE_TEXT_SIZE];
    size_t n = br_double_text(value, text);
    br_buf_add(out, text, n);
    return true;
}
