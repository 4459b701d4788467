/* Items as frames: what goes in comes out, however it is cut; what is malformed is refused. */
#define _GNU_SOURCE
#include "engine/bridge/frames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static br_buf wire;
static uint32_t key;

static void begin(void)
{
    br_buf_free(&wire);
    br_buf_init(&wire, (size_t)64 * 1024 * 1024);
    if (key != 0)
        br_frame_write_key(&wire, key);
}

static void write_item(const br_item *item, const br_call_info *info)
{
    br_slice tail;
    size_t contents = wire.len + BR_FRAME_HEADER;
    CHECK(br_frame_write(&wire, item, info, &tail));
    br_frame_mask(item->kind, wire.data + contents, wire.len - contents, key);
    br_buf_add_slice(&wire, tail);
}

static void write_head(int status, br_headers *headers)
{
    const br_call_info info = {
        .attempts = 2, .status = status, .retryable = true, .headers = headers};
    const br_item item = {.kind = BR_HEAD, .status = status, .headers = headers};
    write_item(&item, &info);
}

static void write_end(void)
{
    const br_call_info info = {0};
    write_item(&(br_item){.kind = BR_END}, &info);
}

static void sample_headers(br_headers *h)
{
    br_headers_init(h);
    br_headers_add(h, BR_SLICE("x-amzn-requestid"), BR_SLICE("abc"));
    br_headers_add(h, BR_SLICE("x-empty"), BR_SLICE(""));
    br_headers_add(h, BR_SLICE("x-empty"), BR_SLICE("again"));
}

static void sample_stream(void)
{
    br_headers h;
    const br_call_info info = {0};
    br_es_message m = {.header_count = 3, .payload = BR_SLICE("{\"a\":1}")};
    m.headers[0] = (br_es_header){BR_SLICE(":event-type"), BR_ES_STRING, 0, BR_SLICE("chunk")};
    m.headers[1] = (br_es_header){BR_SLICE("n"), BR_ES_LONG, INT64_MIN, {NULL, 0}};
    m.headers[2] = (br_es_header){BR_SLICE(":message-type"), BR_ES_STRING, 0, BR_SLICE("event")};
    begin();
    sample_headers(&h);
    write_head(200, &h);
    write_item(&(br_item){.kind = BR_EVENT, .event = &m}, &info);
    m = (br_es_message){.payload = {"", 0}};
    write_item(&(br_item){.kind = BR_EVENT, .event = &m}, &info);
    write_end();
    br_headers_free(&h);
}

static void check_head(br_frames *f, const br_item *item)
{
    br_call_info info = f->info;
    CHECK_INT(item->status, 200);
    CHECK_INT((long long)item->headers->count, 3);
    CHECK_SLICE(br_headers_get(item->headers, "x-amzn-requestid"), "abc");
    CHECK_SLICE(br_headers_value(item->headers, 1), "");
    CHECK_SLICE(br_headers_value(item->headers, 2), "again");
    CHECK(info.attempts == 2 && info.status == 200 && info.retryable);
}

static void check_first_event(const br_es_message *m)
{
    CHECK_INT((long long)m->header_count, 3);
    CHECK_SLICE(m->event_type, "chunk");
    CHECK_SLICE(m->message_type, "event");
    CHECK(m->exception_type.p == NULL && m->headers[1].i == INT64_MIN);
    CHECK(m->headers[1].type == BR_ES_LONG);
    CHECK_SLICE(m->payload, "{\"a\":1}");
}

static void check_second_event(const br_es_message *m)
{
    CHECK_INT((long long)m->header_count, 0);
    CHECK(m->event_type.p == NULL);
    CHECK_SLICE(m->payload, "");
}

/* Takes what can be taken; which of the stream's four items come next is kept in *at. */
static void check_stream(br_frames *f, int *at)
{
    br_item item;
    static const br_item_kind wanted[] = {BR_HEAD, BR_EVENT, BR_EVENT, BR_END};
    while (*at < 4 && br_frames_next(f, &item) != BR_WAIT) {
        CHECK_INT(item.kind, wanted[*at]);
        if (*at == 0)
            check_head(f, &item);
        else if (*at == 1)
            check_first_event(item.event);
        else if (*at == 2)
            check_second_event(item.event);
        ++*at;
    }
}

static void test_pieces(void)
{
    sample_stream();
    for (size_t piece = 1; piece <= wire.len; piece++) {
        br_frames f;
        int at = 0;
        br_frames_init(&f, piece % 2);
        for (size_t i = 0; i < wire.len; i += piece) {
            CHECK(!f.over);
            size_t n = wire.len - i < piece ? wire.len - i : piece;
            br_frames_feed(&f, (br_slice){wire.data + i, n});
            check_stream(&f, &at);
        }
        CHECK(f.over && at == 4);
        br_frames_free(&f);
    }
}

