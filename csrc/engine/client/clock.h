/*
** The time that requests are signed with. It is the local clock's, moved by what the client has
** learned, until a service refuses a request for its date. Then that request goes out again with the
** time of the refusal's Date, and if that was no help, with the local clock's as it is. Only such a
** repeat that is accepted teaches the client its offset; a Date alone teaches nothing, as a gateway's
** may be wrong in front of a service whose clock is right.
*/
#ifndef BR_ENGINE_CLIENT_CLOCK_H
#define BR_ENGINE_CLIENT_CLOCK_H

#include "engine/client/client.h"

/* How far Date must be from the signature's to explain a refusal: one that names time or signature
 * (Date is cut to seconds), and one that only says "no" (AWS tolerates 5 minutes). */
#define BR_SKEW_NAMED_MIN_MS 2000
#define BR_SKEW_MIN_MS 240000

typedef enum br_clock_step {
    BR_CLOCK_AS_KNOWN, /* the client's offset, 0 where it has none */
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
int64_t br_clock_now_ms(br_clock *k, const br_client *c, const br_engine *e);
/* Each answer's head; trusted: see br_transfer_date_trusted. What a cache kept (Age) tells no time. */
void br_clock_read(br_clock *k, const br_headers *answer, bool trusted, int64_t local_ms);
/* Whether that refusal may be for the date. */
bool br_clock_suspect(const br_clock *k, int status, const br_error *refusal);
/* Whether the request is worth repeating, with another time; twice at most. */
bool br_clock_correct(br_clock *k, const br_error *refusal);
/* How the last one was answered: a correction is learned, or taken back. */
void br_clock_settle(const br_clock *k, br_client *c, bool accepted);

#endif
