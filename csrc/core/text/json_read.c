#include "core/base/ascii.h"
#include "core/text/decimal.h"
#include "core/text/json.h"
#include "core/text/json_scan.h"

#include <math.h>

/*
** After an error the text ends where it was found: whatever is read next fails as at the end of
** the text, and the offset stays.
*/
static bool fail(br_json_reader *r, const char *error)
{
    if (r->error == NULL) {
        r->error = error;
        r->end = r->p;
    }
    return false;
}

void br_json_reader_init(br_json_reader *r, br_slice text)
{
    const char *start = text.p != NULL ? text.p : "";
    *r = (br_json_reader){.start = start, .p = start, .end = start + text.n};
    br_buf_init(&r->scratch, BR_JSON_STRING_MAX);
}

void br_json_reader_free(br_json_reader *r)
{
    br_buf_free(&r->scratch);
}

size_t br_json_offset(const br_json_reader *r)
{
    return (size_t)(r->p - r->start);
}

/* Skips white space, of which services send none; false at the end of the text. */
static inline bool at_token(br_json_reader *r)
{
    const char *p = r->p, *end = r->end;
    if (p < end && p[0] > ' ')
        return true;
    while (p < end && br_is_space(*p))
        p++;
    r->p = p;
    return p < end;
}

static bool fail_at(br_json_reader *r, const char *error)
{
    return fail(r, r->p < r->end ? error : "unexpected end of the text");
}

br_json_type br_json_peek(br_json_reader *r)
{
    if (at_token(r)) {
        switch (*r->p) {
        case '"':
            return BR_JSON_STRING;
        case '{':
            return BR_JSON_OBJECT;
        case '[':
            return BR_JSON_ARRAY;
        case 't':
            return BR_JSON_TRUE;
        case 'f':
            return BR_JSON_FALSE;
        case 'n':
            return BR_JSON_NULL;
        default:
            if (*r->p == '-' || br_is_digit(*r->p))
                return BR_JSON_NUMBER;
        }
    }
    fail_at(r, "expected a value");
    return BR_JSON_ERROR;
}

static bool take_word(br_json_reader *r, const char *word, size_t n)
{
    if (!at_token(r) || (size_t)(r->end - r->p) < n || memcmp(r->p, word, n) != 0)
        return false;
    r->p += n;
    return true;
}

bool br_json_null(br_json_reader *r)
{
    return take_word(r, "null", 4) || fail_at(r, "expected null");
}

bool br_json_bool(br_json_reader *r, bool *value)
{
    *value = take_word(r, "true", 4);
    return *value || take_word(r, "false", 5) || fail_at(r, "expected true or false");
}

/* Numbers */

#define DIGITS_MAX 19

/* `digits` is right as long as they are at most DIGITS_MAX, leading zeros not counted. */
typedef struct number_scan {
    const char *p, *end;
    uint64_t digits;
    size_t count;
} number_scan;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
static inline bool are_digits(uint64_t word)
{
    uint64_t high = BR_ONES * 0xF0, zeros = BR_ONES * '0';
    return (word & high) == zeros && ((word + BR_ONES * 6) & high) == zeros;
}

/* Eight digits at once: neighbours are joined into pairs, pairs into fours, fours into eight. */
static inline uint64_t value_of_eight(uint64_t word)
{
    word = (word & BR_ONES * 0x0F) * (10 * 0x100 + 1) >> 8;
    word = (word & UINT64_C(0x00FF00FF00FF00FF)) * (100 * 0x10000 + 1) >> 16;
    return (word & UINT64_C(0x0000FFFF0000FFFF)) * (10000 * UINT64_C(0x100000000) + 1) >> 32;
}

static inline void scan_eights(number_scan *s)
{
    while (s->end - s->p >= 8 && are_digits(br_load8(s->p))) {
        s->digits = s->digits * 100000000 + value_of_eight(br_load8(s->p));
        s->p += 8;
    }
}
#else
static inline void scan_eights(number_scan *s)
{
    (void)s;
}
#endif

