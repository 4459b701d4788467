#include "core/aws/eventstream.h"

#include <stdlib.h>
#include <string.h>

#ifdef HAVE_LIBDEFLATE
#include <libdeflate.h>
#else
#include <zlib.h>
#endif

#define PRELUDE_SIZE 12
#define CRC_SIZE 4
#define NAME_MAX_BYTES 255
#define UUID_SIZE 16

static uint32_t checksum(const char *p, size_t n)
{
#ifdef HAVE_LIBDEFLATE
    return libdeflate_crc32(0, p, n);
#else
    return (uint32_t)crc32(0, (const Bytef *)p, (uInt)n);
#endif
}

static uint64_t get(const char *p, unsigned n)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < n; i++)
        value = value << 8 | (unsigned char)p[i];
    return value;
}

static size_t get16(const char *p)
{
    return (size_t)(unsigned char)p[0] << 8 | (unsigned char)p[1];
}

static uint32_t get32(const char *p)
{
    return (uint32_t)(unsigned char)p[0] << 24 | (uint32_t)(unsigned char)p[1] << 16 |
           (uint32_t)(unsigned char)p[2] << 8 | (unsigned char)p[3];
}

static int64_t get_signed(const char *p, unsigned n)
{
    uint64_t value = get(p, n), sign = UINT64_C(1) << (n * 8 - 1);
    uint64_t magnitude = (value ^ sign) - sign;
    int64_t result;
    memcpy(&result, &magnitude, sizeof(result));
    return result;
}

static char *put(char *p, uint64_t value, unsigned n)
{
    for (unsigned i = n; i-- > 0; value >>= 8)
        p[i] = (char)(value & 0xFF);
    return p + n;
}

/*
** `held` collects a message that did not end in the piece it began in. Its size is known once its
** prelude is checked; until then `total` is 0. `taken` tells that its message was given out.
*/
struct br_es_decoder {
    br_slice piece;
    br_buf held;
    size_t total;
    bool taken;
    uint64_t offset; /* of the current message in the stream, for errors */
    const char *broken;
};

br_es_decoder *br_es_decoder_new(void)
{
    br_es_decoder *d = calloc(1, sizeof(*d));
    if (d != NULL)
        br_buf_init(&d->held, BR_ES_MESSAGE_MAX);
    return d;
}

void br_es_decoder_free(br_es_decoder *d)
{
    if (d != NULL)
        br_buf_free(&d->held);
    free(d);
}

static void release(br_es_decoder *d)
{
    if (d->taken)
        br_buf_clear(&d->held);
    d->taken = false;
}

bool br_es_feed(br_es_decoder *d, br_slice bytes)
{
    if (d->broken != NULL || d->piece.n > 0)
        return false;
    release(d);
    d->piece = bytes;
    return true;
}

bool br_es_at_boundary(const br_es_decoder *d)
{
    return d->broken == NULL && d->piece.n == 0 && (d->held.len == 0 || d->taken);
}

/*
** The size of the message that begins with this prelude. What is surely wrong is told before the
** checksum, and nothing is believed that the checksum does not cover.
*/
static inline const char *check_prelude(const char *p, size_t *total)
{
    size_t size = get32(p), headers = get32(p + 4);
    if (size < BR_ES_OVERHEAD)
        return "a message is shorter than its frame";
    if (size > BR_ES_MESSAGE_MAX)
        return "a message is larger than 24 MiB";
    if (headers > size - BR_ES_OVERHEAD)
        return "the headers are larger than their message";
    if (headers > BR_ES_HEADERS_MAX)
        return "the headers are larger than 128 KiB";
    if (get32(p + 8) != checksum(p, 8))
        return "the checksum of a prelude is wrong";
    *total = size;
    return NULL;
}

/* Bytes of a value: 0 to 16, or -1 for two bytes of length and as many as they say. */
static int value_size(unsigned type)
{
    static const signed char sizes[] = {0, 0, 1, 2, 4, 8, -1, -1, 8, UUID_SIZE};
    return type < sizeof(sizes) ? sizes[type] : -2;
}

static const char *read_value(br_es_header *h, br_slice *rest)
{
    int size = value_size((unsigned)h->type);
    size_t n = size < 0 ? 2 : (size_t)size;
    if (size == -2)
        return "a header has an unknown type";
    if (rest->n < n)
        return "a header ends too early";
    const char *p = rest->p;
    *rest = (br_slice){p + n, rest->n - n};
    h->i = h->type == BR_ES_TRUE;
    h->bytes = (br_slice){NULL, 0};
    if (size == -1) {
        n = get16(p);
        if (n > BR_ES_HEADER_VALUE_MAX)
            return "the value of a header is longer than 32767 bytes";
        if (rest->n < n)
            return "a header ends too early";
        h->bytes = (br_slice){rest->p, n};
        *rest = (br_slice){rest->p + n, rest->n - n};
    } else if (h->type == BR_ES_UUID) {
        h->bytes = (br_slice){p, UUID_SIZE};
    } else if (n > 0) {
        h->i = get_signed(p, (unsigned)n);
    }
    return NULL;
}

