/* Descriptors whose numbers come back: libcurl closes some of those it got from us without a word. */
#define _GNU_SOURCE
#include "engine/loop/internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

static br_sockets sockets;

static void nothing(void *user, uint32_t events)
{
    (void)user;
    (void)events;
}

/* A socket of libcurl's that connects, and is closed behind our back before libcurl takes it back. */
static int closed_in_silence(void)
{
    struct curl_sockaddr address = {.family = AF_UNIX, .socktype = SOCK_STREAM};
    int fd = br_sockets_open(&sockets, &address);
    CHECK(fd >= 0);
    CHECK(br_sockets_watch(&sockets, fd, CURL_POLL_OUT));
    close(fd);
    CHECK(br_sockets_watch(&sockets, fd, CURL_POLL_REMOVE));
    return fd;
}

/* Something readable under that number. */
static void reuse(int fd)
{
    int ends[2];
    CHECK(pipe(ends) == 0 && write(ends[1], "0123456789", 10) == 10);
    CHECK(ends[0] == fd || dup2(ends[0], fd) == fd);
    if (ends[0] != fd)
        close(ends[0]);
    if (ends[1] != fd)
        close(ends[1]);
}

static void note(void *user, int fd, unsigned bits)
{
    (void)bits;
    *(int *)user = fd;
}

static int readable(void)
{
    int fd = -1;
    br_poller_wait(&sockets.poller, 0, note, &fd);
    return fd;
}

static void test_lent_afterwards(void)
{
    int fd = closed_in_silence();
    reuse(fd);
    CHECK_INT(readable(), -1);
    CHECK(br_sockets_lend(&sockets, fd, BR_POLL_IN, nothing, NULL));
    CHECK_INT(readable(), fd);
    br_sockets_return(&sockets, fd);
    CHECK_INT(readable(), -1);
    close(fd);
}

/* The ends of libcurl's own pairs have no opening and no closing that we hear of. */
static void test_watched_afterwards(void)
{
    int fd = closed_in_silence();
    for (int i = 0; i < 2; i++) {
        reuse(fd);
        CHECK(br_sockets_watch(&sockets, fd, CURL_POLL_IN));
        CHECK_INT(readable(), fd);
        CHECK(br_sockets_watch(&sockets, fd, CURL_POLL_REMOVE));
        close(fd);
        CHECK_INT(readable(), -1);
    }
}

/* What is somebody else's by now is neither taken out of the poller nor closed. */
static void test_left_alone_afterwards(void)
{
    int fd = closed_in_silence();
    reuse(fd);
    CHECK(br_poller_set(&sockets.poller, fd, 0, BR_POLL_IN));
    CHECK_INT(br_sockets_event(&sockets, fd, BR_POLL_IN), 0);
    CHECK_INT(readable(), fd);
    br_sockets_close_all(&sockets);
    char text[10];
    CHECK(read(fd, text, sizeof text) == sizeof text);
    close(fd);
}

static void test_idle(void)
{
    struct curl_sockaddr address = {.family = AF_UNIX, .socktype = SOCK_DGRAM};
    int fd = br_sockets_open(&sockets, &address);
    CHECK(br_sockets_watch(&sockets, fd, CURL_POLL_OUT));
    CHECK_INT(readable(), fd);
    CHECK(br_sockets_watch(&sockets, fd, CURL_POLL_REMOVE));
    CHECK_INT(readable(), fd);
    CHECK_INT(br_sockets_event(&sockets, fd, BR_POLL_OUT), 0);
    CHECK_INT(readable(), -1);
    CHECK(br_sockets_watch(&sockets, fd, CURL_POLL_INOUT));
    CHECK_INT(br_sockets_event(&sockets, fd, BR_POLL_OUT), CURL_CSELECT_OUT);
    CHECK(br_sockets_close(&sockets, fd) == 0);
    CHECK_INT(readable(), -1);
}

/* One that was read from stays known while it is idle: the poller need not be told again. */
static void test_connected(void)
{
    struct curl_sockaddr address = {.family = AF_UNIX, .socktype = SOCK_DGRAM};
    int fd = br_sockets_open(&sockets, &address);
    CHECK(br_sockets_watch(&sockets, fd, CURL_POLL_INOUT));
    CHECK(br_sockets_watch(&sockets, fd, CURL_POLL_REMOVE));
    CHECK(br_poller_set(&sockets.poller, fd, BR_POLL_IN | BR_POLL_OUT, 0));
    CHECK(br_sockets_watch(&sockets, fd, CURL_POLL_INOUT));
    CHECK_INT(readable(), -1);
    CHECK(br_sockets_close(&sockets, fd) == 0);
}

int main(void)
{
    CHECK(br_poller_open(&sockets.poller));
    test_lent_afterwards();
    test_watched_afterwards();
    test_idle();
    test_connected();
    test_left_alone_afterwards();
    br_sockets_free(&sockets);
    br_poller_close(&sockets.poller);
    return check_done();
}
