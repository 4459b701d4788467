/*
** The provider on a real engine, against a scripted CreateSession, by a clock that the test sets.
** Each test starts with an empty cache directory and a provider that knows nothing.
*/
#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/times.h"
#include "engine/credentials/sources.h"
#include "engine/files/cache_file.h"
#include "ra_client.h"

#define MINUTE ((int64_t)60000)
#define HOUR (60 * MINUTE)

static ra_server *server;
static ra_clock now;
static br_platform platform;
static br_engine *engine;
static char *dir;
static ra_want want;

#define REQUESTS() atomic_load(&server->requests)

static br_client *client_of(const char *cache)
{
    ra_options o = {.cache = cache, .cache_dir = dir, .port = server->port};
    return ra_client(&o, &platform);
}

static void set_time(int64_t wall_ms)
{
    now.wall_ms = wall_ms;
    atomic_store(&server->now_ms, wall_ms);
}

static void begin(void)
{
    br_error error;
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    now = (ra_clock){.mono_ms = 1000000};
    set_time((int64_t)t.tv_sec * 1000);
    ra_server_reset(server);
    dir = ra_make_directory();
    engine = br_engine_new(&platform, &error);
    CHECK(engine != NULL);
}

static void end(void)
{
    ra_release(&want);
    br_engine_free(engine);
    ra_remove_tree(dir);
}

static bool get(br_client *c)
{
    return ra_get(&want, engine, c, BR_OBTAIN, &now);
}

static bool refresh(br_client *c)
{
    return ra_get(&want, engine, c, BR_OBTAIN_FRESH, &now);
}

static bool usable(br_client *c)
{
    br_origin origin;
    const br_credentials *set =
        br_provider_peek(c->principal->provider, br_client_now_ms(c, engine), &origin);
    br_credentials_unref(set);
    return set != NULL;
}

/* The one cache file; its path, or NULL. */
static const char *cache_file(void)
{
    static char path[512];
    char line[400];
    snprintf(path, sizeof(path), "ls %s/*.cache 2>/dev/null", dir);
    FILE *f = popen(path, "r");
    bool found = f != NULL && fgets(line, sizeof(line), f) != NULL;
    if (f != NULL)
        pclose(f);
    if (!found)
        return NULL;
    line[strcspn(line, "\n")] = '\0';
    snprintf(path, sizeof(path), "%s", line);
    return path;
}

static void say(int status, const char *body)
{
    ra_step step = {.status = status};
    snprintf(step.body, sizeof(step.body), "%s", body);
    ra_server_say(server, step);
}

static void say_times(int n, int status)
{
    while (n-- > 0)
        say(status, "");
}

static void test_where_from(void)
{
    begin();
    br_client *c = client_of("shared");
    CHECK(!usable(c));
    CHECK(cache_file() == NULL);
    CHECK(get(c));
    CHECK_INT(want.origin, BR_FROM_EXCHANGE);
    CHECK_STR(want.id, "ASIATEST00000001");
    CHECK(get(c));
    CHECK_INT(want.origin, BR_FROM_MEMORY);
    CHECK(usable(c));
    br_client *same = client_of("memory");
    CHECK(same->principal->provider == c->principal->provider);
    br_client_unref(same);
    br_client_unref(c);
    c = client_of("shared");
    CHECK(!usable(c));
    CHECK(get(c));
    CHECK_INT(want.origin, BR_FROM_FILE);
    CHECK_STR(want.id, "ASIATEST00000001");
    CHECK(usable(c));
    CHECK_INT(REQUESTS(), 1);
    br_client_unref(c);
    end();
}

static void test_other_caches(void)
{
    begin();
    br_client *a = client_of("memory"), *b = client_of(NULL), *c = client_of(NULL);
    CHECK(get(a));
    CHECK(get(b));
    CHECK(get(c));
    CHECK_INT(REQUESTS(), 3);
    CHECK(get(b));
    CHECK_INT(want.origin, BR_FROM_MEMORY);
    CHECK_STR(want.id, "ASIATEST00000002");
    CHECK_INT(REQUESTS(), 3);
    CHECK(cache_file() == NULL);
    ra_options o = {.cache = "memory", .role = "other", .port = server->port};
    br_client *d = ra_client(&o, &platform);
    CHECK(d->principal->provider != a->principal->provider);
    br_client_unref(a);
    br_client_unref(b);
    br_client_unref(c);
    br_client_unref(d);
    end();
}

/* 60.000 s of life are used, 59.999 s are not: from memory and from a file. */
static void test_sixty_seconds(void)
{
    begin();
    br_client *c = client_of("shared");
    CHECK(get(c));
    int64_t expiration = want.credentials->expiration_ms;
    now.wall_ms = expiration - 60000;
    CHECK(usable(c));
    CHECK(get(c));
    CHECK_INT(want.origin, BR_FROM_MEMORY);
    now.wall_ms = expiration - 59999;
    CHECK(!usable(c));
    now.wall_ms = expiration - 60000;
    br_client_unref(c);
    c = client_of("shared");
    CHECK(get(c));
    CHECK_INT(want.origin, BR_FROM_FILE);
    br_client_unref(c);
    CHECK_INT(REQUESTS(), 1);
    set_time(expiration - 59999);
    c = client_of("shared");
    atomic_store(&c->config->skew.known, true);
    CHECK(get(c));
    CHECK_INT(want.origin, BR_FROM_EXCHANGE);
    CHECK_INT(REQUESTS(), 2);
    br_client_unref(c);
    end();
}

