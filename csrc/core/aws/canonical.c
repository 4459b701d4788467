#include "core/aws/sigv4.h"
#include "core/base/hex.h"
#include "core/base/put.h"
#include "core/http/uri.h"

#include <string.h>

static bool is(br_slice name, br_slice wanted)
{
    return name.n == wanted.n && memcmp(name.p, wanted.p, name.n) == 0;
}

/* By the first letter, as every header of every request comes through here. */
static bool is_signed(br_slice n)
{
    switch (n.p[0]) {
    case 'a':
        return !is(n, BR_SLICE("accept-encoding")) && !is(n, BR_SLICE("authorization"));
    case 'b':
        return !is(n, BR_SLICE("baggage"));
    case 'c':
        return !is(n, BR_SLICE("connection")) && !is(n, BR_SLICE("content-length"));
    case 'e':
        return !is(n, BR_SLICE("expect"));
    case 'f':
        return !is(n, BR_SLICE("forwarded"));
    case 'k':
        return !is(n, BR_SLICE("keep-alive"));
    case 'p':
        return !br_slice_starts(n, "proxy-");
    case 't':
        return !is(n, BR_SLICE("te")) && !is(n, BR_SLICE("trailer")) &&
               !is(n, BR_SLICE("transfer-encoding")) && !is(n, BR_SLICE("traceparent")) &&
               !is(n, BR_SLICE("tracestate"));
    case 'u':
        return !is(n, BR_SLICE("upgrade")) && !is(n, BR_SLICE("user-agent"));
    case 'v':
        return !is(n, BR_SLICE("via"));
    case 'x':
        return !is(n, BR_SLICE("x-amzn-trace-id")) && !br_slice_starts(n, "x-forwarded-");
    default:
        return true;
    }
}

