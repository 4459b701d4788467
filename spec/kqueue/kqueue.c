#define _GNU_SOURCE
#include <sys/event.h>
#include <sys/ucred.h>

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define QUEUES_MAX 1024 /* by descriptor, as are those that are watched */
#define WATCHED_MAX 4096
#define AT_ONCE 64

/*
** A queue is an epoll descriptor. A timer's in it stands for EVFILT_TIMER and EVFILT_USER, of which
** one is set at a time.
*/
static struct queue {
    int timer; /* 0: none yet */
    int16_t set;
    bool open;
} queues[QUEUES_MAX];
static unsigned char watched[QUEUES_MAX][WATCHED_MAX]; /* epoll's bits */

/* In place of the C library's, since a queue goes with what is in it. */
int close(int fd)
{
    if (fd >= 0 && fd < QUEUES_MAX && queues[fd].open) {
        if (queues[fd].timer > 0)
            syscall(SYS_close, queues[fd].timer);
        queues[fd] = (struct queue){0};
    }
    return (int)syscall(SYS_close, fd);
}

/* A child inherits no queue. */
static void close_all(void)
{
    for (int queue = 0; queue < QUEUES_MAX; queue++)
        if (queues[queue].open)
            close(queue);
}

static void begin(void)
{
    pthread_atfork(NULL, NULL, close_all);
}

int kqueue(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, begin);
    int queue = epoll_create1(0);
    if (queue >= QUEUES_MAX) {
        close(queue);
        errno = EMFILE;
        return -1;
    }
    if (queue >= 0)
        queues[queue] = (struct queue){.open = true};
    for (int fd = 0; queue >= 0 && fd < WATCHED_MAX; fd++)
        watched[queue][fd] = 0;
    return queue;
}

static int control(int queue, int op, int fd, uint32_t bits)
{
    struct epoll_event event = {.events = bits, .data.fd = fd};
    return epoll_ctl(queue, op, fd, &event) == 0 ? 0 : errno;
}

static int add(int queue, int fd, uint32_t bit)
{
    unsigned char *bits = &watched[queue][fd];
    int why = *bits != 0 ? control(queue, EPOLL_CTL_MOD, fd, *bits | bit) : ENOENT;
    if (why == ENOENT) {
        *bits = 0;
        why = control(queue, EPOLL_CTL_ADD, fd, bit);
    }
    if (why == 0)
        *bits = (unsigned char)(*bits | bit);
    return why;
}

static int take_away(int queue, int fd, uint32_t bit)
{
    unsigned char *bits = &watched[queue][fd];
    if ((*bits & bit) == 0)
        return ENOENT;
    uint32_t left = *bits & ~bit;
    int why = control(queue, left != 0 ? EPOLL_CTL_MOD : EPOLL_CTL_DEL, fd, left);
    *bits = why == 0 ? (unsigned char)left : 0;
    return why;
}

static int watch(int queue, const struct kevent *change)
{
    int fd = (int)change->ident;
    uint32_t bit = change->filter == EVFILT_READ ? EPOLLIN : EPOLLOUT;
    if (fd >= WATCHED_MAX)
        return EBADF;
    return (change->flags & EV_ADD) != 0 ? add(queue, fd, bit) : take_away(queue, fd, bit);
}

static int set_timer(int queue, int16_t filter, long ms)
{
    struct queue *q = &queues[queue];
    struct itimerspec when = {.it_value = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}};
    if (filter == EVFILT_USER)
        when.it_value.tv_nsec = 1;
    if (q->timer == 0) {
        q->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
        control(queue, EPOLL_CTL_ADD, q->timer, EPOLLIN);
    }
    q->set = filter;
    return timerfd_settime(q->timer, 0, &when, NULL) == 0 ? 0 : errno;
}

static int time_it(int queue, const struct kevent *change)
{
    if ((change->flags & EV_DELETE) != 0)
        return queues[queue].set == change->filter ? set_timer(queue, 0, 0) : ENOENT;
    if (change->filter == EVFILT_TIMER)
        return set_timer(queue, EVFILT_TIMER, change->data);
    return change->fflags == NOTE_TRIGGER ? set_timer(queue, EVFILT_USER, 0) : 0;
}

static void tell(struct kevent *events, int *n, int fd, int filter, uint32_t bits)
{
    uint16_t end = (bits & (EPOLLERR | EPOLLHUP)) != 0 ? EV_EOF : 0;
    EV_SET(&events[(*n)++], (uintptr_t)fd, filter, end, 0, 0, NULL);
}

static int harvest(int queue, struct kevent *events, int room, int ms)
{
    struct epoll_event ready[AT_ONCE];
    int n = 0, count = epoll_wait(queue, ready, room < AT_ONCE ? room : AT_ONCE, ms);
    for (int i = 0; i < count && n < room; i++) {
        int fd = ready[i].data.fd;
        uint32_t bits = ready[i].events, all = bits & (EPOLLERR | EPOLLHUP) ? ~0U : bits;
        uint64_t times;
        if (fd == queues[queue].timer) {
            if (read(fd, &times, sizeof times) > 0)
                tell(events, &n, 0, queues[queue].set, 0);
            continue;
        }
        if (watched[queue][fd] & all & EPOLLIN)
            tell(events, &n, fd, EVFILT_READ, bits);
        if (n < room && (watched[queue][fd] & all & EPOLLOUT) != 0)
            tell(events, &n, fd, EVFILT_WRITE, bits);
    }
    return count < 0 ? -1 : n;
}

int kevent(int queue, const struct kevent *changes, int change_count, struct kevent *events,
           int event_count, const struct timespec *limit)
{
    for (int i = 0; i < change_count; i++) {
        int16_t filter = changes[i].filter;
        bool fd = filter == EVFILT_READ || filter == EVFILT_WRITE;
        events[i] = changes[i];
        events[i].flags = EV_ERROR;
        events[i].data = fd ? watch(queue, &changes[i]) : time_it(queue, &changes[i]);
    }
    if (change_count > 0)
        return change_count;
    int ms = limit == NULL ? -1 : (int)(limit->tv_sec * 1000 + limit->tv_nsec / 1000000);
    return harvest(queue, events, event_count, ms);
}

int getpeereid(int fd, uid_t *user, gid_t *group)
{
    struct ucred peer;
    socklen_t n = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) != 0)
        return -1;
    *user = peer.uid;
    *group = peer.gid;
    return 0;
}
