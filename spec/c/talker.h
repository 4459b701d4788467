/*
** A peer that says what it is told to, when it is told to: answers, and what nobody asked for. It runs
** in the caller's own thread, between steps of the engine, so that all is exact. On loopback, plain
** or with TLS of its own; on CONNECT it becomes what is behind the proxy.
*/
#ifndef BR_SPEC_TALKER_H
#define BR_SPEC_TALKER_H

#include <stdbool.h>
#include <stddef.h>

#define TALKER_CONNECTIONS 24
#define TALKER_ANSWERS 24

typedef struct talker talker;

typedef struct talker_options {
    int tls;        /* 0: plain; else the version: 12 or 13 */
    int behind_tls; /* likewise, for what is spoken after CONNECT */
} talker_options;

talker *talker_start(talker_options options);
void talker_stop(talker *t);
int talker_port(const talker *t);

/* What the next request, on whatever connection, is answered with, in one write. */
void talker_answer(talker *t, const char *text);
/* Takes what came, and answers. Also while the caller waits. */
void talker_serve(talker *t);
int talker_connections(const talker *t); /* that carried a request, or more */
int talker_requests(const talker *t);
bool talker_left(const talker *t, int connection); /* its client has closed it */

/* On a connection that is there, counted from 0. */
void talker_say(talker *t, int connection, const char *text);
void talker_say_half(talker *t, int connection, const char *text, size_t bytes); /* of the record */
void talker_ticket(talker *t, int connection);
void talker_key_update(talker *t, int connection, bool asks_for_one);
void talker_ask_to_renegotiate(talker *t, int connection);
void talker_farewell(talker *t, int connection); /* close_notify alone */
void talker_hang_up(talker *t, int connection);  /* the end of the socket alone */

#endif
