/*
** The credentials of a container: ECS, EKS Pod Identity, and what plays them. One GET, with the
** token that stands in the environment or in a file, which is read anew for each request, as EKS
** replaces it.
*/
#include <stdio.h>
#include <stdlib.h>

#include "core/aws/container_uri.h"
#include "core/aws/credential_answer.h"
#include "engine/credentials/layer_source.h"
#include "engine/fetch.h"
#include "engine/files/read_file.h"

#define TIMEOUT_MS 2000 /* to connect, and of silence; it is on this machine */
#define TOTAL_MS 15000  /* with repeats, and however slowly it says something */
#define TOKEN_MAX ((size_t)64 * 1024)
#define WHOSE "the container's credentials endpoint's answer"

typedef struct container {
    br_layer_source base;
    br_url endpoint;
    br_buf target;
    char name[BR_HOST_MAX + 64]; /* for messages */
    br_timeouts timeouts;
} container;

typedef struct exchange {
    br_fetch fetch;
    const container *source;
    br_source_order order;
    br_timer limit;
} exchange;

/* A line feed would begin another header, so the SDKs refuse it, also at the end of a file. */
static const char *wrong_with(br_slice token)
{
    if (token.n == 0)
        return "is empty";
    return br_header_value_ok(token) ? NULL
                                     : "has a line feed or another control character: it must be "
                                       "one line without its end";
}

static bool read_token(const char *path, br_buf *out, br_error *error)
{
    br_problems problems;
    br_problems_init(&problems);
    bool ok = br_read_file("authorization_token_file", path, out, &problems);
    const char *wrong = ok ? wrong_with(br_buf_slice(out)) : NULL;
    if (!ok)
        br_error_set(error, BR_ERR_CREDENTIALS, "TokenFile",
                     "the container's authorization token: %s",
                     problems.count > 0 ? problems.items[0].message : "cannot be read");
    else if (wrong != NULL)
        ok = br_error_set(error, BR_ERR_CREDENTIALS, "TokenFile",
                          "the container's authorization token in \"%.300s\" %s", path, wrong);
    br_problems_free(&problems);
    return ok;
}

/* The file goes before the token, as in the SDKs. */
static bool authorize(const br_layer *l, br_request *out, br_error *error)
{
    br_buf text;
    const char *path = l->text[BR_LAYER_AUTHORIZATION_TOKEN_FILE];
    br_slice token = br_layer_get(l, BR_LAYER_AUTHORIZATION_TOKEN);
    br_buf_init_secret(&text, TOKEN_MAX);
    bool ok = path == NULL || read_token(path, &text, error);
    if (path != NULL)
        token = br_buf_slice(&text);
    if (ok && token.p != NULL && !br_headers_add(&out->headers, BR_SLICE("authorization"), token))
        ok = br_error_set(error, BR_ERR_CREDENTIALS, "TokenFile",
                          "the container's authorization token is too long");
    br_buf_free(&text);
    return ok;
}

static bool build(void *user, int64_t now_ms, br_request *out, br_error *error)
{
    const container *s = ((exchange *)user)->source;
    (void)now_ms;
    snprintf(out->method, sizeof out->method, "GET");
    br_buf_add_slice(&out->path, br_buf_slice(&s->target));
    br_headers_add(&out->headers, BR_SLICE("accept"), BR_SLICE("application/json"));
    if (out->path.failed || out->headers.failed)
        return br_error_set(error, BR_ERR_TRANSPORT, "NoMemory", "out of memory");
    return authorize(s->base.layer, out, error);
}

static void advise(void *user, int status, br_buf *message)
{
    (void)user;
    if (status == 401 || status == 403 || status == 404)
        br_buf_adds(message, ". Check that the task or pod has a role (a task role, or a pod "
                             "identity association) and that uri and token are its own");
}

static void fetched(void *user)
{
    exchange *x = user;
    br_fetch *f = &x->fetch;
    int64_t now_ms = br_skew_now_ms(&f->config->skew, f->engine);
    br_slice date = br_headers_get(&f->headers, "date");
    const br_credentials *set =
        f->answered
            ? br_credential_answer(BR_ANSWER_METADATA, WHOSE, br_buf_slice(&f->body), &f->error)
            : NULL;
    bool expired = set != NULL && br_credentials_expired(set, WHOSE, now_ms, date, &f->error);
    br_source_result result = {
        .credentials = expired ? NULL : set, .error = &f->error, .retryable = f->retryable};
    x->order.done(x->order.user, &result);
    br_credentials_unref(set);
}

