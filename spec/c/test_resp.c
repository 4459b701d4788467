#include "core/text/resp.h"

#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#define LENGTH(list) (sizeof(list) / sizeof((list)[0]))
#define BYTES(literal) ((br_slice){(literal), sizeof(literal) - 1})
#define SAID_MAX 4096

/* What came, and the replies: a letter for the type, the text or number, a semicolon; '!' where it breaks. */
typedef struct reply_case {
    br_slice bytes;
    const char *replies;
} reply_case;

static const reply_case cases[] = {
    {BYTES("+OK\r\n"), "sOK;"},
    {BYTES("+\r\n-\r\n"), "s;e;"},
    {BYTES("-ERR unknown command\r\n"), "eERR unknown command;"},
    {BYTES(":0\r\n:5001\r\n:-2\r\n"), "i0;i5001;i-2;"},
    {BYTES(":99999999999999999999\r\n"), "i92233720368547758;"},
    {BYTES("$0\r\n\r\n$-1\r\n$3\r\na\r\n\r\n"), "t;n;ta\r\n;"},
    {BYTES("$4\r\n\r\n+O\r\n+K\r\n"), "t\r\n+O;sK;"},
    {BYTES("+O"), ""},
    {BYTES("+OK\r"), ""},
    {BYTES("$3\r\nabc"), ""},
    {BYTES("$3\r\nabc\r"), ""},
    {BYTES("+O\rK\r\n"), "!"},
    {BYTES("+OK\r\n\r\n"), "sOK;!"},
    {BYTES("$3\r\nabcd\r\n"), "!"},
    {BYTES("$3\r\nabc\n\r"), "!"},
    {BYTES("$-2\r\n"), "!"},
    {BYTES("$\r\n"), "!"},
    {BYTES("$0x1\r\na\r\n"), "!"},
    {BYTES("$131061\r\n"), ""},
    {BYTES("$131062\r\n"), "!"},
    {BYTES("$18446744073709551615\r\n"), "!"},
    {BYTES(":\r\n"), "!"},
    {BYTES(":-\r\n"), "!"},
    {BYTES(":--1\r\n"), "!"},
    {BYTES(":1.5\r\n"), "!"},
    {BYTES("*1\r\n$1\r\na\r\n"), "!"},
    {BYTES("*-1\r\n"), "!"},
    {BYTES("_\r\n"), "!"},
    {BYTES("HTTP/1.1 400 Bad Request\r\n"), "!"},
};

static void say(br_buf *said, const br_resp_reply *reply)
{
    static const char letters[] = {[BR_RESP_STATUS] = 's',
                                   [BR_RESP_ERROR] = 'e',
                                   [BR_RESP_INTEGER] = 'i',
                                   [BR_RESP_TEXT] = 't',
                                   [BR_RESP_NIL] = 'n'};
    br_buf_addc(said, letters[reply->type]);
    if (reply->type == BR_RESP_INTEGER)
        br_buf_addf(said, "%lld", (long long)reply->integer);
    br_buf_add_slice(said, reply->text);
    br_buf_addc(said, ';');
}

static bool take(br_resp *r, br_buf *said)
{
    br_resp_reply reply;
    br_resp_state state;
    while ((state = br_resp_next(r, &reply)) == BR_RESP_GOT)
        say(said, &reply);
    if (state == BR_RESP_BAD)
        br_buf_addc(said, '!');
    return state == BR_RESP_MORE;
}

/* In pieces of that size, or smaller where there is less. */
static void read_in_pieces(const reply_case *c, size_t size)
{
    br_buf said;
    br_resp *r = br_resp_new();
    bool good = true;
    br_buf_init(&said, SAID_MAX);
    for (size_t at = 0; at < c->bytes.n && good; at += size) {
        size_t n = c->bytes.n - at < size ? c->bytes.n - at : size;
        CHECK(br_resp_feed(r, (br_slice){c->bytes.p + at, n}));
        good = take(r, &said);
    }
    CHECK_SLICE(br_buf_slice(&said), c->replies);
    br_buf_free(&said);
    br_resp_free(r);
}

static void test_replies(void)
{
    for (size_t i = 0; i < LENGTH(cases); i++)
        for (size_t size = 1; size <= cases[i].bytes.n; size++)
            read_in_pieces(&cases[i], size);
}

/* A line that never ends, and a text that is longer than it may be. */
static void test_limits(void)
{
    static char line[BR_RESP_LINE_MAX], text[BR_RESP_REPLY_MAX];
    br_resp_reply reply;
    br_resp *r = br_resp_new();
    memset(line, '+', sizeof line);
    CHECK(br_resp_feed(r, (br_slice){line, sizeof line - 1}));
    CHECK_INT(br_resp_next(r, &reply), BR_RESP_MORE);
    CHECK(br_resp_feed(r, BR_SLICE("+")));
    CHECK_INT(br_resp_next(r, &reply), BR_RESP_BAD);
    br_resp_free(r);

    r = br_resp_new();
    memset(text, 'x', sizeof text);
    CHECK(br_resp_feed(r, BR_SLICE("$131061\r\n")));
    CHECK_INT(br_resp_next(r, &reply), BR_RESP_MORE);
    CHECK(!br_resp_feed(r, (br_slice){text, sizeof text}));
    br_resp_free(r);
}

static void test_command(void)
{
    br_buf out;
    const br_slice words[] = {BR_SLICE("SET"), BR_SLICE("a\r\nb"), BR_SLICE("")};
    br_buf_init(&out, 40);
    CHECK(br_resp_add_command(&out, words, LENGTH(words)));
    CHECK_SLICE(br_buf_slice(&out), "*3\r\n$3\r\nSET\r\n$4\r\na\r\nb\r\n$0\r\n\r\n");
    CHECK(!br_resp_add_command(&out, words, LENGTH(words)));
    br_buf_free(&out);
}

int main(void)
{
    test_replies();
    test_limits();
    test_command();
    return check_done();
}
