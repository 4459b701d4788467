/*
** The seams of credentials: a source of the test's own that answers after a while, one that lies on
** another, and a store that answers later. By a clock that the test sets.
*/
#include "engine/credentials/sources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "ra_client.h"

#define HOUR_MS INT64_C(3600000)
#define TAKES_MS 40 /* whatever a source or a store does */

static ra_clock now;
static br_platform platform;
static br_engine *engine;
static br_config *config;
static ra_want want;

static void begin(void)
{
    br_error error;
    br_settings s;
    br_problems p;
    now = (ra_clock){.wall_ms = INT64_C(1792000000000), .mono_ms = 1000000};
    platform = ra_platform(&now);
    br_problems_init(&p);
    br_settings_init(&s);
    br_settings_set_text(&s, BR_SLICE("auth"), BR_SLICE("none"), &p);
    br_settings_set_text(&s, BR_SLICE("cache"), BR_SLICE("memory"), &p);
    br_settings_set_text(&s, BR_SLICE("endpoint"), BR_SLICE("https://127.0.0.1:1"), &p);
    config = br_config_new(&s, &br_model_builtin, &platform, &p);
    engine = br_engine_new(&platform, &error);
    CHECK(config != NULL && engine != NULL && p.count == 0);
    br_problems_free(&p);
}

static void end(void)
{
    ra_release(&want);
    br_engine_free(engine);
    CHECK_INT(atomic_load(&config->refs), 1);
    br_config_unref(config);
}

/* ---- a source: numbered sets, each after TAKES_MS */

typedef struct counting {
    br_source base;
    const char *name;
    bool fails;
    int64_t life_ms, notes_ms, told_ms;
    int begun, stopped, freed;
} counting;

typedef struct counting_run {
    counting *source;
    br_source_order order;
    br_timer timer;
} counting_run;

static const br_credentials *numbered(const char *name, int number, int64_t expiration_ms)
{
    char id[160];
    snprintf(id, sizeof id, "%s-%d", name, number);
    return br_credentials_new(br_slice_of(id), BR_SLICE("secret"), BR_SLICE("token"),
                              expiration_ms);
}

static void counted(void *user)
{
    counting_run *run = user;
    counting *s = run->source;
    br_error error = {.kind = BR_ERR_CREDENTIALS, .code = "NotToday", .message = "no"};
    const br_credentials *set =
        s->fails ? NULL : numbered(s->name, s->begun, now.wall_ms + s->life_ms);
    br_source_result result = {.credentials = set,
                               .error = &error,
                               .retryable = true,
                               .noted = s->notes_ms != 0,
                               .note_ms = s->notes_ms};
    run->order.done(run->order.user, &result);
    br_credentials_unref(set);
}

static void *count(br_source *base, const br_source_order *order, br_error *error)
{
    counting *s = (counting *)base;
    counting_run *run = calloc(1, sizeof *run);
    (void)error;
    *run = (counting_run){.source = s, .order = *order};
    s->begun++;
    s->told_ms = order->note_ms;
    CHECK(br_timer_start(order->engine, &run->timer, TAKES_MS, counted, run));
    return run;
}

static void stop_counting(void *acquisition)
{
    counting_run *run = acquisition;
    br_timer_stop(run->order.engine, &run->timer);
    run->source->stopped++;
    free(run);
}

static bool name_as_identity(const br_source *base, uint8_t out[BR_IDENTITY_SIZE])
{
    memset(out, 0, BR_IDENTITY_SIZE);
    snprintf((char *)out, BR_IDENTITY_SIZE, "%s", ((const counting *)base)->name);
    return true;
}

static bool no_secret(const br_source *base, br_buf *out)
{
    (void)base;
    return br_buf_adds(out, "known to this test");
}

static void count_free(br_source *base)
{
    ((counting *)base)->freed++;
}

