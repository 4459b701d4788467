#define _GNU_SOURCE
#include "plain_peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

static void on_head(void *user, int status, br_headers *headers)
{
    (void)user;
    (void)headers;
    CHECK_INT(status, 200);
}

static bool on_data(void *user, br_slice bytes)
{
    plain_run *r = user;
    r->bytes += bytes.n;
    return true;
}

static void on_done(void *user, const br_transfer_result *result)
{
    plain_run *r = user;
    r->done = true;
    r->end = result->end;
    if (result->error != NULL)
        r->error = *result->error;
}

int plain_listen(br_url *url, int backlog)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    char text[64];
    br_error error;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0);
    CHECK(listen(fd, backlog) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&at, &n) == 0);
    snprintf(text, sizeof text, "http://127.0.0.1:%d", ntohs(at.sin_port));
    CHECK(br_url_parse(url, br_slice_of(text), &error));
    return fd;
}

void plain_begin(br_engine *e, const br_url *url, plain_run *run)
{
    static const br_transfer_ops ops = {on_head, on_data, on_done};
    static br_headers none;
    br_error error;
    br_headers_init(&none);
    br_transfer_request request = {
        .method = "GET",
        .endpoint = url,
        .target = br_slice_of("/t"),
        .headers = &none,
        .timeouts = {-1, PLAIN_READ_MS, -1, -1},
    };
    *run = (plain_run){.transfer = br_transfer_start(e, &request, &ops, run, &error)};
    CHECK(run->transfer != NULL);
}

bool plain_request_came(int peer)
{
    char text[4096];
    ssize_t n = recv(peer, text, sizeof text, MSG_PEEK | MSG_DONTWAIT);
    return n > 4 && memcmp(text + n - 4, "\r\n\r\n", 4) == 0;
}

void plain_answer(int peer)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789";
    char request[4096];
    CHECK(recv(peer, request, sizeof request, MSG_DONTWAIT) > 0);
    CHECK(write(peer, text, sizeof text - 1) == (ssize_t)sizeof text - 1);
}

int plain_count(const plain_run *runs, int count, br_transfer_end end)
{
    int n = 0;
    for (int i = 0; i < count; i++)
        n += runs[i].done && runs[i].end == end;
    return n;
}
