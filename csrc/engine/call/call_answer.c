#include "engine/call/call_private.h"

#include <string.h>

#include "core/aws/service_error.h"
#include "core/http/coding.h"

static bool streams(const br_call *c)
{
    return c->mode == BR_CALL_EVENTS || c->mode == BR_CALL_BYTES;
}

static void read_times(br_call *c)
{
    int64_t now_us = br_engine_mono_us(c->engine);
    c->times.us[BR_TIME_FIRST_BYTE] = now_us - c->started_us;
    c->times.us[BR_TIME_TOTAL] = now_us - c->made_us;
}

static void read_connection(br_call *c)
{
    br_connect_times times;
    br_transfer_connect_times(c->transfer, &times);
    c->times.us[BR_TIME_DNS] = times.dns_us;
    c->times.us[BR_TIME_CONNECT] = times.connect_us;
    c->times.us[BR_TIME_TLS] = times.tls_us;
    if (c->trace != NULL && c->head_came)
        br_call_trace_connection(c, times.kept);
}

/* What was long on its way tells no time. */
static void read_clock(br_call *c)
{
    bool soon = c->times.us[BR_TIME_FIRST_BYTE] <= (int64_t)BR_CLOCK_SAMPLE_MAX_MS * 1000;
    if (c->is_error)
        br_clock_read(&c->clock, &c->headers, soon && br_transfer_date_trusted(c->transfer),
                      br_engine_wall_ms(c->engine));
    else
        br_clock_settle(&c->clock, &c->client->config->skew);
}

static size_t announced_length(const br_headers *headers)
{
    br_slice text = br_headers_get(headers, "content-length");
    int64_t length = text.n <= 15 ? br_slice_number(text, BR_PRESIZE_MAX) : 0;
    return length > 0 ? (size_t)length : 0;
}

static size_t body_max(const br_call *c)
{
    return c->is_error ? BR_ERROR_BODY_MAX : c->answer_max;
}

static void open_body(br_call *c)
{
    size_t length = announced_length(&c->headers);
    br_buf_clear(&c->body);
    if (length > 0 && length <= body_max(c))
        br_buf_reserve(&c->body, length);
    c->body.failed = false;
}

static void refuse_coding(br_call *c)
{
    c->stream.open = false;
    br_coding_refuse(&c->headers, &c->error);
    br_call_fail(c, false);
}

static void on_head(void *user, int status, br_headers *headers)
{
    br_call *c = user;
    c->in_callback = true;
    c->status = status;
    c->head_came = true;
    c->is_error = status < 200 || status >= 300;
    c->state = BR_STATE_BODY;
    br_headers_swap(&c->headers, headers);
    br_call_hide_secrets_in_headers(c);
    c->received = 0;
    read_times(c);
    read_connection(c);
    read_clock(c);
    c->stream.open = streams(c) && !c->is_error;
    c->coded = !c->is_error && br_coded(&c->headers) && !br_coding_asked(&c->sent);
    if (c->trace != NULL && c->stream.open)
        br_call_trace_response(c, NULL);
    if (c->stream.open && c->coded)
        refuse_coding(c);
    else if (c->stream.open)
        br_call_notify(c);
    else
        open_body(c);
    c->in_callback = false;
}

/* A stream that has begun is not tried again, and lives long. */
static void free_request(br_call *c)
{
    if (!br_transfer_let_go(c->transfer))
        return;
    br_buf_free(&c->request.body);
    br_headers_free(&c->sent);
}

static bool keep_streaming(br_call *c, br_slice bytes)
{
    br_stream *s = &c->stream;
    if (c->trace != NULL && c->mode == BR_CALL_BYTES)
        br_call_trace_piece(c, bytes);
    if (!br_buf_add_slice(&s->incoming, bytes)) {
        br_call_no_memory(c);
        return true;
    }
    if (!s->passed) {
        if (!br_call_first_passes(c))
            return true;
        free_request(c);
    }
    br_call_notify(c);
    s->paused = s->incoming.len + s->reading.len >= BR_STREAM_HIGH;
    return !s->paused;
}

