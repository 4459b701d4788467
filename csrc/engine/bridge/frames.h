/*
** The items of a call as bytes, for a host that is not in the engine's thread: what br_call_next
** gives is written there, and read here as the same items. Both ends are one process, so a frame
** is no format to be kept; the reader checks every length all the same.
**
** Frame = kind (1, a br_item_kind) length of what follows (4, big-endian) contents.
**
** A frame of the kind BR_WAIT is no item but a masking key (as WebSocket's, RFC 6455, section 5.3):
** the contents of those that follow are mixed with it, long data apart. What a host receives
** becomes a Lua string on its way, and LuaJIT's hash looks at few bytes of a long one: answers that
** differ in a request ID alone would be thousands of strings with one hash, each compared with all
** others.
*/
#ifndef BR_ENGINE_BRIDGE_FRAMES_H
#define BR_ENGINE_BRIDGE_FRAMES_H

#include "engine/call/call.h"

#define BR_FRAME_HEADER 5
#define BR_FRAME_KEY_SIZE 4                  /* bytes of a masking key */
#define BR_FRAME_CREDIT_SIZE 4               /* bytes of a credit */
#define BR_FRAME_TAIL_MIN ((size_t)8 * 1024) /* from here on data is not copied into a frame */

/*
** A frame that is no item either: so many more bytes may be fed to the call. A host feeds with frames
** of its own, unmixed: DATA, all together no more than the credits that it got, then one END.
*/
#define BR_FRAME_CREDIT ((br_item_kind)(BR_ERROR + 1))
/* Nor one: what has happened to the call (core/base/trace.h). It comes before the items that follow it. */
#define BR_FRAME_TRACE ((br_item_kind)(BR_ERROR + 2))

/* The largest contents of a frame of that kind; 0 also for what is no kind. */
size_t br_frame_max(br_item_kind kind);

/*
** Appends the frame of an item (any but BR_WAIT). Long data is left out: then *tail has what must
** be sent right after `out`, borrowed from the item; else *tail is empty. Of credentials only what
** is no secret is written. false: `out` failed, or a limit is passed.
*/
bool br_frame_write(br_buf *out, const br_item *item, const br_call_info *info, br_slice *tail);

/* Appends a masking key. 0: what follows is not mixed, as without one. */
void br_frame_write_key(br_buf *out, uint32_t key);
void br_frame_write_credit(br_buf *out, uint32_t bytes);
void br_frame_write_trace(br_buf *out, br_slice bytes);
/* Mixes the contents of a frame, or unmixes them. */
void br_frame_mask(br_item_kind kind, char *contents, size_t n, uint32_t key);

/* What was received and not yet taken. Zero-filled, then br_frames_init. */
typedef struct br_frames {
    br_buf in;
    size_t taken;      /* bytes of `in` */
    size_t scanned;    /* bytes of `in` that are whole frames */
    uint32_t key;      /* the last that was taken */
    size_t credit;     /* bytes that may be fed now */
    br_buf trace;      /* what has happened, and was not yet taken; bounded as a trace is */
    bool over;         /* the last frame was received: END or ERROR */
    bool failed;       /* … and it was an ERROR */
    bool broken;       /* malformed, or lost; `error` says so once what came before is taken */
    br_item_kind last; /* END or ERROR: was taken, and is repeated */
    br_call_info info;
    br_headers headers;
    br_es_message *message;
    br_prepared prepared;
    char method[BR_METHOD_MAX + 1];
    br_credentials credentials;
    br_error error;
} br_frames;

void br_frames_init(br_frames *f, bool secret); /* secret: received bytes are cleansed */
void br_frames_free(br_frames *f);              /* idempotent */
/* As after br_frames_init, for another call. false: not worth keeping (large), or secret. */
bool br_frames_reset(br_frames *f);

/* Bytes in pieces of any size, copied. What items point to is no longer valid. */
void br_frames_feed(br_frames *f, br_slice bytes);

/* No more bytes will come. Without an END or ERROR before, this error becomes the last item. */
void br_frames_lost(br_frames *f, br_err_kind kind, const char *code, const char *message);

/* As br_call_feed and br_call_feed_end, into what goes to the bridge. false: more than the credit. */
bool br_frames_write_fed(br_frames *f, br_buf *out, br_slice bytes);
void br_frames_write_fed_end(br_buf *out);

/* As br_call_next and br_call_info_get; an item is valid until the next next or feed. */
br_item_kind br_frames_next(br_frames *f, br_item *item);

#endif
