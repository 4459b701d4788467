/* Whole calls against the local endpoint: signed, retried, corrected, streamed, cancelled. */
#define _GNU_SOURCE
#include "engine/call/call_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "core/base/times.h"
#include "endpoint.h"

/* The machine's clocks, moved; the greatest random numbers, so that delays are the longest. */
static int64_t wall_ahead_ms, mono_ahead_ms;

static void add_many(br_buf *b, char c, size_t n)
{
    char *to = br_buf_reserve(b, n);
    if (to == NULL)
        abort();
    memset(to, c, n);
    br_buf_commit(b, n);
}

static int64_t wall_clock(void *user)
{
    (void)user;
    return br_platform_system.wall_ms(NULL) + wall_ahead_ms;
}

static int64_t mono_clock(void *user)
{
    (void)user;
    return br_platform_system.mono_ms(NULL) + mono_ahead_ms;
}

static bool all_ones(void *user, void *out, size_t n)
{
    (void)user;
    memset(out, 0xff, n);
    return true;
}

static const br_platform moved_platform = {wall_clock, mono_clock, all_ones, NULL, NULL};
static br_engine *engine;
static br_client *client; /* access keys, over TLS */

typedef struct option {
    const char *name, *value;
} option;

static br_client *connect_with(const option *options)
{
    br_settings s;
    br_problems p;
    br_settings_init(&s);
    br_problems_init(&p);
    br_settings_set_text(&s, BR_SLICE("ca_file"), br_slice_of(endpoint_text("ca_file")), &p);
    for (; options->name != NULL; options++)
        br_settings_set_text(&s, br_slice_of(options->name), br_slice_of(options->value), &p);
    br_client *c = br_client_new(&s, &br_model_builtin, &br_platform_system, &p);
    for (size_t i = 0; i < p.count; i++)
        printf("  unexpected: %s: %s\n", p.items[i].path, p.items[i].message);
    CHECK(c != NULL);
    br_problems_free(&p);
    return c;
}

static br_client *connect_keys(const char *secret)
{
    const option options[] = {{"auth", "access_keys"},
                              {"access_key_id", endpoint_text("access_key_id")},
                              {"secret_access_key", secret},
                              {"endpoint", endpoint_text("https")},
                              {NULL, NULL}};
    return connect_with(options);
}

static br_client *connect_api_key(void)
{
    const option options[] = {{"auth", "api_key"},
                              {"api_key", endpoint_text("api_key")},
                              {"endpoint", endpoint_text("https")},
                              {NULL, NULL}};
    return connect_with(options);
}

static br_client *connect_certificate(void)
{
    char certificate[512], key[512];
    snprintf(certificate, sizeof certificate, "%s/p256.chain.pem", endpoint_text("pki"));
    snprintf(key, sizeof key, "%s/p256.key.pkcs8.pem", endpoint_text("pki"));
    const option options[] = {
        {"profile_arn", "arn:aws:rolesanywhere:us-east-1:123456789012:profile/a"},
        {"role_arn", "arn:aws:iam::123456789012:role/a"},
        {"trust_anchor_arn", "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/a"},
        {"session_name", "calls"},
        {"certificate", certificate},
        {"private_key", key},
        {"cache", "memory"},
        {"endpoint", endpoint_text("https")},
        {NULL, NULL}};
    return connect_with(options);
}

static unsigned service_of(const char *id)
{
    return (unsigned)br_model_service(&br_model_builtin, br_slice_of(id));
}

static br_request request_to(const char *service, const char *method, const char *path,
                             const char *body)
{
    br_request r;
    br_request_init(&r);
    r.service = (uint8_t)service_of(service);
    r.auth = BR_SCHEME_BEARER_OK;
    snprintf(r.method, sizeof r.method, "%s", method);
    br_buf_adds(&r.path, path);
    if (body != NULL) {
        r.has_body = true;
        br_buf_adds(&r.body, body);
        br_headers_add(&r.headers, BR_SLICE("content-type"), BR_SLICE("application/json"));
    }
    return r;
}

#define PROMPT "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"hello there\"}]}]}"

static br_request converse(bool stream)
{
    return request_to("bedrock-runtime", "POST",
                      stream ? "/model/amazon.nova-lite-v1%3A0/converse-stream"
                             : "/model/amazon.nova-lite-v1%3A0/converse",
                      PROMPT);
}

static br_call_opts opts_for(br_call_mode mode)
{
    return (br_call_opts){
        .mode = mode, .model = &br_model_builtin, .timeouts = {-1, -1, -1, -1}, .max_attempts = 3};
}

/* What came of a call: its items as letters, and what they carried. */
typedef struct outcome {
    char items[64]; /* H D V(event) P C E X(error); V and D of streams are not repeated */
    int status;
    int events;
    br_buf data;
    char last_event[64];
    br_error error;
    br_call_info info;
    char access_key_id[64];
    br_origin origin;
} outcome;

static void note(outcome *o, char letter)
{
    size_t n = strlen(o->items);
    if (n + 1 < sizeof o->items && (n == 0 || o->items[n - 1] != letter))
        o->items[n] = letter;
}

static void note_item(outcome *o, const br_item *item)
{
    note(o, "-HDVPCEX"[item->kind]);
    if (item->kind == BR_HEAD) {
        o->status = item->status;
    } else if (item->kind == BR_DATA) {
        br_buf_add_slice(&o->data, item->data);
    } else if (item->kind == BR_EVENT) {
        o->events++;
        snprintf(o->last_event, sizeof o->last_event, "%.*s", (int)item->event->event_type.n,
                 item->event->event_type.p);
    } else if (item->kind == BR_CREDENTIALS && item->credentials != NULL) {
        snprintf(o->access_key_id, sizeof o->access_key_id, "%.*s",
                 (int)item->credentials->access_key_id.n, item->credentials->access_key_id.p);
        o->origin = item->origin;
    } else if (item->kind == BR_ERROR) {
        o->error = *item->error;
    }
}

static bool take(br_call *call, outcome *o)
{
    br_item item;
    br_item_kind kind;
    while ((kind = br_call_next(call, &item)) != BR_WAIT) {
        note_item(o, &item);
        if (kind == BR_END || kind == BR_ERROR)
            return true;
    }
    return false;
}

static br_call *begin(br_client *c, br_request request, const br_call_opts *opts)
{
    br_error error;
    br_call *call = br_call_new(c, &request, opts, &error);
    CHECK(call != NULL);
    CHECK(request.path.len == 0 && request.method[0] == '\0' && !request.has_body);
    br_request_free(&request);
    CHECK(br_call_start(call, engine, &error));
    return call;
}

static void init_outcome(outcome *o)
{
    memset(o, 0, sizeof *o);
    br_buf_init(&o->data, (size_t)64 * 1024 * 1024);
}

/* To the end; end and error are repeated for ever. */
static void finish(br_call *call, outcome *o)
{
    br_item item;
    while (!take(call, o))
        br_engine_step(engine, 20000);
    br_call_info_get(call, &o->info);
    br_item_kind last = br_call_next(call, &item);
    CHECK(last == br_call_next(call, &item) && (last == BR_END || last == BR_ERROR));
}

