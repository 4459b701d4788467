/*
** The time that requests are signed with. It is the local clock's, moved by the skew that was
** learned, until a service refuses a request for its date. Then that request goes out again with
** the time of the refusal's Date, and if that was no help, with the local clock's as it is. Only
** such a repeat that is accepted teaches the skew; a Date alone teaches nothing, as a gateway's may
** be wrong in front of a service whose clock is right.
*/
#ifndef BR_ENGINE_TRANSFER_CLOCK_H
#define BR_ENGINE_TRANSFER_CLOCK_H

#include <stdatomic.h>

#include "core/base/error.h"
#include "core/http/headers.h"
#include "engine/loop/engine.h"

/* How far the services' clocks are from the local one, as one connection has learned. */
typedef struct br_skew {
    _Atomic int64_t ms;
    atomic_bool known; /* it is the connection's own, or was adopted; else 0 */
} br_skew;

/* Corrected time: the local clock's plus the skew, where one is known. */
int64_t br_skew_now_ms(const br_skew *s, const br_engine *e);
/* What a request that was accepted has shown. It goes before what others say. */
void br_skew_learn(br_skew *s, int64_t ms);
/* What others say. */
void br_skew_adopt(br_skew *s, int64_t ms);
/* Whether that was not longer ago, be it by a clock that was since set back a little. */
bool br_clock_recent(int64_t then_ms, int64_t now_ms, int64_t kept_ms);

/*
** How far Date must be from the signature's to explain a refusal: one that names time or signature
** (Date is cut to seconds), and one that only says "no" (AWS tolerates 5 minutes).
*/
#define BR_SKEW_NAMED_MIN_MS 2000
#define BR_SKEW_MIN_MS 240000

typedef enum br_clock_step {
    BR_CLOCK_AS_KNOWN, /* the skew, 0 where none is known */
    BR_CLOCK_BY_DATE,
    BR_CLOCK_LOCAL
} br_clock_step;

/* Of one request and its repeats. Zero-filled at first. */
typedef struct br_clock {
    br_clock_step step;
    int64_t offset_ms;  /* of the request under way, from the local clock */
    bool local_refused; /* offset 0 was */
    bool date_known;    /* the last answer had a Date to be believed */
    int64_t date_offset_ms;
} br_clock;

/* The time for the next request's signature. */
int64_t br_clock_now_ms(br_clock *k, const br_skew *s, const br_engine *e);
/* Each answer's head; trusted: see br_transfer_date_trusted. A cached one (Age) tells no time. */
void br_clock_read(br_clock *k, const br_headers *answer, bool trusted, int64_t local_ms);
/* Whether that refusal may be for the date. */
bool br_clock_suspect(const br_clock *k, int status, const br_error *refusal);
/*
** Whether the request is worth repeating, with another time; twice at most. Else what a correction
** may have taught is taken back.
*/
bool br_clock_correct(br_clock *k, br_skew *s, const br_error *refusal);
/* The last one was accepted: a correction is learned. */
void br_clock_settle(const br_clock *k, br_skew *s);

#endif
