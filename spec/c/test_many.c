/* Many transfers at once: they begin and are read in slices, and all their connections are kept. */
#define _GNU_SOURCE
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "engine/transfer/transfer_private.h"
#include "plain_peer.h"

#define FEW 100
#define MANY 300 /* more than are kept where there were not so many at a time */
#define ROUNDS 3
#define LOOK_MS 5 /* how much later it is whenever somebody looks */

static int64_t step_ms, ahead_ms;

static int64_t slow_clock(void *user)
{
    (void)user;
    ahead_ms += step_ms;
    return br_platform_system.mono_ms(NULL) + ahead_ms;
}

static br_engine *new_engine(void)
{
    static const br_platform slow = {slow_clock, slow_clock, NULL, NULL, NULL};
    br_error error;
    step_ms = 0;
    br_engine *e = br_engine_new(&slow, &error);
    CHECK(e != NULL && br_engine_fd(e) >= 0);
    return e;
}

static bool is_readable(br_engine *e)
{
    struct pollfd p = {.fd = br_engine_fd(e), .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

/* Takes those that came; how many there are then. */
static int take_peers(int listener, int *peers, int count, int max)
{
    while (count < max && (peers[count] = accept(listener, NULL, NULL)) >= 0)
        count++;
    return count;
}

static void close_all(int *peers, int count, int listener)
{
    for (int i = 0; i < count; i++)
        close(peers[i]);
    close(listener);
}

static int answer_all(const int *peers, int count)
{
    int answered = 0;
    for (int i = 0; i < count; i++) {
        if (plain_request_came(peers[i])) {
            plain_answer(peers[i]);
            answered++;
        }
    }
    return answered;
}

static int count_requests(const int *peers, int count)
{
    int came = 0;
    for (int i = 0; i < count; i++)
        came += plain_request_came(peers[i]);
    return came;
}

/* Until all are answered and over. */
static int finish(br_engine *e, int listener, int *peers, int connected, int max)
{
    for (int i = 0; i < PLAIN_GUARD && br_engine_step(e, 1) > 0; i++) {
        connected = take_peers(listener, peers, connected, max);
        answer_all(peers, connected);
    }
    return connected;
}

static void test_they_begin_in_slices(void)
{
    static plain_run runs[FEW];
    int peers[FEW], connected = 0;
    br_url url;
    br_engine *e = new_engine();
    int listener = plain_listen(&url, FEW);
    for (int i = 0; i < FEW; i++)
        plain_begin(e, &url, &runs[i]);
    for (int turns = 1; turns * BR_STARTS_PER_TURN < FEW; turns++) {
        CHECK(is_readable(e));
        br_engine_step(e, 0);
        connected = take_peers(listener, peers, connected, FEW);
        CHECK(connected <= (turns + 1) * BR_STARTS_PER_TURN);
    }
    connected = finish(e, listener, peers, connected, FEW);
    CHECK_INT(connected, FEW);
    CHECK_INT(plain_count(runs, FEW, BR_DONE_OK), FEW);
    br_engine_free(e);
    close_all(peers, connected, listener);
}

/* Those in the queue never connect, nor does an engine that ends leave any behind. */
static void test_one_that_waits_can_be_cancelled(void)
{
    static plain_run runs[FEW];
    int peers[FEW];
    br_url url;
    br_engine *e = new_engine();
    int listener = plain_listen(&url, FEW);
    for (int i = 0; i < FEW; i++)
        plain_begin(e, &url, &runs[i]);
    br_transfer_cancel(runs[FEW - 1].transfer);
    br_transfer_cancel(runs[FEW / 2].transfer);
    for (int i = FEW - 10; i < FEW - 1; i++)
        br_transfer_cancel(runs[i].transfer);
    int connected = finish(e, listener, peers, 0, FEW);
    CHECK(connected <= FEW - 11);
    CHECK_INT(plain_count(runs, FEW, BR_DONE_OK), FEW - 11);
    for (int i = 0; i < FEW; i++)
        plain_begin(e, &url, &runs[i]);
    br_engine_free(e);
    for (int i = 0; i < FEW; i++)
        br_transfer_cancel(runs[i].transfer);
    CHECK_INT(plain_count(runs, FEW, BR_DONE_OK), 0);
    close_all(peers, connected, listener);
}

/* Of all that is ready, a turn reads what its time is enough for, and judges no silence before it is through. */
static void test_they_are_read_in_slices(void)
{
    static plain_run runs[FEW];
    int peers[FEW] = {0}, connected = 0, answered = 0;
    br_url url;
    br_engine *e = new_engine();
    int listener = plain_listen(&url, FEW);
    for (int i = 0; i < FEW; i++)
        plain_begin(e, &url, &runs[i]);
    for (int i = 0; i < PLAIN_GUARD && answered < FEW; i++) {
        br_engine_step(e, 0);
        connected = take_peers(listener, peers, connected, FEW);
        for (int j = answered = 0; j < connected; j++)
            answered += plain_request_came(peers[j]) && runs[j].transfer->sent;
    }
    CHECK_INT(answer_all(peers, connected), FEW);
    step_ms = LOOK_MS;
    ahead_ms += PLAIN_READ_MS * 2;
    int before = 0, turns = 0;
    for (; turns < FEW && before < FEW; turns++) {
        CHECK(is_readable(e));
        br_engine_step(e, 0);
        int now = plain_count(runs, FEW, BR_DONE_OK);
        CHECK(now - before < FEW / 2);
        before = now;
    }
    CHECK_INT(before, FEW);
    br_engine_free(e);
    close_all(peers, connected, listener);
}

static void test_all_connections_are_kept(void)
{
    static plain_run runs[MANY];
    static int peers[MANY * ROUNDS];
    int connected = 0;
    br_url url;
    br_engine *e = new_engine();
    int listener = plain_listen(&url, MANY);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < MANY; i++)
            plain_begin(e, &url, &runs[i]);
        for (int i = 0; i < PLAIN_GUARD && count_requests(peers, connected) < MANY; i++) {
            br_engine_step(e, 1);
            connected = take_peers(listener, peers, connected, MANY * ROUNDS);
        }
        connected = finish(e, listener, peers, connected, MANY * ROUNDS);
        CHECK_INT(plain_count(runs, MANY, BR_DONE_OK), MANY);
    }
    CHECK_INT(connected, MANY);
    br_engine_free(e);
    close_all(peers, connected, listener);
}

int main(void)
{
    test_they_begin_in_slices();
    test_one_that_waits_can_be_cancelled();
    test_they_are_read_in_slices();
    test_all_connections_are_kept();
    return check_done();
}
