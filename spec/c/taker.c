#define _GNU_SOURCE
#include "taker.h"

#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

#define TAKEN_MAX ((size_t)16 * 1024 * 1024)

void taker_open(taker *t)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    *t = (taker){.fd = -1};
    t->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    CHECK(bind(t->listener, (struct sockaddr *)&a, n) == 0 && listen(t->listener, 8) == 0);
    CHECK(getsockname(t->listener, (struct sockaddr *)&a, &n) == 0);
    snprintf(t->url, sizeof t->url, "http://127.0.0.1:%d", ntohs(a.sin_port));
    br_buf_init(&t->raw, TAKEN_MAX);
    br_buf_init(&t->body, TAKEN_MAX);
}

void taker_forget(taker *t)
{
    br_buf_clear(&t->raw);
    br_buf_clear(&t->body);
    t->head = t->whole = false;
}

static void close_connection(taker *t)
{
    if (t->fd >= 0)
        close(t->fd);
    t->fd = -1;
}

void taker_hang_up(taker *t)
{
    taker_forget(t);
    close_connection(t);
}

void taker_close(taker *t)
{
    taker_hang_up(t);
    close(t->listener);
    br_buf_free(&t->raw);
    br_buf_free(&t->body);
}

/* Chunks (RFC 9112, section 7.1) as far as they are whole, without trailers. */
static void read_chunks(taker *t, const char *at, const char *end)
{
    br_buf_clear(&t->body);
    for (;;) {
        const char *line = memmem(at, (size_t)(end - at), "\r\n", 2);
        if (line == NULL)
            return;
        char *rest;
        size_t n = strtoul(at, &rest, 16);
        CHECK(rest == line && rest > at);
        at = line + 2;
        if ((size_t)(end - at) < n + 2)
            return;
        br_buf_add(&t->body, at, n);
        CHECK(memcmp(at + n, "\r\n", 2) == 0);
        at += n + 2;
        if (n == 0) {
            t->whole = true;
            CHECK(at == end);
            return;
        }
    }
}

static void look(taker *t)
{
    const char *blank = memmem(t->raw.data, t->raw.len, "\r\n\r\n", 4);
    if (blank == NULL)
        return;
    if (!t->head) {
        for (char *p = t->raw.data; p < blank; p++)
            *p = (char)tolower((unsigned char)*p);
    }
    t->head = true;
    if (taker_saw(t, "\r\ntransfer-encoding: chunked\r\n"))
        read_chunks(t, blank + 4, t->raw.data + t->raw.len);
}

void taker_take(taker *t, size_t most)
{
    static char bytes[65536];
    if (t->fd < 0) {
        t->fd = accept4(t->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (t->fd >= 0)
            taker_forget(t);
        t->connections += t->fd >= 0;
    }
    while (t->fd >= 0 && most > 0) {
        ssize_t n = recv(t->fd, bytes, most < sizeof bytes ? most : sizeof bytes, 0);
        if (n == 0)
            close_connection(t);
        if (n <= 0)
            break;
        CHECK(br_buf_add(&t->raw, bytes, (size_t)n));
        most -= (size_t)n;
    }
    if (t->raw.len > 0)
        look(t);
}

bool taker_saw(const taker *t, const char *text)
{
    const char *blank = t->head ? memmem(t->raw.data, t->raw.len, "\r\n\r\n", 4) : NULL;
    return blank != NULL &&
           memmem(t->raw.data, (size_t)(blank + 2 - t->raw.data), text, strlen(text)) != NULL;
}

void taker_say(taker *t, const char *text)
{
    size_t n = strlen(text);
    CHECK_INT(send(t->fd, text, n, MSG_NOSIGNAL), (long long)n);
}
