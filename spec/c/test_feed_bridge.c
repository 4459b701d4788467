/* Bodies that come over the bridge while they are sent. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bridge_client.h"
#include "engine/bridge/frames.h"
#include "fed.h"

/* The bridge's other side, which feeds. */
typedef struct feeder {
    br_bridge *bridge;
    br_channel *channel;
    int fd;
    br_frames frames;
    char items[16];
    bool closed;
} feeder;

static void feeder_open(feeder *f, br_client *c)
{
    memset(f, 0, sizeof *f);
    f->bridge = bridge_open();
    f->fd = bridge_dial(br_bridge_address(f->bridge));
    f->channel = bridge_hand_over(f->bridge, fed_call(c));
    br_frames_init(&f->frames, false);
    bridge_open_channel(f->fd, f->channel);
}

static void feeder_close(feeder *f)
{
    br_channel_drop(f->bridge, f->channel);
    br_frames_free(&f->frames);
    close(f->fd);
    br_bridge_unref(f->bridge);
    taker_hang_up(&fed_peer);
}

/* What came up, as letters. */
static void feeder_look(feeder *f)
{
    char bytes[4096];
    struct pollfd readable = {.fd = f->fd, .events = POLLIN};
    if (f->closed || poll(&readable, 1, FED_ROUND_MS) <= 0)
        return;
    ssize_t n = recv(f->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    f->closed = n <= 0;
    if (n <= 0)
        return;
    br_item item;
    size_t count = strlen(f->items);
    br_frames_feed(&f->frames, (br_slice){bytes, (size_t)n});
    while (f->frames.last == BR_WAIT && br_frames_next(&f->frames, &item) != BR_WAIT)
        f->items[count++] = "-HDVPCEX"[item.kind];
}

#define UNTIL_FED(f, taking, condition)                                                            \
    do {                                                                                           \
        for (int round = 0; round < FED_ROUNDS_MAX && !(condition); round++) {                     \
            taker_take(&fed_peer, taking);                                                         \
            feeder_look(f);                                                                        \
        }                                                                                          \
        CHECK(condition);                                                                          \
    } while (0)

/* false: no credit for it */
static bool feeder_feed(feeder *f, br_slice bytes, bool end)
{
    br_buf out;
    br_buf_init(&out, BR_FEED_MAX * 2);
    bool ok = br_frames_write_fed(&f->frames, &out, bytes);
    if (end)
        br_frames_write_fed_end(&out);
    if (ok)
        CHECK_INT(send(f->fd, out.data, out.len, MSG_NOSIGNAL), (long long)out.len);
    br_buf_free(&out);
    return ok;
}

static void test_over_the_bridge(br_client *c)
{
    feeder f;
    feeder_open(&f, c);
    CHECK(!feeder_feed(&f, BR_SLICE("x"), false));
    UNTIL_FED(&f, FED_ALL, f.frames.credit > 0 && fed_peer.head);
    CHECK_INT((long long)f.frames.credit, (long long)BR_FEED_MAX);
    CHECK(taker_saw(&fed_peer, "transfer-encoding: chunked\r\n"));
    CHECK(feeder_feed(&f, BR_SLICE("down "), false));
    UNTIL_FED(&f, FED_ALL, fed_peer.body.len == 5);
    taker_say(&fed_peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nup\r\n");
    UNTIL_FED(&f, FED_ALL, strcmp(f.items, "HD") == 0);
    CHECK(feeder_feed(&f, BR_SLICE("again"), true));
    UNTIL_FED(&f, FED_ALL, fed_peer.whole);
    CHECK_SLICE(br_buf_slice(&fed_peer.body), "down again");
    taker_say(&fed_peer, "0\r\n\r\n");
    UNTIL_FED(&f, FED_ALL, f.closed);
    CHECK_STR(f.items, "HDE");
    feeder_close(&f);
}

/* As long as the server takes nothing, credit comes to an end; it comes again with what it takes. */
static void test_credit_over_the_bridge(br_client *c)
{
    static const char bytes[16384];
    feeder f;
    size_t fed = 0;
    feeder_open(&f, c);
    UNTIL_FED(&f, 0, f.frames.credit > 0);
    for (int still = 0; still < 20 && fed < FED_ALL / 2; still++) {
        while (feeder_feed(&f, (br_slice){bytes, sizeof bytes}, false)) {
            fed += sizeof bytes;
            still = 0;
        }
        feeder_look(&f);
    }
    CHECK(fed < FED_ALL / 2);
    UNTIL_FED(&f, FED_ALL, f.frames.credit >= sizeof bytes);
    CHECK(feeder_feed(&f, BR_SLICE(""), true));
    UNTIL_FED(&f, FED_ALL, fed_peer.whole);
    CHECK_INT((long long)fed_peer.body.len, (long long)fed);
    taker_say(&fed_peer, FED_OK);
    UNTIL_FED(&f, FED_ALL, f.closed);
    CHECK_STR(f.items, "HDE");
    feeder_close(&f);
}

/* More than the credit, what is no frame, or more after the end: the connection is closed. */
static void test_bad_feeds(br_client *c)
{
    static const char *const bad[] = {"\2\0\4\0\1", "\1\0\0\0\1", "\6\0\0\0\1",
                                      "\6\0\0\0\0\2\0\0\0\0"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        feeder f;
        feeder_open(&f, c);
        UNTIL_FED(&f, FED_ALL, f.frames.credit > 0);
        size_t n = i == 3 ? 10 : BR_FRAME_HEADER;
        CHECK_INT(send(f.fd, bad[i], n, MSG_NOSIGNAL), (long long)n);
        UNTIL_FED(&f, FED_ALL, f.closed);
        CHECK_STR(f.items, "");
        feeder_close(&f);
    }
}

/* What comes after the answer was on its way: it is dropped, and the answer is whole all the same. */
static void test_an_early_answer_over_the_bridge(br_client *c)
{
    feeder f;
    feeder_open(&f, c);
    UNTIL_FED(&f, FED_ALL, f.frames.credit > 0 && fed_peer.head);
    CHECK(feeder_feed(&f, BR_SLICE("much"), false));
    UNTIL_FED(&f, FED_ALL, fed_peer.body.len == 4);
    taker_say(&fed_peer, FED_BUSY);
    if (send(f.fd, "\2\0\0\0\4more", 9, MSG_NOSIGNAL) < 0)
        CHECK_INT(errno, EPIPE); /* that late */
    UNTIL_FED(&f, FED_ALL, f.closed);
    CHECK_STR(f.items, "HE");
    CHECK_INT(f.frames.info.status, 503);
    CHECK_INT(f.frames.info.attempts, 1);
    feeder_close(&f);
}

int main(void)
{
    taker_open(&fed_peer);
    br_client *c = fed_client("none");
    test_over_the_bridge(c);
    test_credit_over_the_bridge(c);
    test_bad_feeds(c);
    test_an_early_answer_over_the_bridge(c);
    br_client_unref(c);
    taker_close(&fed_peer);
    return check_done();
}