static void test_the_end_is_known_before_it_is_taken(void)
{
    br_frames f;
    br_item item;
    sample_stream();
    br_frames_init(&f, false);
    br_frames_feed(&f, br_buf_slice(&wire));
    CHECK(f.over);
    int at = 0;
    check_stream(&f, &at);
    CHECK_INT(br_frames_next(&f, &item), BR_END);
    CHECK_INT(br_frames_next(&f, &item), BR_END);
    br_frames_lost(&f, BR_ERR_TRANSPORT, "X", "late");
    CHECK_INT(br_frames_next(&f, &item), BR_END);
    br_frames_free(&f);
}

static void test_long_data(void)
{
    const size_t n = 5 * 1024 * 1024;
    char *bytes = malloc(n);
    br_headers h;
    br_frames f;
    br_item item;
    const br_call_info info = {0};
    for (size_t i = 0; i < n; i++)
        bytes[i] = (char)(i * 7 >> 3);
    begin();
    sample_headers(&h);
    write_head(200, &h);
    br_slice tail;
    CHECK(br_frame_write(&wire, &(br_item){.kind = BR_DATA, .data = {bytes, n}}, &info, &tail));
    CHECK(tail.p == bytes && tail.n == n);
    br_buf_add_slice(&wire, tail);
    write_end();
    br_frames_init(&f, false);
    for (size_t i = 0; i < wire.len; i += 65536)
        br_frames_feed(&f, (br_slice){wire.data + i, wire.len - i < 65536 ? wire.len - i : 65536});
    CHECK_INT(br_frames_next(&f, &item), BR_HEAD);
    CHECK_INT(br_frames_next(&f, &item), BR_DATA);
    CHECK(item.data.n == n && memcmp(item.data.p, bytes, n) == 0);
    CHECK_INT(br_frames_next(&f, &item), BR_END);
    br_frames_free(&f);
    br_headers_free(&h);
    free(bytes);
}

static void test_errors(void)
{
    br_error error;
    br_frames f;
    br_item item;
    br_headers h;
    br_error_set(&error, BR_ERR_TIMEOUT, "ReadTimeout", "%02000d", 7);
    error.status = 503;
    error.told_to_wait = true;
    error.retry_after_ms = INT64_C(123456789012);
    snprintf(error.request_id, sizeof error.request_id, "id-of-the-exchange");
    sample_headers(&h);
    begin();
    const br_call_info info = {.attempts = 3, .status = 200, .retryable = true, .headers = &h};
    write_item(&(br_item){.kind = BR_ERROR, .error = &error}, &info);
    br_frames_init(&f, false);
    br_frames_feed(&f, br_buf_slice(&wire));
    CHECK(f.over);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(br_frames_next(&f, &item), BR_ERROR);
        CHECK_INT(item.error->kind, BR_ERR_TIMEOUT);
        CHECK_STR(item.error->code, "ReadTimeout");
        CHECK_STR(item.error->message, error.message);
        CHECK_INT(item.error->status, 503);
        CHECK_STR(item.error->request_id, "id-of-the-exchange");
        CHECK(item.error->told_to_wait);
        CHECK_INT(item.error->retry_after_ms, INT64_C(123456789012));
    }
    CHECK(f.info.attempts == 3 && f.info.retryable && f.info.headers->count == 3);
    br_frames_free(&f);
    br_headers_free(&h);
}

static void test_prepared(void)
{
    br_headers h;
    br_frames f;
    br_item item;
    const br_call_info info = {0};
    sample_headers(&h);
    br_prepared p = {"POST", BR_SLICE("https://x/y?z"), &h, BR_SLICE("{}"), true};
    begin();
    write_item(&(br_item){.kind = BR_PREPARED, .prepared = &p}, &info);
    br_frames_init(&f, true);
    br_frames_feed(&f, br_buf_slice(&wire));
    CHECK_INT(br_frames_next(&f, &item), BR_PREPARED);
    CHECK_STR(item.prepared->method, "POST");
    CHECK_SLICE(item.prepared->url, "https://x/y?z");
    CHECK_SLICE(br_headers_get(item.prepared->headers, "x-amzn-requestid"), "abc");
    CHECK_SLICE(item.prepared->body, "{}");
    CHECK(item.prepared->has_body);
    br_frames_free(&f);
    br_headers_free(&h);
}

