#include "engine/call/call_private.h"

#include <stdlib.h>

#include "core/aws/service_error.h"

/* A body is copied, hidden and only then cut, so that no secret is cut where its rest shows. */
#define CUT_MARGIN ((size_t)128 * 1024)
#define HEAD_MAX ((size_t)BR_HEADERS_BYTES_MAX + BR_TARGET_MAX)

const char br_call_time_names[BR_TIME_COUNT][BR_TIME_NAME_SIZE] = {
    "queue", "credentials", "dns", "connect", "tls", "first_byte", "total"};

/* Why another attempt is made. */
static const char reasons[][24] = {
    [BR_FAIL_TRANSIENT] = "server_error",
    [BR_FAIL_THROTTLING] = "throttled",
    [BR_FAIL_CLOCK_SKEW] = "clock_corrected",
    [BR_FAIL_EXPIRED] = "credentials_renewed",
    [BR_FAIL_UNSENT] = "not_sent",
    [BR_FAIL_LOST] = "connection_lost",
    [BR_FAIL_TIMED_OUT] = "timeout",
    [BR_FAIL_STALE] = "kept_connection_dead",
};

/* Somebody may be waiting for it. */
static void end(br_call *c)
{
    br_trace_end(c->trace);
    if (c->engine != NULL)
        br_call_notify(c);
}

bool br_call_trace_open(br_call *c, br_trace_level level)
{
    const br_model *m = c->model;
    c->trace = malloc(sizeof *c->trace);
    if (c->trace == NULL)
        return false;
    br_trace_init(c->trace, level);
    br_buf_init_secret(&c->unshown, BR_TRACE_SHOWN_MAX + CUT_MARGIN);
    br_trace_begin(c->trace, "call");
    if (c->request.method[0] != '\0')
        br_trace_text(c->trace, "service", br_model_name(m, m->services[c->request.service].id));
    br_trace_text(c->trace, "region", br_slice_of(c->client->config->settings.region));
    br_trace_end(c->trace);
    return true;
}

void br_call_trace_close(br_call *c)
{
    if (c->trace == NULL)
        return;
    br_trace_free(c->trace);
    br_buf_free(&c->unshown);
    free(c->trace);
    c->trace = NULL;
}

static bool shows_wire(const br_call *c)
{
    return c->trace->level == BR_TRACE_WIRE;
}

static void add_headers(br_buf *out, const br_headers *headers)
{
    for (size_t i = 0; i < headers->count; i++) {
        br_slice name = br_headers_name(headers, i);
        br_buf_addc(out, '\n');
        br_buf_add_slice(out, name);
        br_buf_adds(out, ": ");
        if (br_header_is_public(name))
            br_buf_add_slice(out, br_headers_value(headers, i));
        else
            br_buf_adds(out, "***");
    }
}

static void show_head(br_call *c, const char *event, br_buf *head, const br_headers *headers)
{
    add_headers(head, headers);
    br_call_hide_secrets(c, br_buf_slice(head));
    br_trace_begin(c->trace, event);
    br_trace_text(c->trace, "head", br_buf_slice(head));
    end(c);
    br_buf_free(head);
}

static void show_body(br_call *c, const char *event, br_slice name, br_slice body)
{
    br_buf copy;
    if (body.n == 0)
        return;
    br_buf_init_secret(&copy, BR_TRACE_SHOWN_MAX + CUT_MARGIN);
    br_buf_add_slice(&copy, br_slice_cut(body, BR_TRACE_SHOWN_MAX + CUT_MARGIN));
    br_call_hide_secrets(c, br_buf_slice(&copy));
    br_trace_begin(c->trace, event);
    br_trace_text(c->trace, "name", name);
    br_trace_text(c->trace, "body", br_slice_cut(br_buf_slice(&copy), BR_TRACE_SHOWN_MAX));
    br_trace_number(c->trace, "bytes", (int64_t)body.n);
    end(c);
    br_buf_free(&copy);
}

static void show_request(br_call *c)
{
    br_buf head;
    br_buf_init_secret(&head, HEAD_MAX);
    br_buf_adds(&head, c->request.method);
    br_buf_addc(&head, ' ');
    br_url_origin(&head, &c->endpoint);
    br_buf_add_slice(&head, br_buf_slice(&c->target));
    show_head(c, "request", &head, &c->sent);
    show_body(c, "request", (br_slice){NULL, 0}, br_buf_slice(&c->request.body));
}

static void show_answer(br_call *c)
{
    br_buf head;
    br_buf_init_secret(&head, HEAD_MAX);
    br_buf_addf(&head, "HTTP %d", c->status);
    show_head(c, "answer", &head, &c->headers);
    show_body(c, "answer", (br_slice){NULL, 0}, br_buf_slice(&c->body));
}

