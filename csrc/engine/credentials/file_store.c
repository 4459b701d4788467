/* The cache directory: a file and a lock for each identity. All answers come at once. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/credentials/store.h"
#include "engine/files/cache_file.h"

typedef struct file_store {
    br_store base;
    const char *cache_dir; /* NULL: the usual one */
} file_store;

typedef struct entry {
    br_store_entry base;
    int dir;
    br_file_lock lock;
} entry;

static bool trouble(br_store *s, int64_t mono_ms, char why[BR_STORE_WHY_SIZE])
{
    (void)mono_ms;
    int dir = br_cache_dir_open(((file_store *)s)->cache_dir, why);
    bool unusable = dir < 0 || !br_cache_dir_writable(dir, why);
    if (dir >= 0)
        close(dir);
    return unusable;
}

static br_store_entry *open_entry(br_store *s, br_engine *e,
                                  const uint8_t identity[BR_IDENTITY_SIZE])
{
    char stem[BR_CACHE_STEM_SIZE];
    entry *f = calloc(1, sizeof *f);
    if (f == NULL)
        return NULL;
    f->dir = br_cache_dir_open(((file_store *)s)->cache_dir, NULL);
    if (f->dir < 0) {
        free(f);
        return NULL;
    }
    br_cache_stem(identity, stem);
    br_file_lock_init(&f->lock, f->dir, stem);
    f->base = (br_store_entry){.ops = s->ops, .engine = e};
    return &f->base;
}

static void look(br_store_entry *base)
{
    entry *f = (entry *)base;
    br_buf file;
    br_buf_init(&file, BR_CACHE_RECORD_MAX + 1);
    bool found = br_cache_file_read(f->dir, f->lock.stem, &file);
    base->answers->looked(base->user, found ? br_buf_slice(&file) : (br_slice){"", 0});
    br_buf_free(&file);
}

static void lock(br_store_entry *base)
{
    entry *f = (entry *)base;
    int delay_ms = 0;
    br_lock_state state = br_file_lock_try(&f->lock, br_engine_mono_ms(base->engine));
    if (state == BR_LOCK_BUSY)
        delay_ms = br_file_lock_delay_ms(&f->lock, br_engine_random01(base->engine));
    base->answers->locked(base->user, state, delay_ms);
}

static void touch(br_store_entry *base)
{
    entry *f = (entry *)base;
    if (f->lock.held)
        br_file_lock_touch(&f->lock);
}

static void trace_unwritten(br_trace *t, int failure)
{
    char why[BR_STORE_WHY_SIZE];
    snprintf(why, sizeof why, "credentials cannot be written (%s)", strerror(failure));
    br_store_trace_without(t, BR_FROM_FILE, why);
}

static void put(br_store_entry *base, br_slice bytes, int64_t expires_ms)
{
    entry *f = (entry *)base;
    uint8_t random[BR_CACHE_RANDOM];
    if (br_engine_random(base->engine, random, sizeof random) &&
        !br_cache_file_write(f->dir, f->lock.stem, bytes, expires_ms,
                             br_engine_wall_ms(base->engine), random))
        trace_unwritten(base->trace, errno);
    base->answers->put(base->user);
}

static void close_entry(br_store_entry *base)
{
    entry *f = (entry *)base;
    br_file_lock_release(&f->lock);
    close(f->dir);
    free(f);
}

static void abandon(br_store_entry *base)
{
    entry *f = (entry *)base;
    br_file_lock_abandon(&f->lock);
    close(f->dir);
}

static void release(br_store *s)
{
    free(s);
}

br_store *br_file_store_new(const br_config *config)
{
    static const br_store_ops ops = {BR_FROM_FILE, trouble, open_entry,  look,    lock,
                                     touch,        put,     close_entry, abandon, release};
    file_store *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->base.ops = &ops;
    s->cache_dir = br_settings_text(&config->settings, BR_OPT_CACHE_DIR).p;
    return &s->base;
}