static const char *read_header(br_es_header *h, br_slice *rest)
{
    size_t n = (unsigned char)rest->p[0];
    if (n == 0)
        return "a header has no name";
    if (rest->n < n + 2)
        return "a header ends too early";
    h->name = (br_slice){rest->p + 1, n};
    h->type = (br_es_type)(unsigned char)rest->p[1 + n];
    *rest = (br_slice){rest->p + n + 2, rest->n - n - 2};
    return read_value(h, rest);
}

/* For names whose length is already that of the literal. */
#define IS(name, literal) (memcmp((name).p, literal, sizeof(literal) - 1) == 0)

br_slice *br_es_usual(br_es_message *m, br_slice name)
{
    switch (name.n) {
    case sizeof(":event-type") - 1:
        if (IS(name, ":event-type"))
            return &m->event_type;
        return IS(name, ":error-code") ? &m->error_code : NULL;
    case sizeof(":message-type") - 1:
        if (IS(name, ":message-type"))
            return &m->message_type;
        return IS(name, ":content-type") ? &m->content_type : NULL;
    case sizeof(":error-message") - 1:
        return IS(name, ":error-message") ? &m->error_message : NULL;
    case sizeof(":exception-type") - 1:
        return IS(name, ":exception-type") ? &m->exception_type : NULL;
    default:
        return NULL;
    }
}

/* A usual header twice would let one message mean two things. */
static const char *note_usual(br_es_message *m, const br_es_header *h)
{
    br_slice *usual = h->type == BR_ES_STRING ? br_es_usual(m, h->name) : NULL;
    if (usual == NULL)
        return NULL;
    if (usual->p != NULL)
        return "a message has the same header twice";
    *usual = h->bytes;
    return NULL;
}

/*
** A whole header whose bytes before those of its text, and its length, are `start`. false: it is another,
** or damaged, and nothing was taken.
*/
static inline bool take_text(br_slice start, br_slice *rest, br_es_header *h, br_slice *text)
{
    if (rest->n < start.n + 2 || memcmp(rest->p, start.p, start.n) != 0)
        return false;
    size_t size = get16(rest->p + start.n), before = start.n + 2;
    if (size > BR_ES_HEADER_VALUE_MAX || rest->n - before < size)
        return false;
    br_slice value = {rest->p + before, size};
    *h = (br_es_header){{rest->p + 1, start.n - 2}, BR_ES_STRING, 0, value};
    *text = value;
    *rest = (br_slice){value.p + size, rest->n - before - size};
    return true;
}

/* The quick way for what nearly all messages begin with: each of these, as far as they come in this order. */
static void take_usual(br_es_message *m, br_slice *rest)
{
    br_es_header *h = m->headers;
    if (take_text(BR_SLICE("\x0b:event-type\x07"), rest, h, &m->event_type) &&
        take_text(BR_SLICE("\x0d:content-type\x07"), rest, ++h, &m->content_type) &&
        take_text(BR_SLICE("\x0d:message-type\x07"), rest, ++h, &m->message_type))
        ++h;
    m->header_count = (size_t)(h - m->headers);
}

/* Each by itself: a chain of assignments is compiled to reading back what was just written. */
void br_es_forget(br_es_message *m)
{
    const br_slice none = {NULL, 0};
    m->header_count = 0;
    m->payload = none;
    m->message_type = none;
    m->event_type = none;
    m->exception_type = none;
    m->error_code = none;
    m->error_message = none;
    m->content_type = none;
}

static inline const char *read_message(const char *p, size_t total, br_es_message *m)
{
    if (get32(p + total - CRC_SIZE) != checksum(p, total - CRC_SIZE))
        return "the checksum of a message is wrong";
    br_slice rest = {p + PRELUDE_SIZE, get32(p + 4)};
    m->payload.p = rest.p + rest.n;
    m->payload.n = total - BR_ES_OVERHEAD - rest.n;
    take_usual(m, &rest);
    while (rest.n > 0) {
        if (m->header_count == BR_ES_HEADER_COUNT_MAX)
            return "a message has more than 64 headers";
        br_es_header *h = &m->headers[m->header_count++];
        const char *wrong = read_header(h, &rest);
        if (wrong == NULL)
            wrong = note_usual(m, h);
        if (wrong != NULL)
            return wrong;
    }
    return NULL;
}

int br_es_peek(br_slice bytes, br_es_message *m, size_t *size)
{
    *size = 0;
    br_es_forget(m);
    if (bytes.n < PRELUDE_SIZE)
        return 0;
    if (check_prelude(bytes.p, size) != NULL)
        return -1;
    if (bytes.n < *size)
        return 0;
    return read_message(bytes.p, *size, m) == NULL ? 1 : -1;
}

