/* Bodies that a call is fed while it sends them. */
#include <string.h>

#include "fed.h"

static void count(void *user)
{
    ++*(int *)user;
}

static br_item next_of(br_call *call)
{
    br_item item = {.kind = BR_WAIT};
    for (int round = 0; round < FED_ROUNDS_MAX && br_call_next(call, &item) == BR_WAIT; round++)
        fed_round(FED_ALL);
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
    br_call *call = fed_call(c);
    CHECK(br_call_is_fed(call));
    CHECK_INT((long long)br_call_credit(call), (long long)BR_FEED_MAX);
    CHECK(br_call_feed(call, BR_SLICE("before, ")));
    CHECK(br_call_start(call, fed_engine, &error));
    FED_UNTIL(fed_peer.body.len == 8);
    CHECK(taker_saw(&fed_peer, "transfer-encoding: chunked\r\n"));
    CHECK(!taker_saw(&fed_peer, "content-length"));
    taker_say(&fed_peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nyes\r\n");
    br_item item = next_of(call);
    CHECK_INT(item.kind, BR_HEAD);
    item = next_of(call);
    CHECK_SLICE(item.data, "yes");
    CHECK(br_call_feed(call, BR_SLICE("after")));
    br_call_feed_end(call);
    br_call_feed_end(call);
    CHECK_INT((long long)br_call_credit(call), 0);
    CHECK(!br_call_feed(call, BR_SLICE("too late")));
    FED_UNTIL(fed_peer.whole);
    CHECK_SLICE(br_buf_slice(&fed_peer.body), "before, after");
    taker_say(&fed_peer, "0\r\n\r\n");
    CHECK(next_of(call).kind == BR_END);
    br_call_free(call);
    taker_forget(&fed_peer);
}

/* A peer that does not read uses the credit up; once it reads, whoever feeds hears of it. */
static void test_credit(br_client *c)
{
    static char bytes[BR_FEED_MAX];
    br_error error;
    int told = 0;
    size_t fed = 0, still = 0;
    br_call *call = fed_call(c);
    br_call_listen(call, count, &told);
    CHECK(!br_call_feed(call, (br_slice){bytes, BR_FEED_MAX + 1}));
    CHECK(br_call_start(call, fed_engine, &error));
    for (; still < 20; still++) {
        size_t n = br_call_credit(call);
        if (n > 0)
            still = 0;
        CHECK(br_call_feed(call, (br_slice){bytes, n}));
        fed += n;
        br_engine_step(fed_engine, FED_ROUND_MS);
        if (fed > FED_ALL / 2)
            break;
    }
    CHECK(fed <= FED_ALL / 2);
    CHECK(!br_call_feed(call, BR_SLICE("x")));
    told = 0;
    FED_UNTIL(told > 0);
    CHECK(br_call_credit(call) >= BR_FEED_LOW);
    br_call_feed_end(call);
    FED_UNTIL(fed_peer.whole);
    CHECK_INT((long long)fed_peer.body.len, (long long)fed);
    taker_say(&fed_peer, FED_OK);
    check_end(call, 200, 1);
    br_call_free(call);
    taker_hang_up(&fed_peer);
}

/* As long as nothing was taken, another attempt has it all; afterwards there is none. */
static void test_retries(br_client *c)
{
    br_error error;
    br_call_info info;
    br_call *call = fed_call(c);
    CHECK(br_call_start(call, fed_engine, &error));
    FED_UNTIL(fed_peer.head);
    taker_say(&fed_peer, FED_BUSY);
    FED_UNTIL((br_call_info_get(call, &info), info.status == 503));
    FED_UNTIL((br_call_info_get(call, &info), info.attempts == 2 && fed_peer.head));
    CHECK(br_call_feed(call, BR_SLICE("whole")));
    br_call_feed_end(call);
    FED_UNTIL(fed_peer.whole);
    CHECK_SLICE(br_buf_slice(&fed_peer.body), "whole");
    taker_say(&fed_peer, FED_OK);
    check_end(call, 200, 2);
    br_call_free(call);
    taker_hang_up(&fed_peer);

    call = fed_call(c);
    CHECK(br_call_feed(call, BR_SLICE("h")) && br_call_start(call, fed_engine, &error));
    FED_UNTIL(fed_peer.body.len == 1);
    taker_say(&fed_peer, FED_BUSY);
    check_end(call, 503, 1);
    br_call_info_get(call, &info);
    CHECK(info.retryable);
    CHECK_INT((long long)br_call_credit(call), 0);
    br_call_free(call);
    taker_hang_up(&fed_peer);

    call = fed_call(c);
    CHECK(br_call_feed(call, BR_SLICE("h")) && br_call_start(call, fed_engine, &error));
    FED_UNTIL(fed_peer.body.len == 1);
    taker_hang_up(&fed_peer);
    CHECK(next_of(call).kind == BR_ERROR);
    br_call_info_get(call, &info);
    CHECK(info.attempts == 1 && info.retryable);
    br_call_free(call);
}

static void test_calls_that_cannot_be_fed(br_client *c)
{
    br_error error;
    br_client *keys = fed_client("access_keys");
    br_call *call = fed_call(keys);
    CHECK(br_call_start(call, fed_engine, &error));
    br_item item = next_of(call);
    CHECK(item.kind == BR_ERROR && item.error->kind == BR_ERR_CONFIG);
    CHECK_STR(item.error->code, "NotSupported");
    br_call_free(call);
    br_client_unref(keys);
    CHECK(fed_try_call(c, BR_CALL_PREPARE, "", &error) == NULL);
    CHECK(fed_try_call(c, BR_CALL_REFRESH, "", &error) == NULL);
    CHECK(fed_try_call(c, BR_CALL_UNARY, "{}", &error) == NULL);
    CHECK_INT(error.kind, BR_ERR_VALIDATION);
}

int main(void)
{
    fed_open();
    br_client *c = fed_client("none");
    test_a_fed_call(c);
    test_credit(c);
    test_retries(c);
    test_calls_that_cannot_be_fed(c);
    br_client_unref(c);
    fed_close();
    return check_done();
}
