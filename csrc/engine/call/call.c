#include "engine/call/call_private.h"

#include <stdlib.h>
#include <string.h>

/*
** Calls come and go with nearly all their memory: a client keeps some that are over for the next
** ones. The list is taken whole, and put back whole, so that no two threads work on it at a time.
** What comes to be put back in between is given up.
*/
static br_call *take_spares(br_client *client)
{
    return atomic_exchange_explicit(&client->spare, NULL, memory_order_acq_rel);
}

static void destroy(br_call *c)
{
    br_request_free(&c->request);
    br_buf_free(&c->authorization);
    br_headers_free(&c->sent);
    br_buf_free(&c->target);
    br_headers_free(&c->headers);
    br_buf_free(&c->body);
    free(c);
}

static void destroy_spares(br_call *list)
{
    for (br_call *next; list != NULL; list = next) {
        next = list->next_spare;
        destroy(list);
    }
}

static void put_spares(br_client *client, br_call *list)
{
    atomic_store_explicit(&client->free_spare, destroy_spares, memory_order_relaxed);
    destroy_spares(atomic_exchange_explicit(&client->spare, list, memory_order_acq_rel));
}

static br_call *make_call(void)
{
    br_call *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    br_request_init(&c->request);
    br_buf_init_secret(&c->authorization, BR_AUTHORIZATION_MAX);
    br_headers_init_secret(&c->sent);
    br_buf_init(&c->target, BR_TARGET_MAX);
    br_headers_init(&c->headers);
    br_buf_init(&c->body, 0);
    return c;
}

static br_call *obtain_call(br_client *client)
{
    br_call *c = take_spares(client);
    if (c == NULL)
        return make_call();
    if (c->next_spare != NULL)
        put_spares(client, c->next_spare);
    return c;
}

static void keep_call(br_call *c, br_client *client)
{
    br_call *list = take_spares(client);
    if (list != NULL && list->spares >= BR_SPARE_CALLS) {
        destroy(c);
        c = list;
    } else {
        c->next_spare = list;
        c->spares = list != NULL ? list->spares + 1 : 1;
    }
    put_spares(client, c);
}

static void recycle(br_call *c, br_client *client)
{
    memset(c, 0, offsetof(br_call, next_spare));
    br_request_clear(&c->request, BR_SPARE_BODY_MAX);
    br_buf_clear(&c->authorization);
    br_headers_clear(&c->sent);
    br_buf_clear(&c->target);
    br_headers_clear(&c->headers);
    br_buf_clear(&c->body);
    if (c->body.cap > BR_SPARE_BODY_MAX)
        br_buf_free(&c->body);
    keep_call(c, client);
}

/* The caller gets the memory of an earlier request for it. */
static void take_request(br_call *c, br_request *request)
{
    br_request spare = c->request;
    if (request == NULL)
        return;
    c->request = *request;
    *request = spare;
}

static bool check(const br_call *c, const br_call_opts *opts, br_error *error)
{
    if (c->authorization.failed || !br_header_value_ok(opts->authorization))
        return br_error_set(error, BR_ERR_VALIDATION, "ValidationError",
                            "authorization must be one header value of at most %d bytes, without "
                            "control characters",
                            BR_AUTHORIZATION_MAX);
    if (!br_call_is_bare(c->mode) && (c->request.method[0] == '\0' || c->request.path.len == 0 ||
                                      c->request.service >= c->model->service_count))
        return br_error_set(error, BR_ERR_VALIDATION, "ValidationError",
                            "the request has no service, no method or no path");
    if (opts->fed && (br_call_is_bare(c->mode) || c->mode == BR_CALL_PREPARE ||
                      c->request.body.len > 0 || c->request.attached_count > 0))
        return br_error_set(error, BR_ERR_VALIDATION, "ValidationError",
                            "only a call that is sent can be fed, and only if its request has no "
                            "body yet");
    return true;
}

static bool trace(br_call *c, br_trace_level level, br_error *error)
{
    return br_call_trace_open(c, level) ||
           br_error_set(error, BR_ERR_TRANSPORT, "NoMemory", "out of memory");
}

br_call *br_call_new(br_client *client, br_request *request, const br_call_opts *opts,
                     br_error *error)
{
    br_call *c = obtain_call(client);
    if (c == NULL) {
        br_error_set(error, BR_ERR_TRANSPORT, "NoMemory", "out of memory");
        return NULL;
    }
    c->client = br_client_ref(client);
    c->who = br_client_principal(client);
    c->model = opts->model;
    c->mode = opts->mode;
    c->timeouts = opts->timeouts;
    c->max_attempts = opts->max_attempts > 1 ? opts->max_attempts : 1;
    c->retry_timeouts = opts->retry_timeouts;
    c->answer_max = opts->answer_max > 0 ? opts->answer_max : BR_ANSWER_MAX;
    c->body.max = c->answer_max > BR_ERROR_BODY_MAX ? c->answer_max : BR_ERROR_BODY_MAX;
    c->feed.fed = opts->fed;
    c->made_us = br_platform_mono_us(client->platform);
    br_buf_init(&c->feed.bytes, BR_FEED_MAX + BR_FEED_LOW);
    br_buf_init(&c->url, BR_URL_TEXT_MAX);
    br_buf_init(&c->stream.incoming, BR_STREAM_HIGH * 2);
    br_buf_init(&c->stream.reading, BR_STREAM_HIGH * 2);
    br_error_clear(&c->error);
    take_request(c, request);
    c->authorized = opts->authorization.n > 0;
    br_buf_add_slice(&c->authorization, opts->authorization);
    if (check(c, opts, error) && (opts->trace == BR_TRACE_OFF || trace(c, opts->trace, error)))
        return c;
    br_call_free(c);
    return NULL;
}