static void error_answer(br_call *c);

static void answer_too_long(br_call *c)
{
    if (c->is_error) {
        br_transfer_cancel(c->transfer);
        c->transfer = NULL;
        error_answer(c);
        return;
    }
    br_error_set(&c->error, BR_ERR_TRANSPORT, "BadResponse",
                 "the answer is longer than %llu bytes, the limit for this call",
                 (unsigned long long)c->answer_max);
    br_call_fail(c, false);
}

static void collect(br_call *c, br_slice bytes)
{
    size_t room = body_max(c) - c->body.len;
    size_t n = bytes.n < room ? bytes.n : room;
    if (!br_buf_add(&c->body, bytes.p, n))
        br_call_no_memory(c);
    else if (n < bytes.n)
        answer_too_long(c);
}

static bool on_data(void *user, br_slice bytes)
{
    br_call *c = user;
    bool more = true;
    c->in_callback = true;
    c->received += (int64_t)bytes.n;
    if (c->coded)
        refuse_coding(c);
    else if (c->stream.open)
        more = keep_streaming(c, bytes);
    else
        collect(c, bytes);
    c->in_callback = false;
    return more;
}

/* Some refusals do not say that they are about the date. */
static br_failure classify(const br_call *c)
{
    br_failure f = br_retry_classify(c->status, br_slice_of(c->error.code));
    if (f == BR_FAIL_FINAL && br_clock_suspect(&c->clock, c->status, &c->error))
        return BR_FAIL_CLOCK_SKEW;
    return f;
}

static void error_answer(br_call *c)
{
    br_call_hide_secrets(c, br_buf_slice(&c->body));
    br_service_error(c->status, &c->headers, br_buf_slice(&c->body), &c->error);
    br_failure f = classify(c);
    int64_t hint = br_retry_hint_ms(&c->headers, br_client_now_ms(c->client, c->engine));
    c->retryable = br_call_may_pass(f);
    if (c->trace != NULL)
        br_call_trace_response(c, &c->error);
    if (!br_call_try_again(c, f, hint))
        br_call_finish(c);
}

static void complete(br_call *c)
{
    if (c->is_error) {
        error_answer(c);
        return;
    }
    if (!c->stream.faulty)
        br_call_succeeded(c);
    if (c->trace != NULL && !c->stream.open)
        br_call_trace_response(c, NULL);
    br_call_finish(c);
}

/* What was received before goes out first; then the host learns that it is not the whole. */
static void stream_broke(br_call *c, const br_transfer_result *result)
{
    if (result->end == BR_DONE_TIMED_OUT)
        c->error = *result->error;
    else
        br_error_set(&c->error, BR_ERR_STREAM, "Truncated", "the stream broke off: %s",
                     result->error->message);
    br_call_fail(c, true);
}

static void broke(br_call *c, const br_transfer_result *result)
{
    br_failure f = br_transfer_failure(result);
    c->error = *result->error;
    if (c->trace != NULL)
        br_call_trace_response(c, &c->error);
    if (!br_call_try_again(c, f, -1))
        br_call_fail(c, br_call_may_pass(f));
}

/* An error answer counts by its status, even if its text is not whole. */
static void on_done(void *user, const br_transfer_result *result)
{
    br_call *c = user;
    if (!c->head_came)
        read_connection(c);
    if (c->trace != NULL && c->stream.open)
        br_call_trace_stream_end(c);
    c->transfer = NULL;
    c->stream.passed = true;
    if (result->end == BR_DONE_OK || (c->head_came && c->is_error))
        complete(c);
    else if (c->stream.open)
        stream_broke(c, result);
    else
        broke(c, result);
}

const br_transfer_ops br_call_transfer_ops = {on_head, on_data, on_done};
