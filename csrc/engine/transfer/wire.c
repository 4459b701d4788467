#define _GNU_SOURCE
#include "engine/transfer/wire.h"

#include <stdlib.h>
#include <unistd.h>

#include "engine/transfer/transfer_private.h"

struct br_wire {
    br_curl_user base;
    br_engine *engine;
    CURL *curl;
    const br_wire_ops *ops;
    void *user;
    int fd; /* -1: not connected */
    br_timer end;
    br_task task; /* while it only waits for libcurl to return */
};

static bool set_long(CURL *curl, CURLoption option, long value)
{
    return curl_easy_setopt(curl, option, value) == CURLE_OK;
}

static curl_socket_t open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    br_engine *e = user;
    return purpose == CURLSOCKTYPE_IPCXN ? br_sockets_open(&e->sockets, address) : CURL_SOCKET_BAD;
}

static int close_socket(void *user, curl_socket_t fd)
{
    br_engine *e = user;
    return br_sockets_close(&e->sockets, fd);
}

static bool set_address(br_wire *w, const br_wire_peer *peer)
{
    br_buf url;
    br_buf_init(&url, BR_URL_TEXT_MAX);
    if (peer->unix_path == NULL)
        br_url_origin(&url, peer->address);
    else
        br_buf_adds(&url, "http://localhost");
    bool ok = !url.failed && curl_easy_setopt(w->curl, CURLOPT_URL, url.data) == CURLE_OK &&
              curl_easy_setopt(w->curl, CURLOPT_UNIX_SOCKET_PATH, peer->unix_path) == CURLE_OK;
    br_buf_free(&url);
    return ok;
}

static bool set_up(br_wire *w, const br_wire_peer *peer)
{
    CURL *c = w->curl;
    bool ok = set_address(w, peer) && set_long(c, CURLOPT_CONNECT_ONLY, 1) &&
              set_long(c, CURLOPT_FRESH_CONNECT, 1) && set_long(c, CURLOPT_NOSIGNAL, 1) &&
              set_long(c, CURLOPT_SSL_ENABLE_ALPN, 0) && set_long(c, CURLOPT_TCP_NODELAY, 1) &&
              set_long(c, CURLOPT_CONNECTTIMEOUT_MS, peer->connect_ms) &&
              curl_easy_setopt(c, CURLOPT_PROXY, "") == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_PRIVATE, &w->base) == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, w->engine) == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_CLOSESOCKETFUNCTION, close_socket) == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_CLOSESOCKETDATA, w->engine) == CURLE_OK &&
              br_tls_start(c) &&
              br_tls_set_authorities(c, &w->engine->authorities, peer->net->ca_file) &&
              br_tls_set_identity(c, peer->net->identity);
#if LIBCURL_VERSION_NUM >= 0x075700
    ok = ok && set_long(c, CURLOPT_QUICK_EXIT, 1);
#endif
    return ok;
}

static void on_ready(void *user, uint32_t events)
{
    (void)events;
    br_wire *w = user;
    w->ops->ready(w->user);
}

bool br_wire_want(br_wire *w, bool room)
{
    return br_engine_watch(w->engine, w->fd, room ? BR_POLL_IN | BR_POLL_OUT : BR_POLL_IN, on_ready,
                           w);
}

/* libcurl, which watched the descriptor until now, does so no more. */
static void on_finished(br_curl_user *base, CURLcode code)
{
    br_wire *w = (br_wire *)base;
    curl_socket_t fd = CURL_SOCKET_BAD;
    bool ok = code == CURLE_OK &&
              curl_easy_getinfo(w->curl, CURLINFO_ACTIVESOCKET, &fd) == CURLE_OK &&
              fd != CURL_SOCKET_BAD;
    if (ok) {
        br_sockets_unregister(&w->engine->sockets, fd);
        w->fd = fd;
        ok = br_wire_want(w, false);
    }
    w->ops->opened(w->user, ok);
}

static void destroy(void *user)
{
    br_wire *w = user;
    br_task_leave(w->engine, &w->task);
    br_timer_stop(w->engine, &w->end);
    if (w->fd >= 0)
        br_engine_unwatch(w->engine, w->fd);
    if (w->curl != NULL) {
        curl_multi_remove_handle(w->engine->multi, w->curl);
        curl_easy_cleanup(w->curl);
    }
    free(w);
}

br_wire *br_wire_open(br_engine *e, const br_wire_peer *peer, const br_wire_ops *ops, void *user)
{
    br_wire *w = calloc(1, sizeof *w);
    if (w == NULL)
        return NULL;
    *w = (br_wire){.base = {on_finished}, .engine = e, .ops = ops, .user = user, .fd = -1};
    w->curl = curl_easy_init();
    if (w->curl != NULL && set_up(w, peer) && curl_multi_add_handle(e->multi, w->curl) == CURLM_OK)
        return w;
    destroy(w);
    return NULL;
}

ssize_t br_wire_send(br_wire *w, br_slice bytes)
{
    size_t n = 0;
    if (w->engine->in_curl > 0)
        return 0;
    CURLcode code = curl_easy_send(w->curl, bytes.p, bytes.n, &n);
    return code == CURLE_OK ? (ssize_t)n : code == CURLE_AGAIN ? 0 : -1;
}

ssize_t br_wire_recv(br_wire *w, char *to, size_t room)
{
    size_t n = 0;
    CURLcode code = curl_easy_recv(w->curl, to, room, &n);
    if (code == CURLE_AGAIN)
        return 0;
    return code == CURLE_OK && n > 0 ? (ssize_t)n : -1;
}

static void nobody_opened(void *user, bool ok)
{
    (void)user;
    (void)ok;
}

static void nobody_ready(void *user)
{
    (void)user;
}

static void gone(void *user)
{
    br_wire *w = user;
    if (br_engine_abandoned(w->engine))
        br_wire_abandon(w);
    else
        destroy(w);
}

/* Within a callback of libcurl's nothing of its can be taken apart. */
void br_wire_close(br_wire *w)
{
    static const br_wire_ops nobody = {nobody_opened, nobody_ready};
    if (w == NULL)
        return;
    if (w->engine->in_curl == 0) {
        destroy(w);
        return;
    }
    w->ops = &nobody;
    br_task_enter_background(w->engine, &w->task, gone, w);
    (void)br_timer_start(w->engine, &w->end, 0, destroy, w);
}

void br_wire_abandon(br_wire *w)
{
    if (w == NULL || w->fd < 0)
        return;
    close(w->fd);
    w->fd = -1;
}