/*
** The clock offset is the server's Date cut to seconds, so tests of life say which time they mean.
*/
static void to_life(const br_client *c, int64_t life_ms)
{
    int64_t offset = atomic_load(&c->config->skew.ms);
    set_time(want.credentials->expiration_ms - life_ms - offset);
}

static void test_old_set_stands_in(void)
{
    begin();
    br_client *c = client_of("shared");
    CHECK(get(c));
    to_life(c, 30000);
    say_times(3, 500);
    CHECK(get(c));
    CHECK_INT(want.origin, BR_FROM_MEMORY);
    CHECK_STR(want.id, "ASIATEST00000001");
    CHECK_INT(REQUESTS(), 4);
    now.mono_ms += 4000;
    CHECK(get(c));
    CHECK_INT(REQUESTS(), 4);
    now.mono_ms += 1000;
    CHECK(get(c));
    CHECK_STR(want.id, "ASIATEST00000005");
    CHECK_INT(REQUESTS(), 5);
    br_client_unref(c);
    end();
}

static void test_no_old_set_after_its_end(void)
{
    begin();
    br_client *c = client_of("shared");
    CHECK(get(c));
    to_life(c, 0);
    say_times(3, 503);
    CHECK(!get(c));
    CHECK(want.retryable);
    CHECK_INT(want.error.kind, BR_ERR_CREDENTIALS);
    CHECK_INT(REQUESTS(), 4);
    br_client_unref(c);
    end();
}

static void test_refusal_is_an_error(void)
{
    begin();
    br_client *c = client_of("shared");
    CHECK(get(c));
    to_life(c, 30000);
    say(403,
        "{\"__type\":\"AccessDeniedException\",\"message\":\"Untrusted signing certificate\"}");
    CHECK(!get(c));
    CHECK(!want.retryable);
    CHECK_INT(REQUESTS(), 2);
    CHECK_INT(want.error.kind, BR_ERR_CREDENTIALS);
    CHECK_STR(want.error.code, "AccessDeniedException");
    CHECK(strstr(want.error.message, "Untrusted signing certificate") != NULL);
    CHECK(strstr(want.error.message, "rolesanywhere.amazonaws.com") != NULL);
    CHECK(strstr(want.error.message, "sts:SetSourceIdentity") != NULL);
    CHECK(strstr(want.error.message, "trust anchor") != NULL);
    CHECK(strstr(want.error.message, "clock") != NULL);
    CHECK(get(c));
    CHECK_INT(REQUESTS(), 3);
    br_client_unref(c);
    end();
}

/* Old credentials that only a file remembers stand in as well. */
static void test_old_set_of_a_file(void)
{
    begin();
    br_client *c = client_of("shared");
    CHECK(get(c));
    to_life(c, 30000);
    br_client_unref(c);
    c = client_of("shared");
    say_times(3, 429);
    CHECK(get(c));
    CHECK_STR(want.id, "ASIATEST00000001");
    CHECK_INT(REQUESTS(), 4);
    br_client_unref(c);
    end();
}

/* A service that hands out less than 60 s: everyone who waited is served, nobody loops. */
static void test_short_lives(void)
{
    enum { N = 5 };
    begin();
    ra_want w[N] = {{.done = false}};
    br_client *c = client_of("shared");
    for (int i = 0; i < 6; i++)
        ra_server_say(server, (ra_step){.life_s = 30});
    for (int i = 0; i < N; i++)
        ra_ask(&w[i], engine, c, BR_OBTAIN);
    for (int i = 0; i < N; i++) {
        ra_wait(&w[i], engine, &now);
        CHECK_STR(w[i].id, "ASIATEST00000001");
        ra_release(&w[i]);
    }
    CHECK_INT(REQUESTS(), 1);
    CHECK(!usable(c));
    CHECK(get(c));
    CHECK_STR(want.id, "ASIATEST00000002");
    CHECK_INT(REQUESTS(), 2);
    br_client_unref(c);
    end();
}

static void test_repeats(void)
{
    begin();
    br_client *c = client_of("memory");
    say_times(1, 503);
    say_times(1, 429);
    CHECK(get(c));
    CHECK_INT(REQUESTS(), 3);
    say_times(3, 500);
    CHECK(!refresh(c));
    CHECK_INT(REQUESTS(), 6);
    CHECK_INT(want.error.kind, BR_ERR_CREDENTIALS);
    CHECK(want.retryable);
    say(-1, "");
    CHECK(refresh(c));
    say(400, "{\"__type\":\"ValidationException\",\"message\":\"bad\"}");
    int before = REQUESTS();
    CHECK(!refresh(c));
    CHECK_INT(REQUESTS(), before + 1);
    CHECK_STR(want.error.code, "ValidationException");
    br_client_unref(c);
    ra_options o = {.cache = "memory", .port = server->port, .max_attempts = 1};
    c = ra_client(&o, &platform);
    say_times(1, 500);
    CHECK(!get(c));
    CHECK_INT(REQUESTS(), before + 2);
    br_client_unref(c);
    end();
}

