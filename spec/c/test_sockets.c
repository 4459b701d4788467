/* Descriptors whose numbers come back: libcurl closes some of those it got from us without a word. */
#define _GNU_SOURCE
#include "engine/loop/internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
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
    int other = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    CHECK(other >= 0 && (other == fd || dup2(other, fd) == fd));
    if (other != fd)
        close(other);
}

static int readable(void)
{
    struct epoll_event event;
    return epoll_wait(sockets.epoll_fd, &event, 1, 0) == 1 ? event.data.fd : -1;
}

static void test_lent_afterwards(void)
{
    int fd = closed_in_silence();
    reuse(fd);
    CHECK_INT(readable(), -1);
    CHECK(br_sockets_lend(&sockets, fd, EPOLLIN, nothing, NULL));
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

/* What is somebody else's by now is neither taken out of epoll nor closed. */
static void test_left_alone_afterwards(void)
{
    int fd = closed_in_silence();
    reuse(fd);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    CHECK(epoll_ctl(sockets.epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0);
    CHECK_INT(br_sockets_event(&sockets, fd, EPOLLIN), 0);
    CHECK_INT(readable(), fd);
    br_sockets_close_all(&sockets);
    uint64_t count;
    CHECK(read(fd, &count, sizeof count) == sizeof count);
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
    CHECK_INT(br_sockets_event(&sockets, fd, EPOLLOUT), 0);
    CHECK_INT(readable(), -1);
    CHECK(br_sockets_watch(&sockets, fd, CURL_POLL_INOUT));
    CHECK_INT(br_sockets_event(&sockets, fd, EPOLLOUT), CURL_CSELECT_OUT);
    CHECK(br_sockets_close(&sockets, fd) == 0);
    CHECK_INT(readable(), -1);
}

/* One that was read from stays known while it is idle: epoll need not be told again. */
static void test_connected(void)
{
    struct curl_sockaddr address = {.family = AF_UNIX, .socktype = SOCK_DGRAM};
    int fd = br_sockets_open(&sockets, &address);
    CHECK(br_sockets_watch(&sockets, fd, CURL_POLL_INOUT));
    CHECK(br_sockets_watch(&sockets, fd, CURL_POLL_REMOVE));
    CHECK(epoll_ctl(sockets.epoll_fd, EPOLL_CTL_DEL, fd, NULL) == 0);
    CHECK(br_sockets_watch(&sockets, fd, CURL_POLL_INOUT));
    CHECK_INT(readable(), -1);
    CHECK(br_sockets_close(&sockets, fd) == 0);
}

int main(void)
{
    sockets.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    CHECK(sockets.epoll_fd >= 0);
    test_lent_afterwards();
    test_watched_afterwards();
    test_idle();
    test_connected();
    test_left_alone_afterwards();
    br_sockets_free(&sockets);
    close(sockets.epoll_fd);
    return check_done();
}
