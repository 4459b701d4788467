#include "core/http/retry.h"

#include <string.h>

#include "core/base/times.h"

#define LENGTH(list) (sizeof(list) / sizeof((list)[0]))

static bool is_one_of(br_slice code, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (br_slice_eqs(code, names[i]))
            return true;
    return false;
}

bool br_retry_is_throttling_code(br_slice code)
{
    static const char *const names[] = {"ThrottlingException",
                                        "Throttling",
                                        "ThrottledException",
                                        "TooManyRequestsException",
                                        "RequestThrottled",
                                        "RequestThrottledException",
                                        "ProvisionedThroughputExceededException",
                                        "TransactionInProgressException",
                                        "RequestLimitExceeded",
                                        "BandwidthLimitExceeded",
                                        "LimitExceededException",
                                        "SlowDown",
                                        "PriorRequestNotComplete",
                                        "EC2ThrottledException"};
    return is_one_of(code, names, LENGTH(names));
}

bool br_retry_is_skew_code(br_slice code)
{
    static const char *const names[] = {"RequestTimeTooSkewed",      "RequestExpired",
                                        "InvalidSignatureException", "RequestInTheFuture",
                                        "SignatureDoesNotMatch",     "AuthFailure"};
    return is_one_of(code, names, LENGTH(names));
}

static bool is_expired_code(br_slice code)
{
    static const char *const names[] = {"ExpiredTokenException", "ExpiredToken"};
    return is_one_of(code, names, LENGTH(names));
}

/*
** The time-outs that AWS retries by name, the errors whose models say "retryable", and those of the
** service's own: inside a stream they come without the 5xx that tells of them elsewhere.
*/
static bool is_transient_code(br_slice code)
{
    static const char *const names[] = {"RequestTimeout",
                                        "RequestTimeoutException",
                                        "ModelNotReadyException",
                                        "RetryableConflictException",
                                        "InternalServerException",
                                        "InternalFailure",
                                        "ServiceUnavailableException",
                                        "BadGatewayException"};
    return is_one_of(code, names, LENGTH(names));
}

/* Final whatever their status: trying again gains nothing, or pays for a generation twice. */
static bool is_final_code(br_slice code)
{
    static const char *const names[] = {"ServiceQuotaExceededException", "ModelTimeoutException",
                                        "ModelErrorException"};
    return is_one_of(code, names, LENGTH(names));
}

br_failure br_retry_classify(int status, br_slice code)
{
    if (is_final_code(code))
        return BR_FAIL_FINAL;
    if (br_retry_is_skew_code(code))
        return BR_FAIL_CLOCK_SKEW;
    if (is_expired_code(code))
        return BR_FAIL_EXPIRED;
    if (br_retry_is_throttling_code(code))
        return BR_FAIL_THROTTLING;
    if (is_transient_code(code))
        return BR_FAIL_TRANSIENT;
    if (status == 429)
        return BR_FAIL_THROTTLING;
    if (status >= 500 && status <= 599)
        return BR_FAIL_TRANSIENT;
    return BR_FAIL_FINAL;
}

bool br_retry_allowed(br_failure f, bool retry_safe, bool retry_timeouts)
{
    switch (f) {
    case BR_FAIL_FINAL:
        return false;
    case BR_FAIL_LOST:
    case BR_FAIL_TIMED_OUT:
        return retry_safe || retry_timeouts;
    case BR_FAIL_TRANSIENT:
    case BR_FAIL_THROTTLING:
    case BR_FAIL_CLOCK_SKEW:
    case BR_FAIL_EXPIRED:
    case BR_FAIL_UNSENT:
    case BR_FAIL_STALE:
        return true;
    }
    return false;
}

void br_retry_quota_init(br_retry_quota *q)
{
    q->tokens = BR_RETRY_QUOTA;
}

int br_retry_quota_take(br_retry_quota *q, br_failure f)
{
    if (f == BR_FAIL_CLOCK_SKEW || f == BR_FAIL_EXPIRED || f == BR_FAIL_STALE)
        return -1;
    int cost = f == BR_FAIL_THROTTLING ? BR_RETRY_COST_THROTTLING : BR_RETRY_COST;
    if (q->tokens < cost)
        return 0;
    q->tokens -= cost;
    return cost;
}

void br_retry_quota_give(br_retry_quota *q, int taken)
{
    if (taken >= 0)
        q->tokens += taken > 0 ? taken : BR_RETRY_SUCCESS_CREDIT;
    if (q->tokens > BR_RETRY_QUOTA)
        q->tokens = BR_RETRY_QUOTA;
}

static int64_t backoff_limit(br_failure f, int retry)
{
    int64_t limit = f == BR_FAIL_THROTTLING ? BR_RETRY_BASE_THROTTLING_MS : BR_RETRY_BASE_MS;
    for (int i = 1; i < retry && limit < BR_RETRY_DELAY_MAX_MS; i++)
        limit *= 2;
    return limit < BR_RETRY_DELAY_MAX_MS ? limit : BR_RETRY_DELAY_MAX_MS;
}

int br_retry_delay_ms(br_failure f, int retry, double random01, int64_t hint_ms)
{
    double share = random01 > 0 ? random01 : 0;
    int64_t delay = (int64_t)((share < 1 ? share : 1) * (double)backoff_limit(f, retry));
    int64_t hint = hint_ms < BR_RETRY_HINT_MAX_MS ? hint_ms : BR_RETRY_HINT_MAX_MS;
    return (int)(hint > delay ? hint : delay);
}

/* "7" or "0.25": some gateways are more exact than RFC 9110. Rounded up. */
static int64_t seconds_in_ms(br_slice text)
{
    const char *point = text.n > 0 ? memchr(text.p, '.', text.n) : NULL;
    br_slice whole = {text.p, point != NULL ? (size_t)(point - text.p) : text.n};
    int64_t ms = br_slice_number(whole, BR_RETRY_HINT_TOLD_MAX_MS), thousandths = 0;
    if (ms < 0 ||
        (point != NULL && br_slice_number((br_slice){point + 1, text.n - whole.n - 1}, 0) < 0))
        return -1;
    for (size_t i = 1; i <= 3 && point != NULL; i++)
        thousandths = thousandths * 10 + (whole.n + i < text.n ? point[i] - '0' : 0);
    if (point != NULL && text.n > whole.n + 4)
        thousandths++;
    ms = ms * 1000 + thousandths;
    return ms < BR_RETRY_HINT_TOLD_MAX_MS ? ms : BR_RETRY_HINT_TOLD_MAX_MS;
}

static int64_t until(br_slice date, const br_headers *answer, int64_t now_ms)
{
    int64_t then_ms, from_ms;
    if (!br_time_parse_http(date, &then_ms))
        return -1;
    if (!br_time_parse_http(br_headers_get(answer, "date"), &from_ms))
        from_ms = now_ms;
    return then_ms > from_ms ? then_ms - from_ms : 0;
}

int64_t br_retry_hint_ms(const br_headers *answer, int64_t now_ms)
{
    int64_t longest = -1, ms;
    for (size_t i = 0; i < answer->count; i++) {
        br_slice name = br_headers_name(answer, i), value = br_headers_value(answer, i);
        if (br_slice_eqs(name, "x-amz-retry-after"))
            ms = br_slice_number(value, BR_RETRY_HINT_TOLD_MAX_MS);
        else if (!br_slice_eqs(name, "retry-after"))
            continue;
        else if ((ms = seconds_in_ms(value)) < 0)
            ms = until(value, answer, now_ms);
        longest = ms > longest ? ms : longest;
    }
    return longest;
}
