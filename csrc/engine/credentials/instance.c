/*
** The credentials of an EC2 instance, by IMDSv2: a token, the role's name, its credentials; each a
** request of its own. A token that is refused is put anew, once. Where there is no such service,
** nothing answers: so each request has a second, and all together four.
*/
#include <stdio.h>
#include <stdlib.h>

#include "core/aws/credential_answer.h"
#include "core/aws/instance_metadata.h"
#include "engine/credentials/layer_source.h"
#include "engine/fetch.h"

#define TIMEOUT_MS 1000 /* to connect, and of silence */
#define TOTAL_MS 4000
#define WHOSE "the answer of the EC2 instance metadata service"

typedef struct instance {
    br_layer_source base;
    br_url endpoint;
    const char *looked;          /* of the way; NULL: nothing was looked for before */
    char name[BR_HOST_MAX + 64]; /* for messages */
} instance;

typedef struct exchange {
    br_fetch fetch;
    const instance *source;
    br_source_order order;
    br_instance_step step;
    bool again; /* a second token was asked for */
    br_buf token, role;
    br_timer limit;
    br_error error;
} exchange;

static const br_timeouts timeouts = {
    .connect_ms = TIMEOUT_MS, .read_ms = TIMEOUT_MS, .first_byte_ms = -1, .total_ms = -1};

static void go_to(exchange *x, br_instance_step step);

static bool build(void *user, int64_t now_ms, br_request *out, br_error *error)
{
    const exchange *x = user;
    (void)now_ms;
    return br_instance_request(x->step, &x->source->endpoint, br_buf_slice(&x->token),
                               br_buf_slice(&x->role), out) ||
           br_error_set(error, BR_ERR_TRANSPORT, "NoMemory", "out of memory");
}

static void finish(exchange *x, const br_credentials *set, bool retryable)
{
    br_source_result result = {.credentials = set, .error = &x->error, .retryable = retryable};
    x->order.done(x->order.user, &result);
}

/* `why` names the service. */
static void not_there(exchange *x, const char *why, const char *what_to_do)
{
    const char *looked = x->source->looked;
    br_error_set(&x->error, BR_ERR_CREDENTIALS, "NoCredentials", "%s%s%s%s", why, what_to_do,
                 looked != NULL ? ". Before that: " : "", looked != NULL ? looked : "");
    finish(x, NULL, true);
}

static void too_late(void *user)
{
    exchange *x = user;
    char why[sizeof x->source->name + 64];
    snprintf(why, sizeof why, "%s gave no credentials within 4 s", x->source->name);
    not_there(x, why, "");
}

static const char *transport_advice(const br_error *error)
{
    return error->kind == BR_ERR_TIMEOUT
               ? ". Either this is no EC2 instance, or it is a container on one: then the "
                 "instance's metadata hop limit has to be 2"
               : "";
}

/* 401: the token; 403: the service is switched off; 404: no role is attached. */
static void refused(exchange *x)
{
    br_fetch *f = &x->fetch;
    int status = f->status;
    if (status == 401 && x->step != BR_INSTANCE_TOKEN && !x->again) {
        x->again = true;
        go_to(x, BR_INSTANCE_TOKEN);
    } else if (status == 404 && x->step != BR_INSTANCE_TOKEN) {
        not_there(x, f->error.message, ". No IAM role is attached to this instance");
    } else if (status == 403 || status == 404 || status == 405) {
        not_there(x, f->error.message, ". Is the metadata service switched on, with version 2?");
    } else {
        x->error = f->error;
        finish(x, NULL, f->retryable);
    }
}

static void unreadable(exchange *x, const char *what)
{
    br_error_set(&x->error, BR_ERR_CREDENTIALS, "BadResponse", "%s: its answer is no %s",
                 x->source->name, what);
    finish(x, NULL, false);
}

static void take_credentials(exchange *x)
{
    br_engine *e = x->order.engine;
    int64_t now_ms = br_skew_now_ms(&x->source->base.base.config->skew, e);
    const br_credentials *given =
        br_credential_answer(BR_ANSWER_METADATA, WHOSE, br_buf_slice(&x->fetch.body), &x->error);
    const br_credentials *set =
        given != NULL ? br_instance_extended(given, now_ms, br_engine_random01(e)) : NULL;
    if (given != NULL && set == NULL)
        br_error_set(&x->error, BR_ERR_TRANSPORT, "NoMemory", "out of memory");
    br_credentials_unref(given);
    finish(x, set, false);
    br_credentials_unref(set);
}