/* A run of digits; false if there is none. */
static inline bool scan_digits(number_scan *s)
{
    const char *start = s->p;
    scan_eights(s);
    for (; s->p < s->end && br_is_digit(*s->p); s->p++)
        s->digits = s->digits * 10 + (uint64_t)(*s->p - '0');
    s->count += (size_t)(s->p - start);
    return s->p > start;
}

/* Whether the digits from `first` on are too many for `digits`. */
static bool too_many(const number_scan *s, const char *first)
{
    size_t count = s->count;
    for (; count > DIGITS_MAX && (*first == '0' || *first == '.'); first++)
        count -= *first == '0';
    return count > DIGITS_MAX;
}

#define EXPONENT_MAX 1000000000

static bool scan_exponent(number_scan *s, int64_t *exponent)
{
    bool negative = s->p < s->end && *s->p == '-';
    if (negative || (s->p < s->end && *s->p == '+'))
        s->p++;
    if (s->p == s->end || !br_is_digit(*s->p))
        return false;
    for (*exponent = 0; s->p < s->end && br_is_digit(*s->p); s->p++)
        if (*exponent < EXPONENT_MAX)
            *exponent = *exponent * 10 + (*s->p - '0');
    if (negative)
        *exponent = -*exponent;
    return true;
}

/* 19 digits fit uint64_t, and the magnitude of INT64_MIN is one more than that of INT64_MAX. */
static bool set_integer(br_json_number *out, const number_scan *s, bool negative)
{
    uint64_t limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
    if (s->count > DIGITS_MAX || s->digits > limit || (negative && s->digits == 0))
        return false;
    out->is_integer = out->is_short = true;
    if (negative)
        out->i = -(int64_t)(s->digits - 1) - 1;
    else
        out->i = (int64_t)s->digits;
    out->d = (double)out->i;
    return true;
}

static const char *const number_wrong = "a number is malformed";

#define SHORT_DIGITS UINT64_C(1000000000000000) /* numbers below have DBL_DIG digits at most */
#define SHORT_EXPONENT 280

static void finish_double(br_json_number *out, const br_decimal *d)
{
    bool near = d->exponent < SHORT_EXPONENT && d->exponent > -SHORT_EXPONENT;
    out->is_integer = false;
    out->is_short = !d->truncated && (d->digits == 0 || (d->digits < SHORT_DIGITS && near));
    out->i = 0;
    out->d = br_decimal_double(d);
}

/* What follows the integer part. r->p moves to the end of the number, or to where it is wrong. */
static bool read_fraction(br_json_reader *r, number_scan *s, br_decimal *d)
{
    if (s->p < s->end && *s->p == '.') {
        const char *point = s->p++;
        r->p = s->p;
        if (!scan_digits(s))
            return fail_at(r, number_wrong);
        d->exponent = -(int64_t)(s->p - point - 1);
    }
    d->text.n = (size_t)(s->p - d->text.p);
    if (s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
        s->p++;
        if (!scan_exponent(s, &d->written)) {
            r->p = s->p;
            return fail_at(r, number_wrong);
        }
    }
    d->exponent += d->written;
    d->truncated = too_many(s, d->text.p);
    d->digits = s->digits;
    return true;
}

/* Of one digit, as most indexes are; it must be clear that nothing belongs to it that follows. */
static inline bool take_digit(br_json_reader *r, br_json_number *out)
{
    const char *p = r->p;
    if (r->end - p < 2 || !br_is_digit(*p) || (p[1] != ',' && p[1] != '}' && p[1] != ']'))
        return false;
    int value = *p - '0';
    *out = (br_json_number){
        .is_integer = true, .is_whole = true, .i = value, .d = value, .text = {p, 1}};
    r->p++;
    return true;
}