static outcome run_with(br_client *c, br_request request, const br_call_opts *opts)
{
    outcome o;
    init_outcome(&o);
    br_call *call = begin(c, request, opts);
    finish(call, &o);
    br_call_free(call);
    return o;
}

static outcome run(br_client *c, br_request request, br_call_mode mode)
{
    br_call_opts opts = opts_for(mode);
    return run_with(c, request, &opts);
}

static void script(const char *operation, int times, const char *action)
{
    static char text[65536];
    snprintf(text, sizeof text, "[{\"match\":{\"operation\":\"%s\"},\"times\":%d,\"action\":%s}]",
             operation, times, action);
    endpoint_script(text);
}

static void test_unary(void)
{
    endpoint_reset();
    outcome o = run(client, converse(false), BR_CALL_UNARY);
    CHECK_STR(o.items, "HDE");
    CHECK_INT(o.status, 200);
    CHECK(o.data.len > 0 && strstr(o.data.data, "\"stopReason\"") != NULL);
    CHECK_INT(o.info.attempts, 1);
    CHECK_INT(o.info.status, 200);
    CHECK(strstr(endpoint_requests(), "\"verified\":true") != NULL);
    br_buf_free(&o.data);
}

static void test_methods_queries_and_prefixes(void)
{
    endpoint_reset();
    br_request r = request_to("bedrock", "GET", "/foundation-models", NULL);
    br_buf_adds(&r.query, "byOutputModality=TEXT&byProvider=amazon%20%2B");
    outcome o = run(client, r, BR_CALL_UNARY);
    CHECK_INT(o.status, 200);
    br_buf_free(&o.data);
    endpoint_config("{\"path_prefix\":\"/vpc\"}");
    char url[300];
    snprintf(url, sizeof url, "%s/vpc", endpoint_text("https"));
    const option options[] = {{"auth", "access_keys"},
                              {"access_key_id", endpoint_text("access_key_id")},
                              {"secret_access_key", endpoint_text("secret_access_key")},
                              {"endpoint", url},
                              {NULL, NULL}};
    br_client *prefixed = connect_with(options);
    o = run(prefixed, converse(false), BR_CALL_UNARY);
    CHECK_INT(o.status, 200);
    br_buf_free(&o.data);
    br_client_unref(prefixed);
    endpoint_reset();
}

static void test_api_keys(void)
{
    endpoint_reset();
    br_client *c = connect_api_key();
    outcome o = run(c, converse(false), BR_CALL_UNARY);
    CHECK_INT(o.status, 200);
    br_buf_free(&o.data);
    o = run(c, request_to("bedrock", "GET", "/x", NULL), BR_CALL_CREDENTIALS);
    CHECK_STR(o.items, "CE");
    CHECK_STR(o.access_key_id, "");
    br_client_unref(c);
}

/* AWS's endpoints of a service that takes none are not asked; one of the user's own is. */
static void test_api_keys_of_other_services(void)
{
    static const option without_endpoint[] = {
        {"auth", "api_key"}, {"api_key", "0123456789"}, {NULL, NULL}};
    endpoint_reset();
    br_client *own = connect_api_key(), *aws = connect_with(without_endpoint);
    br_request r = request_to("bedrock-agent", "GET", "/agents/x", NULL);
    r.auth = BR_SCHEME_SIGV4;
    outcome o = run(aws, r, BR_CALL_UNARY);
    CHECK_STR(o.items, "X");
    CHECK_INT(o.error.kind, BR_ERR_CONFIG);
    CHECK_STR(o.error.code, "NotSupported");
    CHECK(strstr(o.error.message, "bedrock-agent") != NULL);
    CHECK_INT(endpoint_counter("requests"), 0);
    r = request_to("bedrock-agent", "GET", "/agents/x", NULL);
    r.auth = BR_SCHEME_SIGV4;
    o = run(own, r, BR_CALL_UNARY);
    CHECK_INT(o.status, 404);
    br_buf_free(&o.data);
    CHECK_INT(endpoint_counter("requests"), 1);
    br_client_unref(own);
    br_client_unref(aws);
}

static void test_an_authorization_of_ones_own(void)
{
    endpoint_reset();
    char bearer[256];
    snprintf(bearer, sizeof bearer, "Bearer %s", endpoint_text("api_key"));
    br_call_opts opts = opts_for(BR_CALL_UNARY);
    opts.authorization = br_slice_of(bearer);
    outcome o = run_with(client, converse(false), &opts);
    CHECK_INT(o.status, 200);
    CHECK(strstr(endpoint_requests(), "x-amz-date") == NULL);
    br_buf_free(&o.data);
    br_error error;
    br_request r = converse(false);
    opts.authorization = BR_SLICE("Bearer a\r\nx: y");
    CHECK(br_call_new(client, &r, &opts, &error) == NULL);
    br_request_free(&r);
    CHECK_INT(error.kind, BR_ERR_VALIDATION);
}

static void test_unsigned(void)
{
    endpoint_reset();
    br_request r = converse(false);
    r.auth = BR_SCHEME_NONE;
    outcome o = run(client, r, BR_CALL_UNARY);
    CHECK_INT(o.status, 403);
    CHECK(strstr(endpoint_requests(), "authorization") == NULL);
    br_buf_free(&o.data);
}

static void test_error_answers(void)
{
    endpoint_reset();
    br_request r = request_to("bedrock-runtime", "POST", "/model/nonexistent.x/converse", PROMPT);
    outcome o = run(client, r, BR_CALL_UNARY);
    CHECK_STR(o.items, "HDE");
    CHECK(o.status >= 400);
    CHECK_INT(o.info.attempts, 1);
    CHECK(!o.info.retryable);
    CHECK(strstr(o.data.data, "message") != NULL);
    br_buf_free(&o.data);
    r = request_to("bedrock-runtime", "POST", "/model/nonexistent.x/converse-stream", PROMPT);
    o = run(client, r, BR_CALL_EVENTS);
    CHECK_STR(o.items, "HDE");
    CHECK(o.status >= 400);
    br_buf_free(&o.data);
}

static void test_server_errors_are_retried(void)
{
    static const int statuses[] = {429, 500, 502, 503, 504};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        char action[64];
        endpoint_reset();
        snprintf(action, sizeof action, "{\"status\":%d}", statuses[i]);
        script("Converse", 2, action);
        br_call_opts opts = opts_for(BR_CALL_UNARY);
        br_engine_free(engine);
        br_error error;
        engine = br_engine_new(&br_platform_system, &error);
        outcome o = run_with(client, converse(false), &opts);
        CHECK_STR(o.items, "HDE");
        CHECK_INT(o.status, 200);
        CHECK_INT(o.info.attempts, 3);
        CHECK_INT(endpoint_counter("Converse"), 3);
        CHECK(strstr(endpoint_requests(), "\"refused\"") == NULL);
        br_buf_free(&o.data);
    }
}

