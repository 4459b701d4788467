#define _DEFAULT_SOURCE
#include "core/base/times.h"

#include "check.h"

#include <string.h>
#include <time.h>

static void check_amz(int64_t ms, const char *want)
{
    char out[BR_AMZ_DATE_SIZE];
    br_time_amz(ms, out);
    CHECK_STR(out, want);
}

static void check_iso(int64_t ms, const char *want)
{
    char out[BR_ISO_DATE_SIZE];
    br_time_iso(ms, out);
    CHECK_STR(out, want);
}

static void test_format(void)
{
    check_amz(0, "19700101T000000Z");
    check_amz(1440938160000, "20150830T123600Z");
    check_amz(951782399999, "20000228T235959Z");
    check_amz(951782400000, "20000229T000000Z");
    check_amz(-1, "19691231T235959Z");
    check_amz(INT64_MIN, "00000101T000000Z");
    check_amz(INT64_MAX, "99991231T235959Z");
    check_iso(0, "1970-01-01T00:00:00Z");
    check_iso(1, "1970-01-01T00:00:00.001Z");
    check_iso(-1, "1969-12-31T23:59:59.999Z");
    check_iso(1735689599120, "2024-12-31T23:59:59.120Z");
    check_iso(INT64_MIN, "0000-01-01T00:00:00Z");
    check_iso(INT64_MAX, "9999-12-31T23:59:59.999Z");
}

typedef bool parser(br_slice text, int64_t *ms);

static void check_good(parser *parse, const char *text, int64_t want)
{
    size_t n = strlen(text);
    char *copy = guard_copy(text, n);
    int64_t ms = -12345;
    check_that(parse((br_slice){copy, n}, &ms), text, __FILE__, __LINE__);
    check_number(ms, want, text, __FILE__, __LINE__);
    for (size_t cut = 1; cut < n; cut++) {
        br_slice part = {copy + cut, n - cut};
        check_that(!parse(part, &ms), text + cut, __FILE__, __LINE__);
    }
    guard_free(copy, n);
    for (size_t cut = 0; cut < n; cut++) {
        copy = guard_copy(text, cut);
        if (parse((br_slice){copy, cut}, &ms))
            check_that(cut > 20, "only an offset can be shorter", __FILE__, __LINE__);
        guard_free(copy, cut);
    }
}

static void check_bad(parser *parse, const char *text)
{
    int64_t ms;
    check_that(!parse(br_slice_of(text), &ms), text, __FILE__, __LINE__);
}

