#include "engine/call/call_private.h"

static size_t held(const br_feed *f)
{
    return f->bytes.len - f->at;
}

static bool takes_more(const br_call *c)
{
    return c->feed.fed && !c->feed.ended && c->state < BR_STATE_DONE;
}

bool br_call_is_fed(const br_call *c)
{
    return c->feed.fed;
}

size_t br_call_credit(const br_call *c)
{
    return takes_more(c) ? BR_FEED_MAX - held(&c->feed) : 0;
}

/* Moves what is left to the front, when that is little or the front is long. */
static void compact(br_feed *f)
{
    if (f->at < BR_FEED_LOW && f->at < f->bytes.len)
        return;
    f->bytes.len -= f->at;
    if (f->bytes.len > 0)
        memmove(f->bytes.data, f->bytes.data + f->at, f->bytes.len);
    f->at = 0;
}

bool br_call_feed(br_call *c, br_slice bytes)
{
    if (bytes.n > br_call_credit(c))
        return false;
    compact(&c->feed);
    if (!br_buf_add_slice(&c->feed.bytes, bytes)) {
        br_call_no_memory(c);
        return false;
    }
    if (c->transfer != NULL && bytes.n > 0)
        br_transfer_pull(c->transfer);
    return true;
}

void br_call_feed_end(br_call *c)
{
    if (!takes_more(c))
        return;
    c->feed.ended = true;
    if (c->transfer != NULL)
        br_transfer_pull(c->transfer);
}

br_pulled br_call_pull(void *user, char *to, size_t room, size_t *n)
{
    br_call *c = user;
    br_feed *f = &c->feed;
    size_t before = held(f);
    if (before == 0)
        return f->ended ? BR_PULL_END : BR_PULL_WAIT;
    *n = before < room ? before : room;
    memcpy(to, f->bytes.data + f->at, *n);
    f->at += *n;
    f->taken = true;
    if (before > BR_FEED_LOW && held(f) <= BR_FEED_LOW)
        br_call_notify(c);
    return BR_PULLED;
}
