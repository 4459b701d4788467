#include "core/http/retry.h"

#include "check.h"

#define LENGTH(list) (sizeof(list) / sizeof((list)[0]))

static void test_classify(void)
{
    static const struct {
        int status;
        const char *code;
        br_failure want;
    } cases[] = {
        {400, "", BR_FAIL_FINAL},
        {400, "ValidationException", BR_FAIL_FINAL},
        {403, "AccessDeniedException", BR_FAIL_FINAL},
        {404, "ResourceNotFoundException", BR_FAIL_FINAL},
        {409, "ConflictException", BR_FAIL_FINAL},
        {409, "RetryableConflictException", BR_FAIL_TRANSIENT},
        {408, "ModelTimeoutException", BR_FAIL_FINAL},
        {408, "", BR_FAIL_FINAL},
        {424, "ModelErrorException", BR_FAIL_FINAL},
        {400, "ServiceQuotaExceededException", BR_FAIL_FINAL},
        {429, "ServiceQuotaExceededException", BR_FAIL_FINAL},
        {200, "", BR_FAIL_FINAL},
        {500, "", BR_FAIL_TRANSIENT},
        {500, "InternalServerException", BR_FAIL_TRANSIENT},
        {502, "", BR_FAIL_TRANSIENT},
        {503, "ServiceUnavailableException", BR_FAIL_TRANSIENT},
        {501, "", BR_FAIL_TRANSIENT},
        {504, "", BR_FAIL_TRANSIENT},
        {599, "", BR_FAIL_TRANSIENT},
        {600, "", BR_FAIL_FINAL},
        {400, "RequestTimeout", BR_FAIL_TRANSIENT},
        {400, "RequestTimeoutException", BR_FAIL_TRANSIENT},
        {429, "ModelNotReadyException", BR_FAIL_TRANSIENT},
        {0, "InternalServerException", BR_FAIL_TRANSIENT},
        {0, "InternalFailure", BR_FAIL_TRANSIENT},
        {0, "ServiceUnavailableException", BR_FAIL_TRANSIENT},
        {0, "BadGatewayException", BR_FAIL_TRANSIENT},
        {0, "ModelStreamErrorException", BR_FAIL_FINAL},
        {429, "", BR_FAIL_THROTTLING},
        {429, "Whatever", BR_FAIL_THROTTLING},
        {400, "Throttling", BR_FAIL_THROTTLING},
        {400, "ThrottlingException", BR_FAIL_THROTTLING},
        {400, "ThrottledException", BR_FAIL_THROTTLING},
        {400, "TooManyRequestsException", BR_FAIL_THROTTLING},
        {400, "RequestThrottled", BR_FAIL_THROTTLING},
        {400, "RequestThrottledException", BR_FAIL_THROTTLING},
        {400, "ProvisionedThroughputExceededException", BR_FAIL_THROTTLING},
        {400, "TransactionInProgressException", BR_FAIL_THROTTLING},
        {400, "RequestLimitExceeded", BR_FAIL_THROTTLING},
        {400, "BandwidthLimitExceeded", BR_FAIL_THROTTLING},
        {400, "LimitExceededException", BR_FAIL_THROTTLING},
        {400, "PriorRequestNotComplete", BR_FAIL_THROTTLING},
        {400, "EC2ThrottledException", BR_FAIL_THROTTLING},
        {503, "SlowDown", BR_FAIL_THROTTLING},
        {403, "RequestTimeTooSkewed", BR_FAIL_CLOCK_SKEW},
        {400, "RequestExpired", BR_FAIL_CLOCK_SKEW},
        {403, "InvalidSignatureException", BR_FAIL_CLOCK_SKEW},
        {403, "RequestInTheFuture", BR_FAIL_CLOCK_SKEW},
        {403, "SignatureDoesNotMatch", BR_FAIL_CLOCK_SKEW},
        {401, "AuthFailure", BR_FAIL_CLOCK_SKEW},
        {403, "ExpiredTokenException", BR_FAIL_EXPIRED},
        {400, "ExpiredToken", BR_FAIL_EXPIRED},
        {400, "throttlingexception", BR_FAIL_FINAL},
    };
    for (size_t i = 0; i < LENGTH(cases); i++)
        check_number(br_retry_classify(cases[i].status, br_slice_of(cases[i].code)), cases[i].want,
                     cases[i].code, __FILE__, __LINE__);
    CHECK_INT(br_retry_classify(503, (br_slice){NULL, 0}), BR_FAIL_TRANSIENT);
}

