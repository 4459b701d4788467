#include "core/base/buffer.h"

#include "check.h"

#include <stdlib.h>
#include <string.h>

static void test_slices(void)
{
    CHECK(br_slice_of(NULL).p == NULL && br_slice_of(NULL).n == 0);
    CHECK_INT(br_slice_of("abc").n, 3);
    CHECK(br_slice_eq(BR_SLICE("abc"), BR_SLICE("abc")));
    CHECK(!br_slice_eq(BR_SLICE("abc"), BR_SLICE("abd")));
    CHECK(!br_slice_eq(BR_SLICE("abc"), BR_SLICE("ab")));
    CHECK(br_slice_eq((br_slice){NULL, 0}, BR_SLICE("")));
    CHECK(br_slice_eqs(BR_SLICE("x"), "x") && !br_slice_eqs(BR_SLICE("x"), "xy"));
    CHECK(br_slice_eq_nocase(BR_SLICE("AzZ-9"), BR_SLICE("aZz-9")));
    CHECK(!br_slice_eq_nocase(BR_SLICE("@["), BR_SLICE("`{")));
    CHECK(br_slice_starts(BR_SLICE("abc"), "ab") && br_slice_starts(BR_SLICE("abc"), ""));
    CHECK(!br_slice_starts(BR_SLICE("a"), "ab") && br_slice_starts((br_slice){NULL, 0}, ""));
    CHECK(br_slice_ends(BR_SLICE("abc"), "bc") && br_slice_ends(BR_SLICE("abc"), "abc"));
    CHECK(!br_slice_ends(BR_SLICE("abc"), "ab") && !br_slice_ends(BR_SLICE("c"), "bc"));
    CHECK(br_slice_ends(BR_SLICE("abc"), "") && br_slice_ends((br_slice){NULL, 0}, ""));
}

static void test_adding(void)
{
    br_buf b;
    br_buf_init(&b, 1000);
    CHECK(b.data == NULL && br_buf_slice(&b).p != NULL && br_buf_slice(&b).n == 0);
    CHECK(br_buf_add(&b, NULL, 0) && b.data == NULL);
    CHECK(br_buf_adds(&b, "a") && br_buf_addc(&b, 'b') && br_buf_add_slice(&b, BR_SLICE("c\0d")));
    CHECK_INT(b.len, 5);
    CHECK(memcmp(b.data, "abc\0d", 6) == 0);
    br_buf_clear(&b);
    CHECK(br_buf_addf(&b, "%s-%d", "x", 42));
    CHECK_SLICE(br_buf_slice(&b), "x-42");
    CHECK(br_buf_add_u64(&b, 0) && br_buf_add_u64(&b, UINT64_MAX));
    CHECK_SLICE(br_buf_slice(&b), "x-42018446744073709551615");
    CHECK(br_buf_addf(&b, "%s", "") && b.len == 25);
    br_buf_free(&b);
    br_buf_free(&b);
    CHECK(b.data == NULL && b.max == 1000 && b.len == 0);
}

/* At the maximum all goes in; one byte more fails for good and changes nothing. */
static void test_maximum(size_t max)
{
    br_buf b;
    br_buf_init(&b, max);
    for (size_t i = 0; i < max; i++)
        br_buf_addc(&b, (char)('a' + i % 26));
    CHECK(!b.failed && b.len == max);
    CHECK(!br_buf_addc(&b, '!') && b.failed && b.len == max);
    CHECK(!br_buf_adds(&b, "") && !br_buf_addf(&b, "x") && !br_buf_reserve(&b, 0));
    bool intact = max == 0 || (b.data[max - 1] == (char)('a' + (max - 1) % 26) && !b.data[max]);
    CHECK(intact);
    br_buf_clear(&b);
    CHECK(!b.failed && b.len == 0);
    CHECK(br_buf_addf(&b, "%*s", (int)max, "") && b.len == max);
    CHECK(!br_buf_addf(&b, "y") && b.len == max);
    br_buf_free(&b);
}

static void test_reserve(void)
{
    br_buf b;
    br_buf_init(&b, 100);
    char *to = br_buf_reserve(&b, 100);
    CHECK(to != NULL);
    memset(to, 'r', 100);
    br_buf_commit(&b, 3);
    CHECK_SLICE(br_buf_slice(&b), "rrr");
    CHECK(br_buf_reserve(&b, 98) == NULL && b.failed);
    br_buf_free(&b);
    br_buf_init(&b, SIZE_MAX);
    CHECK(br_buf_adds(&b, "x") && br_buf_reserve(&b, SIZE_MAX) == NULL && b.failed);
    CHECK_SLICE(br_buf_slice(&b), "x");
    br_buf_free(&b);
}

static void fill(br_buf *b, size_t n, char c)
{
    char *to = br_buf_reserve(b, n);
    CHECK(to != NULL);
    if (to == NULL)
        return;
    memset(to, c, n);
    br_buf_commit(b, n);
}

/* Its last bytes move nothing, and it ends where its maximum is. */
static void test_large(void)
{
    const size_t large = (size_t)8 * 1024 * 1024, max = large + 1000;
    br_buf b;
    br_buf_init(&b, max * 2);
    fill(&b, large, 'a');
    const char *data = b.data;
    fill(&b, 1000, 'b');
    CHECK(b.data == data);
    CHECK(b.data[0] == 'a' && b.data[large - 1] == 'a' && b.data[large] == 'b');
    br_buf_free(&b);

    br_buf_init(&b, max);
    fill(&b, large, 'a');
    fill(&b, 1000, 'b');
    CHECK(b.len == max && b.cap <= max + 1);
    CHECK(!br_buf_addc(&b, 'c') && b.failed && b.len == max);
    br_buf_free(&b);
}

static void test_secret(void)
{
    br_buf b;
    br_buf_init_secret(&b, 4096);
    for (int i = 0; i < 100; i++)
        br_buf_adds(&b, "0123456789");
    CHECK(b.secret && b.len == 1000);
    CHECK(memcmp(b.data + 990, "0123456789", 11) == 0);
    size_t cap = b.cap, left = 0;
    br_buf_clear(&b);
    for (size_t i = 0; i < cap; i++)
        left += b.data[i] != '\0';
    CHECK_INT(left, 0);
    br_buf_free(&b);
    CHECK(b.secret);
}

int main(void)
{
    test_slices();
    test_adding();
    static const size_t sizes[] = {0, 1, 62, 63, 64, 65, 127, 128, 1000};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        test_maximum(sizes[i]);
    test_reserve();
    test_large();
    test_secret();
    return check_done();
}
