#include "engine/bridge/frames.h"

#include <stdlib.h>

#define HEADERS_MAX (BR_HEADERS_BYTES_MAX + (size_t)BR_HEADERS_MAX * 8 + 2)
#define MEASURES_SIZE (sizeof(int64_t) + sizeof(br_call_times))
#define INFO_MAX (HEADERS_MAX + 8 + MEASURES_SIZE)
#define EVENT_MAX (BR_ES_MESSAGE_MAX + (size_t)BR_ES_HEADER_COUNT_MAX * 12 + 1)
#define PREPARED_MAX (HEADERS_MAX + BR_PATH_MAX + BR_QUERY_MAX + (size_t)8192 + BR_BODY_MAX)
#define IN_MAX (PREPARED_MAX + BR_FRAME_HEADER + (size_t)1024 * 1024)
#define PRESIZE_MAX ((size_t)4 * 1024 * 1024) /* what an announced length alone allocates */
#define KEPT_MAX ((size_t)64 * 1024)          /* received bytes whose memory serves the next call */
#define COMPACT_MIN 4096                      /* taken bytes that are worth moving the rest for */

size_t br_frame_max(br_item_kind kind)
{
    if (kind == BR_FRAME_CREDIT)
        return BR_FRAME_CREDIT_SIZE;
    if (kind == BR_FRAME_TRACE)
        return BR_TRACE_WIRE_MAX;
    switch (kind) {
    case BR_WAIT:
        return BR_FRAME_KEY_SIZE;
    case BR_HEAD:
        return INFO_MAX;
    case BR_DATA:
        return BR_ANSWER_MAX;
    case BR_EVENT:
        return EVENT_MAX;
    case BR_PREPARED:
        return PREPARED_MAX;
    case BR_END:
        return MEASURES_SIZE;
    case BR_CREDENTIALS:
        return 10 + BR_ACCESS_KEY_ID_MAX;
    case BR_ERROR:
        return 16 + BR_ERROR_REQUEST_ID_MAX + BR_ERROR_CODE_MAX + BR_ERROR_MESSAGE_MAX + INFO_MAX;
    default:
        return 0;
    }
}

void br_frames_init(br_frames *f, bool secret)
{
    memset(f, 0, sizeof *f);
    (secret ? br_buf_init_secret : br_buf_init)(&f->in, IN_MAX);
    br_buf_init_secret(&f->trace, BR_TRACE_WIRE_MAX);
    (secret ? br_headers_init_secret : br_headers_init)(&f->headers);
}

void br_frames_free(br_frames *f)
{
    br_buf_free(&f->in);
    br_buf_free(&f->trace);
    br_headers_free(&f->headers);
    free(f->message);
    f->message = NULL;
}

bool br_frames_reset(br_frames *f)
{
    if (f->in.secret || f->in.cap > KEPT_MAX)
        return false;
    br_buf_clear(&f->in);
    br_buf_free(&f->trace);
    br_headers_clear(&f->headers);
    f->taken = f->scanned = 0;
    f->key = 0;
    f->credit = 0;
    f->over = f->failed = f->broken = false;
    f->last = BR_WAIT;
    f->info = (br_call_info){0};
    br_error_clear(&f->error);
    f->error.status = 0;
    f->error.request_id[0] = '\0';
    f->error.told_to_wait = false;
    return true;
}

void br_frames_lost(br_frames *f, br_err_kind kind, const char *code, const char *message)
{
    if (f->over || f->broken)
        return;
    f->broken = true;
    f->info.retryable = false;
    br_error_set(&f->error, kind, code, "%s", message);
}

static void spoil(br_frames *f, const char *what)
{
    f->over = false;
    br_frames_lost(f, BR_ERR_TRANSPORT, "BadResponse", what);
}

/* Reading: a cursor that is emptied, and stays so, when more is asked of it than it has. */
typedef struct cursor {
    const unsigned char *p;
    size_t n;
    bool bad;
} cursor;

static br_slice get(cursor *c, size_t n)
{
    if (c->bad || n > c->n) {
        *c = (cursor){.bad = true};
        return (br_slice){"", 0};
    }
    br_slice part = {(const char *)c->p, n};
    c->p += n;
    c->n -= n;
    return part;
}

static uint64_t get_number(cursor *c, size_t bytes)
{
    br_slice part = get(c, bytes);
    uint64_t value = 0;
    for (size_t i = 0; i < part.n; i++)
        value = value << 8 | (unsigned char)part.p[i];
    return value;
}

static void get_text(cursor *c, size_t n, char *out, size_t size)
{
    br_slice text = get(c, n < size ? n : SIZE_MAX);
    memcpy(out, text.p, text.n);
    out[text.n] = '\0';
}

