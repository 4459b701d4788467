/* Header lists and the checks that keep a value from becoming a header. */
#include "check.h"
#include "core/http/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_list(void)
{
    br_headers h;
    br_headers_init(&h);
    CHECK(br_headers_get(&h, "a").p == NULL);
    CHECK(br_headers_add(&h, BR_SLICE("Content-TYPE"), BR_SLICE(" \t a b \t")));
    CHECK(br_headers_add(&h, BR_SLICE("x"), BR_SLICE("1")));
    CHECK(br_headers_add(&h, BR_SLICE("X"), BR_SLICE("")));
    CHECK(br_headers_add(&h, BR_SLICE("y"), (br_slice){NULL, 0}));
    CHECK_INT((long long)h.count, 4);
    CHECK_SLICE(br_headers_name(&h, 0), "content-type");
    CHECK_SLICE(br_headers_value(&h, 0), "a b");
    CHECK_SLICE(br_headers_get(&h, "x"), "1");
    CHECK_SLICE(br_headers_value(&h, 2), "");
    CHECK(br_headers_get(&h, "y").p != NULL);
    CHECK(br_headers_get(&h, "z").p == NULL);
    CHECK(br_headers_set(&h, BR_SLICE("X"), BR_SLICE("2")));
    CHECK_INT((long long)h.count, 3);
    CHECK_SLICE(br_headers_get(&h, "x"), "2");
    CHECK_SLICE(br_headers_name(&h, 2), "x");
    br_headers_clear(&h);
    CHECK_INT((long long)h.count, 0);
    CHECK(br_headers_add(&h, BR_SLICE("a"), BR_SLICE("b")));
    br_headers_free(&h);
    br_headers_free(&h);
    CHECK(h.count == 0 && br_headers_get(&h, "a").p == NULL);
}

/* Entries stay right while the text moves. */
static void test_many(void)
{
    br_headers h;
    char name[32], value[32];
    br_headers_init_secret(&h);
    for (int i = 0; i < BR_HEADERS_MAX; i++) {
        snprintf(name, sizeof name, "N-%d", i);
        snprintf(value, sizeof value, "value %d", i);
        CHECK(br_headers_add(&h, br_slice_of(name), br_slice_of(value)));
    }
    for (int i = 0; i < BR_HEADERS_MAX; i++) {
        snprintf(name, sizeof name, "n-%d", i);
        snprintf(value, sizeof value, "value %d", i);
        CHECK_SLICE(br_headers_get(&h, name), value);
    }
    CHECK(!h.failed);
    CHECK(!br_headers_add(&h, BR_SLICE("one"), BR_SLICE("more")));
    CHECK(h.failed);
    br_headers_clear(&h);
    CHECK(!h.failed && br_headers_add(&h, BR_SLICE("one"), BR_SLICE("more")));
    br_headers_free(&h);
}

static void test_too_long(void)
{
    br_headers h;
    char *big = malloc(BR_HEADERS_BYTES_MAX + 1);
    memset(big, 'v', BR_HEADERS_BYTES_MAX + 1);
    br_headers_init(&h);
    CHECK(br_headers_add(&h, BR_SLICE("n"), (br_slice){big, BR_HEADERS_BYTES_MAX - 4}));
    CHECK(!br_headers_add(&h, BR_SLICE("n"), BR_SLICE("")));
    CHECK(h.failed && h.count == 1);
    CHECK(!br_headers_add(&h, BR_SLICE("n"), BR_SLICE("")));
    br_headers_clear(&h);
    CHECK(!br_headers_add(&h, BR_SLICE("n"), (br_slice){big, BR_HEADERS_BYTES_MAX + 1}));
    br_headers_free(&h);
    free(big);
}

static void test_refused(void)
{
    static const char *const names[] = {"", "a b", "a:", "a\r\n", "\xc3\xa4", "a\x7f", "(a)", "a/"};
    static const char *const values[] = {"a\r\nb: c", "a\nb", "a\rb", "\x01", "a\x7f"};
    br_headers h;
    br_headers_init(&h);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        CHECK(!br_headers_add(&h, br_slice_of(names[i]), BR_SLICE("v")));
        CHECK(h.failed && h.count == 0);
        br_headers_clear(&h);
    }
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        CHECK(!br_headers_add(&h, BR_SLICE("n"), br_slice_of(values[i])));
        br_headers_clear(&h);
    }
    CHECK(!br_headers_add(&h, BR_SLICE("n"), BR_SLICE("a\0b")));
    br_headers_free(&h);
}