static void test_allowed(void)
{
    static const br_failure always[] = {BR_FAIL_TRANSIENT, BR_FAIL_THROTTLING, BR_FAIL_CLOCK_SKEW,
                                        BR_FAIL_EXPIRED,   BR_FAIL_UNSENT,     BR_FAIL_STALE};
    static const br_failure may_have_run[] = {BR_FAIL_LOST, BR_FAIL_TIMED_OUT};
    for (int safe = 0; safe < 2; safe++)
        for (int timeouts = 0; timeouts < 2; timeouts++) {
            for (size_t i = 0; i < LENGTH(always); i++)
                CHECK(br_retry_allowed(always[i], safe, timeouts));
            for (size_t i = 0; i < LENGTH(may_have_run); i++)
                CHECK(br_retry_allowed(may_have_run[i], safe, timeouts) == (safe || timeouts));
            CHECK(!br_retry_allowed(BR_FAIL_FINAL, safe, timeouts));
        }
}

static void test_quota(void)
{
    br_retry_quota q;
    br_retry_quota_init(&q);
    CHECK_INT(q.tokens, 500);
    CHECK_INT(br_retry_quota_take(&q, BR_FAIL_TRANSIENT), 14);
    CHECK_INT(br_retry_quota_take(&q, BR_FAIL_THROTTLING), 5);
    CHECK_INT(br_retry_quota_take(&q, BR_FAIL_UNSENT), 14);
    CHECK_INT(q.tokens, 467);
    CHECK_INT(br_retry_quota_take(&q, BR_FAIL_CLOCK_SKEW), -1);
    CHECK_INT(br_retry_quota_take(&q, BR_FAIL_EXPIRED), -1);
    CHECK_INT(br_retry_quota_take(&q, BR_FAIL_STALE), -1);
    CHECK_INT(q.tokens, 467);
    br_retry_quota_give(&q, 14);
    br_retry_quota_give(&q, 0);
    br_retry_quota_give(&q, -1);
    CHECK_INT(q.tokens, 482);
    int retries = 0;
    while (br_retry_quota_take(&q, BR_FAIL_LOST) > 0)
        retries++;
    CHECK_INT(retries, 34);
    CHECK_INT(q.tokens, 6);
    CHECK_INT(br_retry_quota_take(&q, BR_FAIL_THROTTLING), 5);
    CHECK_INT(br_retry_quota_take(&q, BR_FAIL_THROTTLING), 0);
    CHECK_INT(q.tokens, 1);
    CHECK_INT(br_retry_quota_take(&q, BR_FAIL_STALE), -1);
    for (int i = 0; i < 1000; i++)
        br_retry_quota_give(&q, 0);
    CHECK_INT(q.tokens, 500);
    br_retry_quota_give(&q, 14);
    CHECK_INT(q.tokens, 500);
}

static void test_delay(void)
{
    CHECK_INT(br_retry_delay_ms(BR_FAIL_TRANSIENT, 1, 1, -1), 50);
    CHECK_INT(br_retry_delay_ms(BR_FAIL_TRANSIENT, 1, 0.5, -1), 25);
    CHECK_INT(br_retry_delay_ms(BR_FAIL_TRANSIENT, 2, 1, -1), 100);
    CHECK_INT(br_retry_delay_ms(BR_FAIL_TRANSIENT, 9, 1, -1), 12800);
    CHECK_INT(br_retry_delay_ms(BR_FAIL_TRANSIENT, 10, 1, -1), 20000);
    CHECK_INT(br_retry_delay_ms(BR_FAIL_TRANSIENT, 1000000000, 1, -1), 20000);
    CHECK_INT(br_retry_delay_ms(BR_FAIL_THROTTLING, 1, 1, -1), 1000);
    CHECK_INT(br_retry_delay_ms(BR_FAIL_THROTTLING, 5, 0.5, -1), 8000);
    CHECK_INT(br_retry_delay_ms(BR_FAIL_THROTTLING, 6, 1, -1), 20000);
    CHECK_INT(br_retry_delay_ms(BR_FAIL_THROTTLING, 3, 0, -1), 0);
    CHECK_INT(br_retry_delay_ms(BR_FAIL_TRANSIENT, 0, 1, -1), 50);
    CHECK_INT(br_retry_delay_ms(BR_FAIL_TRANSIENT, 1, 7, -1), 50);
    CHECK_INT(br_retry_delay_ms(BR_FAIL_TRANSIENT, 1, -7, -1), 0);
    CHECK_INT(br_retry_delay_ms(BR_FAIL_TRANSIENT, 1, 1, 0), 50);
    CHECK_INT(br_retry_delay_ms(BR_FAIL_TRANSIENT, 1, 1, 49), 50);
    CHECK_INT(br_retry_delay_ms(BR_FAIL_TRANSIENT, 1, 1, 51), 51);
    CHECK_INT(br_retry_delay_ms(BR_FAIL_TRANSIENT, 1, 1, 12000), 12000);
    CHECK_INT(br_retry_delay_ms(BR_FAIL_TRANSIENT, 1, 0, 20000), 20000);
    CHECK_INT(br_retry_delay_ms(BR_FAIL_THROTTLING, 9, 1, INT64_MAX), 20000);
}

