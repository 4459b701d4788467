#include "engine/bridge/bridge_private.h"

#define GRANT_MIN (BR_FEED_LOW / 2) /* less is not worth a frame */

size_t br_feed_grant(br_feed_reader *r, const br_call *call)
{
    size_t room = br_call_credit(call), out = r->credit + r->left;
    if (room < out + GRANT_MIN)
        return 0;
    r->credit += room - out;
    return room - out;
}

static bool begin_frame(br_feed_reader *r, br_call *call)
{
    size_t length = 0;
    for (size_t i = 1; i < BR_FRAME_HEADER; i++)
        length = length << 8 | r->header[i];
    r->header_len = 0;
    if (r->ended)
        return false;
    if (r->header[0] == BR_END && length == 0) {
        r->ended = true;
        br_call_feed_end(call);
        return true;
    }
    if (r->header[0] != BR_DATA || length > r->credit)
        return false;
    r->credit -= length;
    r->left = length;
    return true;
}

/* A call that cannot take them is over, and will say so. */
bool br_feed_take(br_feed_reader *r, br_call *call, br_slice bytes)
{
    while (bytes.n > 0) {
        size_t n = 1;
        if (r->left == 0) {
            r->header[r->header_len++] = (uint8_t)*bytes.p;
            if (r->header_len == BR_FRAME_HEADER && !begin_frame(r, call))
                return false;
        } else {
            n = bytes.n < r->left ? bytes.n : r->left;
            br_call_feed(call, (br_slice){bytes.p, n});
            r->left -= n;
        }
        bytes = (br_slice){bytes.p + n, bytes.n - n};
    }
    return true;
}
