#include "engine/credentials/redis_store.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/hex.h"
#include "engine/credentials/redis_line.h"
#include "engine/loop/task.h"

#define PREFIX "lua-bedrock:"
#define TOKEN_BYTES 16
#define KEY_SIZE (sizeof PREFIX + 2 * (size_t)BR_IDENTITY_SIZE)

/* Of a lock: its key, the token, how long it lasts. */
#define ONLY_OURS "if redis.call('get',KEYS[1])~=ARGV[1] then return 0 end "
#define PROLONG ONLY_OURS "return redis.call('pexpire',KEYS[1],ARGV[2])"
#define RELEASE ONLY_OURS "return redis.call('del',KEYS[1])"
#define CLEAR                                                                                      \
    "local t=redis.call('pttl',KEYS[1]) if t==-1 or t>tonumber(ARGV[2]) then return "              \
    "redis.call('del',KEYS[1]) end return 0"

typedef struct redis_store {
    br_store base;
    br_config *config;
    br_net net;
    br_redis_url url;
} redis_store;

/* What the owner waits for, and the tags of commands. */
typedef enum tag { NOTHING, LOOK, LOCK, LIFE, CLEARED, TOUCH, PUT, GIVE_BACK } tag;

typedef struct entry {
    br_store_entry base;
    redis_store *store; /* not after the close */
    br_redis_line *line;
    br_timer timer;
    br_task task; /* after the close, while the lock is given back */
    tag waits;
    bool failed, held, cleared, second;
    int64_t left_ms;       /* of its share */
    int64_t since_ms;      /* of the wait */
    int64_t busy_since_ms; /* another has the lock; -1: not so */
    int delay_ms;
    bool refused;    /* the lock, by the reply before LIFE */
    bool gives_back; /* it, after what is put */
    char key[KEY_SIZE], lock[KEY_SIZE + sizeof ":lock2"];
    char token[2 * TOKEN_BYTES + 1];
} entry;

static int64_t now_of(const entry *f)
{
    return br_engine_mono_ms(f->base.engine);
}

static void destroy(entry *f)
{
    br_task_leave(f->base.engine, &f->task);
    br_timer_stop(f->base.engine, &f->timer);
    br_redis_close(f->line);
    free(f);
}

/* The last that is done with the entry. */
static void answer_nothing(entry *f, tag waits)
{
    if (waits == LOOK)
        f->base.answers->looked(f->base.user, (br_slice){"", 0});
    else if (waits == LOCK)
        f->base.answers->locked(f->base.user, BR_LOCK_NONE, 0);
    else if (waits == PUT)
        f->base.answers->put(f->base.user);
}

/* On without Redis, for some time. */
static void leave(entry *f, const char *why)
{
    tag waits = f->waits;
    if (f->task.running) {
        destroy(f);
        return;
    }
    if (!f->failed)
        br_store_trace_without(f->base.trace, BR_FROM_REDIS, why);
    f->base.without = true;
    atomic_store(&f->store->config->redis_rests_until_ms, now_of(f) + BR_REDIS_REST_MS);
    br_timer_stop(f->base.engine, &f->timer);
    br_redis_close(f->line);
    f->line = NULL;
    f->failed = true;
    f->held = false;
    f->waits = NOTHING;
    answer_nothing(f, waits);
}

static void give_up(entry *f)
{
    leave(f, "it refused a command, or said what cannot be understood");
}

static void lost(void *user)
{
    leave(user, "it cannot be reached, or the connection broke");
}

static void too_late(void *user)
{
    leave(user, "it took too long to answer");
}

static bool say(entry *f, tag t, const br_slice *words, size_t count)
{
    return f->line != NULL && br_redis_say(f->line, (int)t, words, count);
}

static bool say_script(entry *f, tag t, const char *script)
{
    char life[16];
    snprintf(life, sizeof life, "%d", BR_LOCK_SILENCE_MS);
    const br_slice words[] = {BR_SLICE("EVAL"),     br_slice_of(script),   BR_SLICE("1"),
                              br_slice_of(f->lock), br_slice_of(f->token), br_slice_of(life)};
    return say(f, t, words, sizeof words / sizeof *words);
}

static bool say_look(entry *f)
{
    char end[16];
    snprintf(end, sizeof end, "%d", BR_CACHE_RECORD_MAX);
    const br_slice words[] = {BR_SLICE("GETRANGE"), br_slice_of(f->key), BR_SLICE("0"),
                              br_slice_of(end)};
    return say(f, LOOK, words, sizeof words / sizeof *words);
}

static bool say_lock(entry *f)
{
    char life[16];
    snprintf(life, sizeof life, "%d", BR_LOCK_SILENCE_MS);
    const br_slice set[] = {BR_SLICE("SET"), br_slice_of(f->lock), br_slice_of(f->token),
                            BR_SLICE("NX"),  BR_SLICE("PX"),       br_slice_of(life)};
    const br_slice pttl[] = {BR_SLICE("PTTL"), br_slice_of(f->lock)};
    return say(f, LOCK, set, sizeof set / sizeof *set) &&
           say(f, LIFE, pttl, sizeof pttl / sizeof *pttl);
}