static void test_the_last_failure_is_given(void)
{
    endpoint_reset();
    script("Converse", -1, "{\"status\":503,\"body\":\"{\\\"message\\\":\\\"busy\\\"}\"}");
    outcome o = run(client, converse(false), BR_CALL_UNARY);
    CHECK_STR(o.items, "HDE");
    CHECK_INT(o.status, 503);
    CHECK_INT(o.info.attempts, 3);
    CHECK(o.info.retryable);
    CHECK_SLICE(br_buf_slice(&o.data), "{\"message\":\"busy\"}");
    br_buf_free(&o.data);
    br_call_opts opts = opts_for(BR_CALL_UNARY);
    opts.max_attempts = 1;
    o = run_with(client, converse(false), &opts);
    CHECK_INT(o.info.attempts, 1);
    br_buf_free(&o.data);
    client->quota.tokens = BR_RETRY_COST;
    o = run(client, converse(false), BR_CALL_UNARY);
    CHECK_INT(o.info.attempts, 2);
    br_buf_free(&o.data);
    br_retry_quota_init(&client->quota);
    endpoint_reset();
    script("Converse", 1, "{\"status\":503}");
    o = run(client, converse(false), BR_CALL_UNARY);
    CHECK_INT(o.status, 200);
    CHECK_INT(client->quota.tokens, BR_RETRY_QUOTA);
    br_buf_free(&o.data);
}

static void use_engine(const br_platform *platform)
{
    br_error error;
    br_engine_free(engine);
    engine = br_engine_new(platform, &error);
}

static void step_some(int count)
{
    for (int i = 0; i < count; i++)
        br_engine_step(engine, 5);
}

static void step_to(const br_call *call, br_call_state state)
{
    for (int i = 0; i < 4000 && call->state != state; i++)
        br_engine_step(engine, 5);
    CHECK_INT(call->state, state);
}

/* A throttled call waits up to a second, and a hint makes it wait longer. */
static void test_backing_off(void)
{
    static const struct {
        const char *action;
        int64_t early_ms;
    } cases[] = {{"{\"status\":429}", 900},
                 {"{\"status\":429,\"headers\":{\"Retry-After\":\"3\"}}", 2900},
                 {"{\"status\":503,\"headers\":{\"x-amz-retry-after\":\"4000\"}}", 3900},
                 {"{\"status\":503,\"headers\":{\"Retry-After\":\"12\"}}", 11900},
                 {"{\"status\":503,\"headers\":{\"Retry-After\":\"20\"}}", 19900}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        outcome o;
        init_outcome(&o);
        endpoint_reset();
        script("Converse", 1, cases[i].action);
        use_engine(&moved_platform);
        br_call_opts opts = opts_for(BR_CALL_UNARY);
        int64_t from = mono_clock(NULL);
        br_call *call = begin(client, converse(false), &opts);
        step_to(call, BR_STATE_RETRY_WAIT);
        CHECK(call->retry.due_ms - from > cases[i].early_ms);
        step_some(3);
        CHECK_INT(call->state, BR_STATE_RETRY_WAIT);
        mono_ahead_ms += cases[i].early_ms + 1000;
        finish(call, &o);
        CHECK_INT(o.status, 200);
        CHECK_INT(o.info.attempts, 2);
        br_call_free(call);
        br_buf_free(&o.data);
    }
    use_engine(&br_platform_system);
}

/* Who asks for longer than is waited, or than there is time for, is not asked again. */
static void test_hints_too_long(void)
{
    static const struct {
        const char *wait;
        int total_ms;
    } cases[] = {{"21", -1}, {"99999999999999999999", -1}, {"12", 11000}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char action[100];
        endpoint_reset();
        snprintf(action, sizeof action, "{\"status\":429,\"headers\":{\"Retry-After\":\"%s\"}}",
                 cases[i].wait);
        script("Converse", -1, action);
        br_call_opts opts = opts_for(BR_CALL_UNARY);
        opts.timeouts.total_ms = cases[i].total_ms;
        outcome o = run_with(client, converse(false), &opts);
        CHECK_STR(o.items, "HE");
        CHECK_INT(o.status, 429);
        CHECK_INT(o.info.attempts, 1);
        CHECK(o.info.retryable);
        br_buf_free(&o.data);
    }
    endpoint_reset();
}

static void test_the_clock_is_corrected(void)
{
    static const int offsets[] = {1200, -1200, 86400};
    for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
        char config[64];
        br_client *c = connect_keys(endpoint_text("secret_access_key"));
        endpoint_reset();
        snprintf(config, sizeof config, "{\"clock_offset_s\":%d}", offsets[i]);
        endpoint_config(config);
        outcome o = run(c, converse(false), BR_CALL_UNARY);
        CHECK_INT(o.status, 200);
        CHECK_INT(o.info.attempts, 2);
        CHECK_INT(endpoint_counter("refused"), 1);
        br_buf_free(&o.data);
        o = run(c, converse(false), BR_CALL_UNARY);
        CHECK_INT(o.info.attempts, 1);
        br_buf_free(&o.data);
        br_client_unref(c);
    }
    endpoint_reset();
}

static void test_a_refusal_that_hides_the_clock(void)
{
    br_client *c = connect_keys(endpoint_text("secret_access_key"));
    endpoint_reset();
    endpoint_config("{\"clock_offset_s\":600,\"verify\":false}");
    script("Converse", -1, "{\"status\":403,\"body\":\"{\\\"message\\\":\\\"no\\\"}\"}");
    outcome o = run(c, converse(false), BR_CALL_UNARY);
    CHECK_INT(o.status, 403);
    CHECK_INT(o.info.attempts, 2);
    br_buf_free(&o.data);
    CHECK_INT(c->config->skew.ms, 0);
    br_client_unref(c);
    endpoint_reset();
}

/* Of a gateway in front of a service whose clock is right: it does no harm, ever. */
static void test_a_wrong_date_of_a_gateway(void)
{
    static const int offsets[] = {3600, -3600};
    for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
        char date[BR_HTTP_DATE_SIZE], action[100];
        br_client *c = connect_keys(endpoint_text("secret_access_key"));
        endpoint_reset();
        br_time_http(br_platform_system.wall_ms(NULL) + offsets[i] * INT64_C(1000), date);
        snprintf(action, sizeof action, "{\"headers\":{\"Date\":\"%s\"}}", date);
        script("Converse", -1, action);
        for (int n = 1; n <= 4; n++) {
            outcome o = run(c, converse(false), BR_CALL_UNARY);
            CHECK_INT(o.status, 200);
            CHECK_INT(o.info.attempts, 1);
            br_buf_free(&o.data);
        }
        CHECK_INT(endpoint_counter("refused"), 0);
        atomic_store(&c->config->skew.ms, offsets[i] * INT64_C(1000));
        for (int n = 1; n <= 3; n++) {
            outcome o = run(c, converse(false), BR_CALL_UNARY);
            CHECK_INT(o.status, 200);
            CHECK_INT(o.info.attempts, n == 1 ? 2 : 1);
            br_buf_free(&o.data);
        }
        br_client_unref(c);
    }
    endpoint_reset();
}

