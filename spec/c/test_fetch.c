/*
** One request with its repeats, against a scripted server: what a service that gives credentials
** without a signature needs of it. CreateSession's ways with it are test_provider's.
*/
#include "engine/fetch.h"

#include <stdio.h>
#include <string.h>

#include "check.h"
#include "ra_client.h"

static ra_server *server;
static ra_clock now;
static br_platform platform;
static br_engine *engine;
static br_config *config;
static br_url endpoint;

/* One fetch, and what its owner did. */
typedef struct owner {
    br_fetch fetch;
    int built, cures, done;
    bool broken; /* its request cannot be built */
    bool undated, impatient;
    int64_t now_ms;
} owner;

static bool build(void *user, int64_t now_ms, br_request *out, br_error *error)
{
    owner *o = user;
    o->built++;
    o->now_ms = now_ms;
    if (o->broken)
        return br_error_set(error, BR_ERR_CREDENTIALS, "NoToken", "there is none");
    snprintf(out->method, sizeof out->method, "GET");
    return br_buf_adds(&out->path, "/latest/credentials") &&
           br_headers_add(&out->headers, BR_SLICE("host"), BR_SLICE("127.0.0.1"));
}

static bool cure(void *user, int status, const br_error *told)
{
    owner *o = user;
    CHECK(status == 401 && strcmp(told->code, "TokenExpired") == 0);
    return o->cures-- > 0;
}

static void advise(void *user, int status, br_buf *message)
{
    (void)user;
    br_buf_addf(message, ". Think of %d", status);
}

static void done(void *user)
{
    ((owner *)user)->done++;
}

static const br_fetch_ops plain = {.build = build, .done = done};
static const br_fetch_ops curing = {build, cure, advise, done};

static void start(owner *o, const br_fetch_ops *ops)
{
    o->fetch = (br_fetch){
        .engine = engine,
        .config = config,
        .endpoint = &endpoint,
        .net = config->net,
        .service = "the test",
        .operation = "GetCredentials",
        .ops = ops,
        .user = o,
        .undated = o->undated,
        .impatient = o->impatient,
    };
    CHECK(br_fetch_start(&o->fetch));
    CHECK_INT(o->built, 0);
}

static void run(owner *o, const br_fetch_ops *ops)
{
    start(o, ops);
    for (int i = 0; i < 100000 && o->done == 0; i++)
        ra_rounds(engine, &now, 1);
    CHECK_INT(o->done, 1);
    CHECK_INT(atomic_load(&server->requests), o->broken ? 0 : o->built);
}

static void stop(owner *o)
{
    br_fetch_stop(&o->fetch);
    br_fetch_stop(&o->fetch);
    ra_server_reset(server);
}

static void say(int status, const char *headers, const char *body)
{
    ra_step step = {.status = status};
    snprintf(step.headers, sizeof step.headers, "%s", headers);
    snprintf(step.body, sizeof step.body, "%s", body);
    ra_server_say(server, step);
}

static void test_answered(void)
{
    owner o = {.built = 0};
    say(200, "", "{\"all\":\"well\"}");
    run(&o, &plain);
    CHECK(o.fetch.answered);
    CHECK_INT(o.fetch.status, 200);
    CHECK_SLICE(br_buf_slice(&o.fetch.body), "{\"all\":\"well\"}");
    CHECK_INT(o.now_ms, now.wall_ms);
    stop(&o);
}

static void test_repeated(void)
{
    owner o = {.built = 0};
    say(-1, "", "");
    say(503, "", "");
    say(200, "", "well");
    run(&o, &plain);
    CHECK(o.fetch.answered);
    CHECK_INT(o.built, 3);
    stop(&o);
}

static void test_given_up(void)
{
    owner o = {.built = 0};
    for (int i = 0; i < BR_FETCH_ATTEMPTS; i++)
        say(500, "", "");
    run(&o, &plain);
    CHECK(!o.fetch.answered && o.fetch.retryable);
    CHECK_INT(o.built, BR_FETCH_ATTEMPTS);
    CHECK_STR(o.fetch.error.code, "HTTP500");
    CHECK(strncmp(o.fetch.error.message, "the test refused GetCredentials: ", 33) == 0);
    stop(&o);
}

static void test_told_to_wait_too_long(void)
{
    owner o = {.built = 0};
    say(429, "Retry-After: 60\r\n", "");
    run(&o, &plain);
    CHECK_INT(o.built, 1);
    CHECK(o.fetch.error.told_to_wait);
    CHECK_INT(o.fetch.error.retry_after_ms, 60000);
    stop(&o);
}