static void test_retry_hint(void)
{
    begin();
    br_client *c = client_of("memory");
    ra_step busy = {.status = 429, .headers = "x-amz-retry-after: 3000\r\n"};
    ra_server_say(server, busy);
    ra_ask(&want, engine, c, BR_OBTAIN);
    while (atomic_load(&server->answers) < 1)
        ra_rounds(engine, &now, 1);
    int64_t from = now.mono_ms;
    ra_wait(&want, engine, &now);
    CHECK(now.mono_ms - from >= 2900);
    CHECK_INT(REQUESTS(), 2);
    ra_step long_wait = {.status = 503, .headers = "Retry-After: 21\r\n"};
    ra_server_say(server, long_wait);
    CHECK(!refresh(c));
    CHECK_INT(REQUESTS(), 3);
    CHECK(want.retryable && want.error.told_to_wait);
    CHECK_INT(want.error.retry_after_ms, 21000);
    br_client_unref(c);
    end();
}

static void test_bad_answers(void)
{
    begin();
    br_client *c = client_of("memory");
    say(201, "{\"credentialSet\":[]}");
    CHECK(!get(c));
    CHECK_INT(REQUESTS(), 1);
    CHECK_INT(want.error.kind, BR_ERR_CREDENTIALS);
    CHECK_STR(want.error.code, "BadResponse");
    br_client_unref(c);
    end();
}

static void test_no_server(void)
{
    begin();
    ra_options o = {.cache = "memory", .port = 1};
    br_client *c = ra_client(&o, &platform);
    CHECK(!get(c));
    CHECK_INT(want.error.kind, BR_ERR_TRANSPORT);
    CHECK(want.retryable);
    CHECK(strstr(want.error.message, "IAM Roles Anywhere") != NULL);
    br_client_unref(c);
    end();
}

static const char *const name_refused =
    "{\"__type\":\"AccessDeniedException\",\"message\":\"Not authorized to set roleSessionName.\"}";

/* One repeat without the name; remembered beyond expiry, in the file too, for a day. */
static void test_session_name(void)
{
    begin();
    int64_t start = now.wall_ms;
    br_client *c = client_of("shared");
    say(403, name_refused);
    CHECK(get(c));
    CHECK_INT(REQUESTS(), 2);
    CHECK(server->seen[0].named);
    CHECK(!server->seen[1].named);
    set_time(start + 2 * HOUR);
    CHECK(get(c));
    CHECK_INT(REQUESTS(), 3);
    CHECK(!server->seen[2].named);
    br_client_unref(c);
    set_time(start + 23 * HOUR);
    c = client_of("shared");
    CHECK(get(c));
    CHECK_INT(REQUESTS(), 4);
    CHECK(!server->seen[3].named);
    set_time(start + 24 * HOUR + 2000);
    CHECK(get(c));
    CHECK_INT(REQUESTS(), 5);
    CHECK(server->seen[4].named);
    set_time(start + 26 * HOUR);
    CHECK(get(c));
    CHECK(server->seen[5].named);
    CHECK_INT(REQUESTS(), 6);
    br_client_unref(c);
    end();
}

static void test_session_name_and_refresh(void)
{
    begin();
    br_client *c = client_of("shared");
    say(403, name_refused);
    CHECK(get(c));
    say(403, name_refused);
    CHECK(refresh(c));
    CHECK_INT(REQUESTS(), 4);
    CHECK(server->seen[2].named);
    CHECK(!server->seen[3].named);
    CHECK(refresh(c));
    CHECK(server->seen[4].named);
    say(403, name_refused);
    say(403, name_refused);
    CHECK(!refresh(c));
    CHECK_INT(REQUESTS(), 7);
    br_client_unref(c);
    end();
}

static void test_refreshes_are_one(void)
{
    enum { N = 6 };
    begin();
    ra_want w[N] = {{.done = false}};
    br_client *c = client_of("shared");
    CHECK(get(c));
    for (int i = 0; i < N; i++)
        ra_ask(&w[i], engine, c, BR_OBTAIN_FRESH);
    for (int i = 0; i < N; i++) {
        ra_wait(&w[i], engine, &now);
        CHECK_STR(w[i].id, "ASIATEST00000002");
        CHECK_INT(w[i].origin, BR_FROM_EXCHANGE);
        ra_release(&w[i]);
    }
    CHECK_INT(REQUESTS(), 2);
    CHECK(get(c));
    CHECK_STR(want.id, "ASIATEST00000002");
    br_client_unref(c);
    c = client_of("shared");
    CHECK(get(c));
    CHECK_INT(want.origin, BR_FROM_FILE);
    CHECK_STR(want.id, "ASIATEST00000002");
    br_client_unref(c);
    end();
}

/* A refresh does not take the end of an ordinary exchange for its own. */
static void test_refresh_beside_a_renewal(void)
{
    begin();
    ra_want first = {.done = false}, second = {.done = false};
    br_client *c = client_of("memory");
    ra_ask(&first, engine, c, BR_OBTAIN);
    ra_ask(&second, engine, c, BR_OBTAIN_FRESH);
    ra_wait(&first, engine, &now);
    ra_wait(&second, engine, &now);
    CHECK_STR(first.id, "ASIATEST00000001");
    CHECK_STR(second.id, "ASIATEST00000002");
    ra_release(&first);
    ra_release(&second);
    br_client_unref(c);
    end();
}

