#include "engine/call/call_private.h"
#include "engine/credentials/registry.h"

bool br_call_may_pass(br_failure f)
{
    return f != BR_FAIL_FINAL && f != BR_FAIL_CLOCK_SKEW && f != BR_FAIL_EXPIRED;
}

/*
** Three failures have a cure, and are repeated with it, at once, for nothing and beside
** max_attempts: a dead connection and expired credentials once, a wrong clock see clock.h.
*/
static bool cure_connection(br_call *c)
{
    bool first = !c->fresh_connection;
    c->fresh_connection = true;
    return first;
}

static bool cure_clock(br_call *c)
{
    return c->credentials != NULL &&
           br_clock_correct(&c->clock, &c->client->config->skew, &c->error);
}

/* Keys that stand in a file may have been replaced there. */
static bool keys_replaced(br_call *c)
{
    br_client_renew(c->client, br_client_now_ms(c->client, c->engine));
    br_principal *now = br_client_principal(c->client);
    bool replaced = now != c->who;
    br_principal_unref(c->who);
    c->who = now;
    return replaced;
}

static bool cure_credentials(br_call *c)
{
    if (c->renewed || c->credentials == NULL)
        return false;
    if (c->credentials->expiration_ms == BR_NEVER_EXPIRES && !keys_replaced(c))
        return false;
    c->renewed = true;
    br_provider_reject(c->who->provider, c->credentials);
    br_credentials_unref(c->credentials);
    c->credentials = NULL;
    c->obtained = false;
    return true;
}

static bool take_quota(br_call *c, br_failure f)
{
    br_registry_enter();
    int taken = br_retry_quota_take(&c->client->quota, f);
    br_registry_leave();
    if (taken > 0)
        c->taken = taken;
    return taken != 0;
}

void br_call_succeeded(br_call *c)
{
    br_registry_enter();
    br_retry_quota_give(&c->client->quota, c->taken);
    br_registry_leave();
}

static void retry_due(void *user)
{
    br_call_attempt(user);
}

/* A host that has had the head gets the next attempt's, too. */
static void forget_answer(br_call *c)
{
    c->head_came = c->is_error = false;
    c->given = 0;
    c->stream.open = c->stream.passed = c->stream.paused = false;
    br_buf_clear(&c->stream.incoming);
    br_buf_clear(&c->body);
}

static bool wait_and_repeat(br_call *c, br_failure f, int delay_ms)
{
    if (c->trace != NULL)
        br_call_trace_retry(c, f, delay_ms);
    c->state = BR_STATE_RETRY_WAIT;
    forget_answer(c);
    br_timer_start(c->engine, &c->retry, delay_ms, retry_due, c);
    return true;
}

/*
** A service that asks for longer than anybody is made to wait, or has time for, gets no other try; nor does
** one whose answer was read when the time was over: then that answer is the end, as any that came.
*/
static bool too_long(const br_call *c, int64_t hint_ms)
{
    bool has_end = c->total.slot != 0;
    return hint_ms > BR_RETRY_HINT_MAX_MS ||
           (has_end && hint_ms > c->total.due_ms - br_engine_mono_ms(c->engine));
}

bool br_call_try_again(br_call *c, br_failure f, int64_t hint_ms)
{
    if (c->feed.taken)
        return false;
    if (f == BR_FAIL_STALE)
        return cure_connection(c) && wait_and_repeat(c, f, 0);
    if (f == BR_FAIL_CLOCK_SKEW)
        return cure_clock(c) && wait_and_repeat(c, f, 0);
    if (f == BR_FAIL_EXPIRED)
        return cure_credentials(c) && wait_and_repeat(c, f, 0);
    if (!br_retry_allowed(f, c->request.retry_safe, c->retry_timeouts) ||
        c->retries + 1 >= c->max_attempts || too_long(c, hint_ms) || !take_quota(c, f))
        return false;
    c->retries++;
    return wait_and_repeat(
        c, f, br_retry_delay_ms(f, c->retries, br_engine_random01(c->engine), hint_ms));
}
