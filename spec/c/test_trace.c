/* Events as they are written and read; what finds no room; what cannot be read. */
#include "core/base/trace.h"

#include <stdlib.h>

#include "check.h"

static void write_attempt(br_trace *t, int64_t number)
{
    br_trace_begin(t, "attempt");
    br_trace_text(t, "host", BR_SLICE("example.org"));
    br_trace_text(t, "nothing", (br_slice){NULL, 0});
    br_trace_number(t, "attempt", number);
    br_trace_time(t, "total", 1500);
    br_trace_end(t);
}

static void expect_text(br_slice *rest, const char *name, const char *text)
{
    br_trace_field field;
    CHECK_INT(br_trace_read(rest, &field), BR_TRACE_TEXT);
    CHECK(br_slice_eqs(field.name, name));
    CHECK(br_slice_eqs(field.text, text));
}

static void expect_number(br_slice *rest, br_trace_type type, const char *name, int64_t number)
{
    br_trace_field field;
    CHECK_INT(br_trace_read(rest, &field), type);
    CHECK(br_slice_eqs(field.name, name));
    CHECK(field.number == number);
}

static void check_attempt(br_slice *rest, int64_t number)
{
    br_trace_field field;
    expect_text(rest, "event", "attempt");
    expect_text(rest, "host", "example.org");
    expect_number(rest, BR_TRACE_NUMBER, "attempt", number);
    expect_number(rest, BR_TRACE_TIME, "total", 1500);
    CHECK_INT(br_trace_read(rest, &field), BR_TRACE_END);
}

static void check_dropped(br_slice *rest, int64_t count)
{
    br_trace_field field;
    expect_text(rest, "event", "dropped");
    expect_number(rest, BR_TRACE_NUMBER, "count", count);
    CHECK_INT(br_trace_read(rest, &field), BR_TRACE_END);
    CHECK_INT(br_trace_read(rest, &field), BR_TRACE_NOTHING);
}

static void test_order(void)
{
    br_trace t;
    br_trace_field field;
    br_trace_init(&t, BR_TRACE_EVENTS);
    CHECK(br_trace_waiting(&t).n == 0);
    write_attempt(&t, 1);
    write_attempt(&t, INT64_MIN);
    br_slice rest = br_trace_waiting(&t);
    check_attempt(&rest, 1);
    check_attempt(&rest, INT64_MIN);
    CHECK_INT(br_trace_read(&rest, &field), BR_TRACE_NOTHING);
    br_trace_taken(&t);
    CHECK(br_trace_waiting(&t).n == 0);
    write_attempt(&t, 3);
    rest = br_trace_waiting(&t);
    check_attempt(&rest, 3);
    br_trace_free(&t);
}

/* What does not fit is left out as a whole, and counted; then there is room again. */
static void test_bound(void)
{
    br_trace t;
    static char long_text[BR_TRACE_MAX];
    br_trace_init(&t, BR_TRACE_EVENTS);
    write_attempt(&t, 1);
    for (int i = 0; i < 3; i++) {
        br_trace_begin(&t, "long");
        br_trace_text(&t, "text", (br_slice){long_text, sizeof long_text});
        br_trace_end(&t);
    }
    write_attempt(&t, 2);
    br_slice rest = br_trace_waiting(&t);
    check_attempt(&rest, 1);
    check_attempt(&rest, 2);
    check_dropped(&rest, 3);
    br_trace_taken(&t);
    write_attempt(&t, 4);
    rest = br_trace_waiting(&t);
    check_attempt(&rest, 4);
    CHECK(rest.n == 0);
    br_trace_free(&t);
}

static void test_full(void)
{
    br_trace t;
    int64_t kept = 0;
    br_trace_init(&t, BR_TRACE_EVENTS);
    for (; t.dropped == 0; kept++)
        write_attempt(&t, kept);
    for (int i = 0; i < 99; i++)
        write_attempt(&t, -1);
    br_slice rest = br_trace_waiting(&t);
    CHECK(rest.n <= BR_TRACE_MAX);
    for (int64_t i = 0; i < kept - 1; i++)
        check_attempt(&rest, i);
    check_dropped(&rest, 100);
    br_trace_free(&t);
}

static void test_join(void)
{
    br_trace t, other;
    br_trace_init(&t, BR_TRACE_EVENTS);
    br_trace_init(&other, BR_TRACE_EVENTS);
    write_attempt(&t, 1);
    write_attempt(&other, 2);
    other.dropped = 5;
    br_trace_join(&t, &other);
    br_slice rest = br_trace_waiting(&t);
    check_attempt(&rest, 1);
    check_attempt(&rest, 2);
    check_dropped(&rest, 5);
    br_trace_taken(&t);
    while (t.dropped == 0)
        write_attempt(&t, 3);
    t.dropped = 0;
    br_trace_join(&t, &other);
    CHECK(t.dropped == 6 && !t.bytes.failed);
    br_trace_free(&t);
    br_trace_free(&other);
}

/* Cut anywhere, or with a changed byte, it is read to some end within its bytes. */
static void test_malformed(void)
{
    br_trace t;
    br_trace_field field;
    br_trace_init(&t, BR_TRACE_WIRE);
    write_attempt(&t, 7);
    br_slice whole = br_trace_waiting(&t);
    for (size_t n = 0; n < whole.n; n++) {
        char *cut = malloc(n > 0 ? n : 1);
        memcpy(cut, whole.p, n);
        br_slice rest = {cut, n};
        while (br_trace_read(&rest, &field) != BR_TRACE_NOTHING)
            continue;
        CHECK(rest.n <= n);
        free(cut);
    }
    for (size_t i = 0; i < whole.n; i++) {
        char *changed = malloc(whole.n);
        memcpy(changed, whole.p, whole.n);
        changed[i] = (char)~changed[i];
        br_slice rest = {changed, whole.n};
        while (br_trace_read(&rest, &field) != BR_TRACE_NOTHING)
            continue;
        CHECK(rest.n <= whole.n);
        free(changed);
    }
    br_trace_free(&t);
}

int main(void)
{
    test_order();
    test_bound();
    test_full();
    test_join();
    test_malformed();
    return check_done();
}