static bool early(br_client *c)
{
    return ra_get(&want, engine, c, BR_OBTAIN_EARLY, &now);
}

/* To the millisecond, out of memory as out of the file; whoever comes later takes what is there. */
static void test_early(void)
{
    begin();
    br_client *c = client_of("shared");
    CHECK(early(c));
    CHECK_INT(want.origin, BR_FROM_EXCHANGE);
    to_life(c, BR_CREDENTIALS_EARLY_MS);
    CHECK(early(c));
    CHECK_INT(want.origin, BR_FROM_MEMORY);
    br_client_unref(c);
    c = client_of("shared");
    CHECK(early(c));
    CHECK_INT(want.origin, BR_FROM_FILE);
    to_life(c, BR_CREDENTIALS_EARLY_MS - 1);
    CHECK(get(c));
    CHECK_STR(want.id, "ASIATEST00000001");
    CHECK(early(c));
    CHECK_STR(want.id, "ASIATEST00000002");
    CHECK(get(c));
    CHECK_STR(want.id, "ASIATEST00000002");
    br_client_unref(c);
    c = client_of("shared");
    CHECK(early(c));
    CHECK_INT(want.origin, BR_FROM_FILE);
    CHECK_STR(want.id, "ASIATEST00000002");
    CHECK_INT(REQUESTS(), 2);
    br_client_unref(c);
    end();
}

/* What there is still works: a failure that may pass is none, for some seconds; a refusal is told. */
static void test_early_fails(void)
{
    begin();
    br_client *c = client_of("shared");
    CHECK(get(c));
    to_life(c, BR_CREDENTIALS_EARLY_MS - 1);
    say_times(3, 500);
    CHECK(early(c));
    CHECK_STR(want.id, "ASIATEST00000001");
    CHECK(early(c));
    CHECK_INT(REQUESTS(), 4);
    now.mono_ms += 5000;
    say(403, "{\"__type\":\"AccessDeniedException\",\"message\":\"no\"}");
    CHECK(!early(c));
    CHECK(get(c));
    CHECK_STR(want.id, "ASIATEST00000001");
    br_client_unref(c);
    end();
}

/* Holds what the cache's file is locked with; -1: a check failed. */
static int take_lock(void)
{
    char path[512];
    const char *file = cache_file();
    CHECK(file != NULL);
    snprintf(path, sizeof path, "%s", file != NULL ? file : "");
    char *suffix = strstr(path, ".cache");
    if (suffix != NULL)
        memcpy(suffix, ".lock", sizeof ".lock");
    int fd = open(path, O_RDWR | O_CLOEXEC);
    CHECK(fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0);
    return fd;
}

/*
** Whoever waited while another renewed early and failed takes what there is, and tries nothing
** itself: many would fail one after the other. A later one tries again.
*/
static void test_early_waits_in_vain(void)
{
    begin();
    br_client *c = client_of("shared");
    CHECK(get(c));
    to_life(c, BR_CREDENTIALS_EARLY_MS - 1);
    int fd = take_lock();
    ra_ask(&want, engine, c, BR_OBTAIN_EARLY);
    ra_rounds(engine, &now, 300);
    CHECK(!want.done);
    close(fd);
    ra_wait(&want, engine, &now);
    CHECK_STR(want.id, "ASIATEST00000001");
    CHECK_INT(REQUESTS(), 1);
    CHECK(early(c));
    CHECK_STR(want.id, "ASIATEST00000002");
    to_life(c, BR_CREDENTIALS_MIN_LIFE_MS - 1);
    fd = take_lock();
    ra_ask(&want, engine, c, BR_OBTAIN_EARLY);
    ra_rounds(engine, &now, 300);
    close(fd);
    ra_wait(&want, engine, &now);
    CHECK_STR(want.id, "ASIATEST00000003");
    br_client_unref(c);
    end();
}

/* Who wants credentials that last waits for nobody who only wants some, and is no refresh. */
static void test_early_beside_others(void)
{
    begin();
    ra_want some = {.done = false}, lasting = {.done = false}, fresh = {.done = false};
    br_client *c = client_of("shared");
    CHECK(get(c));
    to_life(c, BR_CREDENTIALS_EARLY_MS - 1);
    br_client_unref(c);
    c = client_of("shared");
    ra_ask(&some, engine, c, BR_OBTAIN);
    ra_ask(&lasting, engine, c, BR_OBTAIN_EARLY);
    ra_wait(&some, engine, &now);
    ra_wait(&lasting, engine, &now);
    CHECK_STR(some.id, "ASIATEST00000001");
    CHECK_STR(lasting.id, "ASIATEST00000002");
    to_life(c, BR_CREDENTIALS_EARLY_MS - 1);
    ra_ask(&lasting, engine, c, BR_OBTAIN_EARLY);
    ra_ask(&fresh, engine, c, BR_OBTAIN_FRESH);
    ra_wait(&lasting, engine, &now);
    ra_wait(&fresh, engine, &now);
    CHECK_INT(REQUESTS(), 3);
    CHECK_STR(lasting.id, "ASIATEST00000002");
    CHECK_STR(fresh.id, "ASIATEST00000003");
    ra_release(&some);
    ra_release(&lasting);
    ra_release(&fresh);
    br_client_unref(c);
    end();
}

