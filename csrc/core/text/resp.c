#include "core/text/resp.h"

#include <stdlib.h>

#define INTEGER_MAX (INT64_MAX / 100) /* stands for all above it */

struct br_resp {
    br_buf in;
    size_t at; /* where in it the next reply begins */
};

br_resp *br_resp_new(void)
{
    br_resp *r = calloc(1, sizeof *r);
    if (r != NULL)
        br_buf_init(&r->in, BR_RESP_REPLY_MAX);
    return r;
}

void br_resp_free(br_resp *r)
{
    if (r == NULL)
        return;
    br_buf_free(&r->in);
    free(r);
}

/* What was read goes, so that only the beginning of one reply is there. */
static void forget_read(br_resp *r)
{
    if (r->at == 0)
        return;
    memmove(r->in.data, r->in.data + r->at, r->in.len - r->at);
    r->in.len -= r->at;
    r->at = 0;
}

bool br_resp_feed(br_resp *r, br_slice bytes)
{
    forget_read(r);
    return br_buf_add_slice(&r->in, bytes);
}

/* The first line, with the byte that tells its type. */
static br_resp_state first_line(br_slice rest, br_slice *line)
{
    size_t n = rest.n < BR_RESP_LINE_MAX ? rest.n : BR_RESP_LINE_MAX;
    const char *end = memchr(rest.p, '\r', n);
    if (end == NULL)
        return n < BR_RESP_LINE_MAX ? BR_RESP_MORE : BR_RESP_BAD;
    *line = (br_slice){rest.p, (size_t)(end - rest.p)};
    if (line->n + 1 == rest.n)
        return BR_RESP_MORE;
    return line->n > 0 && end[1] == '\n' ? BR_RESP_GOT : BR_RESP_BAD;
}

static br_resp_state read_integer(br_slice digits, br_resp_reply *out)
{
    bool negative = digits.n > 0 && digits.p[0] == '-';
    if (negative)
        digits = (br_slice){digits.p + 1, digits.n - 1};
    int64_t value = br_slice_number(digits, INTEGER_MAX);
    *out = (br_resp_reply){.type = BR_RESP_INTEGER, .integer = negative ? -value : value};
    return value >= 0 ? BR_RESP_GOT : BR_RESP_BAD;
}

/* Of `rest`, whose first line takes up `begin` bytes with its end. *used is set with GOT. */
static br_resp_state read_text(br_slice rest, br_slice length, size_t begin, br_resp_reply *out,
                               size_t *used)
{
    int64_t n = br_slice_number(length, BR_RESP_REPLY_MAX);
    if (br_slice_eqs(length, "-1")) {
        *out = (br_resp_reply){.type = BR_RESP_NIL};
        return BR_RESP_GOT;
    }
    if (n < 0 || begin + (size_t)n + 2 > BR_RESP_REPLY_MAX)
        return BR_RESP_BAD;
    if (rest.n < begin + (size_t)n + 2)
        return BR_RESP_MORE;
    *out = (br_resp_reply){.type = BR_RESP_TEXT, .text = {rest.p + begin, (size_t)n}};
    *used = begin + (size_t)n + 2;
    return memcmp(rest.p + *used - 2, "\r\n", 2) == 0 ? BR_RESP_GOT : BR_RESP_BAD;
}

static br_resp_state read_reply(br_slice rest, br_resp_reply *out, size_t *used)
{
    br_slice line;
    br_resp_state state = first_line(rest, &line);
    if (state != BR_RESP_GOT)
        return state;
    br_slice said = {line.p + 1, line.n - 1};
    *used = line.n + 2;
    switch (line.p[0]) {
    case '+':
    case '-':
        *out = (br_resp_reply){.type = line.p[0] == '+' ? BR_RESP_STATUS : BR_RESP_ERROR,
                               .text = said};
        return BR_RESP_GOT;
    case ':':
        return read_integer(said, out);
    case '$':
        return read_text(rest, said, line.n + 2, out, used);
    default:
        return BR_RESP_BAD;
    }
}

br_resp_state br_resp_next(br_resp *r, br_resp_reply *out)
{
    size_t used = 0;
    br_slice all = br_buf_slice(&r->in);
    if (r->at == all.n)
        return BR_RESP_MORE;
    br_resp_state state = read_reply((br_slice){all.p + r->at, all.n - r->at}, out, &used);
    if (state == BR_RESP_GOT)
        r->at += used;
    return state;
}

bool br_resp_add_command(br_buf *out, const br_slice *words, size_t count)
{
    br_buf_addf(out, "*%zu\r\n", count);
    for (size_t i = 0; i < count; i++) {
        br_buf_addf(out, "$%zu\r\n", words[i].n);
        br_buf_add_slice(out, words[i]);
        br_buf_adds(out, "\r\n");
    }
    return !out->failed;
}