static void test_iso(void)
{
    check_good(br_time_parse_iso, "1970-01-01T00:00:00Z", 0);
    check_good(br_time_parse_iso, "2025-08-31T12:34:56Z", 1756643696000);
    check_good(br_time_parse_iso, "2025-08-31t12:34:56z", 1756643696000);
    check_good(br_time_parse_iso, "2025-08-31T12:34:56.7Z", 1756643696700);
    check_good(br_time_parse_iso, "2025-08-31T12:34:56.789999999999999Z", 1756643696789);
    check_good(br_time_parse_iso, "2025-08-31T12:34:56+02:00", 1756636496000);
    check_good(br_time_parse_iso, "2025-08-31T12:34:56-0930", 1756677896000);
    check_good(br_time_parse_iso, "2025-08-31T12:34:56.5+02", 1756636496500);
    check_good(br_time_parse_iso, "2016-12-31T23:59:60Z", 1483228799000);
    check_good(br_time_parse_iso, "2024-02-29T00:00:00Z", 1709164800000);
    check_good(br_time_parse_iso, "2000-02-29T00:00:00Z", 951782400000);
    check_good(br_time_parse_iso, "0000-01-01T00:00:00Z", -62167219200000);
    check_good(br_time_parse_iso, "9999-12-31T23:59:59.999Z", 253402300799999);
    static const char *const bad[] = {"",
                                      "2025-08-31",
                                      "2025-08-31T12:34:56",
                                      "2025-08-31 12:34:56Z",
                                      "2025-08-31T12:34:56Z ",
                                      " 2025-08-31T12:34:56Z",
                                      "2025-8-31T12:34:56Z",
                                      "2025-13-01T00:00:00Z",
                                      "2025-00-01T00:00:00Z",
                                      "2025-01-00T00:00:00Z",
                                      "2025-02-29T00:00:00Z",
                                      "1900-02-29T00:00:00Z",
                                      "2025-04-31T00:00:00Z",
                                      "2025-01-01T24:00:00Z",
                                      "2025-01-01T00:60:00Z",
                                      "2025-01-01T00:00:61Z",
                                      "2025-01-01T00:00:00.Z",
                                      "2025-01-01T00:00:00,5Z",
                                      "2025-01-01T00:00:00+24:00",
                                      "2025-01-01T00:00:00+00:60",
                                      "2025-01-01T00:00:00+0",
                                      "2025-01-01T00:00:00+00:0",
                                      "2025-01-01T00:00Z",
                                      "-025-01-01T00:00:00Z",
                                      "2025-01-01T00:00:0-1Z",
                                      "20250101T000000Z",
                                      "2025-01-01T00:00:00+00:000"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        check_bad(br_time_parse_iso, bad[i]);
}

static void test_http(void)
{
    check_good(br_time_parse_http, "Sun, 06 Nov 1994 08:49:37 GMT", 784111777000);
    check_good(br_time_parse_http, "Sunday, 06-Nov-94 08:49:37 GMT", 784111777000);
    check_good(br_time_parse_http, "Sun Nov  6 08:49:37 1994", 784111777000);
    check_good(br_time_parse_http, "Wed Nov 16 08:49:37 1994", 784975777000);
    check_good(br_time_parse_http, "Thu, 01 Jan 1970 00:00:00 GMT", 0);
    check_good(br_time_parse_http, "Tuesday, 01-Jan-30 00:00:00 GMT", 1893456000000);
    static const char *const bad[] = {"",
                                      "0",
                                      "Sun, 06 Nov 1994 08:49:37",
                                      "Sun, 06 Nov 1994 08:49:37 UTC",
                                      "Sun, 06 Nov 1994 08:49:37 GMT ",
                                      "Sun, 31 Nov 1994 08:49:37 GMT",
                                      "Sun, 6 Nov 1994 08:49:37 GMT",
                                      "Xxx, 06 Nov 1994 08:49:37 GMT",
                                      "Sun, 06 nov 1994 08:49:37 GMT",
                                      "Sun Nov 6 08:49:37 1994",
                                      "Sun, 06 Nov 1994 25:49:37 GMT"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        check_bad(br_time_parse_http, bad[i]);
}

static void test_amz(void)
{
    check_good(br_time_parse_amz, "20150830T123600Z", 1440938160000);
    check_bad(br_time_parse_amz, "");
    check_bad(br_time_parse_amz, "20150830T123600");
    check_bad(br_time_parse_amz, "20150832T123600Z");
    check_bad(br_time_parse_amz, "2015-08-30T12:36:00Z");
    check_bad(br_time_parse_amz, "20150830T123600ZZ");
}

/* Against the C library's calendar, from year 1 to 9999 and back again. */
static void test_against_libc(void)
{
    for (int64_t s = -62135596800; s < 253402300799; s += 86400 * 3 + 12345) {
        time_t t = (time_t)s;
        struct tm tm;
        char want[32], got[BR_ISO_DATE_SIZE];
        gmtime_r(&t, &tm);
        strftime(want, sizeof(want), "-%m-%dT%H:%M:%SZ", &tm);
        br_time_iso(s * 1000, got);
        int64_t back = 0;
        bool year_ok =
            (got[0] - '0') * 1000 + (got[1] - '0') * 100 + (got[2] - '0') * 10 + (got[3] - '0') ==
            tm.tm_year + 1900;
        if (!year_ok || strcmp(got + 4, want) != 0 || !br_time_parse_iso(br_slice_of(got), &back) ||
            back != s * 1000) {
            check_text(got, (size_t)-1, want, __FILE__, __LINE__);
            return;
        }
    }
    CHECK(true);
}

static void test_written_http(void)
{
    static const struct {
        int64_t ms;
        const char *want;
    } cases[] = {{784111777000, "Sun, 06 Nov 1994 08:49:37 GMT"},
                 {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
                 {-1, "Wed, 31 Dec 1969 23:59:59 GMT"},
                 {1709208000999, "Thu, 29 Feb 2024 12:00:00 GMT"},
                 {INT64_MAX, "Fri, 31 Dec 9999 23:59:59 GMT"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[BR_HTTP_DATE_SIZE];
        br_time_http(cases[i].ms, text);
        CHECK_STR(text, cases[i].want);
    }
}

int main(void)
{
    test_written_http();
    test_format();
    test_iso();
    test_http();
    test_amz();
    test_against_libc();
    return check_done();
}
