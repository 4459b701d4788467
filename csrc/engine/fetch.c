#include "engine/fetch.h"

#include <openssl/crypto.h>
#include <stdio.h>

#include "core/aws/service_error.h"
#include "core/http/coding.h"
#include "core/http/retry.h"

#define TOLD_SHOWN_MAX 1024 /* of a message */

static void send_request(void *user);

/* What came of an attempt; error == NULL: it was answered, or has a cure. */
static void trace(br_fetch *f, const br_error *error, int delay_ms)
{
    br_trace *t = f->trace;
    if (t == NULL || f->sent == 0)
        return;
    br_trace_begin(t, "exchange");
    br_trace_text(t, "by", br_slice_of(f->service));
    br_trace_text(t, "operation", br_slice_of(f->operation));
    br_trace_number(t, "attempt", f->sent);
    if (f->status != 0)
        br_trace_number(t, "status", f->status);
    if (error != NULL) {
        br_trace_text(t, "code", br_slice_of(error->code));
        br_trace_text(t, "message", br_slice_of(error->message));
    }
    if (delay_ms >= 0)
        br_trace_number(t, "delay_ms", delay_ms);
    br_trace_time(t, "attempt", br_engine_mono_us(f->engine) - f->sent_us);
    br_trace_end(t);
}

static void finish(br_fetch *f)
{
    trace(f, f->answered ? NULL : &f->error, -1);
    f->ops->done(f->user);
}

/* What it carries may be a token. */
static void init_request(br_fetch *f)
{
    br_request_init(&f->request);
    f->request.headers.text.secret = true;
    f->request.body.secret = true;
}

static void forget_attempt(br_fetch *f)
{
    br_request_free(&f->request);
    init_request(f);
    br_headers_clear(&f->headers);
    br_buf_clear(&f->body);
    f->status = 0;
}

static void repeat_after(br_fetch *f, const br_error *error, int delay_ms)
{
    trace(f, error, delay_ms);
    forget_attempt(f);
    if (br_timer_start(f->engine, &f->retry, delay_ms, send_request, f))
        return;
    br_error_set(&f->error, BR_ERR_TRANSPORT, "NoMemory", "out of memory");
    finish(f);
}

/* What has a cure: beside the attempts that count. */
static void repeat_cured(br_fetch *f)
{
    f->attempt--;
    repeat_after(f, NULL, 0);
}

/*
** The last failure is in f->error; repeats it if its kind, the number of attempts and the time for
** which the service asks allow.
*/
static void fail_or_repeat(br_fetch *f, br_failure failure)
{
    int max = f->config->max_attempts;
    max = max < BR_FETCH_ATTEMPTS ? max : BR_FETCH_ATTEMPTS;
    int64_t hint = br_retry_hint_ms(&f->headers, br_skew_now_ms(&f->config->skew, f->engine));
    f->error.told_to_wait = hint >= 0;
    f->error.retry_after_ms = hint;
    if (!f->retryable || f->attempt >= max || hint > BR_RETRY_HINT_MAX_MS) {
        finish(f);
        return;
    }
    repeat_after(f, &f->error,
                 br_retry_delay_ms(failure, f->attempt, br_engine_random01(f->engine), hint));
}

static void transfer_failed(br_fetch *f, const br_transfer_result *result)
{
    br_failure failure = br_transfer_failure(result);
    br_error_set(&f->error, result->error->kind, result->error->code,
                 "getting credentials from %s: %s", f->service, result->error->message);
    f->retryable = true;
    f->fresh_connection = true;
    if (f->impatient && (failure == BR_FAIL_UNSENT || failure == BR_FAIL_TIMED_OUT)) {
        finish(f);
        return;
    }
    if (failure != BR_FAIL_STALE || f->stale_repeated) {
        fail_or_repeat(f, failure);
        return;
    }
    f->stale_repeated = true;
    repeat_cured(f);
}

/* Of what was told only what is known to be no secret. */
static void explain_refusal(br_fetch *f, const br_error *told)
{
    br_slice id = br_request_id(&f->headers);
    char code[BR_ERROR_CODE_MAX];
    br_buf text;
    br_buf_init(&text, (size_t)2 * BR_ERROR_MESSAGE_MAX);
    br_harmless_text(&text, br_slice_cut(br_slice_of(told->message), TOLD_SHOWN_MAX), &f->known);
    if (f->ops->advise != NULL)
        f->ops->advise(f->user, f->status, &text);
    snprintf(code, sizeof code, "HTTP%d", f->status);
    br_error_set(&f->error, BR_ERR_CREDENTIALS,
                 br_harmless_code(br_slice_of(told->code)) ? told->code : code,
                 "%s refused %s: %.*s", f->service, f->operation, (int)text.len,
                 text.len > 0 ? text.data : "");
    br_buf_free(&text);
    f->error.status = f->status;
    if (br_harmless_id(id))
        snprintf(f->error.request_id, sizeof f->error.request_id, "%.*s", (int)id.n, id.p);
}

