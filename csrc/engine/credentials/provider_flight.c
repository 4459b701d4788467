#include "engine/credentials/provider_private.h"

#include <stdlib.h>
#include <unistd.h>

#define KEY_MATERIAL_MAX 8192     /* RSA-16384 would be 4096 bytes */
#define FUTURE_TOLERATED_MS 60000 /* a clock that was set back a little between two processes */

static void look(void *user);

static bool recently(int64_t then_ms, int64_t now_ms, int64_t kept_ms)
{
    return then_ms <= now_ms + FUTURE_TOLERATED_MS && now_ms - then_ms <= kept_ms;
}

static bool same_set(const br_credentials *a, const br_credentials *b)
{
    return a != NULL && b != NULL && br_slice_eq(a->access_key_id, b->access_key_id) &&
           a->expiration_ms == b->expiration_ms;
}

static bool read_record(br_flight *f, br_cache_record *record)
{
    br_buf file;
    br_buf_init(&file, BR_CACHE_RECORD_MAX + 1);
    bool ok = f->dir >= 0 && br_cache_file_read(f->dir, f->lock.stem, &file) &&
              br_cache_record_decrypt(br_buf_slice(&file), br_buf_slice(&f->key_material),
                                      f->provider->identity, record);
    br_buf_free(&file);
    return ok;
}

/* The clock offset of whoever wrote the file, until the client has a sample of its own. */
static void adopt_clock(br_flight *f, const br_cache_record *record)
{
    int64_t now_ms = br_engine_wall_ms(f->engine) + record->clock_offset_ms;
    if (!record->clock_offset_known || atomic_load(&f->client->clock_offset_known) ||
        !recently(record->written_ms, now_ms, BR_CLOCK_OFFSET_KEPT_MS))
        return;
    atomic_store(&f->client->clock_offset_ms, record->clock_offset_ms);
    atomic_store(&f->client->clock_offset_known, true);
}

/*
** A set that appeared while this flight waited is the outcome of the exchange it waited for: that
** serves its waiters however short its life.
*/
static bool serves(const br_flight *f, const br_credentials *c, int64_t now_ms)
{
    int64_t life_ms = br_credentials_life_ms(c, now_ms);
    bool awaited = f->looked && !same_set(c, f->first_seen);
    return life_ms >= BR_CREDENTIALS_MIN_LIFE_MS || (awaited && life_ms > 0);
}

/* Under the mutex. A file that is younger than our own refusal knows better. */
static void take_record(br_flight *f, const br_cache_record *record, int64_t now_ms)
{
    br_provider *p = f->provider;
    const br_credentials *c = record->credentials;
    if (record->written_ms >= p->session_name_refused_ms)
        p->session_name_refused_ms = record->session_name_refused_ms;
    if (f->fresh || c == NULL || br_provider_rejected(p, c))
        return;
    if (p->held == NULL || c->expiration_ms > p->held->expiration_ms)
        br_provider_hold(p, c);
    if (!serves(f, c, now_ms))
        return;
    f->credentials = br_credentials_ref(c);
    f->origin = BR_FROM_FILE;
}

static bool taken_from_file(br_flight *f)
{
    br_cache_record record = {.credentials = NULL};
    if (read_record(f, &record)) {
        adopt_clock(f, &record);
        br_registry_enter();
        take_record(f, &record, br_client_now_ms(f->client, f->engine));
        br_registry_leave();
    }
    if (!f->looked)
        f->first_seen = br_credentials_ref(record.credentials);
    f->looked = true;
    br_cache_record_clear(&record);
    return f->credentials != NULL;
}

/* Random bytes for the seal and the temporary name are drawn together. */
static void save(br_flight *f, const br_cache_record *record)
{
    uint8_t random[BR_CACHE_RECORD_RANDOM + BR_CACHE_RANDOM];
    br_buf sealed;
    if (f->dir < 0 || !br_engine_random(f->engine, random, sizeof(random)))
        return;
    br_buf_init(&sealed, BR_CACHE_RECORD_MAX);
    if (br_cache_record_encrypt(record, br_buf_slice(&f->key_material), f->provider->identity,
                                random, &sealed)) {
        int64_t expires_ms = record->credentials->expiration_ms - record->clock_offset_ms;
        (void)br_cache_file_write(f->dir, f->lock.stem, br_buf_slice(&sealed), expires_ms,
                                  br_engine_wall_ms(f->engine), random + BR_CACHE_RECORD_RANDOM);
    }
    br_buf_free(&sealed);
}