static void test_credentials_without_secrets(void)
{
    br_frames f;
    br_item item;
    const br_call_info info = {0};
    const br_credentials c = {BR_SLICE("AKIDEXAMPLE"), BR_SLICE("SECRETKEY"), BR_SLICE("TOKENTEXT"),
                              -5};
    begin();
    write_item(&(br_item){.kind = BR_CREDENTIALS, .credentials = &c, .origin = BR_FROM_FILE},
               &info);
    CHECK(memmem(wire.data, wire.len, "SECRETKEY", 9) == NULL);
    CHECK(memmem(wire.data, wire.len, "TOKENTEXT", 9) == NULL);
    br_frames_init(&f, false);
    br_frames_feed(&f, br_buf_slice(&wire));
    CHECK_INT(br_frames_next(&f, &item), BR_CREDENTIALS);
    CHECK_SLICE(item.credentials->access_key_id, "AKIDEXAMPLE");
    CHECK_INT(item.credentials->expiration_ms, -5);
    CHECK_INT(item.origin, BR_FROM_FILE);
    br_frames_free(&f);
    begin();
    write_item(&(br_item){.kind = BR_CREDENTIALS}, &info);
    br_frames_init(&f, false);
    br_frames_feed(&f, br_buf_slice(&wire));
    CHECK_INT(br_frames_next(&f, &item), BR_CREDENTIALS);
    CHECK(item.credentials == NULL);
    br_frames_free(&f);
}

#define END_SIZE (BR_FRAME_HEADER + sizeof(int64_t) + sizeof(br_call_times))

static void test_lost(void)
{
    br_frames f;
    br_item item;
    sample_stream();
    br_frames_init(&f, false);
    br_frames_feed(&f, (br_slice){wire.data, wire.len - END_SIZE - 1});
    br_frames_lost(&f, BR_ERR_CANCELLED, "Closed", "gone");
    CHECK_INT(br_frames_next(&f, &item), BR_HEAD);
    CHECK_INT(br_frames_next(&f, &item), BR_EVENT);
    CHECK_INT(br_frames_next(&f, &item), BR_ERROR);
    CHECK_STR(item.error->code, "Closed");
    CHECK_INT(br_frames_next(&f, &item), BR_ERROR);
    br_frames_free(&f);
}

static void check_refused(const void *bytes, size_t n)
{
    br_frames f;
    br_item item;
    br_frames_init(&f, false);
    br_frames_feed(&f, (br_slice){bytes, n});
    while (br_frames_next(&f, &item) != BR_WAIT && item.kind != BR_ERROR && item.kind != BR_END)
        continue;
    CHECK_INT(item.kind, BR_ERROR);
    CHECK_STR(item.error->code, "BadResponse");
    br_frames_free(&f);
}

/* After a failure in the middle: nothing of it shows in the next call. */
static void test_reset(void)
{
    br_frames f;
    br_item item;
    int at = 0;
    sample_stream();
    br_frames_init(&f, false);
    br_frames_feed(&f, (br_slice){wire.data, wire.len * 3 / 4});
    CHECK_INT(br_frames_next(&f, &item), BR_HEAD);
    f.error.status = 503;
    br_frames_lost(&f, BR_ERR_CANCELLED, "Closed", "gone");
    CHECK(br_frames_reset(&f));
    CHECK(f.info.status == 0 && f.info.headers == NULL && f.error.status == 0);
    CHECK_INT(br_frames_next(&f, &item), BR_WAIT);
    br_frames_feed(&f, (br_slice){wire.data, wire.len});
    check_stream(&f, &at);
    CHECK_INT(at, 4);
    CHECK(br_frames_reset(&f));
    CHECK_INT(br_frames_next(&f, &item), BR_WAIT);
    br_frames_lost(&f, BR_ERR_CANCELLED, "Closed", "gone");
    CHECK_INT(br_frames_next(&f, &item), BR_ERROR);
    br_frames_free(&f);
}

static void test_reset_refused(void)
{
    br_frames f;
    char *bytes = calloc(1, 128 * 1024);
    CHECK(bytes != NULL);
    begin();
    const br_item item = {.kind = BR_DATA, .data = {bytes, 128 * 1024}};
    write_item(&item, &(br_call_info){0});
    br_frames_init(&f, false);
    br_frames_feed(&f, br_buf_slice(&wire));
    CHECK(!br_frames_reset(&f));
    br_frames_free(&f);
    br_frames_init(&f, true);
    CHECK(!br_frames_reset(&f));
    br_frames_free(&f);
    free(bytes);
}

