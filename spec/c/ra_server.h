/*
** A server that answers CreateSession as it is told, in a process of its own, on loopback. It
** checks no signature (spec/endpoint does); it counts, notes what was asked, and can be held.
*/
#ifndef BR_SPEC_RA_SERVER_H
#define BR_SPEC_RA_SERVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define RA_STEPS 32
#define RA_REQUESTS 256
#define RA_TEXT 1024

/* One answer. {0} is a new set of credentials of an hour's life. */
typedef struct ra_step {
    int status;        /* 0: 201; -1: hangs up without an answer */
    int life_s;        /* of the credentials; 0: 3600 */
    int delay_ms;      /* before answering */
    int skew_s;        /* the Date header, from the server's time */
    char headers[128]; /* more header lines, each with CRLF */
    char body[512];    /* "": made for the status */
} ra_step;

/* Shared with the server's process. */
typedef struct ra_server {
    int port;
    pid_t pid;
    _Atomic int64_t now_ms; /* the server's time; 0: the real one */
    atomic_bool hold;       /* answers nobody while this is set */
    atomic_int requests;    /* that have come, answered or not */
    atomic_int answers;
    struct {
        bool named; /* carried a roleSessionName */
        char amz_date[20];
        char text[RA_TEXT]; /* the beginning of the request as it came */
    } seen[RA_REQUESTS];
    ra_step steps[RA_STEPS]; /* taken in turn; after the last every answer is {0} */
    atomic_int step_count, step_next;
} ra_server;

ra_server *ra_server_start(void); /* NULL: failed */
void ra_server_stop(ra_server *s);
void ra_server_say(ra_server *s, ra_step step); /* appends */
void ra_server_reset(ra_server *s);             /* forgets steps and counts */

#endif
