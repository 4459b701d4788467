#include "core/text/printable.h"

#include "check.h"

#include <string.h>

static void test_plain(void)
{
    CHECK_STR(br_print(BR_SLICE("temperature")).text, "temperature");
    CHECK_STR(br_print((br_slice){NULL, 0}).text, "");
    CHECK_STR(br_print(BR_SLICE("Größe 漢 \xF0\x9F\x8E\x88")).text, "Größe 漢 \xF0\x9F\x8E\x88");
}

static void test_unprintable(void)
{
    CHECK_STR(br_print((br_slice){"a\0b", 3}).text, "a?b");
    CHECK_STR(br_print(BR_SLICE("\x1B[2J\r\n\x7F")).text, "?[2J???");
    CHECK_STR(br_print(BR_SLICE("\xC2\x9B"
                                "2J\xC2\xA0"))
                  .text,
              "??2J\xC2\xA0");
    CHECK_STR(br_print(BR_SLICE("\xFF\xC3")).text, "??");
    CHECK_STR(br_print(BR_SLICE("\xED\xA0\x80")).text, "???");
}

/* From an unmapped page on, so that a cut character is not completed from beyond. */
static void test_cut(void)
{
    char text[BR_PRINTABLE_MAX * 2];
    memset(text, 'x', sizeof text);
    CHECK_INT(strlen(br_print((br_slice){text, BR_PRINTABLE_MAX}).text), BR_PRINTABLE_MAX);
    br_printable longer = br_print((br_slice){text, BR_PRINTABLE_MAX + 1});
    CHECK_INT(strlen(longer.text), BR_PRINTABLE_MAX + strlen("…"));
    CHECK_STR(longer.text + BR_PRINTABLE_MAX, "…");
    memcpy(text + BR_PRINTABLE_MAX - 1, "ü", 2);
    char *copy = guard_copy(text, BR_PRINTABLE_MAX + 1);
    CHECK_STR(br_print((br_slice){copy, BR_PRINTABLE_MAX + 1}).text + BR_PRINTABLE_MAX - 1, "…");
    CHECK_STR(br_print((br_slice){text, BR_PRINTABLE_MAX}).text + BR_PRINTABLE_MAX - 1, "?");
    guard_free(copy, BR_PRINTABLE_MAX + 1);
}

int main(void)
{
    test_plain();
    test_unprintable();
    test_cut();
    return check_done();
}