static const br_source_ops named_ops = {.begin = count,
                                        .stop = stop_counting,
                                        .identity = name_as_identity,
                                        .key_material = no_secret,
                                        .free = count_free};
static const br_source_ops nameless_ops = {
    .begin = count, .stop = stop_counting, .free = count_free};

/* A client of which only the principal is used. */
static br_client client_of(counting *s, const char *name, const br_source_ops *ops)
{
    *s = (counting){.name = name, .life_ms = HOUR_MS};
    br_source_init(&s->base, ops, config);
    br_client c = {.principal = br_principal_new(&s->base)};
    CHECK(c.principal != NULL);
    return c;
}

static bool get(br_client *c, br_obtain_mode mode)
{
    return ra_get(&want, engine, c, mode, &now);
}

static void release(br_client *c, const counting *s)
{
    br_principal_unref(c->principal);
    CHECK_INT(s->freed, 1);
    CHECK_INT(s->stopped, s->begun);
}

static void test_one_for_all(void)
{
    begin();
    ra_want a = {.done = false}, b = {.done = false};
    counting s;
    br_client c = client_of(&s, "a", &named_ops);
    ra_ask(&a, engine, &c, BR_OBTAIN);
    ra_ask(&b, engine, &c, BR_OBTAIN);
    ra_rounds(engine, &now, TAKES_MS / 2);
    CHECK(!a.done && !b.done);
    ra_wait(&a, engine, &now);
    ra_wait(&b, engine, &now);
    CHECK_STR(a.id, "a-1");
    CHECK_STR(b.id, "a-1");
    CHECK_INT(a.origin, BR_FROM_EXCHANGE);
    CHECK(get(&c, BR_OBTAIN));
    CHECK_INT(want.origin, BR_FROM_MEMORY);
    CHECK(get(&c, BR_OBTAIN_FRESH));
    CHECK_STR(want.id, "a-2");
    now.wall_ms += HOUR_MS - 59999;
    CHECK(get(&c, BR_OBTAIN));
    CHECK_STR(want.id, "a-3");
    ra_release(&a);
    ra_release(&b);
    release(&c, &s);
    end();
}

/* Sources of one identity have one provider; one without an identity has its own. */
static void test_identities(void)
{
    begin();
    counting s, same, other, own, another;
    br_client c[] = {client_of(&s, "a", &named_ops), client_of(&same, "a", &named_ops),
                     client_of(&other, "b", &named_ops), client_of(&own, "a", &nameless_ops),
                     client_of(&another, "a", &nameless_ops)};
    CHECK(c[0].principal->provider == c[1].principal->provider);
    CHECK(c[0].principal->provider != c[2].principal->provider);
    CHECK(c[3].principal->provider != c[0].principal->provider);
    CHECK(c[3].principal->provider != c[4].principal->provider);
    CHECK(get(&c[0], BR_OBTAIN) && get(&c[1], BR_OBTAIN));
    CHECK_INT(want.origin, BR_FROM_MEMORY);
    CHECK_INT(same.begun, 0);
    CHECK(get(&c[3], BR_OBTAIN) && get(&c[4], BR_OBTAIN));
    CHECK_INT(own.begun + another.begun, 2);
    release(&c[0], &s);
    release(&c[1], &same);
    release(&c[2], &other);
    release(&c[3], &own);
    release(&c[4], &another);
    end();
}

static void test_failures(void)
{
    begin();
    counting s;
    br_client c = client_of(&s, "a", &named_ops);
    s.fails = true;
    s.notes_ms = 1234;
    CHECK(!get(&c, BR_OBTAIN));
    CHECK_STR(want.error.code, "NotToday");
    CHECK_INT(br_provider_note_ms(c.principal->provider), 1234);
    s.fails = false;
    CHECK(get(&c, BR_OBTAIN));
    CHECK_INT(s.told_ms, 1234);
    now.wall_ms += HOUR_MS - 30000;
    s.fails = true;
    CHECK(get(&c, BR_OBTAIN));
    CHECK_STR(want.id, "a-2");
    CHECK_INT(want.origin, BR_FROM_MEMORY);
    release(&c, &s);
    end();
}

