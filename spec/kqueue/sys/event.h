/*
** As much of kqueue as csrc/engine/loop/poller_kqueue.c uses, made of epoll: so that
** `make POLLER=kqueue` runs on Linux what is written for macOS. It follows the manual pages of macOS
** and FreeBSD; what they leave open only those systems can show.
*/
#ifndef BR_SPEC_KQUEUE_EVENT_H
#define BR_SPEC_KQUEUE_EVENT_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#define EVFILT_READ (-1)
#define EVFILT_WRITE (-2)
#define EVFILT_TIMER (-7)
#define EVFILT_USER (-10)

#define EV_ADD 0x0001
#define EV_DELETE 0x0002
#define EV_ONESHOT 0x0010
#define EV_CLEAR 0x0020
#define EV_RECEIPT 0x0040
#define EV_ERROR 0x4000
#define EV_EOF 0x8000

#define NOTE_TRIGGER 0x01000000

struct kevent {
    uintptr_t ident;
    int16_t filter;
    uint16_t flags;
    uint32_t fflags;
    intptr_t data;
    void *udata;
};

#define EV_SET(event, a, b, c, d, e, f)                                                            \
    (*(event) = (struct kevent){.ident = (a),                                                      \
                                .filter = (int16_t)(b),                                            \
                                .flags = (uint16_t)(c),                                            \
                                .fflags = (d),                                                     \
                                .data = (e),                                                       \
                                .udata = (f)})

int kqueue(void);
int kevent(int queue, const struct kevent *changes, int change_count, struct kevent *events,
           int event_count, const struct timespec *limit);

#endif