static int compare_names(br_slice a, br_slice b)
{
    if (a.p[0] != b.p[0])
        return (unsigned char)a.p[0] < (unsigned char)b.p[0] ? -1 : 1;
    int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

/* The signed headers in the order of their names; equal names keep the order of the list. */
typedef struct ordered {
    struct {
        br_slice name, value;
    } at[BR_HEADERS_MAX + 1];
    size_t count;
    size_t line_bytes; /* at most needed for the lines */
    size_t name_bytes; /* and for the names, with a separator each */
} ordered;

static void insert(ordered *o, br_slice name, br_slice value)
{
    size_t to = o->count++;
    while (to > 0 && compare_names(o->at[to - 1].name, name) > 0) {
        o->at[to] = o->at[to - 1];
        to--;
    }
    o->at[to].name = name;
    o->at[to].value = value;
    o->line_bytes += name.n + value.n + 2;
    o->name_bytes += name.n + 1;
}

static bool order_headers(ordered *o, const br_sign_input *in)
{
    static const br_slice token = {"x-amz-security-token", 20};
    const br_headers *h = in->headers;
    bool host = false, date = in->amz_date.n > 0, apart = in->session_token.n > 0;
    o->count = o->line_bytes = o->name_bytes = 0;
    for (size_t i = 0; i < h->count; i++) {
        br_slice name = br_headers_name(h, i);
        if (!is_signed(name) || (apart && is(name, token)))
            continue;
        host = host || is(name, BR_SLICE("host"));
        date = date || is(name, BR_SLICE("x-amz-date"));
        insert(o, name, br_headers_value(h, i));
    }
    if (apart)
        insert(o, token, in->session_token);
    return host && date;
}

static bool needs_collapse(br_slice value)
{
    if (value.n == 0 || memchr(value.p, '\t', value.n) != NULL)
        return value.n > 0;
    const char *p = value.p, *end = value.p + value.n;
    while ((p = memchr(p, ' ', (size_t)(end - p))) != NULL && ++p < end)
        if (*p == ' ')
            return true;
    return false;
}

static char *put_value(char *to, br_slice value)
{
    if (!needs_collapse(value))
        return br_put(to, value);
    bool after_blank = false;
    for (size_t i = 0; i < value.n; i++) {
        bool blank = value.p[i] == ' ' || value.p[i] == '\t';
        if (!blank)
            *to++ = value.p[i];
        else if (!after_blank)
            *to++ = ' ';
        after_blank = blank;
    }
    return to;
}

/* Writes "name:value,value\n" for each name, and the names joined with ';'. */
static void put_headers(const ordered *o, br_buf *lines, br_buf *names)
{
    char *line_start = br_buf_reserve(lines, o->line_bytes);
    char *name_start = br_buf_reserve(names, o->name_bytes);
    if (line_start == NULL || name_start == NULL)
        return;
    char *line = line_start, *list = name_start;
    br_slice last = {NULL, 0};
    for (size_t i = 0; i < o->count; i++) {
        br_slice name = o->at[i].name;
        if (i > 0 && is(name, last)) {
            line[-1] = ',';
        } else {
            line = br_put(line, name);
            *line++ = ':';
            if (i > 0)
                *list++ = ';';
            list = br_put(list, name);
        }
        line = put_value(line, o->at[i].value);
        *line++ = '\n';
        last = name;
    }
    br_buf_commit(lines, (size_t)(line - line_start));
    br_buf_commit(names, (size_t)(list - name_start));
}

static bool add_hash(br_digest *c, br_slice data, br_buf *out)
{
    uint8_t hash[BR_SHA256_SIZE];
    char *to = br_buf_reserve(out, BR_SHA256_HEX);
    if (to == NULL || !br_sha256(c, data, hash))
        return false;
    br_hex(to, hash, sizeof hash);
    br_buf_commit(out, BR_SHA256_HEX);
    return true;
}

bool br_canonical_request(br_digest *c, const br_sign_input *in, br_buf *out,
                          br_buf *signed_headers)
{
    ordered order;
    if (!order_headers(&order, in))
        return false;
    size_t names_at = signed_headers->len;
    br_buf_add_slice(out, in->method);
    br_buf_addc(out, '\n');
    br_uri_canonical_path(out, in->path, in->normalise_path, in->encode_path);
    br_buf_addc(out, '\n');
    br_uri_canonical_query(out, in->query);
    br_buf_addc(out, '\n');
    put_headers(&order, out, signed_headers);
    br_buf_addc(out, '\n');
    if (out->failed || signed_headers->failed)
        return false;
    br_buf_add(out, signed_headers->data + names_at, signed_headers->len - names_at);
    br_buf_addc(out, '\n');
    if (in->payload_hash.n > 0)
        br_buf_add_slice(out, in->payload_hash);
    else if (!add_hash(c, in->body, out))
        return false;
    return !out->failed;
}

bool br_signed_headers(const br_sign_input *in, br_buf *out)
{
    ordered order;
    br_slice last = {"", 0};
    if (!order_headers(&order, in))
        return false;
    for (size_t i = 0; i < order.count; i++) {
        br_slice name = order.at[i].name;
        if (i > 0 && is(name, last))
            continue;
        if (i > 0)
            br_buf_addc(out, ';');
        br_buf_add_slice(out, name);
        last = name;
    }
    return !out->failed;
}

bool br_string_to_sign(br_digest *c, const char *algorithm, br_slice amz_date, br_slice scope,
                       br_slice canonical_request, br_buf *out)
{
    br_slice name = br_slice_of(algorithm);
    uint8_t hash[BR_SHA256_SIZE];
    size_t length = name.n + amz_date.n + scope.n + 3 + BR_SHA256_HEX;
    char *to = br_buf_reserve(out, length);
    if (to == NULL || !br_sha256(c, canonical_request, hash))
        return false;
    to = br_putc(br_put(to, name), '\n');
    to = br_putc(br_put(to, amz_date), '\n');
    to = br_putc(br_put(to, scope), '\n');
    br_hex(to, hash, sizeof hash);
    br_buf_commit(out, length);
    return true;
}
