/*
** A host that comes back late: timers are overdue, but answers are waiting in the sockets. The peer
** is in this program and speaks plain HTTP, so that it is known what has arrived.
*/
#define _GNU_SOURCE
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "engine/transfer/transfer_private.h"
#include "plain_peer.h"

#define CALLS_MAX 200 /* several times what one wait tells of */

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

static bool waits_for_its_answer(const plain_run *r)
{
    return r->transfer->sent && r->transfer->timer.slot != 0;
}

/* Until the peers have all requests, and silence is measured for each. */
static void send_requests(br_engine *e, int listener, const plain_run *runs, int *peers, int count)
{
    int accepted = 0, ready = 0;
    for (int i = 0; i < PLAIN_GUARD && ready < count; i++) {
        br_engine_step(e, 1);
        while (accepted < count && (peers[accepted] = accept(listener, NULL, NULL)) >= 0)
            accepted++;
        ready = 0;
        for (int j = 0; j < accepted; j++)
            ready += plain_request_came(peers[j]) && waits_for_its_answer(&runs[j]);
    }
    CHECK_INT(ready, count);
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

/* All but the last are answered. */
static void test_sockets_are_read_before_timers_are_judged(int count)
{
    static plain_run runs[CALLS_MAX];
    int peers[CALLS_MAX];
    br_url url;
    memset(runs, 0, sizeof runs);
    br_engine *e = new_engine();
    int listener = plain_listen(&url, CALLS_MAX);
    for (int i = 0; i < count; i++)
        plain_begin(e, &url, &runs[i]);
    send_requests(e, listener, runs, peers, count);
    for (int i = 0; i < count - 1; i++)
        plain_answer(peers[i]);
    for (int i = 0; i < PLAIN_GUARD && count_arrivals(e) < count - 1; i++)
        poll(NULL, 0, 1);
    clock_ahead_ms += PLAIN_READ_MS * 10;
    for (int i = 0; i < PLAIN_GUARD && br_engine_step(e, 0) > 0; i++)
        continue;
    CHECK_INT(plain_count(runs, count, BR_DONE_OK), count - 1);
    CHECK_INT(plain_count(runs, count, BR_DONE_TIMED_OUT), 1);
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
