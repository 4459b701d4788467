#include "engine/credentials/redis_line.h"

#include <stdio.h>
#include <stdlib.h>

#include "engine/transfer/wire.h"

#define OUT_MAX ((size_t)256 * 1024)
#define READ_SIZE 16384
#define LOGIN (-1) /* the tag of what must be answered with OK */

struct br_redis_line {
    br_wire *wire;
    br_resp *resp;
    const br_redis_ops *ops;
    void *user;
    bool open, broken;
    br_buf out; /* secret */
    size_t sent;
    int pending[BR_REDIS_PENDING_MAX]; /* a ring of tags */
    size_t first, pending_count;
    bool *closed; /* of whoever reads just now: told when the line goes */
};

/* false: broken. */
static bool flush(br_redis_line *l)
{
    if (!l->open)
        return true;
    while (l->sent < l->out.len) {
        br_slice rest = {l->out.data + l->sent, l->out.len - l->sent};
        ssize_t n = br_wire_send(l->wire, rest);
        if (n < 0)
            return false;
        if (n == 0)
            return br_wire_want(l->wire, true);
        l->sent += (size_t)n;
    }
    br_buf_clear(&l->out);
    l->sent = 0;
    return br_wire_want(l->wire, false);
}

static bool queue(br_redis_line *l, int tag, const br_slice *words, size_t count)
{
    if (l->pending_count == BR_REDIS_PENDING_MAX || !br_resp_add_command(&l->out, words, count))
        return false;
    l->pending[(l->first + l->pending_count++) % BR_REDIS_PENDING_MAX] = tag;
    return true;
}

/* Of what broke here the caller is told, and nobody from here. */
bool br_redis_say(br_redis_line *l, int tag, const br_slice *words, size_t count)
{
    if (l->broken || !queue(l, tag, words, count) || !flush(l))
        l->broken = true;
    return !l->broken;
}

static bool log_in(br_redis_line *l, const br_redis_url *url)
{
    br_slice auth[3] = {BR_SLICE("AUTH")};
    size_t n = 1;
    if (!url->has_password)
        return true;
    if (url->user[0] != '\0')
        auth[n++] = br_slice_of(url->user);
    auth[n++] = br_slice_of(url->password);
    return queue(l, LOGIN, auth, n);
}

static bool choose(br_redis_line *l, const br_redis_url *url)
{
    char db[16];
    if (url->db == 0)
        return true;
    snprintf(db, sizeof db, "%d", url->db);
    const br_slice words[] = {BR_SLICE("SELECT"), br_slice_of(db)};
    return queue(l, LOGIN, words, 2);
}

/* false: the line is lost. Gone afterwards where *closed. */
static bool take_reply(br_redis_line *l, const br_resp_reply *reply)
{
    if (l->pending_count == 0)
        return false;
    int tag = l->pending[l->first];
    l->first = (l->first + 1) % BR_REDIS_PENDING_MAX;
    l->pending_count--;
    if (tag == LOGIN)
        return reply->type == BR_RESP_STATUS;
    l->ops->reply(l->user, tag, reply);
    return true;
}

static bool take_replies(br_redis_line *l, const bool *closed)
{
    br_resp_reply reply;
    br_resp_state state;
    while ((state = br_resp_next(l->resp, &reply)) == BR_RESP_GOT)
        if (!take_reply(l, &reply) || *closed)
            return *closed;
    return state == BR_RESP_MORE;
}

static bool read_all(br_redis_line *l, const bool *closed)
{
    char bytes[READ_SIZE];
    for (;;) {
        ssize_t n = br_wire_recv(l->wire, bytes, sizeof bytes);
        if (n <= 0)
            return n == 0;
        if (!br_resp_feed(l->resp, (br_slice){bytes, (size_t)n}) || !take_replies(l, closed))
            return false;
        if (*closed)
            return true;
    }
}

static void on_ready(void *user)
{
    br_redis_line *l = user;
    bool closed = false;
    l->closed = &closed;
    bool ok = !l->broken && flush(l) && read_all(l, &closed);
    if (closed)
        return;
    l->closed = NULL;
    if (!ok || l->broken)
        l->ops->lost(l->user);
}

static void on_opened(void *user, bool ok)
{
    br_redis_line *l = user;
    l->open = ok;
    if (!ok || l->broken || !flush(l))
        l->ops->lost(l->user);
}

br_redis_line *br_redis_open(br_engine *e, const br_redis_url *url, const br_net *net,
                             int connect_ms, const br_redis_ops *ops, void *user)
{
    static const br_wire_ops wire_ops = {on_opened, on_ready};
    br_wire_peer peer = {.address = &url->address,
                         .unix_path = url->path[0] != '\0' ? url->path : NULL,
                         .net = net,
                         .connect_ms = connect_ms};
    br_redis_line *l = calloc(1, sizeof *l);
    if (l == NULL)
        return NULL;
    l->ops = ops;
    l->user = user;
    br_buf_init_secret(&l->out, OUT_MAX);
    l->resp = br_resp_new();
    if (l->resp != NULL && log_in(l, url) && choose(l, url))
        l->wire = br_wire_open(e, &peer, &wire_ops, l);
    if (l->wire != NULL)
        return l;
    br_redis_close(l);
    return NULL;
}

void br_redis_close(br_redis_line *l)
{
    if (l == NULL)
        return;
    if (l->closed != NULL)
        *l->closed = true;
    br_wire_close(l->wire);
    br_resp_free(l->resp);
    br_buf_free(&l->out);
    free(l);
}

void br_redis_abandon(br_redis_line *l)
{
    if (l != NULL)
        br_wire_abandon(l->wire);
}