/* Each byte at each place of short and long values. */
static void test_value_bytes(void)
{
    for (size_t n = 1; n <= 20; n++)
        for (size_t at = 0; at < n; at++)
            for (int byte = 0; byte < 256; byte++) {
                char text[20];
                memset(text, byte % 2 ? '\x80' : ' ', sizeof text);
                text[at] = (char)byte;
                char *guarded = guard_copy(text, n);
                bool want = byte == '\t' || (byte >= 0x20 && byte != 0x7f);
                if (br_header_value_ok((br_slice){guarded, n}) != want)
                    CHECK_INT(byte, -1);
                guard_free(guarded, n);
            }
    CHECK(br_header_value_ok(BR_SLICE("")));
    CHECK(br_header_value_ok((br_slice){NULL, 0}));
    CHECK(br_header_name_ok(BR_SLICE("!#$%&'*+-.^_`|~09azAZ")));
    CHECK(!br_header_name_ok(BR_SLICE("a\0b")));
}

static void test_request(void)
{
    br_request r;
    br_request_init(&r);
    br_buf_adds(&r.path, "/x");
    br_buf_adds(&r.query, "a=b");
    br_buf_adds(&r.body, "{}");
    br_headers_add(&r.headers, BR_SLICE("a"), BR_SLICE("b"));
    CHECK_SLICE(br_buf_slice(&r.path), "/x");
    CHECK_STR(r.method, "");
    CHECK(!r.has_body && !r.retry_safe);
    br_request_free(&r);
    br_request_free(&r);
    CHECK(r.path.len == 0 && r.headers.count == 0);
}

/* Long bytes, each with its own letter; their ends lie against an unmapped page. */
static br_slice long_bytes(char letter, size_t n)
{
    char *bytes = malloc(n);
    memset(bytes, letter, n);
    char *guarded = guard_copy(bytes, n);
    free(bytes);
    return (br_slice){guarded, n};
}

static void free_bytes(br_slice bytes)
{
    guard_free((char *)(uintptr_t)bytes.p, bytes.n);
}

/* n times the text. */
static void check_run(const br_buf *body, size_t *at, const char *text, size_t n)
{
    size_t size = strlen(text), good = 0;
    while (good < n && *at + size <= body->len && memcmp(body->data + *at, text, size) == 0) {
        good++;
        *at += size;
    }
    CHECK_INT((long long)good, (long long)n);
}

static void test_attached(void)
{
    size_t n = BR_ATTACHED_BYTES_MIN, groups = n / 3 + 1, at = 0;
    br_slice zeros = long_bytes('\0', groups * 3 - 1), text = long_bytes('x', n);
    br_request r;
    br_request_init(&r);
    CHECK(br_request_join(&r));
    br_buf_adds(&r.body, "<");
    CHECK(!br_request_attach(&r, (br_slice){text.p, n - 1}, false));
    CHECK(br_request_attach(&r, zeros, true));
    CHECK(br_request_attach(&r, text, false));
    br_buf_adds(&r.body, "|");
    CHECK(br_request_attach(&r, text, false));
    CHECK(br_request_attach(&r, zeros, true));
    br_buf_adds(&r.body, ">");
    CHECK_SLICE(br_buf_slice(&r.body), "<|>");
    CHECK_INT((long long)r.attached_bytes, (long long)(2 * n + 2 * groups * 4));
    CHECK(br_request_join(&r));
    free_bytes(zeros);
    free_bytes(text);
    CHECK_INT(r.attached_count, 0);
    CHECK_INT((long long)r.attached_bytes, 0);
    CHECK_INT((long long)r.body.len, (long long)(3 + 2 * n + 2 * groups * 4));
    check_run(&r.body, &at, "<", 1);
    check_run(&r.body, &at, "AAAA", groups - 1);
    check_run(&r.body, &at, "AAA=", 1);
    check_run(&r.body, &at, "x", n);
    check_run(&r.body, &at, "|", 1);
    check_run(&r.body, &at, "x", n);
    check_run(&r.body, &at, "AAAA", groups - 1);
    check_run(&r.body, &at, "AAA=>", 1);
    br_request_free(&r);
}

static void test_attached_limits(void)
{
    br_slice text = long_bytes('x', BR_ATTACHED_BYTES_MIN);
    br_request r;
    br_request_init(&r);
    for (int i = 0; i < BR_ATTACHED_MAX; i++)
        CHECK(br_request_attach(&r, text, false));
    CHECK(!br_request_attach(&r, text, false));
    br_request_clear(&r, 0);
    CHECK(r.attached_count == 0 && r.attached_bytes == 0);

    r.body.max = text.n + 10;
    br_buf_adds(&r.body, "12345678901");
    CHECK(!br_request_attach(&r, text, false));
    br_request_clear(&r, 0);
    br_buf_adds(&r.body, "1234567890");
    CHECK(!br_request_attach(&r, text, true));
    CHECK(br_request_attach(&r, text, false));
    CHECK(!br_request_attach(&r, text, false));
    br_buf_adds(&r.body, "1");
    CHECK(!br_request_join(&r));
    CHECK(r.attached_count == 0);
    CHECK_SLICE(br_buf_slice(&r.body), "12345678901");
    br_request_free(&r);
    free_bytes(text);
}

int main(void)
{
    test_attached();
    test_attached_limits();
    test_list();
    test_many();
    test_too_long();
    test_refused();
    test_value_bytes();
    test_request();
    return check_done();
}
