#include "core/base/ascii.h"
#include "core/text/json_reader.h"
#include "core/text/json_scan.h"

bool br_json_fail(br_json_reader *r, const char *error)
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

bool br_json_fail_at(br_json_reader *r, const char *error)
{
    return br_json_fail(r, r->p < r->end ? error : "unexpected end of the text");
}

const uint8_t br_json_types[256] = {
    ['n'] = BR_JSON_NULL,   ['f'] = BR_JSON_FALSE,  ['t'] = BR_JSON_TRUE,   ['-'] = BR_JSON_NUMBER,
    ['0'] = BR_JSON_NUMBER, ['1'] = BR_JSON_NUMBER, ['2'] = BR_JSON_NUMBER, ['3'] = BR_JSON_NUMBER,
    ['4'] = BR_JSON_NUMBER, ['5'] = BR_JSON_NUMBER, ['6'] = BR_JSON_NUMBER, ['7'] = BR_JSON_NUMBER,
    ['8'] = BR_JSON_NUMBER, ['9'] = BR_JSON_NUMBER, ['"'] = BR_JSON_STRING, ['['] = BR_JSON_ARRAY,
    ['{'] = BR_JSON_OBJECT,
};

br_json_type br_json_peek_on(br_json_reader *r)
{
    unsigned type = br_json_at_token(r) ? br_json_types[(unsigned char)*r->p] : BR_JSON_ERROR;
    if (type == BR_JSON_ERROR)
        br_json_fail_at(r, "expected a value");
    return (br_json_type)type;
}

static bool take_word(br_json_reader *r, const char *word, size_t n)
{
    if (!br_json_at_token(r) || (size_t)(r->end - r->p) < n || memcmp(r->p, word, n) != 0)
        return false;
    r->p += n;
    return true;
}

bool br_json_null(br_json_reader *r)
{
    return take_word(r, "null", 4) || br_json_fail_at(r, "expected null");
}

bool br_json_bool(br_json_reader *r, bool *value)
{
    *value = take_word(r, "true", 4);
    return *value || take_word(r, "false", 5) || br_json_fail_at(r, "expected true or false");
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
        return br_json_fail(r, "a \\u escape needs four hexadecimal digits");
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

/* What the letter after a backslash stands for; 0: nothing. */
static inline char meaning(char letter)
{
    switch (letter) {
    case '"':
    case '\\':
    case '/':
        return letter;
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return 0;
    }
}

/* After the backslash; at most four bytes, and fewer than are read. */
static inline bool read_escape(br_json_reader *r, char *to, size_t *written)
{
    if (r->p == r->end)
        return br_json_fail_at(r, "");
    char c = *r->p;
    if (c == 'u') {
        r->p++;
        return read_unicode(r, to, written);
    }
    *to = meaning(c);
    if (*to == 0)
        return br_json_fail(r, "a string has an unknown escape");
    r->p++;
    *written = 1;
    return true;
}

static bool fail_in_string(br_json_reader *r)
{
    if (r->p < r->end && (unsigned char)*r->p >= 0x80)
        return br_json_fail(r, "a string is not valid UTF-8");
    return br_json_fail_at(r, "a string has a control character that must be escaped");
}

/*
** Where the string goes that starts there: no string is longer than the text that holds it, so one block
** does for all that follow. The rest of a block that is too large is memory that nobody touches.
*/
static char *scratch_for(br_json_reader *r, const char *start)
{
    size_t rest = (size_t)(r->end - start);
    br_buf_clear(&r->scratch);
    return br_buf_reserve(&r->scratch, rest < BR_JSON_STRING_MAX ? rest : BR_JSON_STRING_MAX);
}

/* From the first backslash on; `run` is where the string starts, or the last escape ended. */
static bool read_escaped(br_json_reader *r, const char *run, br_slice *out)
{
    char *to = scratch_for(r, run);
    size_t room = BR_JSON_STRING_MAX;
    for (;;) {
        size_t n = (size_t)(r->p - run), written = 0;
        if (to == NULL || n + 4 > room)
            return br_json_fail(r, "a string is too long");
        memcpy(to, run, n);
        to += n;
        if (*r->p++ == '"')
            break;
        if (!read_escape(r, to, &written))
            return false;
        to += written;
        room -= n + written;
        run = r->p;
        r->p = br_json_skip_plain(run, r->end);
        if (r->p == r->end || (*r->p != '"' && *r->p != '\\'))
            return fail_in_string(r);
    }
    br_buf_commit(&r->scratch, (size_t)(to - r->scratch.data));
    *out = br_buf_slice(&r->scratch);
    return true;
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
    if (!br_json_at_token(r) || *r->p != '"')
        return br_json_fail_at(r, "expected a string");
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
    if (!br_json_at_token(r) || *r->p != bracket)
        return br_json_fail_at(r, expected);
    if (r->depth == BR_JSON_DEPTH_MAX)
        return br_json_fail(r, "arrays and objects are nested too deeply");
    r->depth++;
    r->p++;
    return true;
}

/* As br_json_array_next. */
static inline int next(br_json_reader *r, bool first, char bracket, const char *expected)
{
    if (br_json_at_token(r)) {
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
    br_json_fail_at(r, expected);
    return -1;
}

bool br_json_array_begin(br_json_reader *r)
{
    return begin(r, '[', "expected an array");
}

int br_json_array_next_on(br_json_reader *r, bool first)
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
    if (!br_json_at_token(r) || *r->p != ':') {
        br_json_fail_at(r, "expected ':'");
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
    if (r->error == NULL && br_json_at_token(r))
        br_json_fail(r, "there is more text after the value");
    return r->error == NULL;
}
