#include "engine/loop/poller.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

_Static_assert(BR_POLL_IN == EPOLLIN && BR_POLL_OUT == EPOLLOUT &&
                   BR_POLL_LOST == (EPOLLERR | EPOLLHUP),
               "epoll's bits are handed on as they are");

bool br_poller_open(br_poller *p)
{
    *p = (br_poller){.fd = epoll_create1(EPOLL_CLOEXEC), .timer_fd = -1};
    return p->fd >= 0;
}

void br_poller_close(br_poller *p)
{
    if (p->timer_fd >= 0)
        close(p->timer_fd);
    if (p->fd >= 0)
        close(p->fd);
    *p = (br_poller){.fd = -1, .timer_fd = -1};
}

void br_poller_abandon(br_poller *p)
{
    br_poller_close(p);
}

static bool control(const br_poller *p, int op, int fd, unsigned bits)
{
    struct epoll_event event = {.events = bits, .data.fd = fd};
    return epoll_ctl(p->fd, op, fd, &event) == 0;
}

bool br_poller_set(br_poller *p, int fd, unsigned before, unsigned bits)
{
    if (bits == 0)
        return before == 0 || control(p, EPOLL_CTL_DEL, fd, 0);
    return (before != 0 && control(p, EPOLL_CTL_MOD, fd, bits)) ||
           control(p, EPOLL_CTL_ADD, fd, bits);
}

bool br_poller_add_timer(br_poller *p)
{
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (fd < 0 || !control(p, EPOLL_CTL_ADD, fd, EPOLLIN)) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    p->timer_fd = fd;
    p->timed = true;
    return true;
}

bool br_poller_arm(br_poller *p, int64_t delay_ms)
{
    struct itimerspec when = {0};
    if (delay_ms >= 0) {
        when.it_value.tv_sec = delay_ms / 1000;
        when.it_value.tv_nsec = delay_ms > 0 ? delay_ms % 1000 * 1000000 : 1;
    }
    return timerfd_settime(p->timer_fd, 0, &when, NULL) == 0;
}

static void tell_timer(const br_poller *p, br_poller_ready *ready, void *user)
{
    uint64_t expirations;
    if (read(p->timer_fd, &expirations, sizeof expirations) > 0)
        ready(user, BR_POLL_TIMER, 0);
}

int br_poller_wait(br_poller *p, int ms, br_poller_ready *ready, void *user)
{
    struct epoll_event events[BR_POLL_AT_ONCE];
    int n = epoll_wait(p->fd, events, BR_POLL_AT_ONCE, ms);
    for (int i = 0; i < n; i++) {
        if (events[i].data.fd == p->timer_fd)
            tell_timer(p, ready, user);
        else
            ready(user, events[i].data.fd, events[i].events);
    }
    return n;
}