static void test_a_wrong_secret_is_no_endless_story(void)
{
    br_client *c = connect_keys("wrongwrongwrongwrongwrongwrongwrongwrong");
    endpoint_reset();
    outcome o = run(c, converse(false), BR_CALL_UNARY);
    CHECK_INT(o.status, 403);
    CHECK_INT(o.info.attempts, 1);
    CHECK(!o.info.retryable);
    br_buf_free(&o.data);
    br_client_unref(c);
}

static void test_expired_credentials_are_renewed(void)
{
    br_client *c = connect_certificate();
    endpoint_reset();
    outcome o = run(c, converse(false), BR_CALL_CREDENTIALS);
    CHECK_STR(o.items, "CE");
    CHECK_INT(o.origin, BR_FROM_EXCHANGE);
    CHECK(o.access_key_id[0] != '\0');
    o = run(c, converse(false), BR_CALL_UNARY);
    CHECK_INT(o.status, 200);
    CHECK_INT(endpoint_counter("CreateSession"), 1);
    br_buf_free(&o.data);
    endpoint_expire();
    o = run(c, converse(false), BR_CALL_UNARY);
    CHECK_INT(o.status, 200);
    CHECK_INT(o.info.attempts, 2);
    CHECK_INT(endpoint_counter("CreateSession"), 2);
    br_buf_free(&o.data);
    o = run(c, converse(false), BR_CALL_REFRESH);
    CHECK_STR(o.items, "CE");
    CHECK_INT(endpoint_counter("CreateSession"), 3);
    script("Converse", -1,
           "{\"status\":403,\"body\":\"{\\\"__type\\\":\\\"ExpiredTokenException\\\"}\"}");
    o = run(c, converse(false), BR_CALL_UNARY);
    CHECK_INT(o.status, 403);
    CHECK_INT(o.info.attempts, 2);
    br_buf_free(&o.data);
    br_client_unref(c);
}

static void test_no_credentials(void)
{
    br_client *c = connect_certificate();
    br_client *warm = connect_certificate();
    endpoint_reset();
    br_provider_unref(warm->principal->provider);
    warm->principal->provider = NULL;
    br_client_unref(warm);
    script("CreateSession", -1,
           "{\"status\":403,\"body\":\"{\\\"__type\\\":\\\"AccessDeniedException\\\"}\"}");
    outcome o = run(c, converse(false), BR_CALL_REFRESH);
    CHECK_STR(o.items, "X");
    CHECK_INT(o.error.kind, BR_ERR_CREDENTIALS);
    CHECK(!o.info.retryable);
    CHECK_INT(o.info.attempts, 0);
    br_client_unref(c);
    endpoint_reset();
}

/* Ten calls that find no credentials share one exchange. */
static void test_one_exchange_for_many(void)
{
    enum { COUNT = 10 };
    br_client *c = connect_certificate();
    br_call *calls[COUNT];
    br_call_opts opts = opts_for(BR_CALL_UNARY);
    endpoint_reset();
    endpoint_config("{\"exchange_delay_ms\":50}");
    for (int i = 0; i < COUNT; i++)
        calls[i] = begin(c, converse(false), &opts);
    br_call_cancel(calls[0], "Cancelled");
    for (int i = 0; i < COUNT; i++) {
        outcome o;
        init_outcome(&o);
        finish(calls[i], &o);
        CHECK_STR(o.items, i == 0 ? "X" : "HDE");
        br_buf_free(&o.data);
        br_call_free(calls[i]);
    }
    CHECK_INT(endpoint_counter("CreateSession"), 1);
    br_client_unref(c);
}

/* A generation that may have run is not run again unasked. */
static void test_what_may_have_run(void)
{
    outcome o;
    endpoint_reset();
    use_engine(&br_platform_system);
    script("Converse", 1, "{\"close\":true}");
    o = run(client, converse(false), BR_CALL_UNARY);
    CHECK_STR(o.items, "X");
    CHECK_INT(o.error.kind, BR_ERR_TRANSPORT);
    CHECK_STR(o.error.code, "ConnectionLost");
    CHECK_INT(o.info.attempts, 1);
    CHECK(o.info.retryable);
    use_engine(&br_platform_system);
    script("Converse", 1, "{\"close\":true}");
    br_request safe = converse(false);
    safe.retry_safe = true;
    o = run(client, safe, BR_CALL_UNARY);
    CHECK_INT(o.status, 200);
    CHECK_INT(o.info.attempts, 2);
    br_buf_free(&o.data);
    br_call_opts opts = opts_for(BR_CALL_UNARY);
    opts.timeouts.read_ms = 300;
    script("Converse", 1, "{\"hang\":true}");
    o = run_with(client, converse(false), &opts);
    CHECK_STR(o.items, "X");
    CHECK_INT(o.error.kind, BR_ERR_TIMEOUT);
    CHECK_STR(o.error.code, "ReadTimeout");
    CHECK_INT(o.info.attempts, 1);
    opts.retry_timeouts = true;
    script("Converse", 1, "{\"hang\":true}");
    o = run_with(client, converse(false), &opts);
    CHECK_INT(o.status, 200);
    CHECK_INT(o.info.attempts, 2);
    br_buf_free(&o.data);
    script("Converse", 1, "{\"status\":200,\"body\":\"{\\\"a\\\":1}\",\"truncate\":3}");
    o = run(client, converse(false), BR_CALL_UNARY);
    CHECK_STR(o.items, "X");
    CHECK_STR(o.error.code, "Truncated");
    CHECK_INT(o.info.status, 200);
}

static void test_a_dead_connection_costs_nothing(void)
{
    endpoint_reset();
    use_engine(&br_platform_system);
    outcome o = run(client, converse(false), BR_CALL_UNARY);
    br_buf_free(&o.data);
    script("Converse", 1, "{\"close\":true}");
    br_call_opts opts = opts_for(BR_CALL_UNARY);
    opts.max_attempts = 1;
    o = run_with(client, converse(false), &opts);
    CHECK_INT(o.status, 200);
    CHECK_INT(o.info.attempts, 2);
    CHECK_INT(endpoint_counter("Converse"), 3);
    CHECK_INT(endpoint_counter("connections"), 2);
    br_buf_free(&o.data);
}

static void test_no_server(void)
{
    const option options[] = {{"auth", "access_keys"},
                              {"access_key_id", "AKIDEXAMPLE"},
                              {"secret_access_key", "secret"},
                              {"endpoint", endpoint_text("refused")},
                              {NULL, NULL}};
    br_client *c = connect_with(options);
    outcome o = run(c, converse(false), BR_CALL_UNARY);
    CHECK_STR(o.items, "X");
    CHECK_STR(o.error.code, "ConnectFailed");
    CHECK_INT(o.info.attempts, 3);
    CHECK_INT(o.info.status, 0);
    CHECK(o.info.headers == NULL);
    br_client_unref(c);
}

