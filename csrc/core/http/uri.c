#include "core/http/uri.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/ascii.h"

#define SHORT 256

static const bool unreserved[256] = {
    ['-'] = true, ['.'] = true, ['_'] = true, ['~'] = true, ['0'] = true, ['1'] = true,
    ['2'] = true, ['3'] = true, ['4'] = true, ['5'] = true, ['6'] = true, ['7'] = true,
    ['8'] = true, ['9'] = true, ['A'] = true, ['B'] = true, ['C'] = true, ['D'] = true,
    ['E'] = true, ['F'] = true, ['G'] = true, ['H'] = true, ['I'] = true, ['J'] = true,
    ['K'] = true, ['L'] = true, ['M'] = true, ['N'] = true, ['O'] = true, ['P'] = true,
    ['Q'] = true, ['R'] = true, ['S'] = true, ['T'] = true, ['U'] = true, ['V'] = true,
    ['W'] = true, ['X'] = true, ['Y'] = true, ['Z'] = true, ['a'] = true, ['b'] = true,
    ['c'] = true, ['d'] = true, ['e'] = true, ['f'] = true, ['g'] = true, ['h'] = true,
    ['i'] = true, ['j'] = true, ['k'] = true, ['l'] = true, ['m'] = true, ['n'] = true,
    ['o'] = true, ['p'] = true, ['q'] = true, ['r'] = true, ['s'] = true, ['t'] = true,
    ['u'] = true, ['v'] = true, ['w'] = true, ['x'] = true, ['y'] = true, ['z'] = true,
};

static size_t encoded_length(br_slice text, bool keep_slash)
{
    size_t length = text.n;
    for (size_t i = 0; i < text.n; i++)
        if (!unreserved[(unsigned char)text.p[i]] && !(keep_slash && text.p[i] == '/'))
            length += 2;
    return length;
}

/* What is short gets room for the worst, and is looked at once. */
static size_t room_for(const br_buf *out, br_slice text, bool keep_slash)
{
    bool roomy = text.n <= SHORT && text.n * 3 <= out->max - out->len;
    return roomy ? text.n * 3 : encoded_length(text, keep_slash);
}

void br_uri_encode(br_buf *out, br_slice text, bool keep_slash)
{
    static const char hex[] = "0123456789ABCDEF";
    if (text.n > SIZE_MAX / 3)
        out->failed = true;
    if (text.n == 0 || out->failed)
        return;
    char *start = br_buf_reserve(out, room_for(out, text, keep_slash)), *to = start;
    if (to == NULL)
        return;
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (unreserved[c] || (keep_slash && c == '/')) {
            *to++ = (char)c;
        } else {
            *to++ = '%';
            *to++ = hex[c >> 4];
            *to++ = hex[c & 15];
        }
    }
    br_buf_commit(out, (size_t)(to - start));
}

/* The part before the first `separator`, which is consumed; all if there is none. */
static br_slice take_until(br_slice *rest, char separator, bool *found)
{
    const char *at = rest->n > 0 ? memchr(rest->p, separator, rest->n) : NULL;
    br_slice part = *rest;
    *found = at != NULL;
    if (at != NULL)
        part.n = (size_t)(at - rest->p);
    size_t used = part.n + (at != NULL ? 1 : 0);
    *rest = (br_slice){used > 0 ? rest->p + used : rest->p, rest->n - used};
    return part;
}

/* "." and "..", plain or, `escaped`, with dots written as %2e. */
static bool is_dot_segment(br_slice segment, bool escaped)
{
    size_t dots = 0, i = 0;
    for (; i < segment.n; dots++) {
        br_slice three = {segment.p + i, 3};
        if (segment.p[i] == '.')
            i += 1;
        else if (escaped && segment.n - i >= 3 && br_slice_eq_nocase(three, BR_SLICE("%2e")))
            i += 3;
        else
            return false;
    }
    return dots == 1 || dots == 2;
}

bool br_uri_has_dot_segment(br_slice path, bool escaped)
{
    for (;;) {
        bool more;
        if (is_dot_segment(take_until(&path, '/', &more), escaped))
            return true;
        if (!more)
            return false;
    }
}

static void add_path(br_buf *out, br_slice path, bool encode)
{
    if (encode)
        br_uri_encode(out, path, true);
    else
        br_buf_add_slice(out, path);
}

static void drop_segment(br_buf *out, size_t start)
{
    size_t len = out->len;
    while (len > start && out->data[len - 1] != '/')
        len--;
    if (len > start) {
        out->len = len - 1;
        out->data[out->len] = '\0';
    }
}

