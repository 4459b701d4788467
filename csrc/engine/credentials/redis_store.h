/*
** The rules of the store in Redis (store.h has the interface), for its tests.
**
**   lua-bedrock:IDENTITY         the sealed bytes; PX: as long as the set lives
**   lua-bedrock:IDENTITY:lock    SET NX PX with a random token; the holder prolongs it every
**                                second, and deletes it, each only while the token is its own
**   lua-bedrock:IDENTITY:lock2   the same, for those who waited 30 s for the first
**
** A lock that can be none of ours (it never expires, or not for long) is taken away. One
** acquisition waits at most BR_REDIS_SHARE_MS for Redis. While it waits for another's exchange, only
** what a reply takes longer than the pauses between two looks counts. Whatever goes wrong, that
** acquisition goes on without Redis, as do all of the connection for BR_REDIS_REST_MS.
*/
#ifndef BR_ENGINE_CREDENTIALS_REDIS_STORE_H
#define BR_ENGINE_CREDENTIALS_REDIS_STORE_H

#include "engine/credentials/store.h"

#define BR_REDIS_SHARE_MS 1000
#define BR_REDIS_REST_MS 30000

/* Borrows the config. NULL: no memory. */
br_store *br_redis_store_new(br_config *config);

#endif
