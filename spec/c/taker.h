/*
** A server that takes requests as they come and shows how far they have come, over plain HTTP on
** loopback. It runs in the caller's own thread, and never waits: between steps of an engine, or
** between waits for another thread.
*/
#ifndef BR_SPEC_TAKER_H
#define BR_SPEC_TAKER_H

#include <stdbool.h>

#include "core/base/buffer.h"

typedef struct taker {
    int listener, fd; /* fd: of the connection; -1: none */
    int connections;  /* that there were */
    char url[64];
    br_buf raw;  /* what came on this connection and was not yet forgotten */
    br_buf body; /* what its chunks hold */
    bool head;   /* the head is whole */
    bool whole;  /* and the last chunk was there */
} taker;

void taker_open(taker *t);
void taker_close(taker *t);
/* Takes at most so many bytes of what came; with no connection, accepts one first. */
void taker_take(taker *t, size_t most);
bool taker_saw(const taker *t, const char *text); /* in the head, lower-case */
void taker_say(taker *t, const char *text);
void taker_forget(taker *t);  /* the request: another one follows on the same connection */
void taker_hang_up(taker *t); /* likewise, on a new one */

#endif
