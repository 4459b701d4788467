#include "core/text/base64.h"
#include "core/x509/internal.h"

#include <string.h>

#define BEGIN "-----BEGIN "
#define END "-----END "
#define DASHES "-----"

/* Length of the line end at i: CRLF, CR or LF, as bytes or written out with backslashes. */
static size_t line_end(br_slice text, size_t i)
{
    static const char *const ends[] = {"\r\n", "\r", "\n", "\\r\\n", "\\n"};
    br_slice rest = {text.p + i, text.n - i};
    for (size_t k = 0; k < sizeof ends / sizeof ends[0]; k++)
        if (br_slice_starts(rest, ends[k]))
            return strlen(ends[k]);
    return 0;
}

void br_pem_normalise(br_buf *out, br_slice text)
{
    char *start = br_buf_reserve(out, text.n), *to = start;
    if (start == NULL)
        return;
    for (size_t i = 0; i < text.n;) {
        char c = text.p[i];
        size_t end = c == '\r' || c == '\n' || c == '\\' ? line_end(text, i) : 0;
        *to++ = end > 0 ? '\n' : c;
        i += end > 0 ? end : 1;
    }
    br_buf_commit(out, (size_t)(to - start));
}

/* Where `wanted` begins in the text, or its length. */
static size_t find(br_slice text, br_slice wanted)
{
    const char *p = text.p, *end = text.p + text.n;
    while (wanted.n <= (size_t)(end - p) &&
           (p = memchr(p, wanted.p[0], (size_t)(end - p) - wanted.n + 1)) != NULL) {
        if (memcmp(p, wanted.p, wanted.n) == 0)
            return (size_t)(p - text.p);
        p++;
    }
    return text.n;
}

static br_slice after(br_slice text, size_t n)
{
    return (br_slice){text.p + n, text.n - n};
}

bool br_pem_is_text(br_slice normalised)
{
    return normalised.n > 0 && find(normalised, BR_SLICE(BEGIN)) < normalised.n;
}

bool br_x509_is_utf16(br_slice text)
{
    static const char begin[] = "-\0-\0-\0-\0-\0B\0E"; /* of either order of bytes */
    if (br_slice_starts(text, "\xff\xfe") || br_slice_starts(text, "\xfe\xff"))
        return true;
    return text.n > 0 && find(text, (br_slice){begin, sizeof begin - 1}) < text.n;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

static br_slice skip_space(br_slice text)
{
    while (text.n > 0 && is_space(text.p[0]))
        text = after(text, 1);
    return text;
}

/* RFC 1421 headers end at an empty line; a colon never occurs in base64. */
static void split_headers(br_pem_block *block)
{
    block->body = skip_space(block->body);
    block->headers = (br_slice){block->body.p, 0};
    if (find(block->body, BR_SLICE(":")) == block->body.n)
        return;
    size_t end = find(block->body, BR_SLICE("\n\n"));
    if (end == block->body.n)
        return;
    block->headers = (br_slice){block->body.p, end + 1};
    block->body = after(block->body, end + 2);
}

/* Length of "-----END label-----" at the start of the text; 0: something else is there. */
static size_t end_line(br_slice text, br_slice label)
{
    size_t n = sizeof END - 1 + label.n + sizeof DASHES - 1;
    bool is_end = text.n >= n && br_slice_starts(text, END) &&
                  memcmp(text.p + sizeof END - 1, label.p, label.n) == 0 &&
                  br_slice_starts(after(text, sizeof END - 1 + label.n), DASHES);
    return is_end ? n : 0;
}

int br_pem_next(br_slice *rest, br_pem_block *out)
{
    size_t begin = rest->n > 0 ? find(*rest, BR_SLICE(BEGIN)) : rest->n;
    if (begin == rest->n)
        return 0;
    br_slice text = after(*rest, begin + sizeof BEGIN - 1);
    size_t label_end = find(text, BR_SLICE(DASHES));
    out->label = (br_slice){text.p, label_end};
    if (label_end == text.n)
        return -1;
    text = after(text, label_end + sizeof DASHES - 1);
    size_t body_end = find(text, BR_SLICE(DASHES));
    size_t end = end_line(after(text, body_end), out->label);
    if (end == 0)
        return -1;
    out->body = (br_slice){text.p, body_end};
    *rest = after(text, body_end + end);
    split_headers(out);
    return 1;
}

bool br_pem_decode(br_buf *out, br_slice body)
{
    br_buf packed;
    br_buf_init_secret(&packed, BR_PEM_INPUT_MAX);
    char *start = br_buf_reserve(&packed, body.n), *to = start;
    if (start == NULL)
        return false;
    for (size_t i = 0; i < body.n; i++)
        if (!is_space(body.p[i]))
            *to++ = body.p[i];
    br_buf_commit(&packed, (size_t)(to - start));
    bool ok = packed.len > 0 && br_base64_decode(out, br_buf_slice(&packed));
    br_buf_free(&packed);
    return ok;
}
