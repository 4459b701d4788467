/*
** Redis's protocol (RESP 2), as far as simple commands need it, by hiredis. Where the module was
** built without that, nothing of this works but br_resp_available.
*/
#ifndef BR_CORE_TEXT_RESP_H
#define BR_CORE_TEXT_RESP_H

#include "core/base/buffer.h"

#define BR_RESP_REPLY_MAX ((size_t)128 * 1024) /* a longer reply is none */

typedef enum br_resp_type {
    BR_RESP_STATUS,
    BR_RESP_ERROR,
    BR_RESP_INTEGER,
    BR_RESP_TEXT,
    BR_RESP_NIL
} br_resp_type;

typedef struct br_resp_reply {
    br_resp_type type;
    long long integer;
    br_slice text; /* of a status, an error or a text */
} br_resp_reply;

typedef struct br_resp br_resp; /* a reader of replies */

bool br_resp_available(void);
/* Appends a command; a copy that is made on the way is cleansed. false: no memory, or no room. */
bool br_resp_add_command(br_buf *out, const br_slice *words, size_t count);

br_resp *br_resp_new(void);    /* NULL: no memory */
void br_resp_free(br_resp *r); /* NULL is fine */
/* false: no memory, or a reply is too long: nothing can be read any more. */
bool br_resp_feed(br_resp *r, br_slice bytes);

typedef enum br_resp_state { BR_RESP_MORE, BR_RESP_GOT, BR_RESP_BAD } br_resp_state;

/*
** The next reply, which stands until the next call. BAD: what came is no protocol, or a reply that
** no simple command has (an array); nothing can be read any more.
*/
br_resp_state br_resp_next(br_resp *r, br_resp_reply *out);

#endif