static bool cured(br_fetch *f, const br_error *told)
{
    return (f->ops->cure != NULL && f->ops->cure(f->user, f->status, told)) ||
           (!f->undated && br_clock_suspect(&f->clock, f->status, told) &&
            br_clock_correct(&f->clock, &f->config->skew, told));
}

static void judge_refusal(br_fetch *f, const br_error *told)
{
    br_failure failure = br_retry_classify(f->status, br_slice_of(told->code));
    bool throttled = f->status == 429 || failure == BR_FAIL_THROTTLING;
    f->retryable = throttled || f->status >= 500;
    if (!f->retryable && cured(f, told)) {
        repeat_cured(f);
        return;
    }
    explain_refusal(f, told);
    fail_or_repeat(f, throttled ? BR_FAIL_THROTTLING : BR_FAIL_TRANSIENT);
}

static void refused(br_fetch *f)
{
    br_error told;
    br_service_error(f->status, &f->headers, br_buf_slice(&f->body), &told);
    judge_refusal(f, &told);
    OPENSSL_cleanse(&told, sizeof told);
}

static void unusable(br_fetch *f)
{
    br_error_set(&f->error, BR_ERR_TRANSPORT, "BadResponse", "the answer of %s is over %zu bytes",
                 f->service, BR_FETCH_ANSWER_MAX);
    f->retryable = true;
    fail_or_repeat(f, BR_FAIL_TRANSIENT);
}

static bool is_success(int status)
{
    return status >= 200 && status <= 299;
}

static void answered(br_fetch *f)
{
    if (f->body.failed || f->headers.failed) {
        unusable(f);
        return;
    }
    if (!is_success(f->status)) {
        refused(f);
        return;
    }
    f->answered = !br_coded(&f->headers);
    if (!f->answered)
        br_coding_refuse(&f->headers, &f->error);
    finish(f);
}

static void on_head(void *user, int status, br_headers *headers)
{
    br_fetch *f = user;
    f->status = status;
    for (size_t i = 0; i < headers->count; i++)
        br_headers_add(&f->headers, br_headers_name(headers, i), br_headers_value(headers, i));
    if (is_success(status))
        br_clock_settle(&f->clock, &f->config->skew);
    else
        br_clock_read(&f->clock, headers, br_transfer_date_trusted(f->transfer),
                      br_engine_wall_ms(f->engine));
}

static bool on_data(void *user, br_slice bytes)
{
    br_fetch *f = user;
    if (br_buf_add_slice(&f->body, bytes))
        return true;
    br_transfer_cancel(f->transfer);
    f->transfer = NULL;
    unusable(f);
    return false;
}

static void on_done(void *user, const br_transfer_result *result)
{
    br_fetch *f = user;
    f->transfer = NULL;
    if (result->end == BR_DONE_OK)
        answered(f);
    else
        transfer_failed(f, result);
}

static bool start_transfer(br_fetch *f)
{
    static const br_transfer_ops ops = {on_head, on_data, on_done};
    br_transfer_request request = {
        .method = f->request.method,
        .endpoint = f->endpoint,
        .target = br_buf_slice(&f->request.path),
        .headers = &f->request.headers,
        .body = br_buf_slice(&f->request.body),
        .has_body = f->request.has_body,
        .timeouts = f->timeouts != NULL ? *f->timeouts : f->config->timeouts,
        .net = f->net,
        .fresh_connection = f->fresh_connection,
    };
    f->sent++;
    f->sent_us = br_engine_mono_us(f->engine);
    f->transfer = br_transfer_start(f->engine, &request, &ops, f, &f->error);
    return f->transfer != NULL;
}

static void send_request(void *user)
{
    br_fetch *f = user;
    f->attempt++;
    f->retryable = false;
    forget_attempt(f);
    int64_t now_ms = br_clock_now_ms(&f->clock, &f->config->skew, f->engine);
    if (!f->ops->build(f->user, now_ms, &f->request, &f->error) || !start_transfer(f))
        finish(f);
}

bool br_fetch_start(br_fetch *f)
{
    init_request(f);
    br_headers_init_secret(&f->headers);
    br_buf_init_secret(&f->body, BR_FETCH_ANSWER_MAX);
    return br_timer_start(f->engine, &f->retry, 0, send_request, f) ||
           br_error_set(&f->error, BR_ERR_TRANSPORT, "NoMemory", "out of memory");
}

void br_fetch_stop(br_fetch *f)
{
    if (f->engine == NULL)
        return;
    br_transfer_cancel(f->transfer);
    f->transfer = NULL;
    br_timer_stop(f->engine, &f->retry);
    br_request_free(&f->request);
    br_headers_free(&f->headers);
    br_buf_free(&f->body);
    f->engine = NULL;
}