static void cancelled(br_call *c, const char *code)
{
    const char *why = "the call was cancelled";
    if (strcmp(code, "Closed") == 0)
        why = "the connection or stream that this call belongs to was closed";
    else if (strcmp(code, "Forked") == 0)
        why = "the process forked; calls and streams stay with the parent: make a new one here";
    br_error_set(&c->error, BR_ERR_CANCELLED, code, "%s", why);
    c->state = BR_STATE_CANCELLED;
    c->retryable = false;
}

static void engine_gone(void *user)
{
    br_call *c = user;
    bool forked = br_engine_abandoned(c->engine);
    br_call_settle(c);
    c->engine = NULL;
    if (c->state != BR_STATE_FAILED)
        cancelled(c, forked ? "Forked" : "Closed");
}

static void total_due(void *user)
{
    br_call *c = user;
    br_error_set(&c->error, BR_ERR_TIMEOUT, "TotalTimeout",
                 "the call did not end within total_timeout = %d ms (%s, attempt %d)",
                 c->timeouts.total_ms,
                 c->state == BR_STATE_OBTAINING    ? "it was waiting for credentials"
                 : c->state == BR_STATE_RETRY_WAIT ? "it was about to try again"
                 : c->stream.open                  ? "its stream had begun"
                                                   : "it was waiting for the answer",
                 c->attempts);
    br_call_fail(c, true);
}

bool br_call_own(br_call *c, br_error *error)
{
    return br_request_join(&c->request) ||
           br_error_set(error, BR_ERR_TRANSPORT, "NoMemory", "out of memory");
}

bool br_call_start(br_call *c, br_engine *e, br_error *error)
{
    if (c->state != BR_STATE_NEW)
        return br_error_set(error, BR_ERR_VALIDATION, "ValidationError",
                            "this call was already started");
    if (br_engine_abandoned(e)) {
        cancelled(c, "Forked");
        *error = c->error;
        return false;
    }
    if (!br_call_own(c, error))
        return false;
    if (!br_task_enter(e, &c->task, engine_gone, c))
        return br_error_set(error, BR_ERR_TRANSPORT, "NoMemory", "out of memory");
    c->engine = e;
    if (c->timeouts.total_ms >= 0)
        br_timer_limit(e, &c->total, c->timeouts.total_ms, total_due, c);
    br_call_attempt(c);
    return true;
}

/* The body stays while libcurl, which may be reading it, is on the stack. */
static void release_request(br_call *c)
{
    if (c->mode == BR_CALL_PREPARE || c->in_callback)
        return;
    br_request_clear(&c->request, BR_SPARE_BODY_MAX);
}

void br_call_settle(br_call *c)
{
    if (c->engine == NULL)
        return;
    br_transfer_cancel(c->transfer);
    c->transfer = NULL;
    if (c->state == BR_STATE_OBTAINING)
        br_provider_cancel(&c->obtain);
    br_timer_stop(c->engine, &c->retry);
    br_timer_stop(c->engine, &c->total);
    br_task_leave(c->engine, &c->task);
    release_request(c);
}

void br_call_listen(br_call *c, void (*ready)(void *user), void *user)
{
    c->ready = ready;
    c->ready_user = user;
}

void br_call_notify(br_call *c)
{
    br_engine_notify(c->engine);
    if (c->ready != NULL)
        c->ready(c->ready_user);
}

static void end_as(br_call *c, br_call_state state)
{
    br_call_settle(c);
    c->state = state;
    if (c->engine != NULL)
        c->times.us[BR_TIME_TOTAL] = br_engine_mono_us(c->engine) - c->made_us;
    if (c->engine != NULL)
        br_call_notify(c);
}

void br_call_finish(br_call *c)
{
    end_as(c, BR_STATE_DONE);
}

void br_call_fail(br_call *c, bool retryable)
{
    c->retryable = retryable;
    end_as(c, BR_STATE_FAILED);
}

void br_call_no_memory(br_call *c)
{
    br_error_set(&c->error, BR_ERR_TRANSPORT, "NoMemory", "out of memory");
    br_call_fail(c, true);
}

void br_call_info_get(const br_call *c, br_call_info *info)
{
    *info = (br_call_info){
        .attempts = c->attempts,
        .status = c->status,
        .retryable = c->retryable,
        .headers = c->status != 0 ? &c->headers : NULL,
        .bytes = c->received,
        .times = c->times,
    };
}

br_trace *br_call_trace(const br_call *c)
{
    return c->trace;
}

void br_call_cancel(br_call *c, const char *code)
{
    if (c->state == BR_STATE_FAILED || c->state == BR_STATE_CANCELLED)
        return;
    end_as(c, BR_STATE_CANCELLED);
    cancelled(c, code);
    br_buf_free(&c->stream.incoming);
    br_buf_free(&c->stream.reading);
    br_buf_free(&c->body);
}

void br_call_free(br_call *c)
{
    if (c == NULL)
        return;
    br_client *client = c->client;
    br_call_settle(c);
    br_buf_free(&c->feed.bytes);
    br_buf_free(&c->url);
    br_buf_free(&c->stream.incoming);
    br_buf_free(&c->stream.reading);
    br_es_decoder_free(c->stream.decoder);
    free(c->stream.message);
    br_credentials_unref(c->credentials);
    br_principal_unref(c->who);
    br_call_trace_close(c);
    recycle(c, client);
    br_client_unref(client);
}