static void test_cured(void)
{
    static const char *const expired = "{\"code\":\"TokenExpired\",\"message\":\"no\"}";
    owner o = {.cures = 4}, in_vain = {.cures = 1};
    for (int i = 0; i < 4; i++)
        say(401, "", expired);
    say(200, "", "well");
    run(&o, &curing);
    CHECK(o.fetch.answered);
    CHECK_INT(o.built, 5);
    stop(&o);
    say(401, "", expired);
    say(401, "", expired);
    run(&in_vain, &curing);
    CHECK(!in_vain.fetch.answered && !in_vain.fetch.retryable);
    CHECK_INT(in_vain.fetch.error.kind, BR_ERR_CREDENTIALS);
    CHECK_INT(in_vain.fetch.error.status, 401);
    CHECK(strstr(in_vain.fetch.error.message, ". Think of 401") != NULL);
    stop(&in_vain);
}

/* A clock that is an hour behind is no cause to repeat what carries no date. */
static void test_undated(void)
{
    owner dated = {.built = 0}, undated = {.undated = true};
    for (int i = 0; i < 3; i++)
        ra_server_say(server, (ra_step){.status = 403, .skew_s = 3600});
    run(&dated, &plain);
    CHECK(dated.built > 1);
    stop(&dated);
    ra_server_say(server, (ra_step){.status = 403, .skew_s = 3600});
    run(&undated, &plain);
    CHECK_INT(undated.built, 1);
    stop(&undated);
}

/* Who is not reached is not tried again; a server that fails is. */
static void test_impatient(void)
{
    br_url reached = endpoint;
    owner o = {.impatient = true}, failing = {.impatient = true};
    endpoint.port = 1;
    start(&o, &plain);
    for (int i = 0; i < 100000 && o.done == 0; i++)
        ra_rounds(engine, &now, 1);
    endpoint = reached;
    CHECK_INT(o.done, 1);
    CHECK_INT(o.built, 1);
    CHECK_INT(o.fetch.status, 0);
    CHECK(!o.fetch.answered && o.fetch.retryable);
    stop(&o);
    say(503, "", "");
    say(-1, "", "");
    say(200, "", "well");
    run(&failing, &plain);
    CHECK(failing.fetch.answered);
    CHECK_INT(failing.built, 3);
    stop(&failing);
}

static void test_not_built(void)
{
    owner o = {.broken = true};
    run(&o, &plain);
    CHECK_STR(o.fetch.error.code, "NoToken");
    CHECK(!o.fetch.answered && !o.fetch.retryable);
    stop(&o);
}

static void test_stopped(void)
{
    owner o = {.built = 0};
    atomic_store(&server->hold, true);
    start(&o, &plain);
    while (atomic_load(&server->requests) == 0)
        ra_rounds(engine, &now, 1);
    br_fetch_stop(&o.fetch);
    atomic_store(&server->hold, false);
    ra_rounds(engine, &now, 100);
    CHECK_INT(o.done, 0);
    stop(&o);
}

static br_config *new_config(void)
{
    char url[64];
    br_settings s;
    br_problems p;
    br_error error;
    br_problems_init(&p);
    br_settings_init(&s);
    snprintf(url, sizeof url, "http://127.0.0.1:%d", server->port);
    br_settings_set_text(&s, BR_SLICE("auth"), BR_SLICE("none"), &p);
    br_settings_set_text(&s, BR_SLICE("endpoint"), br_slice_of(url), &p);
    br_settings_set_number(&s, BR_SLICE("max_attempts"), 10, &p);
    br_config *c = br_config_new(&s, &br_model_builtin, &platform, &p);
    CHECK(c != NULL && !br_problems_any(&p));
    CHECK(br_config_endpoint(c, &br_model_builtin, 0, &endpoint, &error));
    br_problems_free(&p);
    return c;
}

int main(void)
{
    br_error error;
    now = (ra_clock){.wall_ms = INT64_C(1792000000000), .mono_ms = 1000000};
    platform = ra_platform(&now);
    server = ra_server_start();
    engine = br_engine_new(&platform, &error);
    CHECK(server != NULL && engine != NULL);
    atomic_store(&server->now_ms, now.wall_ms);
    config = new_config();
    test_answered();
    test_repeated();
    test_given_up();
    test_told_to_wait_too_long();
    test_cured();
    test_undated();
    test_impatient();
    test_not_built();
    test_stopped();
    br_config_unref(config);
    br_engine_free(engine);
    ra_server_stop(server);
    return check_done();
}
