#define _GNU_SOURCE
#include "engine/bridge/bridge_private.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/bridge/frames.h"

static void mark_dirty(void *user)
{
    br_link *l = user;
    if (l->dirty)
        return;
    l->dirty = true;
    l->next_dirty = l->bridge->dirty;
    l->bridge->dirty = l;
    br_engine_notify(l->bridge->engine);
}

static void end_call(br_link *l)
{
    br_call_free(l->call);
    l->call = NULL;
    l->tail = (br_slice){NULL, 0};
    if (l->passage != NULL) {
        l->passage->link = NULL;
        br_bridge_passed(l->bridge, l->passage);
    }
    l->passage = NULL;
}

static void unlink_link(br_link *l)
{
    if (l->prev != NULL)
        l->prev->next = l->next;
    else
        l->bridge->links = l->next;
    if (l->next != NULL)
        l->next->prev = l->prev;
}

/* Its memory stays until the turn is over: it may be in the list of those to be served. */
static void close_link(br_link *l)
{
    br_bridge *b = l->bridge;
    if (l->fd < 0)
        return;
    end_call(l);
    br_engine_unwatch(b->engine, l->fd);
    close(l->fd);
    l->fd = -1;
    br_buf_free(&l->out);
    unlink_link(l);
    l->next = b->dead;
    b->dead = l;
}

static void on_link(void *user, uint32_t events);

static void watch(br_link *l, uint32_t events)
{
    if (!br_engine_watch(l->bridge->engine, l->fd, events, on_link, l))
        close_link(l);
}

static size_t unsent(const br_link *l)
{
    return l->out.len - l->sent + l->tail.n;
}

static bool is_busy(const br_link *l)
{
    return l->call != NULL || unsent(l) > 0;
}

/* Of all that is written, only a signed request is secret. It comes first, into an empty buffer. */
static void write_item(br_link *l, const br_item *item, const br_call_info *info)
{
    l->out.secret |= item->kind == BR_PREPARED;
    if (l->out.len == 0)
        br_frame_write_salt(&l->out, l->salt += 2);
    size_t contents = l->out.len + BR_FRAME_HEADER;
    if (!br_frame_write(&l->out, item, info, &l->tail)) {
        close_link(l);
        return;
    }
    br_frame_mix(item->kind, l->out.data + contents, l->out.len - contents, l->salt);
    l->closing = item->kind == BR_ERROR;
    if (item->kind == BR_END || item->kind == BR_ERROR)
        end_call(l);
}

/* Items become frames until there is none, or enough. Long data is sent before the next item. */
static void fill(br_link *l)
{
    while (l->call != NULL && l->tail.n == 0 && unsent(l) < BR_LINK_HIGH) {
        br_item item;
        br_call_info info;
        if (br_call_next(l->call, &item) == BR_WAIT)
            return;
        br_call_info_get(l->call, &info);
        write_item(l, &item, &info);
    }
}

/* Small memory is kept; what held secrets is cleansed. */
static void empty_out(br_link *l)
{
    bool keep = !l->out.secret && l->out.cap <= BR_LINK_KEPT;
    (keep ? br_buf_clear : br_buf_free)(&l->out);
    l->out.secret = false;
    l->sent = 0;
}

static void count_sent(br_link *l, size_t n)
{
    size_t of_out = n < l->out.len - l->sent ? n : l->out.len - l->sent;
    l->sent += of_out;
    if (l->sent == l->out.len)
        empty_out(l);
    l->tail.p += n - of_out;
    l->tail.n -= n - of_out;
}

