#include "core/http/sse.h"

#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#define LENGTH(list) (sizeof(list) / sizeof((list)[0]))
#define BYTES(literal) ((br_slice){(literal), sizeof(literal) - 1})

/* A stream, and what comes of it: "type|data|id|retry" and a semicolon for each event. */
typedef struct stream_case {
    br_slice bytes;
    const char *events;
    bool at_boundary;
} stream_case;

static const stream_case cases[] = {
    {BYTES(""), "", true},
    /* the examples of the standard */
    {BYTES("data: YHOO\ndata: +2\ndata: 10\n\n"), "message|YHOO\n+2\n10||-1;", true},
    {BYTES(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third "
           "event"),
     "message|first event|1|-1;message|second event||-1;", false},
    {BYTES("data\n\ndata\ndata\n\ndata:"), "message|||-1;message|\n||-1;", false},
    {BYTES("data:test\n\ndata: test\n\n"), "message|test||-1;message|test||-1;", true},
    {BYTES("event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\n"),
     "add|73857293||-1;remove|2153||-1;", true},
    /* ends of lines, in any mixture */
    {BYTES("data: a\r\rdata: b\r\n\r\ndata: c\n\ndata: d\r\n\ndata: e\n\r\n\r"),
     "message|a||-1;message|b||-1;message|c||-1;message|d||-1;message|e||-1;", true},
    {BYTES("data: a\n\rdata: b\r\r\n"), "message|a||-1;message|b||-1;", true},
    {BYTES("data: a\r\ndata: b\r\n\r\n\n"), "message|a\nb||-1;", true},
    /* the byte order mark: one, at the beginning */
    {BYTES("\xEF\xBB\xBF"
           "data: a\n\n"),
     "message|a||-1;", true},
    {BYTES("\xEF\xBB\xBF\xEF\xBB\xBF"
           "data: a\n\n"),
     "", true},
    {BYTES("\n\xEF\xBB\xBF"
           "data: a\n\n"),
     "", true},
    {BYTES("\xEF\xBB\xBF\ndata: a\n\n"), "message|a||-1;", true},
    {BYTES("\xEF\xBB\xBF: hello\ndata: a\n\n"), "message|a||-1;", true},
    {BYTES("\xEF\xBB"
           "data: a\n\ndata: b\n\n"),
     "message|b||-1;", true},
    /* spaces and colons */
    {BYTES("data:  two\n\ndata:\ttab\n\ndata: a: b\n\ndata::\n\ndata: \n\n"),
     "message| two||-1;message|\ttab||-1;message|a: b||-1;message|:||-1;message|||-1;", true},
    {BYTES(" data: a\n\ndata : b\n\nData: c\n\ndat: d\n\ndatas: e\n\n"), "", true},
    /* comments, unknown fields, events without data */
    {BYTES(":\n: data: no\ndata: a\n:data: no\nother\nother: x\n\n"), "message|a||-1;", true},
    {BYTES("event: lost\n\ndata: a\n\n"), "message|a||-1;", true},
    {BYTES("event: one\nevent: two\ndata: a\n\nevent: x\nevent\ndata: b\n\n"),
     "two|a||-1;message|b||-1;", true},
    {BYTES("\n\n\r\n\r"), "", true},
    /* the id stays, unless it has a NUL */
    {BYTES("id: 7\n\ndata: a\n\nid: 8\0\ndata: b\n\nid:\ndata: c\n\n"),
     "message|a|7|-1;message|b|7|-1;message|c||-1;", true},
    /* retry is digits, and stays */
    {BYTES("retry: 10\n\ndata: a\n\nretry: 1.5\nretry: -1\nretry: 3 \nretry\nretry: 0x1\ndata: "
           "b\n\n"),
     "message|a||10;message|b||10;", true},
    {BYTES("retry:007\ndata: a\n\nretry:2147483648\ndata: b\n\nretry:99999999999999999999\ndata: "
           "c\n\n"
           "retry: 0\ndata: d\n\n"),
     "message|a||7;message|b||2147483647;message|c||2147483647;message|d||0;", true},
    /* what is no UTF-8 stays as it is */
    {BYTES("data: \xFF\xC3(\xED\xA0\x80\n\nevent: \x80\ndata: x\n\n"),
     "message|\xFF\xC3(\xED\xA0\x80||-1;\x80|x||-1;", true},
    /* ends in the middle, and ends that are none */
    {BYTES("data: a\n\ndata: b\n"), "message|a||-1;", false},
    {BYTES("data: a\n\nid: 3\n"), "message|a||-1;", false},
    {BYTES("data: a\n\nd"), "message|a||-1;", false},
    {BYTES("data: a\n\n: bye"), "message|a||-1;", true},
    {BYTES("data: a\n\n: bye\n"), "message|a||-1;", true},
    {BYTES("data: a\n\n\r"), "message|a||-1;", true},
};

