#include "engine/transfer/clock.h"

#include <string.h>

#include "core/base/times.h"
#include "core/http/retry.h"

#define FUTURE_TOLERATED_MS 60000

int64_t br_skew_now_ms(const br_skew *s, const br_engine *e)
{
    return br_engine_wall_ms(e) + atomic_load(&s->ms);
}

void br_skew_learn(br_skew *s, int64_t ms)
{
    atomic_store(&s->ms, ms);
    atomic_store(&s->known, true);
}

void br_skew_adopt(br_skew *s, int64_t ms)
{
    if (!atomic_load(&s->known))
        br_skew_learn(s, ms);
}

bool br_clock_recent(int64_t then_ms, int64_t now_ms, int64_t kept_ms)
{
    return then_ms <= now_ms + FUTURE_TOLERATED_MS && now_ms - then_ms <= kept_ms;
}

int64_t br_clock_now_ms(br_clock *k, const br_skew *s, const br_engine *e)
{
    if (k->step == BR_CLOCK_AS_KNOWN)
        k->offset_ms = atomic_load(&s->ms);
    return br_engine_wall_ms(e) + k->offset_ms;
}

void br_clock_read(br_clock *k, const br_headers *answer, bool trusted, int64_t local_ms)
{
    int64_t server_ms;
    k->date_known = trusted && br_headers_get(answer, "age").p == NULL &&
                    br_time_parse_http(br_headers_get(answer, "date"), &server_ms);
    if (k->date_known)
        k->date_offset_ms = server_ms - local_ms;
}

static bool off_by(const br_clock *k, int64_t min_ms)
{
    int64_t off = k->date_offset_ms - k->offset_ms;
    return k->date_known && (off >= min_ms || off <= -min_ms);
}

/* The codes that are also those of a wrong key say in the message what is wrong. */
static bool names_time(const br_error *refusal)
{
    static const char *const codes[] = {"RequestTimeTooSkewed", "RequestExpired",
                                        "RequestInTheFuture"};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strcmp(refusal->code, codes[i]) == 0)
            return true;
    return strstr(refusal->message, "Signature expired") != NULL ||
           strstr(refusal->message, "not yet current") != NULL;
}

static bool named(const br_error *refusal)
{
    return names_time(refusal) || br_retry_is_skew_code(br_slice_of(refusal->code));
}

bool br_clock_suspect(const br_clock *k, int status, const br_error *refusal)
{
    bool refused = status == 401 || status == 403;
    return named(refusal) || (refused && off_by(k, BR_SKEW_MIN_MS));
}

static bool use(br_clock *k, br_clock_step step, int64_t offset_ms)
{
    k->step = step;
    k->offset_ms = offset_ms;
    return true;
}

/*
** Back to the local clock where the refusal still names the time, also if that was tried: then it
** is the first refusal that is right, and this one only the correction's own.
*/
static bool use_another(br_clock *k, const br_error *refusal)
{
    k->local_refused |= k->offset_ms == 0;
    if (k->step == BR_CLOCK_AS_KNOWN &&
        off_by(k, named(refusal) ? BR_SKEW_NAMED_MIN_MS : BR_SKEW_MIN_MS))
        return use(k, BR_CLOCK_BY_DATE, k->date_offset_ms);
    bool doubtful = k->step == BR_CLOCK_BY_DATE && !k->local_refused;
    if (k->step != BR_CLOCK_LOCAL && k->offset_ms != 0 && (doubtful || names_time(refusal)))
        return use(k, BR_CLOCK_LOCAL, 0);
    return false;
}

bool br_clock_correct(br_clock *k, br_skew *s, const br_error *refusal)
{
    bool again = use_another(k, refusal);
    if (!again && k->step != BR_CLOCK_AS_KNOWN)
        br_skew_learn(s, 0);
    return again;
}

void br_clock_settle(const br_clock *k, br_skew *s)
{
    if (k->step != BR_CLOCK_AS_KNOWN)
        br_skew_learn(s, k->offset_ms);
}
