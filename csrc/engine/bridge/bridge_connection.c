#define _GNU_SOURCE
#include "engine/bridge/bridge_private.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVED_MAX 16384 /* bytes of a feed, at a time */

static void mark_dirty(void *user)
{
    br_connection *c = user;
    if (c->dirty)
        return;
    c->dirty = true;
    c->next_dirty = c->bridge->dirty;
    c->bridge->dirty = c;
    br_engine_notify(c->bridge->engine);
}

static void end_call(br_connection *c)
{
    br_call_free(c->call);
    c->call = NULL;
    c->tail = (br_slice){NULL, 0};
    if (c->channel != NULL) {
        c->channel->connection = NULL;
        br_queue_done(&c->bridge->queue, c->channel);
    }
    c->channel = NULL;
}

static void leave_list(br_connection *c)
{
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        c->bridge->connections = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
}

/* Its memory stays until the turn is over: it may be in the list of those to be served. */
static void close_connection(br_connection *c)
{
    br_bridge *b = c->bridge;
    if (c->fd < 0)
        return;
    end_call(c);
    br_engine_unwatch(b->engine, c->fd);
    close(c->fd);
    c->fd = -1;
    br_buf_free(&c->out);
    leave_list(c);
    c->next = b->dead;
    b->dead = c;
}

static void on_connection(void *user, uint32_t events);

static void watch(br_connection *c, uint32_t events)
{
    if (!br_engine_watch(c->bridge->engine, c->fd, events, on_connection, c))
        close_connection(c);
}

static size_t unsent(const br_connection *c)
{
    return c->out.len - c->sent + c->tail.n;
}

static bool is_busy(const br_connection *c)
{
    return c->call != NULL || unsent(c) > 0;
}

static void begin_frames(br_connection *c)
{
    if (c->out.len == 0)
        br_frame_write_key(&c->out, c->key += 2);
}

/* Of all that is written, only a signed request is secret. It comes first, into an empty buffer. */
static void write_item(br_connection *c, const br_item *item, const br_call_info *info)
{
    c->out.secret |= item->kind == BR_PREPARED;
    begin_frames(c);
    size_t contents = c->out.len + BR_FRAME_HEADER;
    if (!br_frame_write(&c->out, item, info, &c->tail)) {
        close_connection(c);
        return;
    }
    br_frame_mask(item->kind, c->out.data + contents, c->out.len - contents, c->key);
    c->closing = item->kind == BR_ERROR || (item->kind == BR_END && c->fed);
    if (item->kind == BR_END || item->kind == BR_ERROR)
        end_call(c);
}

static void grant_credit(br_connection *c)
{
    size_t n = br_feed_grant(&c->feed, c->call);
    if (n == 0)
        return;
    begin_frames(c);
    size_t contents = c->out.len + BR_FRAME_HEADER;
    br_frame_write_credit(&c->out, (uint32_t)n);
    br_frame_mask(BR_FRAME_CREDIT, c->out.data + contents, c->out.len - contents, c->key);
}

/* What has happened to the call goes before what comes of it. */
static void write_trace(br_connection *c)
{
    br_trace *t = br_call_trace(c->call);
    br_slice bytes = t != NULL ? br_trace_waiting(t) : (br_slice){NULL, 0};
    if (bytes.n == 0)
        return;
    begin_frames(c);
    size_t contents = c->out.len + BR_FRAME_HEADER;
    br_frame_write_trace(&c->out, bytes);
    br_frame_mask(BR_FRAME_TRACE, c->out.data + contents, c->out.len - contents, c->key);
    br_trace_taken(t);
}

/* Items become frames until there is none, or enough. Long data is sent before the next item. */
static void fill(br_connection *c)
{
    if (c->fed && c->call != NULL && c->tail.n == 0)
        grant_credit(c);
    while (c->call != NULL && c->tail.n == 0 && unsent(c) < BR_CONNECTION_HIGH) {
        br_item item;
        br_call_info info;
        br_item_kind kind = br_call_next(c->call, &item);
        write_trace(c);
        if (kind == BR_WAIT)
            return;
        br_call_info_get(c->call, &info);
        if (item.kind == BR_CREDENTIALS)
            br_queue_lend(&c->bridge->queue, c->channel, item.credentials);
        write_item(c, &item, &info);
    }
}

/* Small memory is kept; what held secrets is cleansed. */
static void empty_out(br_connection *c)
{
    bool keep = !c->out.secret && c->out.cap <= BR_CONNECTION_KEPT;
    (keep ? br_buf_clear : br_buf_free)(&c->out);
    c->out.secret = false;
    c->sent = 0;
}

static void count_sent(br_connection *c, size_t n)
{
    size_t of_out = n < c->out.len - c->sent ? n : c->out.len - c->sent;
    c->sent += of_out;
    if (c->sent == c->out.len)
        empty_out(c);
    c->tail.p += n - of_out;
    c->tail.n -= n - of_out;
}

