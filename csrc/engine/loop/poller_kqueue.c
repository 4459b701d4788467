#include "engine/loop/poller.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/types.h>

#include <sys/event.h>
#include <sys/time.h>
#include <unistd.h>

#define TIMER 0 /* of a filter each: later, and at once */

bool br_poller_open(br_poller *p)
{
    *p = (br_poller){.fd = kqueue(), .timer_fd = -1};
    return p->fd >= 0 && fcntl(p->fd, F_SETFD, FD_CLOEXEC) == 0;
}

void br_poller_close(br_poller *p)
{
    if (p->fd >= 0)
        close(p->fd);
    br_poller_abandon(p);
}

/* A child does not inherit it: what has its number there is another's. */
void br_poller_abandon(br_poller *p)
{
    *p = (br_poller){.fd = -1, .timer_fd = -1};
}

/* Each is answered by itself, so that taking away what is gone spoils nothing. */
static bool change(const br_poller *p, struct kevent *changes, int n)
{
    static const struct timespec no_wait;
    struct kevent answers[3];
    int got = kevent(p->fd, changes, n, answers, n, &no_wait);
    bool ok = got == n;
    for (int i = 0; i < got; i++) {
        bool gone = (changes[i].flags & EV_DELETE) != 0;
        if ((answers[i].flags & EV_ERROR) != 0 && answers[i].data != 0 && !gone) {
            errno = (int)answers[i].data;
            ok = false;
        }
    }
    return ok;
}

bool br_poller_set(br_poller *p, int fd, unsigned before, unsigned bits)
{
    struct kevent changes[2];
    int n = 0;
    if (((before | bits) & BR_POLL_IN) != 0)
        EV_SET(&changes[n++], (uintptr_t)fd, EVFILT_READ,
               ((bits & BR_POLL_IN) != 0 ? EV_ADD : EV_DELETE) | EV_RECEIPT, 0, 0, NULL);
    if (((before | bits) & BR_POLL_OUT) != 0)
        EV_SET(&changes[n++], (uintptr_t)fd, EVFILT_WRITE,
               ((bits & BR_POLL_OUT) != 0 ? EV_ADD : EV_DELETE) | EV_RECEIPT, 0, 0, NULL);
    return n == 0 || change(p, changes, n);
}

bool br_poller_add_timer(br_poller *p)
{
    return p->timed = true;
}

bool br_poller_arm(br_poller *p, int64_t delay_ms)
{
    struct kevent changes[3];
    int n = 0, later = delay_ms > 0 ? EV_ADD | EV_ONESHOT : EV_DELETE;
    int at_once = delay_ms == 0 ? EV_ADD | EV_CLEAR : EV_DELETE;
    EV_SET(&changes[n++], TIMER, EVFILT_TIMER, later | EV_RECEIPT, 0,
           delay_ms > 0 ? (intptr_t)delay_ms : 0, NULL);
    EV_SET(&changes[n++], TIMER, EVFILT_USER, at_once | EV_RECEIPT, 0, 0, NULL);
    if (delay_ms == 0)
        EV_SET(&changes[n++], TIMER, EVFILT_USER, EV_RECEIPT, NOTE_TRIGGER, 0, NULL);
    return change(p, changes, n);
}

static unsigned bits_of(const struct kevent *event)
{
    unsigned bits = event->filter == EVFILT_READ ? BR_POLL_IN : BR_POLL_OUT;
    bool lost = (event->flags & EV_ERROR) != 0 ||
                (event->filter == EVFILT_WRITE && (event->flags & EV_EOF) != 0);
    return lost ? bits | BR_POLL_LOST : bits;
}

int br_poller_wait(br_poller *p, int ms, br_poller_ready *ready, void *user)
{
    struct kevent events[BR_POLL_AT_ONCE];
    struct timespec limit = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    int n = kevent(p->fd, NULL, 0, events, BR_POLL_AT_ONCE, ms < 0 ? NULL : &limit);
    for (int i = 0; i < n; i++) {
        if (events[i].filter == EVFILT_TIMER || events[i].filter == EVFILT_USER)
            ready(user, BR_POLL_TIMER, 0);
        else
            ready(user, (int)events[i].ident, bits_of(&events[i]));
    }
    return n;
}
