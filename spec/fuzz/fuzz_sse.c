#include "core/http/sse.h"
#include "fuzz.h"

#include <string.h>

/* What a decoder gave out: all events one after the other, and where it ended. */
typedef struct outcome {
    br_buf events;
    int end;
    bool at_boundary;
} outcome;

static void put(br_buf *out, br_slice text)
{
    br_buf_add_u64(out, text.n);
    br_buf_addc(out, ':');
    br_buf_add_slice(out, text);
}

static void put_event(br_buf *out, const br_sse_event *e)
{
    MUST(e->type.n > 0 && e->retry >= -1);
    MUST(memchr(e->type.p, '\n', e->type.n) == NULL && memchr(e->type.p, '\r', e->type.n) == NULL);
    MUST(memchr(e->data.p, '\r', e->data.n) == NULL);
    MUST(e->id.n <= BR_SSE_ID_MAX);
    MUST(e->id.n == 0 || memchr(e->id.p, '\0', e->id.n) == NULL);
    put(out, e->type);
    put(out, e->data);
    put(out, e->id);
    br_buf_add_u64(out, (uint64_t)(e->retry + INT64_C(1)));
}

/*
** The piece is a copy of just its size, and gone when the next is fed. Returns how it ended: 0, or
** -1 for a stream that breaks a limit.
*/
static int feed(br_sse_decoder *d, br_slice piece, br_buf *out)
{
    br_sse_event e;
    br_error error;
    int found;
    char *exact = malloc(piece.n > 0 ? piece.n : 1);
    MUST(exact != NULL);
    if (piece.n > 0)
        memcpy(exact, piece.p, piece.n);
    MUST(br_sse_feed(d, (br_slice){exact, piece.n}));
    while ((found = br_sse_next(d, &e, &error)) == 1)
        put_event(out, &e);
    free(exact);
    return found;
}

static void decode(br_slice bytes, size_t step, outcome *o)
{
    br_sse_decoder *d = br_sse_decoder_new();
    MUST(d != NULL);
    o->end = 0;
    br_buf_init(&o->events, 1 << 26);
    for (size_t at = 0; at < bytes.n && o->end == 0; at += step) {
        size_t n = bytes.n - at < step ? bytes.n - at : step;
        o->end = feed(d, (br_slice){bytes.p + at, n}, &o->events);
    }
    o->at_boundary = br_sse_at_boundary(d);
    br_sse_decoder_free(d);
}

/* A byte of step, then the stream. However it is cut, the same events come out. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    br_slice text = {(const char *)data + 1, size - 1};
    outcome whole, pieces;
    decode(text, text.n > 0 ? text.n : 1, &whole);
    decode(text, data[0] % 16u + 1, &pieces);
    MUST(whole.end == pieces.end && whole.at_boundary == pieces.at_boundary);
    MUST(br_slice_eq(br_buf_slice(&whole.events), br_buf_slice(&pieces.events)));
    br_buf_free(&whole.events);
    br_buf_free(&pieces.events);
    return 0;
}