/* Whoever has asked and gone leaves the acquisition running; the engine's end stops it. */
static void test_stopped(void)
{
    begin();
    counting s;
    br_client c = client_of(&s, "a", &named_ops);
    ra_ask(&want, engine, &c, BR_OBTAIN);
    ra_rounds(engine, &now, TAKES_MS / 2);
    br_provider_cancel(&want.obtain);
    CHECK_INT(s.begun, 1);
    CHECK_INT(s.stopped, 0);
    br_principal_unref(c.principal);
    CHECK_INT(s.freed, 0);
    br_engine_free(engine);
    CHECK_INT(s.stopped, 1);
    CHECK_INT(s.freed, 1);
    CHECK(!want.done);
    engine = NULL;
    end();
}

/* ---- a source that lies on another: its sets are named after those below */

typedef struct layer {
    br_source base;
    br_client *below;
    int begun, stopped;
} layer;

typedef struct layer_run {
    layer *source;
    br_source_order order;
    br_obtain obtain;
} layer_run;

static void below_obtained(void *user, const br_obtained *below)
{
    layer_run *run = user;
    char name[BR_ACCESS_KEY_ID_MAX];
    br_source_result result = {.error = below->error, .retryable = below->retryable};
    if (below->credentials != NULL) {
        br_slice id = below->credentials->access_key_id;
        snprintf(name, sizeof name, "on-%.*s", (int)id.n, id.p);
        result.credentials = numbered(name, run->source->begun, now.wall_ms + HOUR_MS / 4);
    }
    const br_credentials *set = result.credentials;
    run->order.done(run->order.user, &result);
    br_credentials_unref(set);
}

static void *layer_begin(br_source *base, const br_source_order *order, br_error *error)
{
    layer *s = (layer *)base;
    layer_run *run = calloc(1, sizeof *run);
    run->source = s;
    run->order = *order;
    s->begun++;
    CHECK(br_provider_obtain(s->below->principal, order->engine, BR_OBTAIN, &run->obtain,
                             below_obtained, run, error));
    return run;
}

static void layer_stop(void *acquisition)
{
    layer_run *run = acquisition;
    br_provider_cancel(&run->obtain);
    run->source->stopped++;
    free(run);
}

static void layer_free(br_source *base)
{
    br_principal_unref(((layer *)base)->below->principal);
}

static br_client layer_on(layer *s, br_client *below)
{
    static const br_source_ops ops = {.begin = layer_begin, .stop = layer_stop, .free = layer_free};
    *s = (layer){.below = below};
    br_source_init(&s->base, &ops, config);
    return (br_client){.principal = br_principal_new(&s->base)};
}

/* Each layer is kept and renewed by itself, from what lies below. */
static void test_layers(void)
{
    begin();
    counting ground;
    layer first, second;
    br_client g = client_of(&ground, "a", &named_ops);
    br_client f = layer_on(&first, &g), s = layer_on(&second, &f);
    CHECK(get(&s, BR_OBTAIN));
    CHECK_STR(want.id, "on-on-a-1-1-1");
    CHECK(get(&s, BR_OBTAIN));
    CHECK_INT(want.origin, BR_FROM_MEMORY);
    CHECK(get(&s, BR_OBTAIN_FRESH));
    CHECK_STR(want.id, "on-on-a-1-1-2");
    now.wall_ms += HOUR_MS / 4;
    CHECK(get(&s, BR_OBTAIN));
    CHECK_STR(want.id, "on-on-a-1-2-3");
    now.wall_ms += HOUR_MS;
    ground.fails = true;
    CHECK(!get(&s, BR_OBTAIN));
    CHECK_STR(want.error.code, "NotToday");
    CHECK(want.retryable);
    br_principal_unref(s.principal);
    CHECK_INT(ground.freed, 1);
    CHECK_INT(first.stopped, first.begun);
    CHECK_INT(second.stopped, second.begun);
    end();
}