/* One more answer; `what` is it if it is usable. */
static void take_text(exchange *x, br_buf *to, br_slice text, const char *what)
{
    br_buf_clear(to);
    if (text.p == NULL || !br_buf_add_slice(to, text))
        unreadable(x, what);
    else
        go_to(x, x->step + 1);
}

static void fetched(void *user)
{
    exchange *x = user;
    br_slice body = br_buf_slice(&x->fetch.body);
    if (!x->fetch.answered && x->fetch.status == 0)
        not_there(x, x->fetch.error.message, transport_advice(&x->fetch.error));
    else if (!x->fetch.answered)
        refused(x);
    else if (x->step == BR_INSTANCE_TOKEN)
        take_text(x, &x->token, br_instance_token(body), "token");
    else if (x->step == BR_INSTANCE_ROLE)
        take_text(x, &x->role, br_instance_role(body), "name of a role");
    else
        take_credentials(x);
}

static bool start_fetch(exchange *x)
{
    static const br_fetch_ops ops = {.build = build, .done = fetched};
    static const char *const operations[] = {"a token", "the role's name",
                                             "the role's credentials"};
    const instance *s = x->source;
    br_fetch_stop(&x->fetch);
    x->fetch = (br_fetch){
        .engine = x->order.engine,
        .trace = x->order.trace,
        .config = s->base.base.config,
        .endpoint = &s->endpoint,
        .net = {.ca_file = s->base.base.config->net.ca_file, .no_proxy_at_all = true},
        .service = s->name,
        .operation = operations[x->step],
        .ops = &ops,
        .user = x,
        .timeouts = &timeouts,
        .undated = true,
        .impatient = true,
    };
    if (br_fetch_start(&x->fetch))
        return true;
    x->error = x->fetch.error;
    return false;
}

static void go_to(exchange *x, br_instance_step step)
{
    x->step = step;
    if (!start_fetch(x))
        finish(x, NULL, true);
}

static void stop(void *acquisition)
{
    exchange *x = acquisition;
    br_fetch_stop(&x->fetch);
    br_timer_stop(x->order.engine, &x->limit);
    br_buf_free(&x->token);
    br_buf_free(&x->role);
    free(x);
}

static void *begin(br_source *base, const br_source_order *order, br_error *error)
{
    exchange *x = calloc(1, sizeof *x);
    if (x == NULL) {
        br_error_set(error, BR_ERR_TRANSPORT, "NoMemory", "out of memory");
        return NULL;
    }
    x->source = (const instance *)base;
    x->order = *order;
    br_buf_init_secret(&x->token, BR_INSTANCE_TOKEN_MAX);
    br_buf_init(&x->role, BR_INSTANCE_ROLE_MAX);
    br_error_set(&x->error, BR_ERR_TRANSPORT, "NoMemory", "out of memory");
    if (br_timer_limit(order->engine, &x->limit, TOTAL_MS, too_late, x) && start_fetch(x))
        return x;
    *error = x->error;
    stop(x);
    return NULL;
}

static bool identity(const br_source *base, uint8_t out[BR_IDENTITY_SIZE])
{
    br_slice ca_file = br_slice_of(base->config->net.ca_file);
    return br_layer_source_identity((const br_layer_source *)base, &ca_file, 1, out);
}

static bool read_endpoint(instance *s, br_error *error)
{
    br_buf origin;
    br_slice given = br_layer_get(s->base.layer, BR_LAYER_ENDPOINT);
    if (!br_url_parse(&s->endpoint, given.p != NULL ? given : BR_SLICE(BR_INSTANCE_ENDPOINT),
                      error))
        return false;
    br_buf_init(&origin, BR_HOST_MAX + 32);
    br_url_origin(&origin, &s->endpoint);
    snprintf(s->name, sizeof s->name, "the EC2 instance metadata service at %s",
             origin.data != NULL ? origin.data : "");
    br_buf_free(&origin);
    return true;
}

br_source *br_instance_new(const br_source_input *in, br_problems *problems)
{
    static const br_source_ops ops = {
        .begin = begin, .stop = stop, .identity = identity, .free = br_layer_source_free};
    br_error error;
    instance *s = br_layer_source_new(sizeof *s, &ops, in, problems);
    if (s == NULL)
        return NULL;
    s->looked = in->way->looked;
    if (read_endpoint(s, &error))
        return &s->base.base;
    br_problems_add(problems, "pattern", BR_SLICE("instance"), "endpoint: %s", error.message);
    br_source_unref(&s->base.base);
    return NULL;
}
