/* Bodies that come while they are sent: pulled by a transfer, fed to a call, fed over the bridge. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bridge_host.h"
#include "check.h"
#include "engine/bridge/frames.h"
#include "engine/transfer/transfer.h"
#include "taker.h"

#define ROUNDS_MAX 4000
#define ROUND_MS 5
#define ALL ((size_t)16 * 1024 * 1024)
#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"
#define BUSY_ANSWER "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"

static br_engine *engine;
static taker peer;

/* A transfer whose body is what the test lets it have. */
typedef struct upload {
    br_transfer *transfer;
    const char *next; /* NULL: nothing yet */
    br_pulled then;   /* once that is taken */
    int pulls, status;
    bool cancel_in_pull, hold;
    char got[64];
    bool done;
    br_transfer_result result;
    br_error error;
} upload;

static br_pulled pull(void *user, char *to, size_t room, size_t *n)
{
    upload *u = user;
    u->pulls++;
    if (u->cancel_in_pull)
        br_transfer_cancel(u->transfer);
    if (u->next == NULL)
        return u->then;
    *n = strlen(u->next);
    CHECK(*n > 0 && *n <= room);
    memcpy(to, u->next, *n);
    u->next = NULL;
    return BR_PULLED;
}

static void on_head(void *user, int status, br_headers *headers)
{
    upload *u = user;
    (void)headers;
    u->status = status;
}

static bool on_data(void *user, br_slice bytes)
{
    upload *u = user;
    size_t had = strlen(u->got);
    CHECK(had + bytes.n < sizeof u->got);
    memcpy(u->got + had, bytes.p, bytes.n);
    return !u->hold;
}

static void on_done(void *user, const br_transfer_result *result)
{
    upload *u = user;
    u->done = true;
    u->result = *result;
    if (result->error != NULL)
        u->error = *result->error;
}

static const br_transfer_ops ops = {on_head, on_data, on_done};

static void begin(upload *u, bool pulled)
{
    static br_headers none;
    br_url at;
    br_error error;
    CHECK(br_url_parse(&at, br_slice_of(peer.url), &error));
    const br_transfer_request request = {
        .method = "POST",
        .endpoint = &at,
        .target = BR_SLICE("/up"),
        .headers = &none,
        .body = BR_SLICE("slice"),
        .has_body = !pulled,
        .pull = pulled ? pull : NULL,
        .timeouts = {-1, -1, -1, -1},
    };
    *u = (upload){.then = BR_PULL_WAIT};
    u->transfer = br_transfer_start(engine, &request, &ops, u, &error);
    CHECK(u->transfer != NULL);
}

#define UNTIL(condition)                                                                           \
    do {                                                                                           \
        for (int round = 0; round < ROUNDS_MAX && !(condition); round++) {                         \
            taker_take(&peer, ALL);                                                                \
            br_engine_step(engine, ROUND_MS);                                                      \
        }                                                                                          \
        CHECK(condition);                                                                          \
    } while (0)

static void more(upload *u, const char *text, br_pulled then)
{
    u->next = text;
    u->then = then;
    br_transfer_pull(u->transfer);
}

/* Each piece arrives before the next one is there, and nobody asks for it meanwhile. */
static void test_pieces(void)
{
    upload u;
    begin(&u, true);
    UNTIL(peer.head && u.pulls == 1);
    CHECK(taker_saw(&peer, "transfer-encoding: chunked\r\n"));
    CHECK(!taker_saw(&peer, "content-length") && !taker_saw(&peer, "expect"));
    more(&u, "one ", BR_PULL_WAIT);
    UNTIL(peer.body.len == 4);
    int pulls = u.pulls;
    for (int i = 0; i < 5; i++)
        br_engine_step(engine, ROUND_MS);
    CHECK_INT(u.pulls, pulls);
    more(&u, "two", BR_PULL_END);
    UNTIL(peer.whole);
    CHECK_SLICE(br_buf_slice(&peer.body), "one two");
    taker_say(&peer, OK_ANSWER);
    UNTIL(u.done);
    CHECK(u.result.end == BR_DONE_OK && u.result.sent && u.status == 200);
    CHECK_STR(u.got, "fine");
}