/* Where saying it failed, the wait is over; else the reply, or the time, ends it. */
static void wait_for(entry *f, tag waits, bool said)
{
    f->waits = waits;
    f->since_ms = now_of(f);
    if (!said || !br_timer_limit(f->base.engine, &f->timer, f->left_ms, too_late, f))
        lost(f);
}

/* While another's exchange is waited for, only what is slower than the pauses are. */
static void end_wait(entry *f)
{
    int64_t took_ms = now_of(f) - f->since_ms;
    if (f->busy_since_ms >= 0)
        took_ms = took_ms > BR_LOCK_RETRY_MAX_MS ? took_ms - BR_LOCK_RETRY_MAX_MS : 0;
    f->left_ms = took_ms < f->left_ms ? f->left_ms - took_ms : 0;
    f->waits = NOTHING;
    br_timer_stop(f->base.engine, &f->timer);
}

static void look(br_store_entry *base)
{
    entry *f = (entry *)base;
    if (f->failed)
        answer_nothing(f, LOOK);
    else
        wait_for(f, LOOK, say_look(f));
}

static void lock(br_store_entry *base)
{
    entry *f = (entry *)base;
    if (f->failed)
        answer_nothing(f, LOCK);
    else
        wait_for(f, LOCK, say_lock(f));
}

/* Of another type, or too long: not ours, and as good as none. */
static void looked(entry *f, const br_resp_reply *reply)
{
    bool foreign = reply->type == BR_RESP_ERROR && br_slice_starts(reply->text, "WRONGTYPE");
    if (reply->type != BR_RESP_TEXT && !foreign) {
        give_up(f);
        return;
    }
    bool fits = !foreign && reply->text.n <= BR_CACHE_RECORD_MAX;
    end_wait(f);
    f->base.answers->looked(f->base.user, fits ? reply->text : (br_slice){"", 0});
}

static void set_lock(entry *f)
{
    snprintf(f->lock, sizeof f->lock, "%s:lock%s", f->key, f->second ? "2" : "");
}

/* As of file_lock.h: when waiting for the first lasts too long, there is a second. */
static br_lock_state wait_longer(entry *f)
{
    if (f->busy_since_ms < 0)
        f->busy_since_ms = now_of(f);
    if (now_of(f) - f->busy_since_ms < BR_LOCK_WAIT_MS)
        return BR_LOCK_BUSY;
    if (f->second)
        return BR_LOCK_GIVEN_UP;
    f->second = true;
    f->busy_since_ms = now_of(f);
    f->delay_ms = 0;
    set_lock(f);
    return BR_LOCK_BUSY;
}

/* 5 ms doubling to 100 ms, less up to half of it. */
static int next_delay_ms(entry *f)
{
    int twice = 2 * f->delay_ms;
    f->delay_ms = twice < BR_LOCK_RETRY_MIN_MS   ? BR_LOCK_RETRY_MIN_MS
                  : twice > BR_LOCK_RETRY_MAX_MS ? BR_LOCK_RETRY_MAX_MS
                                                 : twice;
    return f->delay_ms - (int)(f->delay_ms / 2.0 * br_engine_random01(f->base.engine));
}

static void tell_locked(entry *f, br_lock_state state)
{
    end_wait(f);
    f->base.answers->locked(f->base.user, state, state == BR_LOCK_BUSY ? next_delay_ms(f) : 0);
}

static void lock_refused(entry *f, int64_t life_ms)
{
    bool ours = life_ms == -2 || (life_ms >= 0 && life_ms <= BR_LOCK_SILENCE_MS);
    if (ours) {
        tell_locked(f, wait_longer(f));
    } else if (f->cleared) {
        give_up(f);
    } else {
        f->cleared = true;
        if (!say_script(f, CLEARED, CLEAR) || !say_lock(f))
            give_up(f);
    }
}

static void lock_replied(entry *f, tag t, const br_resp_reply *reply)
{
    bool got = reply->type == BR_RESP_STATUS;
    if (t == LOCK && (got || reply->type == BR_RESP_NIL)) {
        f->held = got;
        f->refused = !got;
    } else if (t == LIFE && reply->type == BR_RESP_INTEGER && f->refused) {
        lock_refused(f, reply->integer);
    } else if (t == LIFE && f->held) {
        f->busy_since_ms = -1;
        tell_locked(f, BR_LOCK_GOT);
    } else if (t != CLEARED || reply->type != BR_RESP_INTEGER) {
        give_up(f);
    }
}