static ssize_t send_some(const br_connection *c)
{
    struct iovec parts[2] = {
        {c->out.data != NULL ? c->out.data + c->sent : NULL, c->out.len - c->sent},
        {(void *)(uintptr_t)c->tail.p, c->tail.n}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    return sendmsg(c->fd, &message, MSG_NOSIGNAL);
}

static void set_blocked(br_connection *c, bool blocked)
{
    if (c->blocked == blocked)
        return;
    c->blocked = blocked;
    watch(c, blocked ? BR_POLL_IN | BR_POLL_OUT : BR_POLL_IN);
}

/* false: the host has to read first, or the connection is closed. */
static bool flush(br_connection *c)
{
    while (unsent(c) > 0) {
        ssize_t n = send_some(c);
        if (n >= 0) {
            count_sent(c, (size_t)n);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            set_blocked(c, true);
            return false;
        } else if (errno != EINTR) {
            close_connection(c);
            return false;
        }
    }
    set_blocked(c, false);
    return c->fd >= 0;
}

static void serve(br_connection *c)
{
    do {
        fill(c);
        if (c->fd < 0 || unsent(c) == 0)
            return;
    } while (flush(c) && !c->closing);
    if (c->fd >= 0 && c->closing && unsent(c) == 0)
        close_connection(c);
}

void br_connections_serve(br_bridge *b)
{
    while (b->dirty != NULL) {
        br_connection *c = b->dirty;
        b->dirty = c->next_dirty;
        c->dirty = false;
        if (c->fd >= 0)
            serve(c);
    }
    while (b->dead != NULL) {
        br_connection *c = b->dead;
        b->dead = c->next;
        free(c);
    }
}

static void start_failed(br_connection *c, const br_error *error)
{
    const br_call_info info = {0};
    const br_item item = {.kind = BR_ERROR, .error = error};
    write_item(c, &item, &info);
}

static void start(br_connection *c)
{
    br_error error;
    br_error_clear(&error);
    c->id_len = 0;
    br_channel *p = br_queue_claim(&c->bridge->queue, c->id);
    if (p == NULL) {
        close_connection(c);
        return;
    }
    c->channel = p;
    p->connection = c;
    memcpy(&c->key, c->id, sizeof c->key);
    c->key |= 1;
    c->call = p->call;
    c->fed = br_call_is_fed(c->call);
    c->feed = (br_feed_reader){0};
    p->call = NULL;
    bool owned = br_call_own(c->call, &error);
    br_queue_has_read(&c->bridge->queue, p);
    br_call_listen(c->call, mark_dirty, c);
    mark_dirty(c);
    if (!owned || !br_call_start(c->call, c->bridge->engine, &error))
        start_failed(c, &error);
}

/* What comes for a call that is over was on its way before the host knew. */
static void receive_feed(br_connection *c)
{
    char bytes[RECEIVED_MAX];
    ssize_t n = recv(c->fd, bytes, sizeof bytes, 0);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return;
    if (n <= 0 ||
        (c->call != NULL && !br_feed_take(&c->feed, c->call, (br_slice){bytes, (size_t)n})))
        close_connection(c);
    else
        mark_dirty(c);
}

/* A host that is served says nothing unless it feeds; all it can do is to go. */
static void receive(br_connection *c)
{
    if (c->fed) {
        receive_feed(c);
        return;
    }
    ssize_t n = recv(c->fd, c->id + c->id_len, BR_CHANNEL_ID_SIZE - c->id_len, 0);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return;
    if (n <= 0 || is_busy(c)) {
        close_connection(c);
        return;
    }
    c->id_len += (size_t)n;
    if (c->id_len == BR_CHANNEL_ID_SIZE)
        start(c);
}

static void on_connection(void *user, uint32_t events)
{
    br_connection *c = user;
    if (events & (BR_POLL_IN | BR_POLL_LOST))
        receive(c);
    if (c->fd >= 0 && (events & BR_POLL_OUT))
        mark_dirty(c);
    br_engine_notify(c->bridge->engine);
}

static void add_connection(br_bridge *b, int fd)
{
    br_connection *c = calloc(1, sizeof *c);
    if (c == NULL) {
        close(fd);
        return;
    }
    c->bridge = b;
    c->fd = fd;
    br_buf_init(&c->out, BR_CONNECTION_OUT_MAX);
    c->next = b->connections;
    if (b->connections != NULL)
        b->connections->prev = c;
    b->connections = c;
    watch(c, BR_POLL_IN);
}

static void on_listener(void *user, uint32_t events);

static void listen_again(void *user)
{
    br_bridge *b = user;
    if (!br_engine_watch(b->engine, b->listener.fd, BR_POLL_IN, on_listener, b))
        br_timer_start(b->engine, &b->accept_pause, BR_ACCEPT_PAUSE_MS, listen_again, b);
}

/* Without descriptors or memory the one who knocks would be announced again and again. */
static void stop_listening_for_a_while(br_bridge *b)
{
    br_engine_unwatch(b->engine, b->listener.fd);
    br_timer_start(b->engine, &b->accept_pause, BR_ACCEPT_PAUSE_MS, listen_again, b);
}

static void on_listener(void *user, uint32_t events)
{
    br_bridge *b = user;
    (void)events;
    for (;;) {
        int fd = br_listener_accept(&b->listener);
        if (fd >= 0)
            add_connection(b, fd);
        else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            stop_listening_for_a_while(b);
            return;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        }
    }
}

static void on_wake(void *user, uint32_t events)
{
    br_bridge *b = user;
    (void)events;
    br_alarm_hush(&b->wake);
    for (br_channel *p = br_queue_dropped(&b->queue), *next; p != NULL; p = next) {
        next = p->next;
        if (p->connection != NULL)
            close_connection(p->connection);
        br_queue_forgot(&b->queue, p);
    }
    br_engine_notify(b->engine);
}

bool br_connections_open(br_bridge *b)
{
    return br_engine_watch(b->engine, b->listener.fd, BR_POLL_IN, on_listener, b) &&
           br_engine_watch(b->engine, b->wake.fd, BR_POLL_IN, on_wake, b);
}

void br_connections_close(br_bridge *b)
{
    while (b->connections != NULL)
        close_connection(b->connections);
    br_connections_serve(b);
    br_timer_stop(b->engine, &b->accept_pause);
    br_engine_unwatch(b->engine, b->listener.fd);
    br_engine_unwatch(b->engine, b->wake.fd);
}