static void advance(br_es_decoder *d, size_t n)
{
    if (n > 0)
        d->piece = (br_slice){d->piece.p + n, d->piece.n - n};
}

/* Moves bytes from the piece until `held` has n; false if the piece ends before. */
static bool hold(br_es_decoder *d, size_t n)
{
    size_t missing = n - d->held.len;
    size_t take = missing < d->piece.n ? missing : d->piece.n;
    if (!br_buf_add(&d->held, d->piece.p, take))
        d->broken = "out of memory";
    advance(d, take);
    return d->held.len == n;
}

static const char *next_held(br_es_decoder *d)
{
    if (d->total == 0) {
        if (!hold(d, PRELUDE_SIZE))
            return NULL;
        d->broken = check_prelude(d->held.data, &d->total);
    }
    if (d->broken != NULL || !hold(d, d->total))
        return NULL;
    d->taken = true;
    return d->held.data;
}

/* The next whole message, where it lies; NULL if there is none yet, or the stream is broken. */
static const char *next_bytes(br_es_decoder *d)
{
    release(d);
    if (d->held.len > 0)
        return next_held(d);
    d->total = 0;
    if (d->piece.n == 0)
        return NULL;
    if (d->piece.n < PRELUDE_SIZE)
        return next_held(d);
    d->broken = check_prelude(d->piece.p, &d->total);
    if (d->broken != NULL)
        return NULL;
    if (d->piece.n < d->total)
        return next_held(d);
    const char *message = d->piece.p;
    advance(d, d->total);
    return message;
}

static int report(const br_es_decoder *d, br_error *error)
{
    br_error_set(error, BR_ERR_STREAM, "BadResponse",
                 "the event stream is damaged: the message at byte %llu cannot be read: %s",
                 (unsigned long long)d->offset, d->broken);
    return -1;
}

int br_es_next(br_es_decoder *d, br_es_message *m, br_error *error)
{
    if (d->broken != NULL)
        return report(d, error);
    const char *message = next_bytes(d);
    br_es_forget(m);
    if (d->broken == NULL && message != NULL)
        d->broken = read_message(message, d->total, m);
    if (d->broken != NULL) {
        br_es_forget(m);
        br_buf_free(&d->held);
        d->piece = (br_slice){NULL, 0};
        return report(d, error);
    }
    if (message == NULL)
        return 0;
    d->offset += d->total;
    return 1;
}

static bool encodable(const br_es_header *h)
{
    int size = value_size((unsigned)h->type);
    if (h->name.n == 0 || h->name.n > NAME_MAX_BYTES || size == -2)
        return false;
    if (size == -1)
        return h->bytes.n <= BR_ES_HEADER_VALUE_MAX;
    if (h->type == BR_ES_UUID)
        return h->bytes.n == UUID_SIZE;
    int64_t limit = size > 0 && size < 8 ? INT64_C(1) << (size * 8 - 1) : 0;
    return limit == 0 || (h->i >= -limit && h->i < limit);
}

static size_t header_size(const br_es_header *h)
{
    int size = value_size((unsigned)h->type);
    return 2 + h->name.n + (size == -1 ? 2 + h->bytes.n : (size_t)size);
}

static char *put_bytes(char *p, br_slice bytes)
{
    if (bytes.n > 0)
        memcpy(p, bytes.p, bytes.n);
    return p + bytes.n;
}

static char *put_header(char *p, const br_es_header *h)
{
    int size = value_size((unsigned)h->type);
    p = put(p, h->name.n, 1);
    p = put_bytes(p, h->name);
    p = put(p, (uint64_t)h->type, 1);
    if (size == -1)
        p = put(p, h->bytes.n, 2);
    if (size == -1 || h->type == BR_ES_UUID)
        return put_bytes(p, h->bytes);
    return put(p, (uint64_t)h->i, (unsigned)size);
}

bool br_es_encode(br_buf *out, const br_es_header *headers, size_t count, br_slice payload)
{
    size_t size = 0;
    if (count > BR_ES_HEADER_COUNT_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!encodable(&headers[i]))
            return false;
        size += header_size(&headers[i]);
    }
    if (size > BR_ES_HEADERS_MAX || payload.n > BR_ES_MESSAGE_MAX - BR_ES_OVERHEAD - size)
        return false;
    size_t total = BR_ES_OVERHEAD + size + payload.n;
    char *start = br_buf_reserve(out, total);
    if (start == NULL)
        return false;
    char *p = put(put(start, total, 4), size, 4);
    p = put(p, checksum(start, 8), 4);
    for (size_t i = 0; i < count; i++)
        p = put_header(p, &headers[i]);
    p = put_bytes(p, payload);
    put(p, checksum(start, total - CRC_SIZE), CRC_SIZE);
    br_buf_commit(out, total);
    return true;
}