/* An entry that is closed lives only until its lock was given back. */
static void replied(void *user, int t, const br_resp_reply *reply)
{
    entry *f = user;
    if (t == GIVE_BACK && f->task.running)
        destroy(f);
    else if (f->task.running)
        return;
    else if (t == LOOK)
        looked(f, reply);
    else if (t == LOCK || t == LIFE || t == CLEARED)
        lock_replied(f, (tag)t, reply);
    else if (reply->type == BR_RESP_ERROR)
        give_up(f);
    else if (t == TOUCH)
        f->held = f->held && reply->integer == 1;
    else if (f->waits == PUT && t == (f->gives_back ? GIVE_BACK : PUT)) {
        end_wait(f);
        f->base.answers->put(f->base.user);
    }
}

static void touch(br_store_entry *base)
{
    entry *f = (entry *)base;
    if (f->held && !say_script(f, TOUCH, PROLONG))
        f->held = false;
}

/* The lock is given back in the same breath. */
static void put(br_store_entry *base, br_slice bytes, int64_t expires_ms)
{
    entry *f = (entry *)base;
    char life[24];
    int64_t life_ms = expires_ms - br_engine_wall_ms(f->base.engine);
    if (f->failed || life_ms <= 0) {
        answer_nothing(f, PUT);
        return;
    }
    snprintf(life, sizeof life, "%lld", (long long)life_ms);
    const br_slice words[] = {BR_SLICE("SET"), br_slice_of(f->key), bytes, BR_SLICE("PX"),
                              br_slice_of(life)};
    f->gives_back = f->held;
    bool said = say(f, PUT, words, sizeof words / sizeof *words) &&
                (!f->held || say_script(f, GIVE_BACK, RELEASE));
    f->held = false;
    wait_for(f, PUT, said);
}

static void gone(void *user)
{
    entry *f = user;
    if (br_engine_abandoned(f->base.engine))
        br_redis_abandon(f->line);
    else
        destroy(f);
}

static void given_up_waiting(void *user)
{
    destroy(user);
}

static void close_entry(br_store_entry *base)
{
    entry *f = (entry *)base;
    br_engine *e = f->base.engine;
    f->waits = NOTHING;
    if (!f->held || !say_script(f, GIVE_BACK, RELEASE) ||
        !br_timer_start(e, &f->timer, BR_REDIS_SHARE_MS, given_up_waiting, f)) {
        destroy(f);
        return;
    }
    br_task_enter_background(e, &f->task, gone, f);
}

static void abandon(br_store_entry *base)
{
    br_redis_abandon(((entry *)base)->line);
}

static bool make_names(entry *f, const uint8_t identity[BR_IDENTITY_SIZE])
{
    uint8_t random[TOKEN_BYTES];
    memcpy(f->key, PREFIX, sizeof PREFIX);
    br_hex(f->key + sizeof PREFIX - 1, identity, BR_IDENTITY_SIZE);
    set_lock(f);
    if (!br_engine_random(f->base.engine, random, sizeof random))
        return false;
    br_hex(f->token, random, sizeof random);
    return true;
}

static bool trouble(br_store *base, int64_t mono_ms, char why[BR_STORE_WHY_SIZE])
{
    snprintf(why, BR_STORE_WHY_SIZE, "it failed a moment ago");
    return mono_ms < atomic_load(&((redis_store *)base)->config->redis_rests_until_ms);
}

static br_store_entry *open_entry(br_store *base, br_engine *e,
                                  const uint8_t identity[BR_IDENTITY_SIZE])
{
    static const br_redis_ops ops = {replied, lost};
    redis_store *s = (redis_store *)base;
    char why[BR_STORE_WHY_SIZE];
    if (trouble(base, br_engine_mono_ms(e), why))
        return NULL;
    entry *f = calloc(1, sizeof *f);
    if (f == NULL)
        return NULL;
    f->base = (br_store_entry){.ops = base->ops, .engine = e};
    f->store = s;
    f->left_ms = BR_REDIS_SHARE_MS;
    f->busy_since_ms = -1;
    if (make_names(f, identity))
        f->line = br_redis_open(e, &s->url, &s->net, 2 * BR_REDIS_SHARE_MS, &ops, f);
    if (f->line != NULL)
        return &f->base;
    destroy(f);
    return NULL;
}

static void release(br_store *base)
{
    redis_store *s = (redis_store *)base;
    OPENSSL_cleanse(s, sizeof *s);
    free(s);
}

br_store *br_redis_store_new(br_config *config)
{
    static const br_store_ops ops = {BR_FROM_REDIS, trouble, open_entry,  look,    lock,
                                     touch,         put,     close_entry, abandon, release};
    redis_store *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->base.ops = &ops;
    s->config = config;
    s->net = (br_net){.ca_file = config->net.ca_file, .identity = config->identity};
    br_store *base = &s->base;
    if (br_redis_url_parse(&s->url, br_slice_of(config->settings.cache_url)) == NULL)
        return base;
    release(base);
    return NULL;
}