static void test_layers_stopped(void)
{
    begin();
    counting ground;
    layer above;
    br_client g = client_of(&ground, "a", &named_ops), c = layer_on(&above, &g);
    ra_ask(&want, engine, &c, BR_OBTAIN);
    ra_rounds(engine, &now, TAKES_MS / 2);
    CHECK_INT(ground.begun, 1);
    br_engine_free(engine);
    CHECK(!want.done);
    CHECK_INT(ground.stopped, 1);
    CHECK_INT(above.stopped, 1);
    br_principal_unref(c.principal);
    CHECK_INT(ground.freed, 1);
    engine = NULL;
    end();
}

/* ---- a store whose answers come after TAKES_MS */

typedef struct late_store {
    br_store base;
    char bytes[BR_CACHE_RECORD_MAX];
    size_t n;
    int64_t expires_ms;
    int busy;     /* so often the lock is somebody else's */
    bool no_lock; /* … and then it is not to be had */
    char log[256];
    int touched, abandoned, freed;
} late_store;

typedef struct late_entry {
    br_store_entry base;
    late_store *store;
    br_timer timer;
} late_entry;

static late_store late;

static void note(const char *what)
{
    size_t at = strlen(late.log);
    snprintf(late.log + at, sizeof late.log - at, "%s ", what);
}

static br_store_entry *late_open(br_store *s, br_engine *e,
                                 const uint8_t identity[BR_IDENTITY_SIZE])
{
    late_entry *entry = calloc(1, sizeof *entry);
    CHECK_STR((const char *)identity, "a");
    note("open");
    entry->base.ops = s->ops;
    entry->base.engine = e;
    return &entry->base;
}

static void answer_look(void *user)
{
    br_store_entry *e = user;
    e->answers->looked(e->user, (br_slice){late.bytes, late.n});
}

static void answer_lock(void *user)
{
    br_store_entry *e = user;
    bool busy = late.busy > 0;
    late.busy -= busy;
    e->answers->locked(e->user,
                       busy           ? BR_LOCK_BUSY
                       : late.no_lock ? BR_LOCK_GIVEN_UP
                                      : BR_LOCK_GOT,
                       10);
}

static void answer_put(void *user)
{
    br_store_entry *e = user;
    e->answers->put(e->user);
}

static void later(br_store_entry *e, const char *what, void (*answer)(void *user))
{
    note(what);
    CHECK(br_timer_start(e->engine, &((late_entry *)e)->timer, TAKES_MS, answer, e));
}

static void late_look(br_store_entry *e)
{
    later(e, "look", answer_look);
}

static void late_lock(br_store_entry *e)
{
    later(e, "lock", answer_lock);
}

static void late_touch(br_store_entry *e)
{
    (void)e;
    late.touched++;
}

static void late_put(br_store_entry *e, br_slice bytes, int64_t expires_ms)
{
    memcpy(late.bytes, bytes.p, bytes.n);
    late.n = bytes.n;
    late.expires_ms = expires_ms;
    later(e, "put", answer_put);
}

static void late_close(br_store_entry *e)
{
    note("close");
    br_timer_stop(e->engine, &((late_entry *)e)->timer);
    free(e);
}

static void late_abandon(br_store_entry *e)
{
    (void)e;
    late.abandoned++;
}

static void late_free(br_store *s)
{
    ((late_store *)s)->freed++;
}

static bool late_trouble(br_store *s, int64_t mono_ms, char why[BR_STORE_WHY_SIZE])
{
    (void)s;
    (void)mono_ms;
    snprintf(why, BR_STORE_WHY_SIZE, "it is late");
    return true;
}

