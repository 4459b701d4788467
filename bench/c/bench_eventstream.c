/*
** What an event of 200 bytes costs: its checksum alone (the floor), decoding where it lies,
** decoding when messages straddle the pieces, and encoding.
**
**   bench_eventstream NAME N
*/
#include "core/aws/eventstream.h"

#include "alone.h"

#ifdef HAVE_LIBDEFLATE
#include <libdeflate.h>
#else
#include <zlib.h>
#endif

#define EVENTS 1000
#define EVENT_SIZE 200

typedef struct bench {
    br_es_header headers[3];
    char payload[EVENT_SIZE];
    size_t payload_size;
    br_buf stream, out;
    size_t seen;
} bench;

static void checksums(void *state)
{
    bench *b = state;
    for (size_t at = 0; at < b->stream.len; at += EVENT_SIZE) {
#ifdef HAVE_LIBDEFLATE
        b->seen += libdeflate_crc32(0, b->stream.data + at, 8);
        b->seen += libdeflate_crc32(0, b->stream.data + at, EVENT_SIZE - 4);
#else
        b->seen += crc32(0, (const unsigned char *)b->stream.data + at, 8);
        b->seen += crc32(0, (const unsigned char *)b->stream.data + at, EVENT_SIZE - 4);
#endif
    }
}

static void decode(bench *b, size_t piece)
{
    static br_es_message m;
    br_error error;
    size_t events = 0;
    br_es_decoder *d = br_es_decoder_new();
    must(d != NULL, "memory");
    for (size_t at = 0; at < b->stream.len; at += piece) {
        size_t n = b->stream.len - at < piece ? b->stream.len - at : piece;
        must(br_es_feed(d, (br_slice){b->stream.data + at, n}), "feed");
        while (br_es_next(d, &m, &error) == 1) {
            b->seen += m.payload.n + m.event_type.n;
            events++;
        }
    }
    must(events == EVENTS && br_es_at_boundary(d), "decode");
    br_es_decoder_free(d);
}

static void decode_pages(void *state)
{
    decode(state, 16384);
}

static void decode_crumbs(void *state)
{
    decode(state, 150);
}

static void encode(void *state)
{
    bench *b = state;
    br_buf_clear(&b->out);
    for (int i = 0; i < EVENTS; i++)
        must(br_es_encode(&b->out, b->headers, 3, (br_slice){b->payload, b->payload_size}),
             "encode");
}

static void set_up(bench *b)
{
    b->headers[0] =
        (br_es_header){BR_SLICE(":event-type"), BR_ES_STRING, 0, BR_SLICE("contentBlockDelta")};
    b->headers[1] =
        (br_es_header){BR_SLICE(":content-type"), BR_ES_STRING, 0, BR_SLICE("application/json")};
    b->headers[2] = (br_es_header){BR_SLICE(":message-type"), BR_ES_STRING, 0, BR_SLICE("event")};
    br_buf_init(&b->stream, EVENTS * EVENT_SIZE * 2);
    br_buf_init(&b->out, EVENTS * EVENT_SIZE * 2);
    must(br_es_encode(&b->out, b->headers, 3, (br_slice){b->payload, 0}), "encode");
    b->payload_size = EVENT_SIZE - b->out.len;
    encode(b);
    br_buf_add_slice(&b->stream, br_buf_slice(&b->out));
    must(b->stream.len == (size_t)EVENTS * EVENT_SIZE, "events of 200 bytes");
}

int main(int argc, char **argv)
{
    static const contestant all[] = {
        {"event-checksums-alone", checksums, EVENTS},
        {"event-decode", decode_pages, EVENTS},
        {"event-decode-straddling", decode_crumbs, EVENTS},
        {"event-encode", encode, EVENTS},
    };
    static bench b;
    set_up(&b);
    alone(&b, all, sizeof(all) / sizeof(all[0]), argc, argv);
    return 0;
}
