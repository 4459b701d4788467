/* Bodies that a transfer pulls while it sends them. */
#define _GNU_SOURCE
#include <string.h>

#include "engine/transfer/transfer.h"
#include "fed.h"

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
    static br_url at;
    br_error error;
    CHECK(br_url_parse(&at, br_slice_of(fed_peer.url), &error));
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
    u->transfer = br_transfer_start(fed_engine, &request, &ops, u, &error);
    CHECK(u->transfer != NULL);
}

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
    FED_UNTIL(fed_peer.head && u.pulls == 1);
    CHECK(taker_saw(&fed_peer, "transfer-encoding: chunked\r\n"));
    CHECK(!taker_saw(&fed_peer, "content-length") && !taker_saw(&fed_peer, "expect"));
    more(&u, "one ", BR_PULL_WAIT);
    FED_UNTIL(fed_peer.body.len == 4);
    int pulls = u.pulls;
    for (int i = 0; i < 5; i++)
        br_engine_step(fed_engine, FED_ROUND_MS);
    CHECK_INT(u.pulls, pulls);
    more(&u, "two", BR_PULL_END);
    FED_UNTIL(fed_peer.whole);
    CHECK_SLICE(br_buf_slice(&fed_peer.body), "one two");
    taker_say(&fed_peer, FED_OK);
    FED_UNTIL(u.done);
    CHECK(u.result.end == BR_DONE_OK && u.result.sent && u.status == 200);
    CHECK_STR(u.got, "fine");
}

/* On the connection, and with the handle, that the last one had. */
static void test_a_slice_after_it(void)
{
    upload u;
    taker_forget(&fed_peer);
    begin(&u, false);
    FED_UNTIL(fed_peer.head && memmem(fed_peer.raw.data, fed_peer.raw.len, "slice", 5) != NULL);
    CHECK(taker_saw(&fed_peer, "content-length: 5\r\n") &&
          !taker_saw(&fed_peer, "transfer-encoding"));
    CHECK_INT(fed_peer.connections, 1);
    taker_say(&fed_peer, FED_OK);
    FED_UNTIL(u.done);
    CHECK_INT(u.result.end, BR_DONE_OK);
    CHECK_INT(u.pulls, 0);
    taker_hang_up(&fed_peer);
}

static void test_an_empty_body(void)
{
    upload u;
    begin(&u, true);
    u.then = BR_PULL_END;
    FED_UNTIL(fed_peer.whole);
    CHECK_INT((long long)fed_peer.body.len, 0);
    taker_say(&fed_peer, FED_OK);
    FED_UNTIL(u.done);
    CHECK_INT(u.result.end, BR_DONE_OK);
    taker_hang_up(&fed_peer);
}

/* Both ways wait at a time, and each goes on without the other. */
static void test_both_ways(void)
{
    upload u;
    begin(&u, true);
    u.next = "question";
    u.hold = true;
    FED_UNTIL(fed_peer.body.len == 8);
    taker_say(&fed_peer, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nan");
    FED_UNTIL(strcmp(u.got, "an") == 0);
    taker_say(&fed_peer, "sw");
    for (int i = 0; i < 5; i++)
        br_engine_step(fed_engine, FED_ROUND_MS);
    CHECK_STR(u.got, "an");
    more(&u, "!", BR_PULL_WAIT);
    FED_UNTIL(fed_peer.body.len == 9);
    CHECK_STR(u.got, "an");
    u.hold = false;
    br_transfer_resume(u.transfer);
    FED_UNTIL(strcmp(u.got, "answ") == 0);
    CHECK(!fed_peer.whole && !u.done);
    u.then = BR_PULL_END;
    br_transfer_pull(u.transfer);
    FED_UNTIL(fed_peer.whole);
    taker_say(&fed_peer, "er");
    FED_UNTIL(u.done);
    CHECK_INT(u.result.end, BR_DONE_OK);
    CHECK_STR(u.got, "answer");
    taker_hang_up(&fed_peer);
}

static void test_a_body_that_fails(void)
{
    upload u;
    begin(&u, true);
    u.next = "half";
    FED_UNTIL(fed_peer.body.len == 4);
    u.then = BR_PULL_FAILED;
    br_transfer_pull(u.transfer);
    FED_UNTIL(u.done);
    CHECK_INT(u.result.end, BR_DONE_UNFED);
    CHECK_STR(u.error.code, "BodyFailed");
    CHECK(!u.result.sent && br_transfer_failure(&u.result) == BR_FAIL_FINAL);
    taker_take(&fed_peer, FED_ALL);
    CHECK(!fed_peer.whole);
    taker_hang_up(&fed_peer);
}

static void test_cancelling_a_body(void)
{
    upload u;
    begin(&u, true);
    FED_UNTIL(u.pulls == 1);
    br_transfer_pull(u.transfer);
    br_transfer_cancel(u.transfer);
    CHECK_INT(br_engine_step(fed_engine, 0), 0);
    taker_hang_up(&fed_peer);
    begin(&u, true);
    u.cancel_in_pull = true;
    FED_UNTIL(u.pulls == 1);
    CHECK_INT(br_engine_step(fed_engine, 0), 0);
    CHECK(!u.done);
    taker_hang_up(&fed_peer);
}

int main(void)
{
    fed_open();
    test_pieces();
    test_a_slice_after_it();
    test_an_empty_body();
    test_both_ways();
    test_a_body_that_fails();
    test_cancelling_a_body();
    fed_close();
    return check_done();
}