static br_error error;

static void add_event(br_buf *out, const br_sse_event *e)
{
    br_buf_add_slice(out, e->type);
    br_buf_addc(out, '|');
    br_buf_add_slice(out, e->data);
    br_buf_addc(out, '|');
    br_buf_add_slice(out, e->id);
    br_buf_addf(out, "|%d;", (int)e->retry);
}

/* Each piece lies against an unmapped page, and is gone when the next is fed. */
static void decode(br_sse_decoder *d, br_slice bytes, size_t step, br_buf *out)
{
    br_sse_event e;
    for (size_t at = 0; at < bytes.n; at += step) {
        size_t n = bytes.n - at < step ? bytes.n - at : step;
        char *copy = guard_copy(bytes.p + at, n);
        CHECK(br_sse_feed(d, (br_slice){copy, n}));
        while (br_sse_next(d, &e, &error) == 1)
            add_event(out, &e);
        guard_free(copy, n);
    }
}

static void check_case(const stream_case *c, size_t step)
{
    br_sse_decoder *d = br_sse_decoder_new();
    br_buf out;
    br_buf_init(&out, 10000);
    decode(d, c->bytes, step, &out);
    CHECK_SLICE(br_buf_slice(&out), c->events);
    CHECK(br_sse_at_boundary(d) == c->at_boundary);
    br_buf_free(&out);
    br_sse_decoder_free(d);
}

static void test_cases(void)
{
    for (size_t i = 0; i < LENGTH(cases); i++) {
        for (size_t step = 1; step <= 8; step++)
            check_case(&cases[i], step);
        check_case(&cases[i], 1000);
    }
}

/* An event is there with its blank line; the LF of a CRLF is not waited for. */
static void test_promptness(void)
{
    br_sse_decoder *d = br_sse_decoder_new();
    br_sse_event e;
    br_sse_feed(d, BR_SLICE("data: a\r\n\r"));
    CHECK_INT(br_sse_next(d, &e, &error), 1);
    CHECK_SLICE(e.data, "a");
    CHECK_INT(br_sse_next(d, &e, &error), 0);
    br_sse_feed(d, BR_SLICE("\ndata: b\n\n"));
    CHECK_INT(br_sse_next(d, &e, &error), 1);
    CHECK_SLICE(e.data, "b");
    CHECK(!br_sse_at_boundary(d) || br_sse_next(d, &e, &error) == 0);
    br_sse_decoder_free(d);
}

static void test_feed_refuses(void)
{
    br_sse_decoder *d = br_sse_decoder_new();
    br_sse_event e;
    CHECK(br_sse_feed(d, BR_SLICE("data: a\n\ndata: b\n\n")));
    CHECK(!br_sse_feed(d, BR_SLICE("data: c\n\n")));
    CHECK_INT(br_sse_next(d, &e, &error), 1);
    CHECK(!br_sse_feed(d, BR_SLICE("data: c\n\n")));
    CHECK_INT(br_sse_next(d, &e, &error), 1);
    CHECK_INT(br_sse_next(d, &e, &error), 0);
    CHECK(br_sse_feed(d, (br_slice){NULL, 0}) && br_sse_next(d, &e, &error) == 0);
    CHECK(br_sse_feed(d, BR_SLICE("data: c\n\n")));
    br_sse_decoder_free(d);
}

static int feed(br_sse_decoder *d, br_slice bytes, br_sse_event *e)
{
    CHECK(br_sse_feed(d, bytes));
    return br_sse_next(d, e, &error);
}

/* Of any number of pieces; returns how the last one ended. */
static int feed_often(br_sse_decoder *d, br_slice bytes, size_t count)
{
    br_sse_event e;
    int end = 0;
    for (size_t i = 0; i < count && end == 0; i++)
        end = feed(d, bytes, &e);
    return end;
}

static void check_broken(br_sse_decoder *d, const char *why)
{
    br_sse_event e;
    for (int i = 0; i < 2; i++) {
        br_error_clear(&error);
        CHECK_INT(br_sse_next(d, &e, &error), -1);
        CHECK_INT(error.kind, BR_ERR_STREAM);
        CHECK_STR(error.code, "BadResponse");
        CHECK_STR(error.message, why);
    }
    CHECK(!br_sse_feed(d, BR_SLICE("data: a\n\n")) && !br_sse_at_boundary(d));
    br_sse_decoder_free(d);
}

