/*
** Descriptors that no program inherits which is started from here (descriptors_linux.c). Where they
** are not made so at once (descriptors_macos.c), one that another thread starts just then does.
*/
#ifndef BR_ENGINE_LOOP_DESCRIPTORS_H
#define BR_ENGINE_LOOP_DESCRIPTORS_H

#include <stdbool.h>
#include <sys/socket.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* br_accept tells the socket itself */
#endif

/* Each -1: errno. */
int br_open_socket(int family, int type, int protocol);
int br_open_local_socket(void);    /* a unix stream socket that does not block */
int br_accept(int listener);       /* likewise */
bool br_open_pipe(int ends[2]);    /* 0 is read from, 1 written to; both block */
bool br_peer_is_ourselves(int fd); /* of a unix socket: this very process, as this user */

/* What another thread, or a handler of signals, makes readable: an eventfd, or a pipe. */
typedef struct br_alarm {
    int fd;      /* to be watched; -1: none */
    int ring_fd; /* its other end; the same where there is only one */
} br_alarm;

bool br_alarm_open(br_alarm *a);
void br_alarm_close(br_alarm *a); /* idempotent */
void br_alarm_ring(const br_alarm *a);
void br_alarm_hush(const br_alarm *a); /* not readable any more, until it rings again */

#endif
