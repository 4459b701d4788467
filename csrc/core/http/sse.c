#include "core/http/sse.h"

#include <stdlib.h>
#include <string.h>

struct br_sse_decoder {
    br_slice piece;
    br_buf line; /* one whose end did not come yet; of a comment, only the colon */
    br_buf data; /* each line with an LF after it */
    br_buf type, id;
    int32_t retry;
    bool begun;    /* a byte order mark can no longer come */
    bool after_cr; /* an LF that comes now ends no line of its own */
    bool in_event; /* a field came since the last blank line */
    bool given;    /* data and type were given out */
    const char *broken;
};

br_sse_decoder *br_sse_decoder_new(void)
{
    br_sse_decoder *d = calloc(1, sizeof *d);
    if (d == NULL)
        return NULL;
    br_buf_init(&d->line, BR_SSE_EVENT_MAX);
    br_buf_init(&d->data, BR_SSE_EVENT_MAX);
    br_buf_init(&d->type, BR_SSE_EVENT_MAX);
    br_buf_init(&d->id, BR_SSE_ID_MAX);
    d->retry = -1;
    return d;
}

static void drop(br_sse_decoder *d)
{
    br_buf_free(&d->line);
    br_buf_free(&d->data);
    br_buf_free(&d->type);
    br_buf_free(&d->id);
    d->piece = (br_slice){NULL, 0};
}

void br_sse_decoder_free(br_sse_decoder *d)
{
    if (d != NULL)
        drop(d);
    free(d);
}

bool br_sse_feed(br_sse_decoder *d, br_slice bytes)
{
    if (d->broken != NULL || d->piece.n > 0)
        return false;
    d->piece = bytes;
    return true;
}

static bool is_comment(br_slice line)
{
    return line.n > 0 && line.p[0] == ':';
}

bool br_sse_at_boundary(const br_sse_decoder *d)
{
    return d->broken == NULL && d->piece.n == 0 && !d->in_event &&
           (d->line.len == 0 || is_comment(br_buf_slice(&d->line)));
}

static void advance(br_sse_decoder *d, size_t n)
{
    if (n > 0)
        d->piece = (br_slice){d->piece.p + n, d->piece.n - n};
}

static bool make_room(br_sse_decoder *d, size_t n)
{
    size_t held = d->line.len + d->data.len + d->type.len + d->id.len;
    if (held > BR_SSE_EVENT_MAX || n > BR_SSE_EVENT_MAX - held)
        d->broken = "an event is larger than 24 MiB";
    return d->broken == NULL;
}

static void add(br_sse_decoder *d, br_buf *to, br_slice bytes)
{
    if (!br_buf_add_slice(to, bytes))
        d->broken = "out of memory";
}

/* Nothing is kept of a comment but that it is one. */
static void hold(br_sse_decoder *d, br_slice bytes)
{
    if (is_comment(br_buf_slice(&d->line)))
        return;
    if (d->line.len == 0 && is_comment(bytes))
        bytes.n = 1;
    if (make_room(d, bytes.n))
        add(d, &d->line, bytes);
}

static size_t length_of_line(br_slice bytes)
{
    size_t n = 0;
    while (n < bytes.n && bytes.p[n] != '\n' && bytes.p[n] != '\r')
        n++;
    return n;
}

static void skip_lf(br_sse_decoder *d)
{
    if (d->piece.n == 0)
        return;
    if (d->after_cr && d->piece.p[0] == '\n')
        advance(d, 1);
    d->after_cr = false;
}

/* The next whole line, where it lies; false: its end is not there yet, or the stream is broken. */
static bool next_line(br_sse_decoder *d, br_slice *line)
{
    skip_lf(d);
    *line = (br_slice){d->piece.p, length_of_line(d->piece)};
    bool whole = line->n < d->piece.n;
    d->after_cr |= whole && d->piece.p[line->n] == '\r';
    advance(d, line->n + whole);
    if (whole && d->line.len == 0)
        return is_comment(*line) || make_room(d, line->n);
    hold(d, *line);
    *line = br_buf_slice(&d->line);
    return whole && d->broken == NULL;
}

static void skip_mark(br_sse_decoder *d, br_slice *line)
{
    if (!d->begun && br_slice_starts(*line, "\xEF\xBB\xBF"))
        *line = (br_slice){line->p + 3, line->n - 3};
    d->begun = true;
}

static void set_id(br_sse_decoder *d, br_slice value)
{
    if (value.n > 0 && memchr(value.p, '\0', value.n) != NULL)
        return;
    br_buf_clear(&d->id);
    if (value.n > BR_SSE_ID_MAX)
        d->broken = "the id of an event is longer than 1024 bytes";
    else
        add(d, &d->id, value);
}

static void set_retry(br_sse_decoder *d, br_slice value)
{
    int64_t ms = br_slice_number(value, BR_SSE_RETRY_MAX);
    if (ms >= 0)
        d->retry = (int32_t)ms;
}

static void set_field(br_sse_decoder *d, br_slice name, br_slice value)
{
    if (br_slice_eqs(name, "data")) {
        add(d, &d->data, value);
        add(d, &d->data, BR_SLICE("\n"));
    } else if (br_slice_eqs(name, "event")) {
        br_buf_clear(&d->type);
        add(d, &d->type, value);
    } else if (br_slice_eqs(name, "id")) {
        set_id(d, value);
    } else if (br_slice_eqs(name, "retry")) {
        set_retry(d, value);
    }
}

static void read_field(br_sse_decoder *d, br_slice line)
{
    const char *colon = memchr(line.p, ':', line.n);
    br_slice name = line, value = {"", 0};
    if (colon != NULL) {
        name.n = (size_t)(colon - line.p);
        value = (br_slice){colon + 1, line.n - name.n - 1};
    }
    if (value.n > 0 && value.p[0] == ' ')
        value = (br_slice){value.p + 1, value.n - 1};
    d->in_event = true;
    set_field(d, name, value);
}

/* At a blank line: false if there is no event without data. */
static bool dispatch(br_sse_decoder *d, br_sse_event *e)
{
    d->in_event = false;
    d->given = true;
    if (d->data.len == 0)
        return false;
    e->data = (br_slice){d->data.data, d->data.len - 1};
    e->type = d->type.len > 0 ? br_buf_slice(&d->type) : BR_SLICE("message");
    e->id = br_buf_slice(&d->id);
    e->retry = d->retry;
    return true;
}

static void release(br_sse_decoder *d)
{
    if (d->given) {
        br_buf_clear(&d->data);
        br_buf_clear(&d->type);
    }
    d->given = false;
}

/* A whole line was read; true if it ended an event. */
static bool read_line(br_sse_decoder *d, br_slice line, br_sse_event *e)
{
    skip_mark(d, &line);
    bool blank = line.n == 0;
    if (!blank && !is_comment(line))
        read_field(d, line);
    br_buf_clear(&d->line);
    return blank && dispatch(d, e);
}

int br_sse_next(br_sse_decoder *d, br_sse_event *e, br_error *error)
{
    br_slice line;
    release(d);
    while (d->broken == NULL && next_line(d, &line)) {
        if (read_line(d, line, e))
            return 1;
        release(d);
    }
    if (d->broken == NULL)
        return 0;
    drop(d);
    br_error_set(error, BR_ERR_STREAM, "BadResponse", "the server-sent events cannot be read: %s",
                 d->broken);
    return -1;
}