/* At Sun, 06 Nov 1994 08:49:37 GMT. */
static int64_t hint_of(const char *const fields[][2], size_t count)
{
    br_headers h;
    br_headers_init(&h);
    for (size_t i = 0; i < count; i++)
        CHECK(br_headers_add(&h, br_slice_of(fields[i][0]), br_slice_of(fields[i][1])));
    int64_t ms = br_retry_hint_ms(&h, 784111777000);
    br_headers_free(&h);
    return ms;
}

static int64_t amz(const char *value)
{
    return hint_of((const char *const[][2]){{"x-amz-retry-after", value}}, 1);
}

static int64_t plain(const char *value)
{
    return hint_of((const char *const[][2]){{"retry-after", value}}, 1);
}

static void test_hint(void)
{
    CHECK_INT(hint_of(NULL, 0), -1);
    CHECK_INT(amz(""), -1);
    CHECK_INT(amz("0"), 0);
    CHECK_INT(amz("1500"), 1500);
    CHECK_INT(amz("-5"), -1);
    CHECK_INT(amz("1.5"), -1);
    CHECK_INT(amz("99999999999999999999999999"), BR_RETRY_HINT_TOLD_MAX_MS);
    CHECK_INT(plain(""), -1);
    CHECK_INT(plain("0"), 0);
    CHECK_INT(plain("7"), 7000);
    CHECK_INT(plain("007"), 7000);
    CHECK_INT(plain("0.5"), 500);
    CHECK_INT(plain("1.0001"), 1001);
    CHECK_INT(plain("1.25"), 1250);
    CHECK_INT(plain("99999999999999999999999999"), BR_RETRY_HINT_TOLD_MAX_MS);
    CHECK_INT(plain("999999999.9"), INT64_C(999999999900));
    static const char *const nonsense[] = {"-7",  "+7",  "7s",       "nan", "inf",
                                           "1e3", "0x7", "1.",       ".5",  ".",
                                           "1.x", "1,5", "tomorrow", "7 7", "1.2.3"};
    for (size_t i = 0; i < LENGTH(nonsense); i++)
        check_number(plain(nonsense[i]), -1, nonsense[i], __FILE__, __LINE__);
}

static void test_hints_that_are_dates(void)
{
    CHECK_INT(plain("Sun, 06 Nov 1994 08:49:40 GMT"), 3000);
    CHECK_INT(plain("Sun, 06 Nov 1994 08:49:30 GMT"), 0);
    CHECK_INT(plain("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
    CHECK_INT(plain("Fri, 31 Dec 9999 23:59:59 GMT") > 20000, 1);
    const char *const by_its_date[][2] = {{"date", "Sun, 06 Nov 1994 10:00:00 GMT"},
                                          {"retry-after", "Sun, 06 Nov 1994 10:00:12 GMT"}};
    CHECK_INT(hint_of(by_its_date, 2), 12000);
    const char *const bad_date[][2] = {{"date", "now"},
                                       {"retry-after", "Sun, 06 Nov 1994 08:49:40 GMT"}};
    CHECK_INT(hint_of(bad_date, 2), 3000);
}

/* Never sooner than told, by whatever header. */
static void test_several_hints(void)
{
    const char *const both[][2] = {{"x-amz-retry-after", "0"}, {"retry-after", "7"}};
    const char *const twice[][2] = {{"retry-after", "3"}, {"retry-after", "9"}};
    const char *const one_bad[][2] = {{"x-amz-retry-after", "soon"}, {"retry-after", "7"}};
    CHECK_INT(hint_of(both, 2), 7000);
    CHECK_INT(hint_of(twice, 2), 9000);
    CHECK_INT(hint_of(one_bad, 2), 7000);
}

int main(void)
{
    test_classify();
    test_allowed();
    test_quota();
    test_delay();
    test_hint();
    test_hints_that_are_dates();
    test_several_hints();
    return check_done();
}