static void too_late(void *user)
{
    exchange *x = user;
    br_error error;
    br_source_result result = {.error = &error, .retryable = true};
    br_error_set(&error, BR_ERR_TIMEOUT, "TotalTimeout", "%s gave no credentials within %d s",
                 x->source->name, TOTAL_MS / 1000);
    x->order.done(x->order.user, &result);
}

static void *begin(br_source *base, const br_source_order *order, br_error *error)
{
    static const br_fetch_ops fetch_ops = {build, NULL, advise, fetched};
    const container *s = (const container *)base;
    exchange *x = calloc(1, sizeof *x);
    if (x == NULL) {
        br_error_set(error, BR_ERR_TRANSPORT, "NoMemory", "out of memory");
        return NULL;
    }
    x->source = s;
    x->order = *order;
    x->fetch = (br_fetch){
        .engine = order->engine,
        .trace = order->trace,
        .config = base->config,
        .endpoint = &s->endpoint,
        .net = {.ca_file = base->config->net.ca_file, .no_proxy_at_all = true},
        .service = s->name,
        .operation = "credentials",
        .ops = &fetch_ops,
        .user = x,
        .timeouts = &s->timeouts,
        .undated = true,
    };
    if (br_fetch_start(&x->fetch) &&
        br_timer_limit(order->engine, &x->limit, TOTAL_MS, too_late, x))
        return x;
    br_error_set(error, BR_ERR_TRANSPORT, "NoMemory", "out of memory");
    base->ops->stop(x);
    return NULL;
}

static void stop(void *acquisition)
{
    exchange *x = acquisition;
    br_fetch_stop(&x->fetch);
    br_timer_stop(x->order.engine, &x->limit);
    free(x);
}

static bool identity(const br_source *base, uint8_t out[BR_IDENTITY_SIZE])
{
    br_slice ca_file = br_slice_of(base->config->net.ca_file);
    return br_layer_source_identity((const br_layer_source *)base, &ca_file, 1, out);
}

static void release(br_source *base)
{
    br_buf_free(&((container *)base)->target);
    br_layer_source_free(base);
}

static int shorter(int ms, int limit_ms)
{
    return ms >= 0 && ms < limit_ms ? ms : limit_ms;
}

static void name_it(container *s)
{
    br_buf origin;
    br_buf_init(&origin, BR_HOST_MAX + 32);
    br_url_origin(&origin, &s->endpoint);
    snprintf(s->name, sizeof s->name, "the container's credentials endpoint %s",
             origin.data != NULL ? origin.data : "");
    br_buf_free(&origin);
}

static bool check(const br_layer *l, br_problems *problems)
{
    br_slice token = br_layer_get(l, BR_LAYER_AUTHORIZATION_TOKEN);
    const char *wrong = token.p != NULL ? wrong_with(token) : NULL;
    if (l->text[BR_LAYER_URI] == NULL)
        return br_problems_add(problems, "missing", BR_SLICE("container"),
                               "has no uri (or the variable AWS_CONTAINER_CREDENTIALS_FULL_URI or "
                               "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, which ECS and EKS set)");
    return wrong == NULL || br_problems_add(problems, "pattern", BR_SLICE("container"),
                                            "authorization_token: %s", wrong);
}

br_source *br_container_new(const br_source_input *in, br_problems *problems)
{
    static const br_source_ops ops = {
        .begin = begin, .stop = stop, .identity = identity, .free = release};
    br_error error;
    const br_timeouts *t = &in->config->timeouts;
    if (!check(in->layer, problems))
        return NULL;
    container *s = br_layer_source_new(sizeof *s, &ops, in, problems);
    if (s == NULL)
        return NULL;
    br_buf_init(&s->target, BR_CONTAINER_TARGET_MAX);
    s->timeouts = (br_timeouts){.connect_ms = shorter(t->connect_ms, TIMEOUT_MS),
                                .read_ms = shorter(t->read_ms, TIMEOUT_MS),
                                .first_byte_ms = -1,
                                .total_ms = -1};
    if (br_container_uri_parse(br_layer_get(s->base.layer, BR_LAYER_URI), &s->endpoint, &s->target,
                               &error)) {
        name_it(s);
        return &s->base.base;
    }
    br_problems_add(problems, "pattern", BR_SLICE("container"), "uri: %s", error.message);
    br_source_unref(&s->base.base);
    return NULL;
}