/* On the connection, and with the handle, that the last one had. */
static void test_a_slice_after_it(void)
{
    upload u;
    taker_forget(&peer);
    begin(&u, false);
    UNTIL(peer.head && memmem(peer.raw.data, peer.raw.len, "slice", 5) != NULL);
    CHECK(taker_saw(&peer, "content-length: 5\r\n") && !taker_saw(&peer, "transfer-encoding"));
    CHECK_INT(peer.connections, 1);
    taker_say(&peer, OK_ANSWER);
    UNTIL(u.done);
    CHECK_INT(u.result.end, BR_DONE_OK);
    CHECK_INT(u.pulls, 0);
    taker_hang_up(&peer);
}

static void test_an_empty_body(void)
{
    upload u;
    begin(&u, true);
    u.then = BR_PULL_END;
    UNTIL(peer.whole);
    CHECK_INT((long long)peer.body.len, 0);
    taker_say(&peer, OK_ANSWER);
    UNTIL(u.done);
    CHECK_INT(u.result.end, BR_DONE_OK);
    taker_hang_up(&peer);
}

/* Both ways wait at a time, and each goes on without the other. */
static void test_both_ways(void)
{
    upload u;
    begin(&u, true);
    u.next = "question";
    u.hold = true;
    UNTIL(peer.body.len == 8);
    taker_say(&peer, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nan");
    UNTIL(strcmp(u.got, "an") == 0);
    taker_say(&peer, "sw");
    for (int i = 0; i < 5; i++)
        br_engine_step(engine, ROUND_MS);
    CHECK_STR(u.got, "an");
    more(&u, "!", BR_PULL_WAIT);
    UNTIL(peer.body.len == 9);
    CHECK_STR(u.got, "an");
    u.hold = false;
    br_transfer_resume(u.transfer);
    UNTIL(strcmp(u.got, "answ") == 0);
    CHECK(!peer.whole && !u.done);
    u.then = BR_PULL_END;
    br_transfer_pull(u.transfer);
    UNTIL(peer.whole);
    taker_say(&peer, "er");
    UNTIL(u.done);
    CHECK_INT(u.result.end, BR_DONE_OK);
    CHECK_STR(u.got, "answer");
    taker_hang_up(&peer);
}

static void test_a_body_that_fails(void)
{
    upload u;
    begin(&u, true);
    u.next = "half";
    UNTIL(peer.body.len == 4);
    u.then = BR_PULL_FAILED;
    br_transfer_pull(u.transfer);
    UNTIL(u.done);
    CHECK_INT(u.result.end, BR_DONE_UNFED);
    CHECK_STR(u.error.code, "BodyFailed");
    CHECK(!u.result.sent && br_transfer_failure(&u.result) == BR_FAIL_FINAL);
    taker_take(&peer, ALL);
    CHECK(!peer.whole);
    taker_hang_up(&peer);
}

static void test_cancelling_a_body(void)
{
    upload u;
    begin(&u, true);
    UNTIL(u.pulls == 1);
    br_transfer_pull(u.transfer);
    br_transfer_cancel(u.transfer);
    CHECK_INT(br_engine_step(engine, 0), 0);
    taker_hang_up(&peer);
    begin(&u, true);
    u.cancel_in_pull = true;
    UNTIL(u.pulls == 1);
    CHECK_INT(br_engine_step(engine, 0), 0);
    CHECK(!u.done);
    taker_hang_up(&peer);
}

static br_client *connect_by(const char *auth)
{
    br_settings s;
    br_problems p;
    br_settings_init(&s);
    br_problems_init(&p);
    br_settings_set_text(&s, BR_SLICE("auth"), br_slice_of(auth), &p);
    br_settings_set_text(&s, BR_SLICE("endpoint"), br_slice_of(peer.url), &p);
    if (strcmp(auth, "access_keys") == 0) {
        br_settings_set_text(&s, BR_SLICE("access_key_id"), BR_SLICE("AKIDEXAMPLE"), &p);
        br_settings_set_text(&s, BR_SLICE("secret_access_key"), BR_SLICE("secret"), &p);
    }
    br_client *c = br_client_new(&s, &br_model_builtin, &br_platform_system, &p);
    CHECK(c != NULL);
    br_problems_free(&p);
    return c;
}

static br_call *try_call(br_client *c, br_call_mode mode, const char *body, br_error *error)
{
    br_request r;
    const br_call_opts opts = {.mode = mode,
                               .model = &br_model_builtin,
                               .timeouts = {-1, -1, -1, -1},
                               .max_attempts = 3,
                               .fed = true};
    br_request_init(&r);
    r.service = (uint8_t)br_model_service(&br_model_builtin, BR_SLICE("bedrock-runtime"));
    r.auth = BR_SCHEME_BEARER_OK;
    r.retry_safe = true;
    memcpy(r.method, "POST", 5);
    br_buf_adds(&r.path, "/model/m/talk");
    br_buf_adds(&r.body, body);
    br_call *call = br_call_new(c, &r, &opts, error);
    br_request_free(&r);
    return call;
}

static br_call *new_call(br_client *c)
{
    br_error error;
    br_call *call = try_call(c, BR_CALL_BYTES, "", &error);
    CHECK(call != NULL);
    return call;
}

static void count(void *user)
{
    ++*(int *)user;
}

static br_item next_of(br_call *call)
{
    br_item item = {.kind = BR_WAIT};
    for (int round = 0; round < ROUNDS_MAX && br_call_next(call, &item) == BR_WAIT; round++) {
        taker_take(&peer, ALL);
        br_engine_step(engine, ROUND_MS);
    }
    CHECK(item.kind != BR_WAIT);
    return item;
}

static void check_end(br_call *call, int status, int attempts)
{
    br_call_info info;
    br_item item = next_of(call);
    CHECK_INT(item.kind, BR_HEAD);
    while ((item = next_of(call)).kind == BR_DATA)
        continue;
    CHECK_INT(item.kind, BR_END);
    br_call_info_get(call, &info);
    CHECK_INT(info.status, status);
    CHECK_INT(info.attempts, attempts);
}

/* Items come up before the body's end went down. */
static void test_a_fed_call(br_client *c)
{
    br_error error;
    br_call *call = new_call(c);
    CHECK(br_call_is_fed(call));
    CHECK_INT((long long)br_call_credit(call), (long long)BR_FEED_MAX);
    CHECK(br_call_feed(call, BR_SLICE("before, ")));
    CHECK(br_call_start(call, engine, &error));
    UNTIL(peer.body.len == 8);
    CHECK(taker_saw(&peer, "transfer-encoding: chunked\r\n"));
    CHECK(!taker_saw(&peer, "content-length"));
    taker_say(&peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nyes\r\n");
    br_item item = next_of(call);
    CHECK_INT(item.kind, BR_HEAD);
    item = next_of(call);
    CHECK_SLICE(item.data, "yes");
    CHECK(br_call_feed(call, BR_SLICE("after")));
    br_call_feed_end(call);
    br_call_feed_end(call);
    CHECK_INT((long long)br_call_credit(call), 0);
    CHECK(!br_call_feed(call, BR_SLICE("too late")));
    UNTIL(peer.whole);
    CHECK_SLICE(br_buf_slice(&peer.body), "before, after");
    taker_say(&peer, "0\r\n\r\n");
    CHECK(next_of(call).kind == BR_END);
    br_call_free(call);
    taker_forget(&peer);
}

/* A peer that does not read uses the credit up; once it reads, the host hears of it. */
static void test_credit(br_client *c)
{
    static char bytes[BR_FEED_MAX];
    br_error error;
    int told = 0;
    size_t fed = 0, still = 0;
    br_call *call = new_call(c);
    br_call_listen(call, count, &told);
    CHECK(!br_call_feed(call, (br_slice){bytes, BR_FEED_MAX + 1}));
    CHECK(br_call_start(call, engine, &error));
    for (; still < 20; still++) {
        size_t n = br_call_credit(call);
        if (n > 0)
            still = 0;
        CHECK(br_call_feed(call, (br_slice){bytes, n}));
        fed += n;
        br_engine_step(engine, ROUND_MS);
        if (fed > ALL / 2)
            break;
    }
    CHECK(fed <= ALL / 2);
    CHECK(!br_call_feed(call, BR_SLICE("x")));
    told = 0;
    UNTIL(told > 0);
    CHECK(br_call_credit(call) >= BR_FEED_LOW);
    br_call_feed_end(call);
    UNTIL(peer.whole);
    CHECK_INT((long long)peer.body.len, (long long)fed);
    taker_say(&peer, OK_ANSWER);
    check_end(call, 200, 1);
    br_call_free(call);
    taker_hang_up(&peer);
}

/* As long as nothing was taken, another attempt has it all; afterwards there is none. */
static void test_retries(br_client *c)
{
    br_error error;
    br_call_info info;
    br_call *call = new_call(c);
    CHECK(br_call_start(call, engine, &error));
    UNTIL(peer.head);
    taker_say(&peer, BUSY_ANSWER);
    UNTIL((br_call_info_get(call, &info), info.status == 503));
    UNTIL((br_call_info_get(call, &info), info.attempts == 2 && peer.head));
    CHECK(br_call_feed(call, BR_SLICE("whole")));
    br_call_feed_end(call);
    UNTIL(peer.whole);
    CHECK_SLICE(br_buf_slice(&peer.body), "whole");
    taker_say(&peer, OK_ANSWER);
    check_end(call, 200, 2);
    br_call_free(call);
    taker_hang_up(&peer);

    call = new_call(c);
    CHECK(br_call_feed(call, BR_SLICE("h")) && br_call_start(call, engine, &error));
    UNTIL(peer.body.len == 1);
    taker_say(&peer, BUSY_ANSWER);
    check_end(call, 503, 1);
    br_call_info_get(call, &info);
    CHECK(info.retryable);
    CHECK_INT((long long)br_call_credit(call), 0);
    br_call_free(call);
    taker_hang_up(&peer);

    call = new_call(c);
    CHECK(br_call_feed(call, BR_SLICE("h")) && br_call_start(call, engine, &error));
    UNTIL(peer.body.len == 1);
    taker_hang_up(&peer);
    CHECK(next_of(call).kind == BR_ERROR);
    br_call_info_get(call, &info);
    CHECK(info.attempts == 1 && info.retryable);
    br_call_free(call);
}

static void test_calls_that_cannot_be_fed(br_client *c)
{
    br_error error;
    br_client *keys = connect_by("access_keys");
    br_call *call = new_call(keys);
    CHECK(br_call_start(call, engine, &error));
    br_item item = next_of(call);
    CHECK(item.kind == BR_ERROR && item.error->kind == BR_ERR_CONFIG);
    CHECK_STR(item.error->code, "NotSupported");
    br_call_free(call);
    br_client_unref(keys);
    CHECK(try_call(c, BR_CALL_PREPARE, "", &error) == NULL);
    CHECK(try_call(c, BR_CALL_REFRESH, "", &error) == NULL);
    CHECK(try_call(c, BR_CALL_UNARY, "{}", &error) == NULL);
    CHECK_INT(error.kind, BR_ERR_VALIDATION);
}

/* A host of the bridge that feeds. */
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
    f->channel = bridge_hand_over(f->bridge, new_call(c));
    br_frames_init(&f->frames, false);
    bridge_open_channel(f->fd, f->channel);
}

static void feeder_close(feeder *f)
{
    br_channel_drop(f->bridge, f->channel);
    br_frames_free(&f->frames);
    close(f->fd);
    br_bridge_unref(f->bridge);
    taker_hang_up(&peer);
}

/* What came up, as letters. */
static void feeder_look(feeder *f)
{
    char bytes[4096];
    struct pollfd readable = {.fd = f->fd, .events = POLLIN};
    if (f->closed || poll(&readable, 1, ROUND_MS) <= 0)
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
        for (int round = 0; round < ROUNDS_MAX && !(condition); round++) {                         \
            taker_take(&peer, taking);                                                             \
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
    UNTIL_FED(&f, ALL, f.frames.credit > 0 && peer.head);
    CHECK_INT((long long)f.frames.credit, (long long)BR_FEED_MAX);
    CHECK(taker_saw(&peer, "transfer-encoding: chunked\r\n"));
    CHECK(feeder_feed(&f, BR_SLICE("down "), false));
    UNTIL_FED(&f, ALL, peer.body.len == 5);
    taker_say(&peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nup\r\n");
    UNTIL_FED(&f, ALL, strcmp(f.items, "HD") == 0);
    CHECK(feeder_feed(&f, BR_SLICE("again"), true));
    UNTIL_FED(&f, ALL, peer.whole);
    CHECK_SLICE(br_buf_slice(&peer.body), "down again");
    taker_say(&peer, "0\r\n\r\n");
    UNTIL_FED(&f, ALL, f.closed);
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
    for (int still = 0; still < 20 && fed < ALL / 2; still++) {
        while (feeder_feed(&f, (br_slice){bytes, sizeof bytes}, false)) {
            fed += sizeof bytes;
            still = 0;
        }
        feeder_look(&f);
    }
    CHECK(fed < ALL / 2);
    UNTIL_FED(&f, ALL, f.frames.credit >= sizeof bytes);
    CHECK(feeder_feed(&f, BR_SLICE(""), true));
    UNTIL_FED(&f, ALL, peer.whole);
    CHECK_INT((long long)peer.body.len, (long long)fed);
    taker_say(&peer, OK_ANSWER);
    UNTIL_FED(&f, ALL, f.closed);
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
        UNTIL_FED(&f, ALL, f.frames.credit > 0);
        size_t n = i == 3 ? 10 : BR_FRAME_HEADER;
        CHECK_INT(send(f.fd, bad[i], n, MSG_NOSIGNAL), (long long)n);
        UNTIL_FED(&f, ALL, f.closed);
        CHECK_STR(f.items, "");
        feeder_close(&f);
    }
}

/* What comes after the answer was on its way: it is dropped, and the answer is whole all the same. */
static void test_an_early_answer_over_the_bridge(br_client *c)
{
    feeder f;
    feeder_open(&f, c);
    UNTIL_FED(&f, ALL, f.frames.credit > 0 && peer.head);
    CHECK(feeder_feed(&f, BR_SLICE("much"), false));
    UNTIL_FED(&f, ALL, peer.body.len == 4);
    taker_say(&peer, BUSY_ANSWER);
    if (send(f.fd, "\2\0\0\0\4more", 9, MSG_NOSIGNAL) < 0)
        CHECK_INT(errno, EPIPE); /* that late */
    UNTIL_FED(&f, ALL, f.closed);
    CHECK_STR(f.items, "HE");
    CHECK_INT(f.frames.info.status, 503);
    CHECK_INT(f.frames.info.attempts, 1);
    feeder_close(&f);
}

int main(void)
{
    br_error error;
    engine = br_engine_new(&br_platform_system, &error);
    taker_open(&peer);
    br_client *c = connect_by("none");
    test_pieces();
    test_a_slice_after_it();
    test_an_empty_body();
    test_both_ways();
    test_a_body_that_fails();
    test_cancelling_a_body();
    test_a_fed_call(c);
    test_credit(c);
    test_retries(c);
    test_calls_that_cannot_be_fed(c);
    br_engine_free(engine);
    test_over_the_bridge(c);
    test_credit_over_the_bridge(c);
    test_bad_feeds(c);
    test_an_early_answer_over_the_bridge(c);
    br_client_unref(c);
    taker_close(&peer);
    return check_done();
}