/* Under the mutex. What the exchange learned about the session name holds even if it failed. */
static void take_outcome(br_flight *f, int64_t now_ms)
{
    br_provider *p = f->provider;
    const br_exchange *x = &f->exchange;
    f->origin = BR_FROM_EXCHANGE;
    if (x->name_refused)
        p->session_name_refused_ms = now_ms;
    if (x->credentials != NULL) {
        if (x->name_sent)
            p->session_name_refused_ms = 0;
        f->credentials = br_credentials_ref(x->credentials);
        br_provider_hold(p, x->credentials);
        return;
    }
    f->error = x->error;
    f->retryable = x->retryable;
    if (x->retryable)
        p->hold_off_until_ms = br_engine_mono_ms(f->engine) + BR_HOLD_OFF_MS;
}

static void exchanged(void *user)
{
    br_flight *f = user;
    br_cache_record record = {
        .credentials = f->exchange.credentials,
        .written_ms = br_client_now_ms(f->client, f->engine),
        .clock_offset_ms = atomic_load(&f->client->clock_offset_ms),
        .clock_offset_known = atomic_load(&f->client->clock_offset_known),
    };
    br_registry_enter();
    take_outcome(f, record.written_ms);
    record.session_name_refused_ms = f->provider->session_name_refused_ms;
    br_registry_leave();
    if (record.credentials != NULL)
        save(f, &record);
    br_flight_land(f);
}

/* Other processes see it by the lock, other engines of this one by the time. */
static void touch(void *user)
{
    br_flight *f = user;
    if (f->lock.held)
        br_file_lock_touch(&f->lock);
    br_registry_enter();
    f->touched_ms = br_engine_mono_ms(f->engine);
    br_registry_leave();
    (void)br_timer_start(f->engine, &f->touch, BR_LOCK_TOUCH_MS, touch, f);
}

static bool name_may_be_sent(const br_flight *f)
{
    int64_t now_ms = br_client_now_ms(f->client, f->engine);
    br_registry_enter();
    int64_t refused_ms = f->provider->session_name_refused_ms;
    br_registry_leave();
    return f->fresh || refused_ms == 0 ||
           !recently(refused_ms, now_ms, BR_SESSION_NAME_REFUSED_MS - 1);
}

static void exchange(br_flight *f)
{
    if (f->lock.held)
        touch(f);
    if (br_exchange_start(&f->exchange, f->engine, f->client, f->x509, name_may_be_sent(f),
                          exchanged, f))
        return;
    f->error = f->exchange.error;
    br_flight_land(f);
}

/* The file is looked at before each try for the lock, and again when it is got. */
static void look(void *user)
{
    br_flight *f = user;
    if (taken_from_file(f)) {
        br_flight_land(f);
        return;
    }
    br_lock_state state = br_file_lock_try(&f->lock, br_engine_mono_ms(f->engine));
    if (state == BR_LOCK_BUSY) {
        int delay_ms = br_file_lock_delay_ms(&f->lock, br_engine_random01(f->engine));
        if (br_timer_start(f->engine, &f->timer, delay_ms, look, f))
            return;
    }
    if (state == BR_LOCK_GOT && taken_from_file(f))
        br_flight_land(f);
    else
        exchange(f);
}

/* Without key bytes nothing could be read or written, so there is nothing to lock either. */
static void begin(void *user)
{
    br_flight *f = user;
    const br_settings *s = &f->client->settings;
    char stem[BR_CACHE_STEM_SIZE];
    br_cache_stem(f->provider->identity, stem);
    if (s->cache == BR_CACHE_SHARED && br_x509_key_material(f->x509, &f->key_material))
        f->dir = br_cache_dir_open(br_settings_text(s, BR_OPT_CACHE_DIR).p);
    br_file_lock_init(&f->lock, f->dir, stem);
    touch(f);
    look(f);
}

br_flight *br_flight_start(br_provider *p, br_engine *e, br_client *c, br_x509 *x509, bool fresh)
{
    br_flight *f = calloc(1, sizeof(*f));
    if (f == NULL)
        return NULL;
    if (!br_timer_start(e, &f->timer, 0, begin, f)) {
        free(f);
        return NULL;
    }
    f->refs = 1;
    f->provider = p;
    f->engine = e;
    f->client = br_client_ref(c);
    f->x509 = br_x509_ref(x509);
    f->fresh = fresh;
    f->touched_ms = br_engine_mono_ms(e);
    f->dir = -1;
    br_file_lock_init(&f->lock, -1, "");
    br_buf_init_secret(&f->key_material, KEY_MATERIAL_MAX);
    return f;
}

void br_flight_stop(br_flight *f)
{
    if (f->client == NULL)
        return;
    br_exchange_stop(&f->exchange);
    br_task_leave(f->engine, &f->task);
    br_timer_stop(f->engine, &f->timer);
    br_timer_stop(f->engine, &f->touch);
    br_file_lock_release(&f->lock);
    if (f->dir >= 0)
        close(f->dir);
    f->dir = -1;
    br_buf_free(&f->key_material);
    br_credentials_unref(f->first_seen);
    f->first_seen = NULL;
    br_provider_unref(f->provider);
    br_x509_unref(f->x509);
    br_client_unref(f->client);
    f->client = NULL;
}