static const char *const expired_signature =
    "{\"__type\":\"AccessDeniedException\",\"message\":\"Signature expired: A is now earlier "
    "than B\"}";

static int64_t date_of_request(int i)
{
    int64_t ms = 0;
    CHECK(br_time_parse_amz(br_slice_of(server->seen[i].amz_date), &ms));
    return ms;
}

/* A machine an hour late: corrected by the Date of the refusal, remembered in the file. */
static void test_wrong_clock(void)
{
    begin();
    int64_t local = now.wall_ms;
    atomic_store(&server->now_ms, local + HOUR);
    br_client *c = client_of("shared");
    say(403, expired_signature);
    CHECK(get(c));
    CHECK_INT(REQUESTS(), 2);
    CHECK_INT(date_of_request(0), local);
    CHECK_INT(date_of_request(1), local + HOUR);
    CHECK_INT(br_client_now_ms(c, engine) - local, HOUR);
    CHECK(usable(c));
    br_client_unref(c);
    c = client_of("shared");
    CHECK(get(c));
    CHECK_INT(want.origin, BR_FROM_FILE);
    CHECK_INT(br_client_now_ms(c, engine) - local, HOUR);
    CHECK(refresh(c));
    CHECK_INT(date_of_request(2), local + HOUR);
    CHECK_INT(REQUESTS(), 3);
    br_client_unref(c);
    end();
}

static void test_offset_of_a_file_ages(void)
{
    for (int late = 0; late < 2; late++) {
        begin();
        int64_t local = now.wall_ms;
        atomic_store(&server->now_ms, local + HOUR);
        br_client *c = client_of("shared");
        say(403, expired_signature);
        CHECK(get(c));
        br_client_unref(c);
        c = client_of("shared");
        now.wall_ms = local + 24 * HOUR + late;
        atomic_store(&server->now_ms, now.wall_ms);
        CHECK(get(c));
        CHECK_INT(date_of_request(2), now.wall_ms / 1000 * 1000 + (late ? 0 : HOUR));
        CHECK_INT(br_client_now_ms(c, engine) - now.wall_ms, late ? 0 : HOUR);
        br_client_unref(c);
        end();
    }
}

/* One who stands between, an hour off: what is accepted teaches nothing, and a correction goes. */
static void test_a_gateways_date(void)
{
    ra_step ahead = {.skew_s = 3600}, refused = {.status = 403, .skew_s = 3600};
    begin();
    int64_t local = now.wall_ms;
    br_client *c = client_of("shared");
    for (int i = 0; i < 3; i++) {
        ra_server_say(server, ahead);
        CHECK(refresh(c));
        CHECK_INT(date_of_request(i), local);
    }
    snprintf(refused.body, sizeof refused.body, "{\"__type\":\"AccessDeniedException\"}");
    ra_server_say(server, refused);
    snprintf(refused.body, sizeof refused.body, "%s", expired_signature);
    ra_server_say(server, refused);
    snprintf(refused.body, sizeof refused.body, "{\"__type\":\"ResourceNotFoundException\"}");
    ra_server_say(server, refused);
    CHECK(!refresh(c));
    CHECK_STR(want.error.code, "ResourceNotFoundException");
    CHECK_INT(REQUESTS(), 6);
    CHECK_INT(date_of_request(4), local + HOUR);
    CHECK_INT(date_of_request(5), local);
    ra_server_say(server, ahead);
    CHECK(refresh(c));
    CHECK_INT(date_of_request(6), local);
    CHECK_INT(br_client_now_ms(c, engine), local);
    br_client_unref(c);
    end();
}

/* An offset that a file keeps and that is wrong costs one request more, and is gone for good. */
static void test_a_wrong_offset_of_a_file(void)
{
    for (int skew_s = 0; skew_s <= 3600; skew_s += 3600) {
        ra_step refused = {.status = 403, .skew_s = skew_s}, taken = {.skew_s = skew_s};
        snprintf(refused.body, sizeof refused.body, "%s", expired_signature);
        begin();
        int64_t local = now.wall_ms;
        br_client *c = client_of("shared");
        atomic_store(&c->config->skew.ms, HOUR);
        atomic_store(&c->config->skew.known, true);
        ra_server_say(server, (ra_step){.life_s = 3 * 3600});
        CHECK(get(c));
        br_client_unref(c);
        c = client_of("shared");
        CHECK(get(c) && want.origin == BR_FROM_FILE);
        CHECK_INT(br_client_now_ms(c, engine), local + HOUR);
        ra_server_say(server, refused);
        ra_server_say(server, taken);
        CHECK(refresh(c));
        CHECK_INT(date_of_request(1), local + HOUR);
        CHECK_INT(date_of_request(2), local);
        CHECK_INT(br_client_now_ms(c, engine), local);
        br_client_unref(c);
        c = client_of("shared");
        CHECK(get(c) && want.origin == BR_FROM_FILE);
        CHECK_INT(br_client_now_ms(c, engine), local);
        br_client_unref(c);
        end();
    }
}

