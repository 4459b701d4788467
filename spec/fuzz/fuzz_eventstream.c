#include "core/aws/eventstream.h"
#include "fuzz.h"

#include <string.h>

/* What a decoder gave out: the messages encoded again, and how it ended. */
typedef struct outcome {
    br_buf messages;
    int end;
    bool at_boundary;
} outcome;

static void touch(const br_es_message *m)
{
    volatile char sum = 0;
    for (size_t i = 0; i < m->header_count; i++) {
        MUST(m->headers[i].name.n > 0 && m->headers[i].name.n <= 255);
        for (size_t j = 0; j < m->headers[i].bytes.n; j++)
            sum = (char)(sum ^ m->headers[i].bytes.p[j]);
    }
    for (size_t i = 0; i < m->payload.n; i++)
        sum = (char)(sum ^ m->payload.p[i]);
}

static void feed(br_es_decoder *d, br_slice piece, outcome *o)
{
    static br_es_message m;
    br_error error;
    uint8_t *exact = malloc(piece.n > 0 ? piece.n : 1);
    MUST(exact != NULL);
    if (piece.n > 0)
        memcpy(exact, piece.p, piece.n);
    MUST(br_es_feed(d, (br_slice){(const char *)exact, piece.n}) == (o->end == 0));
    while ((o->end = br_es_next(d, &m, &error)) == 1) {
        touch(&m);
        MUST(br_es_encode(&o->messages, m.headers, m.header_count, m.payload));
    }
    free(exact);
}

static void decode(br_slice bytes, size_t step, outcome *o)
{
    static br_es_message first;
    size_t size;
    br_es_decoder *d = br_es_decoder_new();
    MUST(d != NULL);
    int found = br_es_peek(bytes, &first, &size);
    MUST(found != 1 || (size >= BR_ES_OVERHEAD && size <= bytes.n));
    if (found == 1)
        touch(&first);
    o->end = 0;
    br_buf_init(&o->messages, 1 << 26);
    for (size_t at = 0; at < bytes.n; at += step)
        feed(d, (br_slice){bytes.p + at, bytes.n - at < step ? bytes.n - at : step}, o);
    o->at_boundary = br_es_at_boundary(d);
    br_es_decoder_free(d);
}

/*
** Random bytes seldom have right checksums, so a mode puts them in: a byte of mode, then content
** made into messages with lengths the fuzzer chooses.
*/
static uint32_t crc_of(const uint8_t *p, size_t n)
{
    uint32_t crc = 0xFFFFFFFF;
    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xEDB88320 : 0);
    }
    return ~crc;
}

static void put32(uint8_t *p, uint32_t value)
{
    for (int i = 3; i >= 0; i--, value >>= 8)
        p[i] = (uint8_t)value;
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void repair(uint8_t *p, size_t n)
{
    while (n >= 16) {
        put32(p, get32(p) % 512);
        put32(p + 4, get32(p + 4) % 512);
        put32(p + 8, crc_of(p, 8));
        size_t total = get32(p);
        if (total < 16 || total > n)
            return;
        put32(p + total - 4, crc_of(p, total - 4));
        p += total;
        n -= total;
    }
}

/* However the bytes are cut, the same messages come out, and encode to the bytes they came from. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t n = size - 2, step = data[1] % 64u + 1;
    uint8_t *bytes = malloc(n > 0 ? n : 1);
    MUST(bytes != NULL);
    memcpy(bytes, data + 2, n);
    if (data[0] % 4 != 0)
        repair(bytes, n);
    outcome whole, pieces;
    br_slice text = {(const char *)bytes, n};
    decode(text, n > 0 ? n : 1, &whole);
    decode(text, step, &pieces);
    MUST(whole.end == pieces.end && whole.at_boundary == pieces.at_boundary);
    MUST(br_slice_eq(br_buf_slice(&whole.messages), br_buf_slice(&pieces.messages)));
    MUST(whole.messages.len <= n);
    MUST(whole.messages.len == 0 || memcmp(whole.messages.data, bytes, whole.messages.len) == 0);
    br_buf_free(&whole.messages);
    br_buf_free(&pieces.messages);
    free(bytes);
    return 0;
}
