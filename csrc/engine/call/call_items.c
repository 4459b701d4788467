#include "engine/call/call_private.h"

#include <stdlib.h>

#include "core/http/error_page.h"

static br_item_kind give(br_item *item, br_item_kind kind)
{
    item->kind = kind;
    return kind;
}

static br_item_kind give_error(br_call *c, br_item *item)
{
    item->error = &c->error;
    return give(item, BR_ERROR);
}

static br_item_kind give_head(br_call *c, br_item *item)
{
    c->given = 1;
    item->status = c->status;
    item->headers = &c->headers;
    return give(item, BR_HEAD);
}

static br_item_kind give_data(br_item *item, br_slice data)
{
    item->data = data;
    return give(item, BR_DATA);
}

static br_item_kind give_prepared(br_call *c, br_item *item)
{
    c->given = 1;
    item->prepared = &c->prepared;
    return give(item, BR_PREPARED);
}

static br_item_kind give_credentials(br_call *c, br_item *item)
{
    c->given = 1;
    item->credentials = c->credentials;
    item->origin = c->origin;
    return give(item, BR_CREDENTIALS);
}

/* A whole answer: head, body if there is one, end. */
static br_item_kind next_of_answer(br_call *c, br_item *item)
{
    if (c->given == 0)
        return give_head(c, item);
    if (c->given == 1 && c->body.len > 0) {
        c->given = 2;
        return give_data(item, br_buf_slice(&c->body));
    }
    return give(item, BR_END);
}

static br_item_kind next_when_done(br_call *c, br_item *item)
{
    bool credentials = br_call_is_bare(c->mode);
    if (!credentials && c->mode != BR_CALL_PREPARE)
        return next_of_answer(c, item);
    if (c->given != 0)
        return give(item, BR_END);
    return credentials ? give_credentials(c, item) : give_prepared(c, item);
}

/* What was read is dropped, what came meanwhile takes its place. false: nothing that may be read. */
static bool refill(br_call *c)
{
    br_stream *s = &c->stream;
    if (!s->passed)
        return false;
    br_buf read = s->reading;
    br_buf_clear(&read);
    s->reading = s->incoming;
    s->incoming = read;
    if (s->paused && s->reading.len <= BR_STREAM_LOW && c->transfer != NULL) {
        s->paused = false;
        br_transfer_resume(c->transfer);
    }
    return s->reading.len > 0;
}

static bool make_decoder(br_stream *s)
{
    if (s->decoder == NULL)
        s->decoder = br_es_decoder_new();
    if (s->message == NULL)
        s->message = calloc(1, sizeof *s->message);
    return s->decoder != NULL && s->message != NULL;
}

/* What came last goes to the decoder, unless it is the beginning of something else. */
static bool feed(br_call *c)
{
    br_stream *s = &c->stream;
    br_slice bytes = br_buf_slice(&s->reading);
    if (!s->begun && br_error_page_for_events(&c->headers, bytes)) {
        br_error_set(&c->error, BR_ERR_TRANSPORT, "BadResponse",
                     "the answer is not an event stream: %s",
                     br_error_page_describe(&c->headers, bytes).text);
        br_call_fail(c, false);
        return false;
    }
    s->begun = true;
    br_es_feed(s->decoder, bytes);
    return true;
}

/* 1: a message, 0: none yet, -1: failed. Who waits asks several times before something comes. */
static int next_message(br_call *c)
{
    br_stream *s = &c->stream;
    if (s->dry && s->incoming.len == 0)
        return 0;
    if (!make_decoder(s)) {
        br_call_no_memory(c);
        return -1;
    }
    for (;;) {
        int found = s->dry ? 0 : br_es_next(s->decoder, s->message, &c->error);
        if (found < 0)
            br_call_fail(c, false);
        if (found != 0)
            return found;
        s->dry = true;
        if (!refill(c))
            return 0;
        if (!feed(c))
            return -1;
        s->dry = false;
    }
}

static bool is_event(const br_es_message *m)
{
    return br_slice_eq(m->message_type, BR_SLICE("event"));
}

static br_item_kind next_event(br_call *c, br_item *item)
{
    int found = next_message(c);
    if (found < 0)
        return give_error(c, item);
    if (found == 0)
        return BR_WAIT;
    if (!is_event(c->stream.message)) {
        br_call_hide_secrets(c, c->stream.message->payload);
        br_call_hide_secrets(c, c->stream.message->error_message);
    }
    if (c->trace != NULL)
        br_call_trace_message(c, c->stream.message);
    item->event = c->stream.message;
    return give(item, BR_EVENT);
}

static br_item_kind next_bytes(br_call *c, br_item *item)
{
    return refill(c) ? give_data(item, br_buf_slice(&c->stream.reading)) : BR_WAIT;
}

/* The stream ended as HTTP has it; it also has to end where a message ends. */
static br_item_kind end_of_stream(br_call *c, br_item *item)
{
    if (c->mode != BR_CALL_EVENTS || br_es_at_boundary(c->stream.decoder))
        return give(item, BR_END);
    br_error_set(&c->error, BR_ERR_STREAM, "Truncated",
                 "the stream ended in the middle of a message");
    br_call_fail(c, true);
    return give_error(c, item);
}

static br_item_kind next_of_stream(br_call *c, br_item *item)
{
    if (c->given == 0)
        return give_head(c, item);
    br_item_kind kind = c->mode == BR_CALL_EVENTS ? next_event(c, item) : next_bytes(c, item);
    if (kind != BR_WAIT)
        return kind;
    if (c->state == BR_STATE_FAILED)
        return give_error(c, item);
    return c->state == BR_STATE_DONE ? end_of_stream(c, item) : BR_WAIT;
}

br_item_kind br_call_next(br_call *c, br_item *item)
{
    *item = (br_item){.kind = BR_WAIT};
    if (c->state == BR_STATE_CANCELLED)
        return give_error(c, item);
    if (c->stream.open)
        return next_of_stream(c, item);
    if (c->state == BR_STATE_FAILED)
        return give_error(c, item);
    return c->state == BR_STATE_DONE ? next_when_done(c, item) : BR_WAIT;
}
