/*
** What the tests of bodies that come while they are sent share: the server that takes them, an engine
** that goes on with it, and calls to it that are fed.
*/
#ifndef BR_SPEC_FED_H
#define BR_SPEC_FED_H

#include "check.h"
#include "engine/call/call.h"
#include "taker.h"

#define FED_ROUNDS_MAX 4000
#define FED_ROUND_MS 5
#define FED_ALL ((size_t)16 * 1024 * 1024)
#define FED_OK "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"
#define FED_BUSY "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"

extern br_engine *fed_engine; /* of fed_open */
extern taker fed_peer;

void fed_open(void);
void fed_close(void);
/* The peer takes at most so many bytes, and the engine does a step. */
void fed_round(size_t most);

#define FED_UNTIL(condition)                                                                       \
    do {                                                                                           \
        for (int round = 0; round < FED_ROUNDS_MAX && !(condition); round++)                       \
            fed_round(FED_ALL);                                                                    \
        CHECK(condition);                                                                          \
    } while (0)

br_client *fed_client(const char *auth);
br_call *fed_try_call(br_client *c, br_call_mode mode, const char *body, br_error *error);
br_call *fed_call(br_client *c);

#endif