static ssize_t send_some(const br_link *l)
{
    struct iovec parts[2] = {
        {l->out.data != NULL ? l->out.data + l->sent : NULL, l->out.len - l->sent},
        {(void *)(uintptr_t)l->tail.p, l->tail.n}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    return sendmsg(l->fd, &message, MSG_NOSIGNAL);
}

static void set_blocked(br_link *l, bool blocked)
{
    if (l->blocked == blocked)
        return;
    l->blocked = blocked;
    watch(l, blocked ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

/* false: the host has to read first, or the link is closed. */
static bool flush(br_link *l)
{
    while (unsent(l) > 0) {
        ssize_t n = send_some(l);
        if (n >= 0) {
            count_sent(l, (size_t)n);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            set_blocked(l, true);
            return false;
        } else if (errno != EINTR) {
            close_link(l);
            return false;
        }
    }
    set_blocked(l, false);
    return l->fd >= 0;
}

static void serve(br_link *l)
{
    do {
        fill(l);
        if (l->fd < 0 || unsent(l) == 0)
            return;
    } while (flush(l) && !l->closing);
    if (l->fd >= 0 && l->closing && unsent(l) == 0)
        close_link(l);
}

void br_links_serve(br_bridge *b)
{
    while (b->dirty != NULL) {
        br_link *l = b->dirty;
        b->dirty = l->next_dirty;
        l->dirty = false;
        if (l->fd >= 0)
            serve(l);
    }
    while (b->dead != NULL) {
        br_link *l = b->dead;
        b->dead = l->next;
        free(l);
    }
}

static void start_failed(br_link *l, const br_error *error)
{
    const br_call_info info = {0};
    const br_item item = {.kind = BR_ERROR, .error = error};
    write_item(l, &item, &info);
}

static void start(br_link *l)
{
    br_error error;
    br_error_clear(&error);
    l->ticket_len = 0;
    br_passage *p = br_bridge_claim(l->bridge, l->ticket);
    if (p == NULL) {
        close_link(l);
        return;
    }
    l->passage = p;
    p->link = l;
    memcpy(&l->salt, l->ticket, sizeof l->salt);
    l->salt |= 1;
    l->call = p->call;
    p->call = NULL;
    bool owned = br_call_own(l->call, &error);
    br_bridge_has_read(l->bridge, p);
    br_call_listen(l->call, mark_dirty, l);
    mark_dirty(l);
    if (!owned || !br_call_start(l->call, l->bridge->engine, &error))
        start_failed(l, &error);
}

/* A host that is served says nothing; all it can do is to go. */
static void receive(br_link *l)
{
    ssize_t n = recv(l->fd, l->ticket + l->ticket_len, BR_TICKET_SIZE - l->ticket_len, 0);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return;
    if (n <= 0 || is_busy(l)) {
        close_link(l);
        return;
    }
    l->ticket_len += (size_t)n;
    if (l->ticket_len == BR_TICKET_SIZE)
        start(l);
}

static void on_link(void *user, uint32_t events)
{
    br_link *l = user;
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        receive(l);
    if (l->fd >= 0 && (events & EPOLLOUT))
        mark_dirty(l);
    br_engine_notify(l->bridge->engine);
}

static void add_link(br_bridge *b, int fd)
{
    br_link *l = calloc(1, sizeof *l);
    if (l == NULL) {
        close(fd);
        return;
    }
    l->bridge = b;
    l->fd = fd;
    br_buf_init(&l->out, BR_LINK_OUT_MAX);
    l->next = b->links;
    if (b->links != NULL)
        b->links->prev = l;
    b->links = l;
    watch(l, EPOLLIN);
}

static void on_door(void *user, uint32_t events);

static void open_door(void *user)
{
    br_bridge *b = user;
    if (!br_engine_watch(b->engine, b->door.listener, EPOLLIN, on_door, b))
        br_timer_start(b->engine, &b->accept_pause, BR_ACCEPT_PAUSE_MS, open_door, b);
}

/* Without descriptors or memory the one who knocks would be announced again and again. */
static void shut_door_for_a_while(br_bridge *b)
{
    br_engine_unwatch(b->engine, b->door.listener);
    br_timer_start(b->engine, &b->accept_pause, BR_ACCEPT_PAUSE_MS, open_door, b);
}

static void on_door(void *user, uint32_t events)
{
    br_bridge *b = user;
    (void)events;
    for (;;) {
        int fd = br_door_accept(&b->door);
        if (fd >= 0)
            add_link(b, fd);
        else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            shut_door_for_a_while(b);
            return;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        }
    }
}

static void on_wake(void *user, uint32_t events)
{
    br_bridge *b = user;
    eventfd_t count;
    (void)events;
    eventfd_read(b->wake, &count);
    for (br_passage *p = br_bridge_dropped(b), *next; p != NULL; p = next) {
        next = p->next;
        if (p->link != NULL)
            close_link(p->link);
        free(p);
        br_bridge_forgot(b);
    }
    br_engine_notify(b->engine);
}

bool br_links_open(br_bridge *b)
{
    return br_engine_watch(b->engine, b->door.listener, EPOLLIN, on_door, b) &&
           br_engine_watch(b->engine, b->wake, EPOLLIN, on_wake, b);
}

void br_links_close(br_bridge *b)
{
    while (b->links != NULL)
        close_link(b->links);
    br_links_serve(b);
    br_timer_stop(b->engine, &b->accept_pause);
    br_engine_unwatch(b->engine, b->door.listener);
    br_engine_unwatch(b->engine, b->wake);
}