static void add_times(br_call *c)
{
    int64_t now_us = br_engine_mono_us(c->engine);
    c->times.us[BR_TIME_TOTAL] = now_us - c->made_us;
    for (int i = 0; i < BR_TIME_COUNT; i++)
        br_trace_time(c->trace, br_call_time_names[i], c->times.us[i]);
    br_trace_time(c->trace, "attempt", now_us - c->started_us);
}

void br_call_trace_attempt(br_call *c)
{
    br_trace_begin(c->trace, "attempt");
    br_trace_number(c->trace, "attempt", c->attempts);
    br_trace_text(c->trace, "host", br_slice_of(c->endpoint.host));
    add_times(c);
    end(c);
    if (shows_wire(c))
        show_request(c);
}

void br_call_trace_connection(br_call *c, bool kept)
{
    br_trace_begin(c->trace, "connection");
    br_trace_text(c->trace, "host", br_slice_of(c->endpoint.host));
    br_trace_number(c->trace, "port", c->endpoint.port);
    br_trace_number(c->trace, "kept", kept);
    add_times(c);
    end(c);
}

static void add_error(br_trace *t, const br_error *error)
{
    br_trace_text(t, "kind", br_slice_of(br_err_kind_name(error->kind)));
    br_trace_text(t, "code", br_slice_of(error->code));
    br_trace_text(t, "message", br_slice_of(error->message));
}

void br_call_trace_response(br_call *c, const br_error *error)
{
    br_trace *t = c->trace;
    if (shows_wire(c) && c->head_came)
        show_answer(c);
    br_trace_begin(t, "response");
    br_trace_number(t, "attempt", c->attempts);
    if (c->head_came) {
        br_trace_number(t, "status", c->status);
        br_trace_text(t, "request_id", br_request_id(&c->headers));
        br_trace_number(t, "bytes", c->received);
    }
    br_trace_number(t, "streams", c->stream.open);
    if (error != NULL)
        add_error(t, error);
    add_times(c);
    end(c);
}

void br_call_trace_retry(br_call *c, br_failure f, int delay_ms)
{
    br_trace *t = c->trace;
    br_trace_begin(t, "retry");
    br_trace_number(t, "attempt", c->attempts);
    if (c->head_came) {
        br_trace_number(t, "status", c->status);
        br_trace_text(t, "request_id", br_request_id(&c->headers));
    }
    br_trace_text(t, "reason", br_slice_of(reasons[f]));
    br_trace_number(t, "delay_ms", delay_ms);
    add_error(t, &c->error);
    add_times(c);
    end(c);
}

void br_call_trace_credentials(br_call *c, const br_error *error, int64_t us)
{
    br_trace *t = c->trace;
    const br_way *way = br_source_way(c->who->source);
    if (c->origin == BR_FROM_NOWHERE && error == NULL)
        return;
    br_trace_begin(t, "credentials");
    if (way->count > 0)
        br_trace_text(t, "source", br_slice_of(br_layer_name(way->layers[way->count - 1].kind)));
    if (error != NULL)
        add_error(t, error);
    else
        br_trace_text(t, "cache", br_slice_of(br_origin_name(c->origin)));
    br_trace_time(t, "credentials", us);
    end(c);
}

void br_call_trace_obtained(br_call *c, const br_obtained *result, int64_t us)
{
    if (result->trace != NULL)
        br_trace_join(c->trace, result->trace);
    br_call_trace_credentials(c, result->credentials == NULL ? result->error : NULL, us);
}

void br_call_trace_stream_end(br_call *c)
{
    if (!c->unshown.failed)
        show_body(c, "piece", (br_slice){NULL, 0}, br_buf_slice(&c->unshown));
    br_trace_begin(c->trace, "end");
    br_trace_number(c->trace, "bytes", c->received);
    add_times(c);
    end(c);
}

void br_call_trace_message(br_call *c, const br_es_message *m)
{
    br_slice name = m->event_type.n > 0 ? m->event_type : m->exception_type;
    if (shows_wire(c))
        show_body(c, "piece", name, m->payload);
}

static size_t up_to_line_end(br_slice bytes)
{
    while (bytes.n > 0 && bytes.p[bytes.n - 1] != '\n')
        bytes.n--;
    return bytes.n;
}

/*
** Whole lines: a secret has no line end in it, so that none is shown in two halves. One that is longer
** than anybody would read is not shown.
*/
void br_call_trace_piece(br_call *c, br_slice bytes)
{
    br_buf *held = &c->unshown;
    size_t n = up_to_line_end(bytes);
    if (!shows_wire(c))
        return;
    if (n > 0) {
        if (br_buf_add(held, bytes.p, n))
            show_body(c, "piece", (br_slice){NULL, 0}, br_buf_slice(held));
        br_buf_clear(held);
    }
    br_buf_add(held, bytes.p + n, bytes.n - n);
}