/* A refusal that says little is put down to the clock only when Date is minutes off. */
static void test_vague_refusals(void)
{
    const char *vague = "{\"__type\":\"InvalidSignatureException\",\"message\":\"no\"}";
    begin();
    br_client *c = client_of("memory");
    ra_step off = {.status = 403, .skew_s = 600};
    snprintf(off.body, sizeof(off.body), "%s", vague);
    ra_server_say(server, off);
    ra_server_say(server, off);
    CHECK(!get(c));
    CHECK_INT(REQUESTS(), 2);
    CHECK_INT(date_of_request(1) - date_of_request(0), 600000);
    br_client_unref(c);
    c = client_of("memory");
    say(403, vague);
    CHECK(!get(c));
    CHECK_INT(REQUESTS(), 3);
    CHECK_STR(want.error.code, "InvalidSignatureException");
    say(403, expired_signature);
    CHECK(!get(c));
    CHECK_INT(REQUESTS(), 4);
    br_client_unref(c);
    end();
}

static void test_certificate_expired_since(void)
{
    begin();
    br_client *c = client_of("shared");
    set_time(br_x509_not_after_ms(br_roles_anywhere_x509(c->principal->source)));
    CHECK(get(c));
    set_time(br_x509_not_after_ms(br_roles_anywhere_x509(c->principal->source)) + 1);
    CHECK(get(c));
    CHECK(!refresh(c));
    CHECK_INT(REQUESTS(), 1);
    CHECK_INT(want.error.kind, BR_ERR_CREDENTIALS);
    CHECK_STR(want.error.code, "CertificateExpired");
    br_client_unref(c);
    end();
}

static void test_cancelling(void)
{
    begin();
    ra_want a = {.done = false}, b = {.done = false}, c = {.done = false};
    br_client *client = client_of("shared");
    atomic_store(&server->hold, true);
    ra_ask(&a, engine, client, BR_OBTAIN);
    ra_ask(&b, engine, client, BR_OBTAIN);
    ra_ask(&c, engine, client, BR_OBTAIN);
    while (REQUESTS() == 0)
        ra_rounds(engine, &now, 1);
    br_provider_cancel(&a.obtain);
    br_provider_cancel(&a.obtain);
    br_provider_cancel(&c.obtain);
    atomic_store(&server->hold, false);
    ra_wait(&b, engine, &now);
    CHECK(b.ok);
    CHECK(!a.done && !c.done);
    CHECK_INT(REQUESTS(), 1);
    br_provider_cancel(&b.obtain);
    ra_release(&b);
    br_client_unref(client);
    end();
}

/* All have left, client and all: the exchange ends by itself, and serves who comes later. */
static void test_nobody_waits(void)
{
    begin();
    br_client *c = client_of("shared");
    atomic_store(&server->hold, true);
    ra_ask(&want, engine, c, BR_OBTAIN);
    while (REQUESTS() == 0)
        ra_rounds(engine, &now, 1);
    br_provider_cancel(&want.obtain);
    br_client_unref(c);
    atomic_store(&server->hold, false);
    for (int i = 0; i < 20000 && cache_file() == NULL; i++)
        ra_rounds(engine, &now, 1);
    c = client_of("shared");
    CHECK(get(c));
    CHECK_STR(want.id, "ASIATEST00000001");
    CHECK_INT(REQUESTS(), 1);
    br_client_unref(c);
    end();
}

static void test_two_engines(void)
{
    br_error error;
    begin();
    ra_want a = {.done = false}, b = {.done = false};
    br_engine *second = br_engine_new(&platform, &error);
    br_client *c = client_of("shared");
    ra_ask(&a, engine, c, BR_OBTAIN);
    ra_ask(&b, second, c, BR_OBTAIN);
    ra_rounds(second, &now, 300);
    CHECK(!b.done);
    ra_wait(&a, engine, &now);
    ra_wait(&b, second, &now);
    CHECK_STR(a.id, b.id);
    CHECK_INT(REQUESTS(), 1);
    ra_release(&a);
    ra_release(&b);
    br_client_unref(c);
    br_engine_free(second);
    end();
}

/* Nobody steps the engine that runs the exchange: others wait for it so long, and no longer. */
static void test_engine_stands_still(const char *cache, int wait_ms)
{
    br_error error;
    begin();
    ra_want a = {.done = false}, b = {.done = false};
    br_engine *second = br_engine_new(&platform, &error);
    br_client *c = client_of(cache);
    ra_ask(&a, second, c, BR_OBTAIN);
    while (REQUESTS() == 0)
        ra_rounds(second, &now, 1);
    ra_ask(&b, engine, c, BR_OBTAIN);
    ra_rounds(engine, &now, wait_ms - 100);
    CHECK(!b.done);
    CHECK_INT(REQUESTS(), 1);
    ra_wait(&b, engine, &now);
    CHECK(b.ok);
    CHECK_INT(REQUESTS(), 2);
    ra_wait(&a, second, &now);
    CHECK(a.ok);
    CHECK(get(c));
    CHECK_INT(REQUESTS(), 2);
    ra_release(&a);
    ra_release(&b);
    br_client_unref(c);
    br_engine_free(second);
    end();
}