/* Between attempts the next one may be further away than the end. Only this clock gets there. */
static void test_total_timeout_while_waiting(void)
{
    enum { TOTAL_MS = 24000, WAITS = 5 }; /* of 1, 2, 4, 8, and 16 seconds, within which it ends */
    outcome o;
    init_outcome(&o);
    endpoint_reset();
    script("Converse", -1, "{\"status\":429}");
    use_engine(&moved_platform);
    br_retry_quota_init(&client->quota);
    br_call_opts opts = opts_for(BR_CALL_UNARY);
    opts.max_attempts = 50;
    opts.timeouts.total_ms = TOTAL_MS;
    br_call *call = begin(client, converse(false), &opts);
    for (int i = 1; i <= WAITS; i++) {
        step_to(call, BR_STATE_RETRY_WAIT);
        CHECK_INT(call->retries, i);
        mono_ahead_ms += (i < WAITS ? call->retry.due_ms : call->total.due_ms) - mono_clock(NULL);
        br_engine_step(engine, 0);
    }
    finish(call, &o);
    CHECK_STR(o.items, "X");
    CHECK_INT(o.error.kind, BR_ERR_TIMEOUT);
    CHECK_STR(o.error.code, "TotalTimeout");
    CHECK_INT(o.info.attempts, WAITS);
    br_call_free(call);
    use_engine(&br_platform_system);
    br_retry_quota_init(&client->quota);
}

static void test_total_timeout(void)
{
    static const char *const actions[] = {"{\"hang\":true}", "{\"body_delay_ms\":60000}"};
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        endpoint_reset();
        script("Converse", -1, actions[i]);
        br_call_opts opts = opts_for(BR_CALL_UNARY);
        opts.max_attempts = 50;
        opts.timeouts.total_ms = 150;
        outcome o = run_with(client, converse(false), &opts);
        CHECK_STR(o.items, "X");
        CHECK_INT(o.error.kind, BR_ERR_TIMEOUT);
        CHECK_STR(o.error.code, "TotalTimeout");
        br_buf_free(&o.data);
    }
    endpoint_reset();
    endpoint_config("{\"exchange_delay_ms\":60000}");
    br_client *c = connect_certificate();
    br_call_opts opts = opts_for(BR_CALL_REFRESH);
    opts.timeouts.total_ms = 50;
    outcome o = run_with(c, converse(false), &opts);
    CHECK_STR(o.error.code, "TotalTimeout");
    CHECK(strstr(o.error.message, "credentials") != NULL);
    br_client_unref(c);
    endpoint_reset();
    use_engine(&br_platform_system);
}

static void test_answer_limits(void)
{
    endpoint_reset();
    br_call_opts opts = opts_for(BR_CALL_UNARY);
    opts.answer_max = 10;
    script("Converse", 1, "{\"status\":200,\"body\":\"0123456789\"}");
    outcome o = run_with(client, converse(false), &opts);
    CHECK_STR(o.items, "HDE");
    br_buf_free(&o.data);
    script("Converse", 1, "{\"status\":200,\"body\":\"0123456789a\"}");
    o = run_with(client, converse(false), &opts);
    CHECK_STR(o.items, "X");
    CHECK_STR(o.error.code, "BadResponse");
    CHECK(strstr(o.error.message, " 10 ") != NULL);
    size_t n = BR_ERROR_BODY_MAX + 100000;
    br_buf text;
    br_buf_init(&text, n + 200);
    br_buf_adds(&text, "[{\"match\":{\"operation\":\"Converse\"},\"action\":"
                       "{\"status\":400,\"body\":\"");
    add_many(&text, 'e', n);
    br_buf_adds(&text, "\"}}]");
    endpoint_script(text.data);
    br_buf_free(&text);
    o = run_with(client, converse(false), &opts);
    CHECK_STR(o.items, "HDE");
    CHECK_INT(o.status, 400);
    CHECK_INT((long long)o.data.len, (long long)BR_ERROR_BODY_MAX);
    br_buf_free(&o.data);
    script("Converse", 1, "{\"status\":204}");
    o = run(client, converse(false), BR_CALL_UNARY);
    CHECK_STR(o.items, "HE");
    br_buf_free(&o.data);
}

static void test_event_streams(void)
{
    endpoint_reset();
    outcome o = run(client, converse(true), BR_CALL_EVENTS);
    CHECK_STR(o.items, "HVE");
    CHECK_INT(o.status, 200);
    CHECK(o.events > 4);
    CHECK_STR(o.last_event, "metadata");
    br_buf_free(&o.data);
    o = run(client, converse(true), BR_CALL_BYTES);
    CHECK_STR(o.items, "HDE");
    CHECK(o.data.len > 200);
    br_buf_free(&o.data);
}

/* The shape goes around a stream of two events. */
static outcome run_frames(const char *frame, const char *shape)
{
    char action[4096];
    snprintf(action, sizeof action,
             "{\"frames\":[{\"event\":\"messageStart\",\"json\":{\"role\":\"assistant\"}},%s]%s}",
             frame, shape);
    script("ConverseStream", 1, action);
    return run(client, converse(true), BR_CALL_EVENTS);
}

