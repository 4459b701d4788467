/*
** JSON (RFC 8259): a writer onto a br_buf and a strict pull reader over one text in memory. The
** reader allocates only for strings with escapes. No Lua here: the codec walks Lua values or
** shapes and calls these.
*/
#ifndef BR_CORE_TEXT_JSON_H
#define BR_CORE_TEXT_JSON_H

#include <string.h>

#include "core/base/buffer.h"

/* Nesting of arrays and objects that the reader accepts, and of tables that are written. */
#define BR_JSON_DEPTH_MAX 200
#define BR_JSON_STRING_MAX ((size_t)256 * 1024 * 1024)

/* Writer: stateless appends; commas and colons are the caller's. Failure is the buffer's. */

/*
** Quoted and escaped ("/" is not escaped; DEL is not). false and nothing added if text is not valid
** UTF-8 (surrogates and overlong forms included).
*/
bool br_json_write_string(br_buf *out, br_slice text);
void br_json_write_int(br_buf *out, int64_t value);
/* Shortest form that reads back the same, whatever the locale; false for NaN and infinities. */
bool br_json_write_double(br_buf *out, double value);

/*
** Reader. The first error is sticky: every later call fails. All slices given out stay valid until
** the next string with escapes is read (scratch) or the text goes away.
*/
typedef enum br_json_type {
    BR_JSON_ERROR = 0,
    BR_JSON_NULL,
    BR_JSON_FALSE,
    BR_JSON_TRUE,
    BR_JSON_NUMBER,
    BR_JSON_STRING,
    BR_JSON_ARRAY,
    BR_JSON_OBJECT
} br_json_type;

typedef struct br_json_reader {
    const char *start, *p, *end;
    const char *error; /* static text, NULL while all is well */
    unsigned depth;
    bool keep_halves; /* set after init; see br_json_string */
    size_t halves;    /* escapes met that are half of a surrogate pair, without the other half */
    br_buf scratch;   /* unescaped strings */
} br_json_reader;

typedef struct br_json_number {
    bool is_integer; /* written without fraction and exponent, and within int64 ("-0" is not) */
    bool is_whole;   /* written without fraction and exponent */
    bool is_short;   /* of 15 digits at most and far from the ends of a double's range, or zero */
    int64_t i;       /* valid if is_integer */
    double d;        /* nearest double, locale-independent; HUGE_VAL beyond the range */
    br_slice text;   /* as written */
} br_json_number;

void br_json_reader_init(br_json_reader *r, br_slice text);
void br_json_reader_free(br_json_reader *r);

/* The type of the value that begins with that byte, or BR_JSON_ERROR. */
extern const uint8_t br_json_types[256];
/* The slow way of br_json_peek: white space, or an error. */
br_json_type br_json_peek_on(br_json_reader *r);

/* What comes next, without consuming it. */
static inline br_json_type br_json_peek(br_json_reader *r)
{
    unsigned type = r->p < r->end ? br_json_types[(unsigned char)*r->p] : BR_JSON_ERROR;
    return type != BR_JSON_ERROR ? (br_json_type)type : br_json_peek_on(r);
}

/* Each consumes one value of that type. */
bool br_json_null(br_json_reader *r);
bool br_json_bool(br_json_reader *r, bool *value);
bool br_json_number_value(br_json_reader *r, br_json_number *out);
/* Whether i, or else the shortest form of d, has exactly the value that was written. */
bool br_json_number_fits(const br_json_number *n);
/*
** Unescaped, valid UTF-8; may hold NUL. An escape that is half of a surrogate pair, without the
** other half next to it, is U+FFFD: services cut texts between the halves. With keep_halves it is
** the three bytes that UTF-8 would have for it (ED A0 80 to ED BF BF), which is not valid UTF-8 and
** for br_utf8_join_halves alone.
*/
bool br_json_string(br_json_reader *r, br_slice *out);
bool br_json_skip(br_json_reader *r); /* any value, fully checked */

/*
** Containers: begin, then next until it gives 0, which consumes the closing bracket.
** next: 1 = an element (or key) is there, 0 = end, -1 = error.
** Duplicate keys are given out as they come.
*/
bool br_json_array_begin(br_json_reader *r);
/* The slow way of br_json_array_next: all but a comma that follows a value at once. */
int br_json_array_next_on(br_json_reader *r, bool first);

static inline int br_json_array_next(br_json_reader *r, bool first)
{
    if (first || r->p == r->end || *r->p != ',')
        return br_json_array_next_on(r, first);
    r->p++;
    return 1;
}

bool br_json_object_begin(br_json_reader *r);
int br_json_object_next(br_json_reader *r, bool first, br_slice *key);

/* A short way for the end of an object, in place of next; false: next tells what comes. */
static inline bool br_json_object_ends(br_json_reader *r)
{
    bool ends = r->p < r->end && *r->p == '}';
    r->p += ends;
    r->depth -= ends;
    return ends;
}

/*
** A short way for keys that are guessed, in place of next. ahead: where the bytes of the next one begin, or
** NULL if no key comes at once. take: takes it if it is that one, whose name needs no escapes; false: next
** tells what it is.
*/
static inline const char *br_json_key_ahead(const br_json_reader *r, bool first)
{
    if (r->end - r->p < 3 || (!first && *r->p != ','))
        return NULL;
    const char *p = first ? r->p : r->p + 1;
    return *p == '"' ? p + 1 : NULL;
}

static inline bool br_json_key_take(br_json_reader *r, const char *key, br_slice name)
{
    if (*key != *name.p || (size_t)(r->end - key) < name.n + 2 || key[name.n] != '"' ||
        key[name.n + 1] != ':' || memcmp(key, name.p, name.n) != 0)
        return false;
    r->p = key + name.n + 2;
    return true;
}

/* True when nothing but white space is left; else sets the error. */
bool br_json_end(br_json_reader *r);
size_t br_json_offset(const br_json_reader *r); /* byte offset of the next unread byte */

#endif
