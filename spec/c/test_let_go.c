/* When a request is borrowed no more: not before its last byte has left, though the answer has begun. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "plain_peer.h"

#define LARGE ((size_t)16 * 1024 * 1024) /* more than sockets hold */

typedef struct exchange {
    br_transfer *transfer;
    size_t bytes;
    bool let_go, done;
} exchange;

static void on_head(void *user, int status, br_headers *headers)
{
    (void)user;
    (void)headers;
    CHECK_INT(status, 200);
}

static bool on_data(void *user, br_slice bytes)
{
    exchange *x = user;
    x->bytes += bytes.n;
    x->let_go = br_transfer_let_go(x->transfer);
    return true;
}

static void on_done(void *user, const br_transfer_result *result)
{
    exchange *x = user;
    CHECK_INT(result->end, BR_DONE_OK);
    x->done = true;
}

static void send_text(int peer, const char *text)
{
    CHECK(write(peer, text, strlen(text)) == (ssize_t)strlen(text));
}

static int meet(br_engine *e, int listener)
{
    int peer = -1;
    for (int i = 0; i < PLAIN_GUARD && peer < 0; i++) {
        br_engine_step(e, 1);
        peer = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    }
    CHECK(peer >= 0);
    return peer;
}

static void read_until(br_engine *e, int peer, size_t wanted)
{
    static char scrap[65536];
    size_t came = 0;
    for (int i = 0; i < PLAIN_GUARD && came < wanted; i++) {
        for (ssize_t n; (n = recv(peer, scrap, sizeof scrap, MSG_DONTWAIT)) > 0;)
            came += (size_t)n;
        br_engine_step(e, 0);
    }
    CHECK(came >= wanted);
}

static void await_bytes(br_engine *e, const exchange *x, size_t bytes)
{
    for (int i = 0; i < PLAIN_GUARD && x->bytes < bytes; i++)
        br_engine_step(e, 1);
    CHECK_INT((long long)x->bytes, (long long)bytes);
}

static void test_with_body(size_t size, bool goes_at_once)
{
    static const br_transfer_ops ops = {on_head, on_data, on_done};
    exchange x = {0};
    br_headers none;
    br_error error;
    br_url url;
    char *body = calloc(1, size);
    br_engine *e = br_engine_new(&br_platform_system, &error);
    int listener = plain_listen(&url, 1);
    br_headers_init(&none);
    br_transfer_request request = {
        .method = "POST",
        .endpoint = &url,
        .target = br_slice_of("/t"),
        .headers = &none,
        .body = {body, size},
        .has_body = true,
        .timeouts = {-1, -1, -1, -1},
        .streams = true,
    };
    x.transfer = br_transfer_start(e, &request, &ops, &x, &error);
    CHECK(x.transfer != NULL);
    int peer = meet(e, listener);
    if (goes_at_once)
        read_until(e, peer, size);
    send_text(peer, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab");
    await_bytes(e, &x, 2);
    CHECK_INT(x.let_go, goes_at_once);
    if (!goes_at_once)
        read_until(e, peer, size);
    send_text(peer, "cd");
    await_bytes(e, &x, 4);
    CHECK(x.let_go && x.done);
    br_engine_free(e);
    close(peer);
    close(listener);
    free(body);
}

int main(void)
{
    test_with_body(1000, true);
    test_with_body(LARGE, false);
    return check_done();
}