static void get_headers(cursor *c, br_headers *h)
{
    br_headers_clear(h);
    for (size_t count = get_number(c, 2); count > 0 && !c->bad; count--) {
        size_t name_len = get_number(c, 4), value_len = get_number(c, 4);
        br_slice name = get(c, name_len), value = get(c, value_len);
        if (!c->bad && !br_headers_add(h, name, value))
            c->bad = true;
    }
}

static void get_measures(cursor *c, br_frames *f)
{
    f->info.bytes = (int64_t)get_number(c, 8);
    br_slice times = get(c, sizeof f->info.times);
    memcpy(&f->info.times, times.p, times.n);
}

static void get_info(cursor *c, br_frames *f)
{
    f->info.attempts = (int)(get_number(c, 4) & INT32_MAX);
    f->info.status = (int)get_number(c, 2);
    f->info.retryable = get_number(c, 1) != 0;
    get_measures(c, f);
    f->info.headers = NULL;
    if (get_number(c, 1) == 0)
        return;
    get_headers(c, &f->headers);
    f->info.headers = &f->headers;
}

static void read_head(cursor *c, br_frames *f, br_item *item)
{
    get_info(c, f);
    c->bad |= c->n > 0 || f->info.headers == NULL;
    item->status = f->info.status;
    item->headers = f->info.headers;
}

static void get_event_header(cursor *c, br_es_message *m, br_es_header *h)
{
    uint64_t type = get_number(c, 1);
    h->type = (br_es_type)type;
    h->i = (int64_t)get_number(c, 8);
    size_t name_len = get_number(c, 1), bytes_len = get_number(c, 2);
    h->name = get(c, name_len);
    h->bytes = get(c, bytes_len);
    c->bad |= type > BR_ES_UUID;
    br_slice *usual = h->type == BR_ES_STRING ? br_es_usual(m, h->name) : NULL;
    if (usual != NULL)
        *usual = h->bytes;
}

static void read_event(cursor *c, br_frames *f, br_item *item)
{
    if (f->message == NULL)
        f->message = calloc(1, sizeof *f->message);
    br_es_message *m = f->message;
    if (m == NULL || f->info.headers == NULL) {
        c->bad = true;
        return;
    }
    br_es_forget(m);
    size_t count = get_number(c, 1);
    c->bad |= count > BR_ES_HEADER_COUNT_MAX;
    while (m->header_count < count && !c->bad)
        get_event_header(c, m, &m->headers[m->header_count++]);
    m->payload = get(c, c->n);
    item->event = m;
}

static void read_data(cursor *c, br_frames *f, br_item *item)
{
    c->bad |= f->info.headers == NULL;
    item->data = get(c, c->n);
}

static void read_prepared(cursor *c, br_frames *f, br_item *item)
{
    br_prepared *p = &f->prepared;
    get_text(c, get_number(c, 1), f->method, sizeof f->method);
    p->method = f->method;
    p->url = get(c, get_number(c, 4));
    get_headers(c, &f->headers);
    p->headers = &f->headers;
    p->has_body = get_number(c, 1) != 0;
    p->body = get(c, c->n);
    item->prepared = p;
}

static void read_credentials(cursor *c, br_frames *f, br_item *item)
{
    uint64_t origin = get_number(c, 1);
    c->bad |= origin > BR_FROM_REDIS;
    item->origin = (br_origin)origin;
    if (get_number(c, 1) == 0)
        return;
    f->credentials = (br_credentials){.expiration_ms = (int64_t)get_number(c, 8)};
    f->credentials.access_key_id = get(c, c->n);
    item->credentials = &f->credentials;
}

static void read_error(cursor *c, br_frames *f, br_item *item)
{
    uint64_t kind = get_number(c, 1);
    f->error.status = (int)get_number(c, 2);
    f->error.told_to_wait = get_number(c, 1) != 0;
    f->error.retry_after_ms = (int64_t)get_number(c, 8);
    size_t id_len = get_number(c, 1), code_len = get_number(c, 1), message_len = get_number(c, 2);
    get_text(c, id_len, f->error.request_id, sizeof f->error.request_id);
    get_text(c, code_len, f->error.code, sizeof f->error.code);
    get_text(c, message_len, f->error.message, sizeof f->error.message);
    get_info(c, f);
    c->bad |= c->n > 0 || kind == BR_OK || kind > BR_ERR_CANCELLED || f->error.code[0] == '\0';
    f->error.kind = (br_err_kind)kind;
    item->error = &f->error;
}

