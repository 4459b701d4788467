/*
** Retry policy: AWS's "standard" mode with a quota of tokens and full jitter. Pure: random numbers
** and times come in. Sources: AWS SDKs and Tools Reference Guide, "Retry behavior"; SEMANTICS of
** what may have run are the caller's (see br_failure).
*/
#ifndef BR_CORE_HTTP_RETRY_H
#define BR_CORE_HTTP_RETRY_H

#include "core/http/request.h"

#define BR_RETRY_QUOTA 500
#define BR_RETRY_COST 14
#define BR_RETRY_COST_THROTTLING 5
#define BR_RETRY_SUCCESS_CREDIT 1 /* for a first attempt that succeeds */
#define BR_RETRY_BASE_MS 50
#define BR_RETRY_BASE_THROTTLING_MS 1000
#define BR_RETRY_DELAY_MAX_MS 20000
#define BR_RETRY_HINT_MAX_MS 20000 /* nobody is made to wait longer: it is an error */
#define BR_RETRY_HINT_TOLD_MAX_MS INT64_C(1000000000000) /* larger ones count as this */

typedef enum br_failure {
    BR_FAIL_FINAL,      /* never retried */
    BR_FAIL_TRANSIENT,  /* 500 502 503 504, RequestTimeout, modelled retryable */
    BR_FAIL_THROTTLING, /* 429 and the throttling names */
    BR_FAIL_CLOCK_SKEW, /* suggests a wrong clock: once, after correcting it */
    BR_FAIL_EXPIRED,    /* the service says the token expired: once, with fresh credentials */
    BR_FAIL_UNSENT,     /* failed before the last request byte left */
    BR_FAIL_STALE,      /* reused connection died before any answer byte: once, on a fresh one */
    BR_FAIL_LOST,       /* fresh connection lost after the request was sent: may have run */
    BR_FAIL_TIMED_OUT   /* read timeout after the request was sent: may have run */
} br_failure;

/* From an answer's status and error code; code.n == 0 if unknown. */
br_failure br_retry_classify(int status, br_slice code);
bool br_retry_is_throttling_code(br_slice code);
bool br_retry_is_skew_code(br_slice code);

/* Whether that failure may be repeated at all, leaving attempts and quota aside. */
bool br_retry_allowed(br_failure f, bool retry_safe, bool retry_timeouts);

/* One bucket for all calls of a client; the caller serialises access. */
typedef struct br_retry_quota {
    int tokens;
} br_retry_quota;
void br_retry_quota_init(br_retry_quota *q);
/*
** Takes the cost of a retry; 0 and nothing taken if there is not enough. Clock skew, expired and
** stale cost nothing (returns -1: free).
*/
int br_retry_quota_take(br_retry_quota *q, br_failure f);
/* A call succeeded: gives back what its last retry took (-1: nothing; 0, no retry: the credit). */
void br_retry_quota_give(br_retry_quota *q, int taken);

/*
** Delay before retry number `retry` (1, 2, …): random01 * min(base * 2^(retry-1), max), but never
** less than a hint (-1: none; at most BR_RETRY_HINT_MAX_MS).
*/
int br_retry_delay_ms(br_failure f, int retry, double random01, int64_t hint_ms);
/*
** How long the service asks to wait: x-amz-retry-after (milliseconds) and Retry-After (seconds, as a
** decimal, too; or an HTTP date, counted from the answer's own Date, or else from now_ms); of several
** the longest. -1: nothing that can be read.
*/
int64_t br_retry_hint_ms(const br_headers *answer, int64_t now_ms);

#endif