static br_client kept_client(counting *s)
{
    static const br_store_ops ops = {BR_FROM_FILE, late_trouble, late_open, late_look,
                                     late_lock,    late_touch,   late_put,  late_close,
                                     late_abandon, late_free};
    br_client c = client_of(s, "a", &named_ops);
    CHECK(s->base.store == NULL);
    late.base.ops = &ops;
    s->base.store = &late.base;
    late.log[0] = '\0';
    return c;
}

static void begin_late(void)
{
    begin();
    memset(&late, 0, sizeof late);
}

static void test_kept(void)
{
    begin_late();
    counting s;
    br_client c = kept_client(&s);
    CHECK(get(&c, BR_OBTAIN));
    CHECK_INT(want.origin, BR_FROM_EXCHANGE);
    CHECK_STR(late.log, "open look lock look put close ");
    CHECK_INT(late.expires_ms, want.credentials->expiration_ms);
    CHECK(late.n > 0);
    release(&c, &s);
    CHECK_INT(late.freed, 1);
    c = kept_client(&s);
    CHECK(get(&c, BR_OBTAIN));
    CHECK_INT(want.origin, BR_FROM_FILE);
    CHECK_STR(want.id, "a-1");
    CHECK_STR(late.log, "open look close ");
    CHECK_INT(s.begun, 0);
    late.bytes[late.n / 2] ^= 1;
    release(&c, &s);
    c = kept_client(&s);
    CHECK(get(&c, BR_OBTAIN));
    CHECK_INT(want.origin, BR_FROM_EXCHANGE);
    release(&c, &s);
    end();
}

/* It is looked at before each try for the lock; without one the exchange is made all the same. */
static void test_locked_by_another(void)
{
    begin_late();
    counting s;
    br_client c = kept_client(&s);
    late.busy = 2;
    late.no_lock = true;
    CHECK(get(&c, BR_OBTAIN));
    CHECK_STR(late.log, "open look lock look lock look lock put close ");
    release(&c, &s);
    end();
}

/* What another put there meanwhile is taken, however short its life. */
static void test_awaited(void)
{
    static char bytes[BR_CACHE_RECORD_MAX];
    begin_late();
    counting s;
    br_client c = kept_client(&s);
    s.life_ms = 20000;
    CHECK(get(&c, BR_OBTAIN));
    size_t n = late.n;
    memcpy(bytes, late.bytes, n);
    release(&c, &s);
    c = kept_client(&s);
    late.n = 0;
    late.busy = 1000;
    ra_ask(&want, engine, &c, BR_OBTAIN);
    ra_rounds(engine, &now, 20 * TAKES_MS);
    CHECK(!want.done);
    memcpy(late.bytes, bytes, n);
    late.n = n;
    ra_wait(&want, engine, &now);
    CHECK_STR(want.id, "a-1");
    CHECK_INT(want.origin, BR_FROM_FILE);
    CHECK_INT(s.begun, 0);
    release(&c, &s);
    end();
}

/* The engine's end finds it waiting for an answer, which then does not come. */
static void test_store_stopped(void)
{
    begin_late();
    counting s;
    br_client c = kept_client(&s);
    late.busy = 1000;
    ra_ask(&want, engine, &c, BR_OBTAIN);
    ra_rounds(engine, &now, 3000);
    CHECK(late.touched >= 3);
    late.log[0] = '\0';
    pid_t child = fork();
    if (child == 0) {
        br_engine_abandon(engine);
        _exit(late.abandoned == 1 && late.log[0] == '\0' && !want.done ? 0 : 1);
    }
    int status = -1;
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(status, 0);
    br_engine_free(engine);
    CHECK_STR(late.log, "close ");
    CHECK(!want.done);
    release(&c, &s);
    engine = NULL;
    end();
}

int main(void)
{
    test_one_for_all();
    test_identities();
    test_failures();
    test_stopped();
    test_layers();
    test_layers_stopped();
    test_kept();
    test_locked_by_another();
    test_awaited();
    test_store_stopped();
    return check_done();
}