static const char too_large[] =
    "the server-sent events cannot be read: an event is larger than 24 MiB";
static const char long_id[] =
    "the server-sent events cannot be read: the id of an event is longer than 1024 bytes";

/* The largest event passes; one byte more, in whatever way it is held, does not. */
static void test_limit(void)
{
    static char part[65536];
    const size_t parts = BR_SSE_EVENT_MAX / sizeof part;
    const br_slice piece = {part, sizeof part};
    br_sse_event e;
    memset(part, 'x', sizeof part);

    br_sse_decoder *d = br_sse_decoder_new();
    feed(d, BR_SLICE("data:"), &e);
    CHECK_INT(feed_often(d, piece, parts - 1), 0);
    CHECK_INT(feed(d, (br_slice){part, sizeof part - 5}, &e), 0);
    CHECK_INT(feed(d, BR_SLICE("\n\n"), &e), 1);
    CHECK_INT((long long)e.data.n, (long long)BR_SSE_EVENT_MAX - 5);
    CHECK_INT(feed(d, BR_SLICE("data: next\n\n"), &e), 0 + 1);
    CHECK_INT(br_sse_next(d, &e, &error), 0);
    feed(d, BR_SLICE("data:"), &e);
    CHECK_INT(feed_often(d, piece, parts - 1), 0);
    CHECK_INT(feed(d, (br_slice){part, sizeof part - 4}, &e), -1);
    check_broken(d, too_large);

    memcpy(part, "data: ", 6);
    part[sizeof part - 1] = '\n';
    d = br_sse_decoder_new();
    CHECK_INT(feed_often(d, piece, parts + 1), -1);
    check_broken(d, too_large);

    memcpy(part, "event:", 6);
    d = br_sse_decoder_new();
    CHECK_INT(feed_often(d, piece, parts + 1), 0);
    CHECK_INT(feed(d, BR_SLICE("data: a\n\n"), &e), 1);
    CHECK_INT((long long)e.type.n, (long long)sizeof part - 7);
    br_sse_decoder_free(d);
}

static void test_limit_of_id(void)
{
    char line[3 + BR_SSE_ID_MAX + 2];
    br_sse_event e;
    memset(line, 'x', sizeof line);
    memcpy(line, "id:", 3);
    br_sse_decoder *d = br_sse_decoder_new();
    CHECK_INT(feed(d, (br_slice){line, 3 + BR_SSE_ID_MAX}, &e), 0);
    CHECK_INT(feed(d, BR_SLICE("\ndata: a\n\n"), &e), 1);
    CHECK_INT((long long)e.id.n, (long long)BR_SSE_ID_MAX);
    CHECK_INT(br_sse_next(d, &e, &error), 0);
    line[sizeof line - 1] = '\n';
    CHECK_INT(feed(d, (br_slice){line, sizeof line}, &e), -1);
    check_broken(d, long_id);
}

/* A comment may go on for ever, also within the largest event. */
static void test_endless_comment(void)
{
    static char part[65536];
    br_sse_event e;
    br_sse_decoder *d = br_sse_decoder_new();
    memset(part, ':', sizeof part);
    CHECK_INT(feed_often(d, (br_slice){part, sizeof part}, 1000), 0);
    CHECK(br_sse_at_boundary(d));
    CHECK_INT(feed(d, BR_SLICE("\ndata: a\n\n"), &e), 1);
    CHECK_SLICE(e.data, "a");
    CHECK_INT(br_sse_next(d, &e, &error), 0);
    feed(d, BR_SLICE("data:"), &e);
    CHECK_INT(feed_often(d, (br_slice){part, sizeof part}, BR_SSE_EVENT_MAX / sizeof part - 1), 0);
    CHECK_INT(feed(d, BR_SLICE("\n"), &e), 0);
    CHECK_INT(feed_often(d, (br_slice){part, sizeof part}, 10), 0);
    CHECK_INT(feed(d, BR_SLICE("\n\n"), &e), 1);
    CHECK_INT((long long)e.data.n, (long long)(BR_SSE_EVENT_MAX - sizeof part));
    br_sse_decoder_free(d);
}

int main(void)
{
    test_cases();
    test_promptness();
    test_feed_refuses();
    test_limit();
    test_limit_of_id();
    test_endless_comment();
    br_sse_decoder_free(NULL);
    return check_done();
}