bool br_json_number_value(br_json_reader *r, br_json_number *out)
{
    if (!at_token(r))
        return fail_at(r, "");
    if (take_digit(r, out))
        return true;
    const char *start = r->p;
    bool negative = *start == '-';
    number_scan s = {.p = start + negative, .end = r->end};
    const char *first = s.p;
    if (!scan_digits(&s)) {
        r->p = s.p;
        return fail_at(r, negative ? number_wrong : "expected a number");
    }
    if (*first == '0' && s.p - first > 1)
        return fail(r, "a number has a leading zero");
    bool whole = s.p == s.end || (*s.p != '.' && *s.p != 'e' && *s.p != 'E');
    if (!whole || !set_integer(out, &s, negative)) {
        br_decimal d = {.text = {first, 0}, .negative = negative};
        if (!read_fraction(r, &s, &d))
            return false;
        finish_double(out, &d);
    }
    out->is_whole = whole;
    out->text = (br_slice){start, (size_t)(s.p - start)};
    r->p = s.p;
    return true;
}

bool br_json_number_fits(const br_json_number *n)
{
    return n->is_integer || n->is_short || (isfinite(n->d) && br_decimal_is(n->text, n->d));
}

/* Strings */

/* The four digits at p, or -1. */
static int32_t hex4(const char *p, const char *end)
{
    if (end - p < 4)
        return -1;
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = br_hex_value(p[i]);
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

#define REPLACEMENT 0xFFFD /* stands for what is no character */

static size_t put_utf8(char *to, int32_t c)
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (char)(0xC0 | (c >> 6));
        to[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        to[0] = (char)(0xE0 | (c >> 12));
        to[1] = (char)(0x80 | ((c >> 6) & 0x3F));
        to[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    to[0] = (char)(0xF0 | (c >> 18));
    to[1] = (char)(0x80 | ((c >> 12) & 0x3F));
    to[2] = (char)(0x80 | ((c >> 6) & 0x3F));
    to[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

/* After the four digits of a first half: the second one, if its escape follows; else -1. */
static int32_t second_half(const br_json_reader *r)
{
    bool escape = r->end - r->p >= 10 && r->p[4] == '\\' && r->p[5] == 'u';
    int32_t low = escape ? hex4(r->p + 6, r->end) : -1;
    return low >= 0xDC00 && low <= 0xDFFF ? low : -1;
}

/* After "\u". Two escapes make one character above U+FFFF; a half alone is none. */
static bool read_unicode(br_json_reader *r, char *to, size_t *written)
{
    int32_t c = hex4(r->p, r->end);
    if (c < 0)
        return fail(r, "a \\u escape needs four hexadecimal digits");
    if (c >= 0xD800 && c <= 0xDFFF) {
        int32_t low = c <= 0xDBFF ? second_half(r) : -1;
        if (low >= 0) {
            c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
            r->p += 6;
        } else {
            r->halves++;
            c = r->keep_halves ? c : REPLACEMENT;
        }
    }
    r->p += 4;
    *written = put_utf8(to, c);
    return true;
}

/* After the backslash; at most four bytes. */
static bool read_escape(br_json_reader *r, char *to, size_t *written)
{
    static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    if (r->p == r->end)
        return fail_at(r, "");
    char c = *r->p;
    if (c == 'u') {
        r->p++;
        return read_unicode(r, to, written);
    }
    const char *at = c != '\0' ? strchr(names, c) : NULL;
    if (at == NULL)
        return fail(r, "a string has an unknown escape");
    r->p++;
    *to = meanings[at - names];
    *written = 1;
    return true;
}

static bool fail_in_string(br_json_reader *r)
{
    if (r->p < r->end && (unsigned char)*r->p >= 0x80)
        return fail(r, "a string is not valid UTF-8");
    return fail_at(r, "a string has a control character that must be escaped");
}

/* From the first backslash on; `run` is where the string starts, or the last escape ended. */
static bool read_escaped(br_json_reader *r, const char *run, br_slice *out)
{
    br_buf_clear(&r->scratch);
    for (;;) {
        size_t n = (size_t)(r->p - run), written = 0;
        char *to = br_buf_reserve(&r->scratch, n + 4);
        if (to == NULL)
            return fail(r, "a string is too long");
        memcpy(to, run, n);
        if (*r->p == '"') {
            br_buf_commit(&r->scratch, n);
            r->p++;
            *out = br_buf_slice(&r->scratch);
            return true;
        }
        r->p++;
        if (!read_escape(r, to + n, &written))
            return false;
        br_buf_commit(&r->scratch, n + written);
        run = r->p;
        r->p = br_json_skip_plain(run, r->end);
        if (r->p == r->end || (*r->p != '"' && *r->p != '\\'))
            return fail_in_string(r);
    }
}

/* r->p is where its plain beginning stops. */
static bool finish_string(br_json_reader *r, const char *start, br_slice *out)
{
    if (r->p == r->end || *r->p != '\\')
        return fail_in_string(r);
    return read_escaped(r, start, out);
}

static inline bool read_string(br_json_reader *r, br_slice *out)
{
    if (!at_token(r) || *r->p != '"')
        return fail_at(r, "expected a string");
    const char *start = r->p + 1;
    const char *stop = br_json_skip_plain(start, r->end);
    r->p = stop;
    if (stop == r->end || *stop != '"')
        return finish_string(r, start, out);
    r->p = stop + 1;
    *out = (br_slice){start, (size_t)(stop - start)};
    return true;
}

bool br_json_string(br_json_reader *r, br_slice *out)
{
    return read_string(r, out);
}

/* Containers */

static bool begin(br_json_reader *r, char bracket, const char *expected)
{
    if (!at_token(r) || *r->p != bracket)
        return fail_at(r, expected);
    if (r->depth == BR_JSON_DEPTH_MAX)
        return fail(r, "arrays and objects are nested too deeply");
    r->depth++;
    r->p++;
    return true;
}

/* As br_json_array_next. */
static inline int next(br_json_reader *r, bool first, char bracket, const char *expected)
{
    if (at_token(r)) {
        if (*r->p == bracket) {
            r->p++;
            r->depth--;
            return 0;
        }
        if (first)
            return 1;
        if (*r->p == ',') {
            r->p++;
            return 1;
        }
    }
    fail_at(r, expected);
    return -1;
}

bool br_json_array_begin(br_json_reader *r)
{
    return begin(r, '[', "expected an array");
}

int br_json_array_next(br_json_reader *r, bool first)
{
    return next(r, first, ']', "expected ',' or ']'");
}

bool br_json_object_begin(br_json_reader *r)
{
    return begin(r, '{', "expected an object");
}

int br_json_object_next(br_json_reader *r, bool first, br_slice *key)
{
    int more = next(r, first, '}', "expected ',' or '}'");
    if (more != 1)
        return more;
    if (!read_string(r, key))
        return -1;
    if (!at_token(r) || *r->p != ':') {
        fail_at(r, "expected ':'");
        return -1;
    }
    r->p++;
    return 1;
}

static bool skip_array(br_json_reader *r)
{
    int more = 0;
    if (!br_json_array_begin(r))
        return false;
    for (bool first = true; (more = br_json_array_next(r, first)) == 1; first = false)
        if (!br_json_skip(r))
            return false;
    return more == 0;
}

static bool skip_object(br_json_reader *r)
{
    br_slice key;
    int more = 0;
    if (!br_json_object_begin(r))
        return false;
    for (bool first = true; (more = br_json_object_next(r, first, &key)) == 1; first = false)
        if (!br_json_skip(r))
            return false;
    return more == 0;
}

bool br_json_skip(br_json_reader *r)
{
    bool flag;
    br_slice text;
    br_json_number number;
    switch (br_json_peek(r)) {
    case BR_JSON_NULL:
        return br_json_null(r);
    case BR_JSON_FALSE:
    case BR_JSON_TRUE:
        return br_json_bool(r, &flag);
    case BR_JSON_NUMBER:
        return br_json_number_value(r, &number);
    case BR_JSON_STRING:
        return br_json_string(r, &text);
    case BR_JSON_ARRAY:
        return skip_array(r);
    case BR_JSON_OBJECT:
        return skip_object(r);
    case BR_JSON_ERROR:
        break;
    }
    return false;
}

bool br_json_end(br_json_reader *r)
{
    if (r->error == NULL && at_token(r))
        fail(r, "there is more text after the value");
    return r->error == NULL;
}
