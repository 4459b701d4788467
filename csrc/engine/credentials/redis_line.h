/*
** One connection to Redis: commands out, their replies in the order of the commands. It logs in and
** chooses the database by itself. Whatever is not as it should be ends it, so that a late reply is
** never taken for another's.
*/
#ifndef BR_ENGINE_CREDENTIALS_REDIS_LINE_H
#define BR_ENGINE_CREDENTIALS_REDIS_LINE_H

#include "core/http/redis_url.h"
#include "core/text/resp.h"
#include "engine/transfer/transfer.h"

#define BR_REDIS_PENDING_MAX 16 /* commands without a reply as yet */

typedef struct br_redis_line br_redis_line;

/* From br_engine_step; within either the line may be closed, which the second has to do. */
typedef struct br_redis_ops {
    void (*reply)(void *user, int tag, const br_resp_reply *reply);
    void (*lost)(void *user);
} br_redis_ops;

/* Not inside a callback of libcurl's. Borrows url and net. NULL: no memory. */
br_redis_line *br_redis_open(br_engine *e, const br_redis_url *url, const br_net *net,
                             int connect_ms, const br_redis_ops *ops, void *user);
/*
** Sends a command as soon as that can be done, at once where it can. tag: 0 or more, for its reply.
** false: no memory, or too much is pending; the line is of no use any more.
*/
bool br_redis_say(br_redis_line *l, int tag, const br_slice *words, size_t count);
void br_redis_close(br_redis_line *l);   /* NULL is fine */
void br_redis_abandon(br_redis_line *l); /* in a forked child: as br_wire_abandon */

#endif