static void test_broken_streams(void)
{
    static const struct {
        const char *frame, *shape, *items, *code;
        bool framing;
    } cases[] = {
        {"{\"event\":\"messageStop\",\"json\":{}}", "", "HVE", "", false},
        {"{\"exception\":\"throttlingException\",\"json\":{}}", "", "HVE", "", false},
        {"{\"event\":\"x\",\"json\":{},\"corrupt\":\"cut\"}", "", "HVX", "Truncated", true},
        {"{\"event\":\"x\",\"json\":{},\"corrupt\":\"message_crc\"}", "", "HVX", "BadResponse",
         true},
        {"{\"event\":\"x\",\"json\":{},\"corrupt\":\"prelude_crc\"}", "", "HVX", "BadResponse",
         true},
        {"{\"event\":\"x\",\"json\":{}}", ",\"abort\":true", "HVX", "Truncated", true},
        {"{\"event\":\"x\",\"json\":{}}", ",\"truncate\":150", "HVX", "Truncated", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        endpoint_reset();
        outcome o = run_frames(cases[i].frame, cases[i].shape);
        CHECK_STR(o.items, cases[i].items);
        CHECK_STR(o.error.code, cases[i].code);
        if (cases[i].framing)
            CHECK_INT(o.error.kind, BR_ERR_STREAM);
        CHECK_INT(o.info.attempts, 1);
    }
    endpoint_reset();
    script("ConverseStream", 1, "{\"status\":503}");
    outcome o = run(client, converse(true), BR_CALL_EVENTS);
    CHECK_STR(o.items, "HVE");
    CHECK_INT(o.info.attempts, 2);
}

#define THROTTLED "{\"exception\":\"throttlingException\",\"json\":{}}"
#define INITIAL                                                                                    \
    "{\"headers\":{\":message-type\":\"event\",\":event-type\":\"initial-response\"},\"json\":{}}"

/* Nothing was handed out, so it is asked for again, if that may help. */
static void test_a_first_event_that_is_an_exception(void)
{
    static const struct {
        const char *frames, *shape;
        int attempts;
    } cases[] = {
        {THROTTLED, "", 2},
        {THROTTLED, ",\"drip\":[1,0]", 2},
        {THROTTLED, ",\"abort\":true", 2},
        {"{\"exception\":\"internalServerException\",\"json\":{}}", "", 2},
        {"{\"exception\":\"serviceUnavailableException\",\"json\":{}}", "", 2},
        {"{\"exception\":\"modelNotReadyException\",\"json\":{}}", "", 2},
        {"{\"exception\":\"badGatewayException\",\"json\":{}}", "", 2},
        {"{\"event\":\"throttlingException\",\"json\":{}}", "", 2},
        {"{\"error\":[\"InternalFailure\",\"no\"]}", "", 2},
        {INITIAL "," THROTTLED, "", 2},
        {"{\"exception\":\"validationException\",\"json\":{}}", "", 1},
        {"{\"exception\":\"modelStreamErrorException\",\"json\":{}}", "", 1},
        {"{\"exception\":\"modelTimeoutException\",\"json\":{}}", "", 1},
        {"{\"exception\":\"serviceQuotaExceededException\",\"json\":{}}", "", 1},
        {"{\"event\":\"messageStart\",\"json\":{}}," THROTTLED, "", 1},
        {INITIAL ",{\"event\":\"messageStart\",\"json\":{}}," THROTTLED, "", 1},
        {"{\"exception\":\"throttlingException\",\"json\":{},\"corrupt\":\"payload\"}", "", 1},
        {THROTTLED, ",\"headers\":{\"Retry-After\":\"21\"}", 1},
        {THROTTLED, ",\"truncate\":20", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char action[1000];
        endpoint_reset();
        snprintf(action, sizeof action, "{\"frames\":[%s]%s}", cases[i].frames, cases[i].shape);
        script("ConverseStream", 1, action);
        outcome o = run(client, converse(true), BR_CALL_EVENTS);
        check_number(o.info.attempts, cases[i].attempts, action, __FILE__, __LINE__);
        if (cases[i].attempts == 2) {
            CHECK_STR(o.items, "HVE");
            CHECK_STR(o.last_event, "metadata");
        }
        CHECK_INT(endpoint_counter("ConverseStream"), cases[i].attempts);
    }
    CHECK(strstr(endpoint_requests(), "\"refused\"") == NULL);
}

static void test_a_long_first_event(void)
{
    br_buf text;
    endpoint_reset();
    br_buf_init(&text, 100000);
    br_buf_adds(&text, "[{\"match\":{\"operation\":\"ConverseStream\"},\"action\":{\"frames\":["
                       "{\"exception\":\"throttlingException\",\"payload\":\"");
    add_many(&text, 'x', BR_FIRST_EVENT_MAX);
    br_buf_adds(&text, "\"}]}}]");
    endpoint_script(text.data);
    br_buf_free(&text);
    outcome o = run(client, converse(true), BR_CALL_EVENTS);
    CHECK_STR(o.items, "HVE");
    CHECK_INT(o.info.attempts, 1);
}

/* The exception itself is what comes then, and what the tries took from the quota is gone. */
static void test_the_last_exception_is_given(void)
{
    endpoint_reset();
    script("ConverseStream", -1, "{\"frames\":[" THROTTLED "]}");
    br_retry_quota_init(&client->quota);
    outcome o = run(client, converse(true), BR_CALL_EVENTS);
    CHECK_STR(o.items, "HVE");
    CHECK_INT(o.events, 1);
    CHECK_INT(o.info.attempts, 3);
    CHECK_INT(client->quota.tokens, BR_RETRY_QUOTA - 2 * BR_RETRY_COST_THROTTLING);
    br_retry_quota_init(&client->quota);
}

static br_item_kind next_item(br_call *call, br_item *item)
{
    br_item_kind kind = br_call_next(call, item);
    for (int i = 0; i < 1000 && kind == BR_WAIT; i++) {
        br_engine_step(engine, 20);
        kind = br_call_next(call, item);
    }
    return kind;
}

/* It is there before any event is; and there is one for each answer. */
static void test_the_head_does_not_wait(void)
{
    br_item item;
    br_call_opts opts = opts_for(BR_CALL_EVENTS);
    endpoint_reset();
    endpoint_script("[{\"match\":{\"operation\":\"ConverseStream\"},\"action\":{\"frames\":["
                    "{\"exception\":\"throttlingException\",\"json\":{}}],\"body_delay_ms\":300}},"
                    "{\"match\":{\"operation\":\"ConverseStream\"},\"action\":{\"status\":400,"
                    "\"body\":\"no\"}}]");
    br_call *call = begin(client, converse(true), &opts);
    CHECK_INT(next_item(call, &item), BR_HEAD);
    CHECK_INT(item.status, 200);
    CHECK_INT(call->attempts, 1);
    CHECK_INT((long long)call->stream.incoming.len, 0);
    CHECK_INT(next_item(call, &item), BR_HEAD);
    CHECK_INT(item.status, 400);
    CHECK_INT(call->attempts, 2);
    CHECK_INT(next_item(call, &item), BR_DATA);
    CHECK_INT(next_item(call, &item), BR_END);
    br_call_free(call);
    script("ConverseStream", 1,
           "{\"frames\":[{\"event\":\"a\",\"json\":{}}],\"body_delay_ms\":60000}");
    call = begin(client, converse(true), &opts);
    CHECK_INT(next_item(call, &item), BR_HEAD);
    CHECK_INT(br_call_next(call, &item), BR_WAIT);
    br_call_free(call);
    endpoint_reset();
}

static void test_a_stream_that_runs_holds_no_request(void)
{
    br_item item;
    br_call_opts opts = opts_for(BR_CALL_EVENTS);
    endpoint_reset();
    br_call *call = begin(client, converse(true), &opts);
    CHECK(call->request.body.len > 0 && call->sent.count > 0);
    CHECK_INT(next_item(call, &item), BR_HEAD);
    CHECK_INT(next_item(call, &item), BR_EVENT);
    CHECK(call->request.body.data == NULL && call->sent.text.data == NULL);
    do {
        next_item(call, &item);
    } while (item.kind == BR_EVENT);
    CHECK_INT(item.kind, BR_END);
    br_call_free(call);
}

static void test_a_silent_stream(void)
{
    endpoint_reset();
    script("ConverseStream", 1,
           "{\"frames\":[{\"event\":\"a\",\"json\":{}},"
           "{\"event\":\"b\",\"json\":{},\"delay_ms\":60000}]}");
    br_call_opts opts = opts_for(BR_CALL_EVENTS);
    opts.timeouts.read_ms = 200;
    outcome o = run_with(client, converse(true), &opts);
    CHECK_STR(o.items, "HVX");
    CHECK_INT(o.events, 1);
    CHECK_STR(o.error.code, "ReadTimeout");
    CHECK_INT(o.info.attempts, 1);
    script("ConverseStream", 1,
           "{\"frames\":[{\"event\":\"a\",\"json\":{}},"
           "{\"event\":\"b\",\"json\":{},\"delay_ms\":60000}]}");
    opts.timeouts.read_ms = -1;
    opts.timeouts.total_ms = 300;
    o = run_with(client, converse(true), &opts);
    CHECK_STR(o.items, "HVX");
    CHECK_STR(o.error.code, "TotalTimeout");
}

/* 4 MB that nobody reads: the call holds a bounded part of it, and all of it comes in the end. */
static void test_back_pressure(void)
{
    size_t frame = 60000, count = 60;
    br_buf text;
    br_buf_init(&text, frame * count + 10000);
    br_buf_adds(&text, "[{\"match\":{\"operation\":\"ConverseStream\"},\"action\":{\"frames\":[");
    for (size_t i = 0; i < count; i++) {
        br_buf_adds(&text, i > 0 ? "," : "");
        br_buf_adds(&text, "{\"event\":\"contentBlockDelta\",\"payload\":\"");
        add_many(&text, 'x', frame);
        br_buf_adds(&text, "\"}");
    }
    br_buf_adds(&text, "]}}]");
    endpoint_reset();
    endpoint_script(text.data);
    br_buf_free(&text);
    br_call_opts opts = opts_for(BR_CALL_EVENTS);
    opts.timeouts.read_ms = 60000;
    use_engine(&moved_platform);
    br_call *call = begin(client, converse(true), &opts);
    for (int i = 0; i < 4000 && !call->stream.paused; i++)
        br_engine_step(engine, 5);
    step_some(20);
    CHECK(call->stream.paused);
    CHECK(call->stream.incoming.len >= BR_STREAM_HIGH);
    CHECK(call->stream.incoming.len < BR_STREAM_HIGH + 65536);
    mono_ahead_ms += 600000;
    step_some(3);
    outcome o;
    init_outcome(&o);
    finish(call, &o);
    CHECK_STR(o.items, "HVE");
    CHECK_INT(o.events, (long long)count);
    br_call_free(call);
    use_engine(&br_platform_system);
}

static void test_prepare(void)
{
    endpoint_reset();
    br_error error;
    br_item item;
    br_request r = converse(false);
    br_buf_adds(&r.query, "a=b");
    br_call_opts opts = opts_for(BR_CALL_PREPARE);
    br_call *call = begin(client, r, &opts);
    while (br_call_next(call, &item) == BR_WAIT)
        br_engine_step(engine, -1);
    CHECK_INT(item.kind, BR_PREPARED);
    const br_prepared *p = item.prepared;
    char url[600];
    snprintf(url, sizeof url, "%s/model/amazon.nova-lite-v1%%3A0/converse?a=b",
             endpoint_text("https"));
    CHECK_SLICE(p->url, url);
    CHECK_STR(p->method, "POST");
    CHECK_SLICE(p->body, PROMPT);
    CHECK(br_slice_starts(br_headers_get(p->headers, "authorization"), "AWS4-HMAC-SHA256 "));
    CHECK_INT((long long)br_headers_get(p->headers, "x-amz-date").n, 16);
    CHECK(br_headers_get(p->headers, "host").n > 0);
    CHECK_INT(br_call_next(call, &item), BR_END);
    CHECK_INT(br_call_next(call, &item), BR_END);
    CHECK(!br_call_start(call, engine, &error));
    br_call_free(call);
    CHECK_INT(endpoint_counter("requests"), 0);
}

static void expect_cancelled(br_call *call, const char *code)
{
    br_item item;
    for (int i = 0; i < 2; i++) {
        CHECK_INT(br_call_next(call, &item), BR_ERROR);
        CHECK_INT(item.error->kind, BR_ERR_CANCELLED);
        CHECK_STR(item.error->code, code);
    }
    br_call_free(call);
}

static void test_cancelling(void)
{
    br_call_opts opts = opts_for(BR_CALL_EVENTS);
    br_request r = converse(true);
    br_error error;
    br_item item;
    endpoint_reset();
    br_call *call = br_call_new(client, &r, &opts, &error);
    br_request_free(&r);
    CHECK_INT(br_call_next(call, &item), BR_WAIT);
    br_call_cancel(call, "Cancelled");
    expect_cancelled(call, "Cancelled");
    call = begin(client, converse(true), &opts);
    br_call_cancel(call, "Closed");
    expect_cancelled(call, "Closed");
    CHECK_INT(br_engine_step(engine, -1), 0);
    script("ConverseStream", 2, "{\"hang\":true}");
    call = begin(client, converse(true), &opts);
    step_some(3);
    br_call_cancel(call, "Closed");
    br_call_cancel(call, "Cancelled");
    expect_cancelled(call, "Closed");
    call = begin(client, converse(true), &opts);
    step_some(3);
    br_call_free(call);
    use_engine(&moved_platform);
    endpoint_reset();
    script("ConverseStream", 1, "{\"status\":429}");
    call = begin(client, converse(true), &opts);
    step_to(call, BR_STATE_RETRY_WAIT);
    br_call_cancel(call, "Closed");
    expect_cancelled(call, "Closed");
    call = begin(client, converse(true), &opts);
    while (br_call_next(call, &item) != BR_EVENT)
        br_engine_step(engine, 1000);
    br_call_cancel(call, "Closed");
    expect_cancelled(call, "Closed");
    call = begin(client, converse(true), &opts);
    step_to(call, BR_STATE_DONE);
    br_call_cancel(call, "Closed");
    expect_cancelled(call, "Closed");
    br_call_free(NULL);
}

static void test_the_engine_ends_first(void)
{
    br_call_opts opts = opts_for(BR_CALL_UNARY);
    br_client *c = connect_certificate();
    endpoint_reset();
    endpoint_config("{\"exchange_delay_ms\":2000}");
    script("Converse", -1, "{\"hang\":true}");
    br_call *sent = begin(client, converse(false), &opts);
    br_call_opts refresh = opts_for(BR_CALL_REFRESH);
    br_call *obtaining = begin(c, converse(false), &refresh);
    step_some(3);
    use_engine(&br_platform_system);
    expect_cancelled(sent, "Closed");
    expect_cancelled(obtaining, "Closed");
    br_client_unref(c);
    endpoint_reset();
}

static int child(br_call *sent, br_call *waiting)
{
    br_item item;
    br_error error;
    br_engine_abandon(engine);
    if (br_call_next(sent, &item) != BR_ERROR || strcmp(item.error->code, "Forked") != 0 ||
        br_call_next(waiting, &item) != BR_ERROR || strcmp(item.error->code, "Forked") != 0)
        return 1;
    br_request r = converse(false);
    br_call_opts opts = opts_for(BR_CALL_UNARY);
    br_call *late = br_call_new(client, &r, &opts, &error);
    br_request_free(&r);
    if (br_call_start(late, engine, &error) || strcmp(error.code, "Forked") != 0)
        return 2;
    br_call_free(late);
    br_call_free(sent);
    br_call_free(waiting);
    br_engine_free(engine);
    engine = br_engine_new(&br_platform_system, &error);
    outcome o = run(client, converse(false), BR_CALL_UNARY);
    br_engine_free(engine);
    return o.status == 200 ? 0 : 3;
}

static void test_fork(void)
{
    br_call_opts opts = opts_for(BR_CALL_UNARY), refresh = opts_for(BR_CALL_REFRESH);
    br_client *c = connect_certificate();
    outcome o;
    init_outcome(&o);
    endpoint_reset();
    endpoint_config("{\"exchange_delay_ms\":500}");
    script("Converse", 1, "{\"delay_ms\":500}");
    br_call *sent = begin(client, converse(false), &opts);
    br_call *waiting = begin(c, converse(false), &refresh);
    step_some(5);
    pid_t pid = fork();
    if (pid == 0)
        _exit(child(sent, waiting));
    int status = -1;
    waitpid(pid, &status, 0);
    CHECK_INT(status, 0);
    finish(sent, &o);
    CHECK_INT(o.status, 200);
    finish(waiting, &o);
    br_buf_free(&o.data);
    br_call_free(sent);
    br_call_free(waiting);
    br_client_unref(c);
}

static void test_bad_calls_are_refused(void)
{
    br_error error;
    br_request r;
    br_call_opts opts = opts_for(BR_CALL_UNARY);
    br_request_init(&r);
    CHECK(br_call_new(client, &r, &opts, &error) == NULL);
    br_request_free(&r);
    CHECK_INT(error.kind, BR_ERR_VALIDATION);
    r = request_to("bedrock", "GET", "/a b", NULL);
    outcome o = run(client, r, BR_CALL_UNARY);
    CHECK_STR(o.items, "X");
    CHECK(o.error.message[0] != '\0');
}

static void check_untouched(br_call *c)
{
    br_item item;
    br_call_info info;
    br_call_info_get(c, &info);
    CHECK_INT(info.attempts, 0);
    CHECK_INT(info.status, 0);
    CHECK(info.headers == NULL && !info.retryable);
    CHECK_INT(br_call_next(c, &item), BR_WAIT);
}

/* Those that overlap, too: the client keeps one of them. */
static void test_a_spare_call_is_a_new_one(void)
{
    br_call_opts opts = opts_for(BR_CALL_UNARY);
    br_error error;
    br_call *calls[2];
    endpoint_reset();
    script("Converse", 1, "{\"status\":404,\"body\":\"{\\\"message\\\":\\\"gone\\\"}\"}");
    outcome o = run(client, converse(false), BR_CALL_UNARY);
    CHECK_INT(o.info.status, 404);
    br_buf_free(&o.data);
    for (int i = 0; i < 2; i++) {
        br_request r = converse(false);
        calls[i] = br_call_new(client, &r, &opts, &error);
        br_request_free(&r);
        check_untouched(calls[i]);
    }
    CHECK(calls[0] != calls[1]);
    br_call_free(calls[1]);
    br_call_free(calls[0]);
    o = run(client, converse(false), BR_CALL_UNARY);
    CHECK_STR(o.items, "HDE");
    CHECK_STR(o.error.code, "");
    br_buf_free(&o.data);
    endpoint_reset();
}

/* The kinds of events that wait, with a blank before each. */
static void note_trace(br_call *call, char *out, size_t size)
{
    br_trace_field field;
    br_trace_type type;
    br_slice rest = br_trace_waiting(br_call_trace(call));
    while ((type = br_trace_read(&rest, &field)) != BR_TRACE_NOTHING)
        if (type == BR_TRACE_TEXT && br_slice_eqs(field.name, "event"))
            snprintf(out + strlen(out), size - strlen(out), " %.*s", (int)field.text.n,
                     field.text.p);
    br_trace_taken(br_call_trace(call));
}

static void check_trace(br_call_mode mode, br_trace_level level, const char *expected)
{
    char kinds[512] = "";
    outcome o;
    init_outcome(&o);
    br_call_opts opts = opts_for(mode);
    opts.trace = level;
    br_call *call = begin(client, converse(mode != BR_CALL_UNARY), &opts);
    while (!take(call, &o))
        br_engine_step(engine, 20000);
    note_trace(call, kinds, sizeof kinds);
    CHECK_STR(kinds, expected);
    note_trace(call, kinds, sizeof kinds);
    CHECK_STR(kinds, expected);
    br_call_free(call);
    br_buf_free(&o.data);
}

static void test_what_happens_is_written_down(void)
{
    endpoint_reset();
    check_trace(BR_CALL_UNARY, BR_TRACE_EVENTS, " call attempt connection response");
    check_trace(BR_CALL_UNARY, BR_TRACE_WIRE,
                " call attempt request request connection answer answer response");
    script("Converse", 1, "{\"status\":503}");
    check_trace(BR_CALL_UNARY, BR_TRACE_EVENTS,
                " call attempt connection response retry attempt connection response");
    check_trace(BR_CALL_BYTES, BR_TRACE_EVENTS, " call attempt connection response end");
    endpoint_reset();
}

/* Times by a clock that stands still but for what is added: all of it is where it belongs. */
static void test_times(void)
{
    outcome o;
    init_outcome(&o);
    endpoint_reset();
    script("Converse", 1, "{\"status\":429,\"headers\":{\"Retry-After\":\"3\"}}");
    use_engine(&moved_platform);
    br_call_opts opts = opts_for(BR_CALL_UNARY);
    br_call *call = begin(client, converse(false), &opts);
    CHECK(br_call_trace(call) == NULL);
    step_to(call, BR_STATE_RETRY_WAIT);
    mono_ahead_ms += 10000;
    finish(call, &o);
    const int64_t *us = o.info.times.us;
    CHECK(us[BR_TIME_TOTAL] >= 10000000 && us[BR_TIME_FIRST_BYTE] < 10000000);
    CHECK(us[BR_TIME_FIRST_BYTE] >= 0 && us[BR_TIME_CREDENTIALS] == 0);
    CHECK(us[BR_TIME_DNS] == 0 && us[BR_TIME_CONNECT] == 0 && us[BR_TIME_TLS] == 0);
    CHECK_INT(o.info.bytes, (long long)o.data.len);
    br_call_free(call);
    br_buf_free(&o.data);
    use_engine(&br_platform_system);
}

int main(void)
{
    br_error error;
    engine = br_engine_new(&br_platform_system, &error);
    client = connect_keys(endpoint_text("secret_access_key"));
    test_unary();
    test_methods_queries_and_prefixes();
    test_api_keys();
    test_api_keys_of_other_services();
    test_an_authorization_of_ones_own();
    test_unsigned();
    test_error_answers();
    test_server_errors_are_retried();
    test_the_last_failure_is_given();
    test_backing_off();
    test_hints_too_long();
    test_the_clock_is_corrected();
    test_a_refusal_that_hides_the_clock();
    test_a_wrong_date_of_a_gateway();
    test_a_wrong_secret_is_no_endless_story();
    test_expired_credentials_are_renewed();
    test_no_credentials();
    test_one_exchange_for_many();
    test_what_may_have_run();
    test_a_dead_connection_costs_nothing();
    test_no_server();
    test_total_timeout();
    test_total_timeout_while_waiting();
    test_answer_limits();
    test_event_streams();
    test_broken_streams();
    test_a_first_event_that_is_an_exception();
    test_a_long_first_event();
    test_the_last_exception_is_given();
    test_the_head_does_not_wait();
    test_a_stream_that_runs_holds_no_request();
    test_a_silent_stream();
    test_back_pressure();
    test_prepare();
    test_cancelling();
    test_the_engine_ends_first();
    test_fork();
    test_bad_calls_are_refused();
    test_a_spare_call_is_a_new_one();
    test_what_happens_is_written_down();
    test_times();
    br_client_unref(client);
    br_engine_free(engine);
    return check_done();
}