/* The answer that it then reads is an old one: what others got meanwhile stays, also in the file. */
static void test_late_answer(void)
{
    br_error error;
    begin();
    ra_want a = {.done = false}, b = {.done = false};
    br_engine *second = br_engine_new(&platform, &error);
    br_client *c = client_of("shared");
    ra_server_say(server, (ra_step){.life_s = 300});
    ra_ask(&a, second, c, BR_OBTAIN);
    while (REQUESTS() == 0)
        ra_rounds(second, &now, 1);
    ra_ask(&b, engine, c, BR_OBTAIN);
    ra_wait(&b, engine, &now);
    CHECK_STR(b.id, "ASIATEST00000002");
    ra_wait(&a, second, &now);
    CHECK_STR(a.id, "ASIATEST00000002");
    CHECK_INT(a.origin, BR_FROM_MEMORY);
    CHECK(get(c));
    CHECK_STR(want.id, "ASIATEST00000002");
    br_client_unref(c);
    c = client_of("shared");
    CHECK(get(c));
    CHECK_INT(want.origin, BR_FROM_FILE);
    CHECK_STR(want.id, "ASIATEST00000002");
    CHECK_INT(REQUESTS(), 2);
    ra_release(&a);
    ra_release(&b);
    br_client_unref(c);
    br_engine_free(second);
    end();
}

/* The engine that runs the exchange goes: a waiter of another one begins anew. */
static void test_engine_goes(void)
{
    br_error error;
    begin();
    ra_want a = {.done = false}, b = {.done = false};
    br_engine *second = br_engine_new(&platform, &error);
    br_client *c = client_of("shared");
    atomic_store(&server->hold, true);
    ra_ask(&a, second, c, BR_OBTAIN);
    ra_ask(&b, engine, c, BR_OBTAIN);
    while (REQUESTS() == 0)
        ra_rounds(second, &now, 1);
    br_engine_free(second);
    CHECK(!a.done);
    br_provider_cancel(&a.obtain);
    atomic_store(&server->hold, false);
    ra_wait(&b, engine, &now);
    CHECK(b.ok);
    CHECK_INT(REQUESTS(), 2);
    ra_release(&b);
    br_client_unref(c);
    end();
}

static void test_rejected(void)
{
    begin();
    br_client *c = client_of("shared");
    CHECK(get(c));
    br_provider_reject(c->principal->provider, want.credentials);
    CHECK(!usable(c));
    CHECK(get(c));
    CHECK_INT(want.origin, BR_FROM_EXCHANGE);
    CHECK_STR(want.id, "ASIATEST00000002");
    br_provider_reject(c->principal->provider, NULL);
    CHECK(usable(c));
    br_client_unref(c);
    end();
}

/* Whatever the cache directory is like, the call succeeds. */
static void test_bad_cache(void)
{
    begin();
    br_client *c = client_of("shared");
    CHECK(get(c));
    br_client_unref(c);
    CHECK_INT(truncate(cache_file(), 50), 0);
    c = client_of("shared");
    CHECK(get(c));
    CHECK_INT(want.origin, BR_FROM_EXCHANGE);
    br_client_unref(c);
    c = client_of("shared");
    CHECK(get(c));
    CHECK_INT(want.origin, BR_FROM_FILE);
    br_client_unref(c);
    CHECK_INT(chmod(dir, 0755), 0);
    c = client_of("shared");
    CHECK(get(c));
    CHECK_INT(want.origin, BR_FROM_EXCHANGE);
    CHECK_INT(REQUESTS(), 3);
    br_client_unref(c);
    end();
}

/* Nothing in the file, nor in its name, gives a secret away. */
static void test_nothing_in_the_clear(void)
{
    size_t n = 0;
    begin();
    br_client *c = client_of("shared");
    CHECK(get(c));
    char *file = slurp(cache_file(), &n);
    CHECK(file != NULL && n > 0);
    CHECK(memmem(file, n, "very-secret", 11) == NULL);
    CHECK(memmem(file, n, "ASIATEST", 8) == NULL);
    free(file);
    br_client_unref(c);
    end();
}

static void test_static_keys(void)
{
    br_settings s;
    br_problems p;
    begin();
    br_problems_init(&p);
    br_settings_init(&s);
    br_settings_set_text(&s, BR_SLICE("auth"), BR_SLICE("access_keys"), &p);
    br_settings_set_text(&s, BR_SLICE("access_key_id"), BR_SLICE("AKIATEST"), &p);
    br_settings_set_text(&s, BR_SLICE("secret_access_key"), BR_SLICE("secret"), &p);
    br_client *c = br_client_new(&s, &br_model_builtin, &platform, &p);
    CHECK(c != NULL);
    CHECK(usable(c));
    CHECK(get(c));
    CHECK_INT(want.origin, BR_FROM_NOWHERE);
    CHECK_STR(want.id, "AKIATEST");
    br_provider_reject(c->principal->provider, want.credentials);
    CHECK(refresh(c));
    CHECK_STR(want.id, "AKIATEST");
    CHECK_INT(REQUESTS(), 0);
    br_client_unref(c);
    end();
}

static bool has_lock_open(void)
{
    char name[64], path[512];
    for (int fd = 0; fd < 256; fd++) {
        snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
        ssize_t n = readlink(name, path, sizeof(path) - 1);
        path[n > 0 ? n : 0] = '\0';
        if (strstr(path, ".lock") != NULL)
            return true;
    }
    return false;
}

