#include "engine/bridge/frames.h"
#include "fuzz.h"

#include <string.h>

/* What a reader gave out: the items but the last framed again, and the kind of the last. */
typedef struct outcome {
    br_buf again;
    br_item_kind last;
} outcome;

static void frame_again(const br_frames *f, const br_item *item, br_buf *out)
{
    br_slice tail;
    MUST(br_frame_write(out, item, &f->info, &tail));
    br_buf_add_slice(out, tail);
    MUST(!out->failed);
}

static void take_last(const br_frames *f, const br_item *item, outcome *o)
{
    br_buf out;
    br_buf_init(&out, (size_t)1 << 20);
    frame_again(f, item, &out);
    br_buf_free(&out);
    o->last = item->kind;
}

static void take_items(br_frames *f, outcome *o)
{
    br_item item;
    br_item_kind kind;
    while ((kind = br_frames_next(f, &item)) != BR_WAIT) {
        MUST(kind == item.kind);
        if (kind == BR_END || kind == BR_ERROR) {
            take_last(f, &item, o);
            return;
        }
        frame_again(f, &item, &o->again);
    }
}

static void feed_exact(br_frames *f, br_slice piece)
{
    char *exact = malloc(piece.n);
    MUST(exact != NULL);
    memcpy(exact, piece.p, piece.n);
    br_frames_feed(f, (br_slice){exact, piece.n});
    free(exact);
}

static void read_all(br_slice bytes, size_t step, outcome *o)
{
    br_frames f;
    br_item item;
    memset(&f, 0, sizeof f);
    br_frames_init(&f, step % 2 == 0);
    memset(o, 0, sizeof *o);
    br_buf_init(&o->again, (size_t)1 << 26);
    for (size_t at = 0; at < bytes.n; at += step) {
        feed_exact(&f, (br_slice){bytes.p + at, bytes.n - at < step ? bytes.n - at : step});
        take_items(&f, o);
    }
    br_frames_lost(&f, BR_ERR_TRANSPORT, "Lost", "nothing more comes");
    take_items(&f, o);
    MUST(o->last == BR_END || o->last == BR_ERROR);
    MUST(br_frames_next(&f, &item) == o->last && item.kind == o->last);
    br_frames_free(&f);
    br_frames_free(&f);
}

/*
** A byte of step, then the bytes. However they are cut, the same items come out before the last
** (which more bytes behind it may spoil), and framed again they are read as the same.
*/
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    br_slice bytes = {(const char *)data + 1, size - 1};
    outcome whole, pieces, twice;
    read_all(bytes, bytes.n > 0 ? bytes.n : 1, &whole);
    read_all(bytes, data[0] % 64u + 1, &pieces);
    read_all(br_buf_slice(&whole.again), 7, &twice);
    MUST(br_slice_eq(br_buf_slice(&pieces.again), br_buf_slice(&whole.again)));
    MUST(br_slice_eq(br_buf_slice(&twice.again), br_buf_slice(&whole.again)));
    MUST(twice.last == BR_ERROR);
    br_buf_free(&whole.again);
    br_buf_free(&pieces.again);
    br_buf_free(&twice.again);
    return 0;
}