static void read_contents(cursor *c, br_frames *f, br_item *item)
{
    switch (item->kind) {
    case BR_WAIT:
        f->key = (uint32_t)get_number(c, BR_FRAME_KEY_SIZE);
        break;
    case BR_HEAD:
        read_head(c, f, item);
        break;
    case BR_DATA:
        read_data(c, f, item);
        break;
    case BR_EVENT:
        read_event(c, f, item);
        break;
    case BR_PREPARED:
        read_prepared(c, f, item);
        break;
    case BR_CREDENTIALS:
        read_credentials(c, f, item);
        break;
    case BR_END:
        get_measures(c, f);
        break;
    case BR_ERROR:
        read_error(c, f, item);
        break;
    default:
        break;
    }
}

/* For the host it is no item. */
static void read_credit(cursor *c, br_frames *f, br_item *item)
{
    f->credit += get_number(c, BR_FRAME_CREDIT_SIZE);
    c->bad |= f->credit > BR_FEED_MAX;
    item->kind = BR_WAIT;
}

/* Nor is this one. Without room, or memory, it is not kept. */
static void read_trace(cursor *c, br_frames *f, br_item *item)
{
    br_buf_add_slice(&f->trace, get(c, c->n));
    item->kind = BR_WAIT;
}

static br_item_kind peek_frame(const br_frames *f, size_t at, size_t *length)
{
    cursor c = {(const unsigned char *)f->in.data + at, BR_FRAME_HEADER, false};
    br_item_kind kind = (br_item_kind)get_number(&c, 1);
    *length = get_number(&c, 4);
    return kind;
}

static bool is_last(br_item_kind kind)
{
    return kind == BR_END || kind == BR_ERROR;
}

/* Notes how far whole frames reach, so that the last is known before it is taken. */
static void scan(br_frames *f)
{
    while (!f->over && !f->broken && f->in.len - f->scanned >= BR_FRAME_HEADER) {
        size_t length, left = f->in.len - f->scanned - BR_FRAME_HEADER;
        br_item_kind kind = peek_frame(f, f->scanned, &length);
        if (length > br_frame_max(kind) || kind > BR_FRAME_TRACE) {
            spoil(f, "the engine's thread sent a malformed frame");
        } else if (length > left) {
            size_t missing = length - left;
            br_buf_reserve(&f->in, missing < PRESIZE_MAX ? missing : PRESIZE_MAX);
            return;
        } else if (is_last(kind) && length < left) {
            spoil(f, "the engine's thread sent more than one answer");
        } else {
            f->scanned += BR_FRAME_HEADER + length;
            f->over = is_last(kind);
            f->failed = kind == BR_ERROR;
        }
    }
}

static void compact(br_frames *f)
{
    if (f->taken < COMPACT_MIN && f->taken < f->in.len)
        return;
    f->in.len -= f->taken;
    if (f->in.len > 0)
        memmove(f->in.data, f->in.data + f->taken, f->in.len);
    f->scanned -= f->taken;
    f->taken = 0;
}

void br_frames_feed(br_frames *f, br_slice bytes)
{
    if (f->broken || bytes.n == 0)
        return;
    if (f->over) {
        spoil(f, "the engine's thread sent more than one answer");
        return;
    }
    compact(f);
    br_buf_add_slice(&f->in, bytes);
    scan(f);
    if (f->in.failed)
        br_frames_lost(f, BR_ERR_TRANSPORT, "NoMemory", "out of memory");
}

static br_item_kind give_error(br_frames *f, br_item *item)
{
    *item = (br_item){.kind = BR_ERROR, .error = &f->error};
    f->last = BR_ERROR;
    return BR_ERROR;
}

static br_item_kind take_frame(br_frames *f, br_item *item)
{
    size_t length;
    item->kind = peek_frame(f, f->taken, &length);
    char *contents = f->in.data + f->taken + BR_FRAME_HEADER;
    cursor c = {(const unsigned char *)contents, length, false};
    f->taken += BR_FRAME_HEADER + length;
    if (item->kind != BR_WAIT)
        br_frame_mask(item->kind, contents, length, f->key);
    if (item->kind == BR_FRAME_CREDIT)
        read_credit(&c, f, item);
    else if (item->kind == BR_FRAME_TRACE)
        read_trace(&c, f, item);
    else
        read_contents(&c, f, item);
    if (c.bad) {
        spoil(f, "the engine's thread sent a malformed frame");
        f->taken = f->scanned;
        return give_error(f, item);
    }
    if (is_last(item->kind))
        f->last = item->kind;
    return item->kind;
}

br_item_kind br_frames_next(br_frames *f, br_item *item)
{
    *item = (br_item){.kind = BR_WAIT};
    if (f->last == BR_ERROR)
        return give_error(f, item);
    if (f->last == BR_END)
        return item->kind = BR_END;
    while (f->taken < f->scanned) {
        if (take_frame(f, item) != BR_WAIT)
            return item->kind;
    }
    return f->broken ? give_error(f, item) : BR_WAIT;
}