static size_t count_equal_words(const char *a, const char *b, size_t n)
{
    size_t equal = 0;
    for (size_t i = 0; i + 8 <= n; i++)
        equal += memcmp(a + i, b + i, 8) == 0;
    return equal;
}

/* The same contents with another key differ wherever a hash may look. */
static void test_key(void)
{
    char a[1200], b[1200];
    memset(a, 'x', sizeof a);
    memset(b, 'x', sizeof b);
    br_frame_mask(BR_HEAD, a, sizeof a, 5);
    br_frame_mask(BR_HEAD, b, sizeof b, 7);
    CHECK_INT((long long)count_equal_words(a, b, sizeof a), 0);
    br_frame_mask(BR_HEAD, b, sizeof b, 7);
    CHECK(b[0] == 'x' && memcmp(b, b + 1, sizeof b - 1) == 0);
    key = 7;
    test_pieces();
    test_long_data();
    test_lost();
    key = 0;
}

/* What has happened is no item; it waits apart, also before a head, and does not outlive its call. */
static void test_trace(void)
{
    br_frames f;
    br_item item;
    br_frames_init(&f, false);
    br_buf_clear(&wire);
    br_frame_write_trace(&wire, BR_SLICE("one"));
    br_frame_write_trace(&wire, BR_SLICE("two"));
    br_frames_feed(&f, (br_slice){wire.data, wire.len});
    CHECK_INT(br_frames_next(&f, &item), BR_WAIT);
    CHECK(br_slice_eqs(br_buf_slice(&f.trace), "onetwo"));
    CHECK(br_frames_reset(&f));
    CHECK(f.trace.len == 0);
    br_frames_free(&f);
}

static void test_times(void)
{
    br_frames f;
    br_item item;
    br_headers h;
    sample_headers(&h);
    br_call_info info = {.status = 200, .headers = &h, .bytes = INT64_MAX};
    for (int i = 0; i < BR_TIME_COUNT; i++)
        info.times.us[i] = i * INT64_C(10000000000);
    br_buf_clear(&wire);
    write_item(&(br_item){.kind = BR_HEAD, .status = 200, .headers = &h}, &info);
    br_frames_init(&f, false);
    br_frames_feed(&f, (br_slice){wire.data, wire.len});
    CHECK_INT(br_frames_next(&f, &item), BR_HEAD);
    CHECK(f.info.bytes == INT64_MAX);
    CHECK(memcmp(&f.info.times, &info.times, sizeof info.times) == 0);
    br_frames_free(&f);
    br_headers_free(&h);
}

static void test_malformed(void)
{
    check_refused("\0\0\0\0\0", 5);
    check_refused("\0\0\0\0\3\1\1\1", 8);
    check_refused("\0\0\0\0\5\1\1\1\1\1", 10);
    check_refused("\x08\0\0\0\0", 5);
    check_refused("\xff\0\0\0\0", 5);
    check_refused("\1\xff\xff\xff\xff", 5);
    check_refused("\2\x7f\0\0\0", 5);
    check_refused("\6\0\0\0\1x", 6);
    check_refused("\6\0\0\0\0\6\0\0\0\0", 10);
    check_refused("\2\0\0\0\1x", 6);
    check_refused("\3\0\0\0\1\0", 6);
    check_refused("\1\0\0\0\0", 5);
    check_refused("\7\0\0\0\0", 5);
    check_refused("\7\0\0\0\7\1\0\0\0\0\0\0", 12);
    check_refused("\5\0\0\0\2\x09\0", 7);
}

/* Any change of any byte gives an item or a refusal, never more. */
static void test_mutations(void)
{
    sample_stream();
    char *copy = guard_copy(wire.data, wire.len);
    for (size_t i = 0; i < wire.len * 256; i++) {
        br_frames f;
        br_item item;
        char before = copy[i / 256];
        copy[i / 256] = (char)(i % 256);
        br_frames_init(&f, false);
        br_frames_feed(&f, (br_slice){copy, wire.len});
        int items = 0;
        while (br_frames_next(&f, &item) != BR_WAIT && item.kind < BR_END)
            items++;
        if (items > 64)
            CHECK_INT(items, 64);
        br_frames_free(&f);
        copy[i / 256] = before;
    }
    guard_free(copy, wire.len);
}

int main(void)
{
    br_buf_init(&wire, 0);
    test_pieces();
    test_the_end_is_known_before_it_is_taken();
    test_long_data();
    test_errors();
    test_prepared();
    test_credentials_without_secrets();
    test_lost();
    test_reset();
    test_reset_refused();
    test_key();
    test_trace();
    test_times();
    test_malformed();
    test_mutations();
    br_buf_free(&wire);
    return check_done();
}
