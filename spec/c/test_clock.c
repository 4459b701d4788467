/* The time of signatures, by a clock that stands still: what a refusal's Date moves, and what stays. */
#include "engine/transfer/clock.h"

#include <stdio.h>
#include <string.h>

#include "check.h"
#include "core/base/times.h"

#define LOCAL_MS INT64_C(1792000000000)
#define HOUR_MS 3600000

static int64_t standing(void *user)
{
    (void)user;
    return LOCAL_MS;
}

static bool zeros(void *user, void *out, size_t n)
{
    (void)user;
    memset(out, 0, n);
    return true;
}

static const br_platform platform = {standing, standing, zeros, NULL, NULL};
static br_engine *engine;
static br_skew skew;

static const char *const EXPIRED = "Signature expired: A is now earlier than B (C - 5 min.)";

static void learned(int64_t offset_ms, bool known)
{
    atomic_store(&skew.ms, offset_ms);
    atomic_store(&skew.known, known);
}

static int64_t sent(br_clock *k)
{
    return br_clock_now_ms(k, &skew, engine) - LOCAL_MS;
}

static void read_date(br_clock *k, int64_t off_ms, const char *age, bool trusted)
{
    char date[BR_HTTP_DATE_SIZE];
    br_headers h;
    br_headers_init(&h);
    br_time_http(LOCAL_MS + off_ms, date);
    br_headers_add(&h, BR_SLICE("date"), br_slice_of(date));
    if (age != NULL)
        br_headers_add(&h, BR_SLICE("age"), br_slice_of(age));
    br_clock_read(k, &h, trusted, LOCAL_MS);
    br_headers_free(&h);
}

static br_error refusal(const char *code, const char *message)
{
    br_error e;
    br_error_set(&e, BR_ERR_SERVICE, code, "%s", message);
    return e;
}

/* A 403 with that Date: is there to be another try? */
static bool again(br_clock *k, int64_t date_ms, const char *code, const char *message)
{
    br_error e = refusal(code, message);
    read_date(k, date_ms, NULL, true);
    return br_clock_suspect(k, 403, &e) && br_clock_correct(k, &skew, &e);
}

static void test_a_wrong_local_clock(void)
{
    br_clock k = {0}, next = {0};
    learned(0, false);
    CHECK_INT(sent(&k), 0);
    CHECK(again(&k, HOUR_MS, "InvalidSignatureException", EXPIRED));
    CHECK_INT(sent(&k), HOUR_MS);
    CHECK_INT(skew.ms, 0);
    CHECK(!skew.known);
    br_clock_settle(&k, &skew);
    CHECK_INT(skew.ms, HOUR_MS);
    CHECK(skew.known);
    CHECK_INT(sent(&next), HOUR_MS);
}

/* A service whose clock is right refuses for a reason of its own; the gateway's Date misleads. */
static void test_a_wrong_date(void)
{
    br_clock k = {0};
    learned(0, false);
    sent(&k);
    CHECK(again(&k, -HOUR_MS, "AccessDeniedException", "no"));
    CHECK_INT(sent(&k), -HOUR_MS);
    CHECK(again(&k, -HOUR_MS, "InvalidSignatureException", EXPIRED));
    CHECK_INT(sent(&k), 0);
    CHECK(!again(&k, -HOUR_MS, "AccessDeniedException", "no"));
    CHECK_INT(skew.ms, 0);
}

/* What was accepted teaches nothing, whatever its Date. */
static void test_accepted(void)
{
    br_clock k = {0};
    learned(0, false);
    sent(&k);
    read_date(&k, HOUR_MS, NULL, true);
    br_clock_settle(&k, &skew);
    CHECK_INT(skew.ms, 0);
    CHECK(!skew.known);
}

/* A file's offset that is wrong, with a Date that is right, none, or as wrong. */
static void test_a_wrong_offset(void)
{
    static const int64_t dates[] = {0, HOUR_MS};
    for (int i = 0; i < 3; i++) {
        br_clock k = {0};
        learned(HOUR_MS, true);
        CHECK_INT(sent(&k), HOUR_MS);
        br_error e = refusal("RequestInTheFuture", "no");
        read_date(&k, i < 2 ? dates[i] : 0, NULL, i < 2);
        CHECK(br_clock_suspect(&k, 400, &e) && br_clock_correct(&k, &skew, &e));
        CHECK_INT(sent(&k), 0);
        br_clock_settle(&k, &skew);
        CHECK_INT(skew.ms, 0);
        CHECK(skew.known);
    }
}

/* Neither the offset nor the Date is right: the local clock is, and that is learned. */
static void test_all_three(void)
{
    for (int vague = 0; vague < 2; vague++) {
        br_clock k = {0};
        learned(HOUR_MS, true);
        CHECK_INT(sent(&k), HOUR_MS);
        CHECK(again(&k, -HOUR_MS, "AccessDenied", "no"));
        CHECK_INT(sent(&k), -HOUR_MS);
        if (vague)
            CHECK(br_clock_correct(&k, &skew, &(br_error){.code = "SignatureDoesNotMatch"}));
        else
            CHECK(again(&k, -HOUR_MS, "RequestExpired", "no"));
        CHECK_INT(sent(&k), 0);
        br_clock_settle(&k, &skew);
        CHECK_INT(skew.ms, 0);
    }
}

static void test_no_reason_to_try(void)
{
    static const struct {
        const char *code, *message;
        int64_t date_ms;
        bool again;
    } cases[] = {
        {"AccessDeniedException", "no", 0, false},
        {"AccessDeniedException", "no", 239999, false},
        {"AccessDeniedException", "no", 240000, true},
        {"AccessDeniedException", "no", -240000, true},
        {"SignatureDoesNotMatch", "no", 0, false},
        {"SignatureDoesNotMatch", "no", 1000, false},
        {"SignatureDoesNotMatch", "no", 2000, true},
        {"AccessDeniedException", EXPIRED, 1000, false},
        {"AccessDeniedException", "Signature not yet current", -2000, true},
        {"InvalidSignatureException", EXPIRED, 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        br_clock k = {0};
        learned(0, false);
        sent(&k);
        bool got = again(&k, cases[i].date_ms, cases[i].code, cases[i].message);
        check_that(got == cases[i].again, cases[i].code, __FILE__, __LINE__);
    }
}

static void test_dates_not_to_be_believed(void)
{
    br_error e = refusal("RequestExpired", "no");
    for (int i = 0; i < 2; i++) {
        br_clock k = {0};
        learned(0, false);
        sent(&k);
        read_date(&k, HOUR_MS, i == 0 ? "5" : NULL, i == 0);
        CHECK(br_clock_suspect(&k, 403, &e));
        CHECK(!br_clock_correct(&k, &skew, &e));
        CHECK_INT(sent(&k), 0);
    }
}

int main(void)
{
    br_error error;
    engine = br_engine_new(&platform, &error);
    CHECK(engine != NULL);
    test_a_wrong_local_clock();
    test_a_wrong_date();
    test_accepted();
    test_a_wrong_offset();
    test_all_three();
    test_no_reason_to_try();
    test_dates_not_to_be_believed();
    br_engine_free(engine);
    return check_done();
}