/* A final slash stays, a final ".." or "." leaves none, as in AWS's own signers. */
static void add_normalised(br_buf *out, br_slice path, bool encode)
{
    size_t start = out->len;
    bool final_slash = path.n > 0 && path.p[path.n - 1] == '/', more = path.n > 0;
    while (more) {
        br_slice segment = take_until(&path, '/', &more);
        if (br_slice_eqs(segment, "..")) {
            drop_segment(out, start);
        } else if (segment.n > 0 && !br_slice_eqs(segment, ".")) {
            br_buf_addc(out, '/');
            add_path(out, segment, encode);
        }
    }
    if (final_slash || out->len == start)
        br_buf_addc(out, '/');
}

/* Surely so: after each slash comes neither another one nor a dot. */
static bool is_normal(br_slice path)
{
    const char *at = path.p, *end = path.p + path.n;
    if (path.p[0] != '/')
        return false;
    while (at != NULL && ++at < end) {
        if (*at == '/' || *at == '.')
            return false;
        at = memchr(at, '/', (size_t)(end - at));
    }
    return true;
}

void br_uri_canonical_path(br_buf *out, br_slice path, bool normalise, bool encode)
{
    if (path.n == 0)
        br_buf_addc(out, '/');
    else if (normalise && !is_normal(path))
        add_normalised(out, path, encode);
    else
        add_path(out, path, encode);
}

/* One pair of a query, encoded. Offsets until all pairs are written, as the buffer moves. */
typedef struct query_pair {
    size_t at;
    br_slice name, value;
} query_pair;

static int compare_bytes(br_slice a, br_slice b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n > 0 ? memcmp(a.p, b.p, n) : 0;
    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

static int compare_pairs(const void *left, const void *right)
{
    const query_pair *a = left, *b = right;
    int order = compare_bytes(a->name, b->name);
    return order != 0 ? order : compare_bytes(a->value, b->value);
}

/* A '%' that begins no escape stands for itself; a '+', too, but in a form. */
static size_t encode_decoded(br_buf *out, br_slice text, bool form)
{
    size_t start = out->len;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '+' && form) {
            c = ' ';
        } else if (c == '%' && text.n - i > 2) {
            int high = br_hex_value(text.p[i + 1]), low = br_hex_value(text.p[i + 2]);
            if (high >= 0 && low >= 0) {
                c = (char)(high * 16 + low);
                i += 2;
            }
        }
        br_uri_encode(out, (br_slice){&c, 1}, false);
    }
    return out->len - start;
}

static size_t collect_pairs(br_slice query, query_pair *pairs, br_buf *text)
{
    size_t count = 0;
    for (bool more = true; more;) {
        br_slice value = take_until(&query, '&', &more);
        if (value.n == 0)
            continue;
        if (count == BR_QUERY_PAIRS_MAX) {
            text->failed = true;
            return 0;
        }
        bool has_value;
        br_slice name = take_until(&value, '=', &has_value);
        query_pair *pair = &pairs[count++];
        pair->at = text->len;
        pair->name.n = encode_decoded(text, name, false);
        pair->value.n = encode_decoded(text, value, false);
    }
    return count;
}

void br_uri_encode_query(br_buf *out, br_slice query)
{
    size_t start = out->len;
    for (bool more = query.n > 0; more;) {
        br_slice value = take_until(&query, '&', &more);
        if (value.n == 0)
            continue;
        bool has_value;
        br_slice name = take_until(&value, '=', &has_value);
        if (out->len > start)
            br_buf_addc(out, '&');
        encode_decoded(out, name, true);
        br_buf_addc(out, '=');
        encode_decoded(out, value, true);
    }
}

static void add_sorted(br_buf *out, query_pair *pairs, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++) {
        pairs[i].name.p = text + pairs[i].at;
        pairs[i].value.p = pairs[i].name.p + pairs[i].name.n;
    }
    qsort(pairs, count, sizeof(*pairs), compare_pairs);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            br_buf_addc(out, '&');
        br_buf_add_slice(out, pairs[i].name);
        br_buf_addc(out, '=');
        br_buf_add_slice(out, pairs[i].value);
    }
}

static size_t pairs_at_most(br_slice query)
{
    size_t count = 1;
    for (size_t i = 0; i < query.n && count < BR_QUERY_PAIRS_MAX; i++)
        count += query.p[i] == '&';
    return count;
}

void br_uri_canonical_query(br_buf *out, br_slice query)
{
    if (query.n == 0)
        return;
    query_pair *pairs = calloc(pairs_at_most(query), sizeof(*pairs));
    br_buf text;
    br_buf_init(&text, out->max);
    size_t count = pairs != NULL ? collect_pairs(query, pairs, &text) : 0;
    if (pairs == NULL || text.failed)
        out->failed = true;
    else
        add_sorted(out, pairs, count, br_buf_slice(&text).p);
    br_buf_free(&text);
    free(pairs);
}
