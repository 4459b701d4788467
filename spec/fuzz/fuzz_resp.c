#include "core/text/resp.h"
#include "fuzz.h"

#define OUT_MAX ((size_t)1 << 26)

static void put(br_buf *out, const br_resp_reply *reply)
{
    MUST(reply->text.n <= BR_RESP_REPLY_MAX);
    br_buf_addf(out, "%d %lld %zu ", (int)reply->type, (long long)reply->integer, reply->text.n);
    br_buf_add_slice(out, reply->text);
}

/* The piece is a copy of just its size, and gone when the next is fed. */
static bool feed(br_resp *r, br_slice piece, br_buf *out)
{
    br_resp_reply reply;
    br_resp_state state;
    char *exact = malloc(piece.n);
    MUST(exact != NULL);
    memcpy(exact, piece.p, piece.n);
    MUST(br_resp_feed(r, (br_slice){exact, piece.n}));
    free(exact);
    while ((state = br_resp_next(r, &reply)) == BR_RESP_GOT)
        put(out, &reply);
    return state == BR_RESP_MORE;
}

/* Whether all of it is protocol. */
static bool decode(br_slice bytes, size_t step, br_buf *out)
{
    br_resp *r = br_resp_new();
    bool good = true;
    MUST(r != NULL);
    br_buf_init(out, OUT_MAX);
    for (size_t at = 0; at < bytes.n && good; at += step)
        good = feed(r, (br_slice){bytes.p + at, bytes.n - at < step ? bytes.n - at : step}, out);
    br_resp_free(r);
    return good;
}

/* A byte of step, then replies. However they are cut, the same come out. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > BR_RESP_REPLY_MAX)
        return 0;
    br_slice text = {(const char *)data + 1, size - 1};
    br_buf whole, pieces;
    MUST(decode(text, text.n, &whole) == decode(text, data[0] % 16u + 1, &pieces));
    MUST(br_slice_eq(br_buf_slice(&whole), br_buf_slice(&pieces)));
    br_buf_free(&whole);
    br_buf_free(&pieces);
    return 0;
}