static int in_child(br_client *c, ra_want *parents)
{
    br_error error;
    ra_want own = {.done = false};
    bool closed = !has_lock_open();
    atomic_store(&server->hold, false);
    br_engine *fresh = br_engine_new(&platform, &error);
    br_engine_abandon(engine);
    br_provider_cancel(&parents->obtain);
    bool ok = !parents->done && ra_get(&own, fresh, c, BR_OBTAIN, &now);
    return closed && ok && REQUESTS() == 2 ? 0 : 1;
}

/*
** A child does not take part in what its parent's engine is doing, which goes on. With files it
** waits for its parent as for any other process: here in vain, since the parent does not step
** meanwhile.
*/
static void test_fork(const char *cache)
{
    begin();
    ra_want a = {.done = false};
    br_client *c = client_of(cache);
    atomic_store(&server->hold, true);
    ra_ask(&a, engine, c, BR_OBTAIN);
    while (REQUESTS() == 0)
        ra_rounds(engine, &now, 1);
    CHECK_INT(has_lock_open(), strcmp(cache, "shared") == 0);
    pid_t child = fork();
    if (child == 0)
        _exit(in_child(c, &a));
    int status = -1;
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(status, 0);
    ra_wait(&a, engine, &now);
    CHECK_STR(a.id, "ASIATEST00000001");
    ra_release(&a);
    br_client_unref(c);
    end();
}

enum { THREADS = 4, ROUNDS = 25 };

typedef struct worker {
    pthread_t thread;
    br_client *client;
    ra_clock clock;
    int good;
} worker;

/* The key and the secret of one set carry the same number. */
static bool matches(const br_credentials *c)
{
    char id[32], secret[64];
    snprintf(id, sizeof(id), "%.*s", (int)c->access_key_id.n, c->access_key_id.p);
    snprintf(secret, sizeof(secret), "very-secret-%d", atoi(id + strlen("ASIATEST")));
    return br_slice_eqs(c->secret_access_key, secret);
}

static void take_some(worker *w, br_engine *e)
{
    static const br_obtain_mode modes[] = {BR_OBTAIN, BR_OBTAIN, BR_OBTAIN_FRESH};
    ra_want own = {.done = false};
    for (int i = 0; i < ROUNDS; i++) {
        ra_start(&own, e, w->client, modes[i % 3]);
        if (i % 5 == 4) {
            ra_rounds(e, &w->clock, 3);
            br_provider_cancel(&own.obtain);
        }
        for (int round = 0; i % 5 != 4 && round < 100000 && !own.done; round++)
            ra_rounds(e, &w->clock, 1);
        w->good += i % 5 == 4 || (own.ok && matches(own.credentials));
        if (own.ok)
            br_provider_reject(w->client->principal->provider, own.credentials);
        ra_release(&own);
    }
}

/* Every other engine is freed and made anew in between, with whatever it was doing. */
static void *work(void *user)
{
    worker *w = user;
    br_error error;
    br_platform own = ra_platform(&w->clock);
    for (int i = 0; i < 2; i++) {
        br_engine *e = br_engine_new(&own, &error);
        if (e != NULL)
            take_some(w, e);
        br_engine_free(e);
    }
    return NULL;
}

static void test_threads(void)
{
    begin();
    worker workers[THREADS] = {{.good = 0}};
    for (int i = 0; i < THREADS; i++) {
        workers[i].clock = now;
        workers[i].client = client_of(i % 2 ? "shared" : "memory");
    }
    for (int i = 0; i < THREADS; i++)
        CHECK_INT(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    for (int i = 0; i < THREADS; i++)
        CHECK_INT(pthread_join(workers[i].thread, NULL), 0);
    for (int i = 0; i < THREADS; i++) {
        CHECK_INT(workers[i].good, 2 * ROUNDS);
        br_client_unref(workers[i].client);
    }
    end();
}

int main(void)
{
    server = ra_server_start();
    CHECK(server != NULL);
    platform = ra_platform(&now);
    test_where_from();
    test_other_caches();
    test_sixty_seconds();
    test_old_set_stands_in();
    test_no_old_set_after_its_end();
    test_refusal_is_an_error();
    test_old_set_of_a_file();
    test_short_lives();
    test_repeats();
    test_retry_hint();
    test_bad_answers();
    test_no_server();
    test_session_name();
    test_session_name_and_refresh();
    test_refreshes_are_one();
    test_refresh_beside_a_renewal();
    test_early();
    test_early_fails();
    test_early_waits_in_vain();
    test_early_beside_others();
    test_wrong_clock();
    test_offset_of_a_file_ages();
    test_a_gateways_date();
    test_a_wrong_offset_of_a_file();
    test_vague_refusals();
    test_certificate_expired_since();
    test_cancelling();
    test_nobody_waits();
    test_two_engines();
    test_engine_stands_still("memory", 5000);
    test_engine_stands_still("shared", 10000);
    test_late_answer();
    test_engine_goes();
    test_rejected();
    test_bad_cache();
    test_nothing_in_the_clear();
    test_static_keys();
    test_fork("memory");
    test_fork("shared");
    test_threads();
    ra_server_stop(server);
    return check_done();
}
