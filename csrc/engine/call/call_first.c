#include "core/base/ascii.h"
#include "engine/call/call_private.h"

#include <stdio.h>
#include <stdlib.h>

typedef enum look { LOOK_MORE, LOOK_GIVE, LOOK_FAULT } look;

/* "throttlingException" is modelled as "ThrottlingException". */
static br_failure failure_named(br_slice name)
{
    char code[BR_ERROR_CODE_MAX];
    if (name.n == 0 || name.n >= sizeof code)
        return BR_FAIL_FINAL;
    memcpy(code, name.p, name.n);
    code[0] = br_to_upper(code[0]);
    return br_retry_classify(0, (br_slice){code, name.n});
}

static br_failure failure_told(const br_es_message *m)
{
    if (m->exception_type.n > 0)
        return failure_named(m->exception_type);
    return failure_named(m->error_code.n > 0 ? m->error_code : m->event_type);
}

/*
** At the first event, behind an initial answer if there is one. What is no message, or a long one,
** is given out: the decoder will say what is wrong with it.
*/
static look look_at_first(br_call *c, br_failure *f)
{
    br_slice bytes = br_buf_slice(&c->stream.incoming);
    for (size_t at = 0, size; at < BR_FIRST_EVENT_MAX; at += size) {
        br_slice rest = {bytes.p + at, bytes.n - at};
        int found = br_es_peek(rest, c->stream.message, &size);
        if (found < 0 || size > BR_FIRST_EVENT_MAX - at)
            return LOOK_GIVE;
        if (found == 0)
            return LOOK_MORE;
        if (br_slice_eqs(c->stream.message->event_type, "initial-response"))
            continue;
        *f = failure_told(c->stream.message);
        return *f == BR_FAIL_TRANSIENT || *f == BR_FAIL_THROTTLING ? LOOK_FAULT : LOOK_GIVE;
    }
    return LOOK_GIVE;
}

/* Nobody is given this error if there is another attempt. */
static void tell_fault(br_call *c)
{
    const br_es_message *m = c->stream.message;
    br_slice code = m->exception_type.n > 0 ? m->exception_type : m->error_code;
    char name[BR_ERROR_CODE_MAX];
    snprintf(name, sizeof name, "%.*s", (int)br_slice_cut(code, sizeof name - 1).n, code.p);
    br_error_set(&c->error, BR_ERR_SERVICE, name, "the stream began with an exception");
}

static bool look_again(br_call *c, br_failure f)
{
    if (c->trace != NULL)
        tell_fault(c);
    int64_t hint = br_retry_hint_ms(&c->headers, br_client_now_ms(c->client, c->engine));
    if (!br_call_try_again(c, f, hint))
        return false;
    br_transfer_cancel(c->transfer);
    c->transfer = NULL;
    return true;
}

bool br_call_first_passes(br_call *c)
{
    br_stream *s = &c->stream;
    br_failure f = BR_FAIL_FINAL;
    if (s->passed || c->mode != BR_CALL_EVENTS)
        return s->passed = true;
    if (s->message == NULL)
        s->message = calloc(1, sizeof *s->message);
    look seen = s->message != NULL ? look_at_first(c, &f) : LOOK_GIVE;
    s->faulty = seen == LOOK_FAULT;
    if (seen == LOOK_MORE || (seen == LOOK_FAULT && look_again(c, f)))
        return false;
    return s->passed = true;
}
