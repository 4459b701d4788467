/*
** A host that comes back late: timers are overdue, but answers are waiting in the sockets. The peer
** is in this program and speaks plain HTTP, so that it is known what has arrived.
*/
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "engine/transfer/transfer_private.h"

#define CALLS_MAX 200 /* several times what one wait tells of */
#define GUARD 20000   /* rounds, and milliseconds, until what does not come is missed */
#define READ_MS 60000

static int64_t clock_ahead_ms;

static int64_t moved_clock(void *user)
{
    (void)user;
    return br_platform_system.mono_ms(NULL) + clock_ahead_ms;
}

static br_engine *new_engine(void)
{
    static const br_platform moved = {moved_clock, moved_clock, NULL, NULL, NULL};
    br_error error;
    br_engine *e = br_engine_new(&moved, &error);
    CHECK(e != NULL && br_engine_fd(e) >= 0);
    return e;
}

typedef struct run {
    br_transfer *transfer;
    size_t bytes;
    bool done;
    br_transfer_end end;
    br_error error;
} run;

static void on_head(void *user, int status, br_headers *headers)
{
    (void)user;
    (void)headers;
    CHECK_INT(status, 200);
}

static bool on_data(void *user, br_slice bytes)
{
    run *r = user;
    r->bytes += bytes.n;
    return true;
}

static void on_done(void *user, const br_transfer_result *result)
{
    run *r = user;
    r->done = true;
    r->end = result->end;
    if (result->error != NULL)
        r->error = *result->error;
}

static const br_transfer_ops ops = {on_head, on_data, on_done};

static int listen_here(br_url *url)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    char text[64];
    br_error error;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0);
    CHECK(listen(fd, CALLS_MAX) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&at, &n) == 0);
    snprintf(text, sizeof text, "http://127.0.0.1:%d", ntohs(at.sin_port));
    CHECK(br_url_parse(url, br_slice_of(text), &error));
    return fd;
}

static void begin(br_engine *e, const br_url *url, run *r)
{
    static br_headers none;
    br_error error;
    br_headers_init(&none);
    br_transfer_request request = {
        .method = "GET",
        .endpoint = url,
        .target = br_slice_of("/t"),
        .headers = &none,
        .timeouts = {-1, READ_MS, -1, -1},
    };
    r->transfer = br_transfer_start(e, &request, &ops, r, &error);
    CHECK(r->transfer != NULL);
}

static bool whole_request_came(int peer)
{
    char text[4096];
    ssize_t n = recv(peer, text, sizeof text, MSG_PEEK | MSG_DONTWAIT);
    return n > 4 && memcmp(text + n - 4, "\r\n\r\n", 4) == 0;
}

static bool waits_for_its_answer(const run *r)
{
    return r->transfer->sent && r->transfer->timer.slot != 0;
}

/* Until the peers have all requests, and silence is measured for each. */
static void send_requests(br_engine *e, int listener, const run *runs, int *peers, int count)
{
    int accepted = 0, ready = 0;
    for (int i = 0; i < GUARD && ready < count; i++) {
        br_engine_step(e, 1);
        while (accepted < count && (peers[accepted] = accept(listener, NULL, NULL)) >= 0)
            accepted++;
        ready = 0;
        for (int j = 0; j < accepted; j++)
            ready += whole_request_came(peers[j]) && waits_for_its_answer(&runs[j]);
    }
    CHECK_INT(ready, count);
}

static void answer(int peer)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789";
    CHECK(write(peer, text, sizeof text - 1) == (ssize_t)sizeof text - 1);
}

/* How many of the engine's sockets have something to read. */
static int count_arrivals(const br_engine *e)
{
    int there = 0;
    for (int fd = 0; fd < e->sockets.cap; fd++) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (e->sockets.of[fd].opened)
            there += poll(&p, 1, 0) == 1;
    }
    return there;
}

static int count_ends(const run *runs, int count, br_transfer_end end)
{
    int n = 0;
    for (int i = 0; i < count; i++)
        n += runs[i].done && runs[i].end == end;
    return n;
}

/* All but the last are answered. */
static void test_sockets_are_read_before_timers_are_judged(int count)
{
    static run runs[CALLS_MAX];
    int peers[CALLS_MAX];
    br_url url;
    memset(runs, 0, sizeof runs);
    br_engine *e = new_engine();
    int listener = listen_here(&url);
    for (int i = 0; i < count; i++)
        begin(e, &url, &runs[i]);
    send_requests(e, listener, runs, peers, count);
    for (int i = 0; i < count - 1; i++)
        answer(peers[i]);
    for (int i = 0; i < GUARD && count_arrivals(e) < count - 1; i++)
        poll(NULL, 0, 1);
    clock_ahead_ms += READ_MS * 10;
    for (int i = 0; i < GUARD && br_engine_step(e, 0) > 0; i++)
        continue;
    CHECK_INT(count_ends(runs, count, BR_DONE_OK), count - 1);
    CHECK_INT(count_ends(runs, count, BR_DONE_TIMED_OUT), 1);
    br_engine_free(e);
    for (int i = 0; i < count; i++)
        close(peers[i]);
    close(listener);
}

int main(void)
{
    test_sockets_are_read_before_timers_are_judged(2);
    test_sockets_are_read_before_timers_are_judged(CALLS_MAX);
    return check_done();
}
