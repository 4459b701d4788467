#include "engine/client/client.h"

#include <stdlib.h>

#include "engine/credentials/provider.h"
#include "engine/credentials/registry.h"

static bool load(br_client *c, const br_model *model, const br_platform *platform,
                 br_problems *problems)
{
    br_source *source = br_source_new(c->config, model, platform, problems);
    if (br_problems_any(problems)) {
        br_source_unref(source);
        return false;
    }
    bool files = br_ways_has_files(&c->config->settings);
    c->renewable = source != NULL && (source->renewable || files);
    c->model = model;
    c->platform = platform;
    c->principal = br_principal_new(source);
    return c->principal != NULL ||
           br_problems_add(problems, "file", (br_slice){"", 0}, "out of memory");
}

br_client *br_client_new(br_settings *settings, const br_model *model, const br_platform *platform,
                         br_problems *problems)
{
    br_config *config = br_config_new(settings, model, platform, problems);
    br_client *c = calloc(1, sizeof(*c));
    if (config == NULL || c == NULL) {
        br_config_unref(config);
        free(c);
        br_problems_add(problems, "file", (br_slice){"", 0}, "out of memory");
        return NULL;
    }
    atomic_init(&c->refs, 1);
    atomic_init(&c->spare, NULL);
    atomic_init(&c->heard, false);
    atomic_init(&c->free_spare, NULL);
    br_retry_quota_init(&c->quota);
    c->config = config;
    if (load(c, model, platform, problems))
        return c;
    br_client_unref(c);
    return NULL;
}

br_client *br_client_ref(br_client *c)
{
    atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return c;
}

static void free_spare(br_client *c)
{
    void (*release)(struct br_call *) = atomic_load(&c->free_spare);
    if (release != NULL)
        release(atomic_load(&c->spare));
}

void br_client_unref(br_client *c)
{
    if (c == NULL || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
        return;
    free_spare(c);
    br_principal_unref(c->principal);
    br_config_unref(c->config);
    free(c);
}

br_principal *br_client_principal(br_client *c)
{
    if (!c->renewable)
        return br_principal_ref(c->principal);
    br_registry_enter();
    br_principal *p = br_principal_ref(c->principal);
    br_registry_leave();
    return p;
}

bool br_client_session_name_refused(br_client *c)
{
    br_principal *p = br_client_principal(c);
    bool refused = p->provider != NULL && br_provider_note_ms(p->provider) != 0;
    br_principal_unref(p);
    return refused;
}

static bool could_be_kept(br_source *s)
{
    br_buf key;
    if (s == NULL || s->store == NULL)
        return false;
    br_buf_init_secret(&key, BR_KEY_MATERIAL_MAX);
    bool could = s->ops->key_material(s, &key);
    br_buf_free(&key);
    return could;
}

br_origin br_client_cache_trouble(br_client *c, char why[BR_STORE_WHY_SIZE])
{
    br_principal *p = br_client_principal(c);
    br_origin origin = BR_FROM_NOWHERE;
    if (could_be_kept(p->source)) {
        br_store *store = p->source->store;
        if (store->ops->trouble(store, c->platform->mono_ms(c->platform->user), why))
            origin = store->ops->origin;
    }
    br_principal_unref(p);
    return origin;
}

/* Gives back the principal whose place was taken. */
static br_principal *replace(br_client *c, br_principal *fresh)
{
    br_registry_enter();
    br_principal *old = c->principal;
    c->principal = fresh;
    br_registry_leave();
    return old;
}

/* What a file of its own has in store: the token of a login, or what was not there yet. */
static bool may_be_elsewhere(const br_way *way)
{
    const br_layer *base = &way->layers[0];
    return base->kind == BR_LAYER_NOTHING ||
           (base->kind == BR_LAYER_KEYS && base->text[BR_LAYER_EXPIRATION] != NULL);
}

/* Of the way that AWS's shared files describe now. NULL: they are as they were. */
static br_source *found_again(const br_client *c, const br_source *old, int64_t now_ms)
{
    br_problems problems;
    br_ways_stamps now = br_ways_stamps_of(&c->config->settings);
    if (br_ways_stamps_eq(&now, br_source_stamps(old)) && !may_be_elsewhere(br_source_way(old)))
        return NULL;
    br_later_way *later = br_later_way_new(c->config, c->model, now_ms, br_source_way(old));
    if (later == NULL)
        return NULL;
    br_problems_init(&problems);
    br_source *source = br_source_new_later(c->config, later, c->model, c->platform, &problems);
    br_problems_free(&problems);
    br_later_way_unref(later);
    return source;
}

static br_source *renewed(const br_client *c, br_source *old, int64_t now_ms)
{
    br_source *source =
        br_ways_has_files(&c->config->settings) ? found_again(c, old, now_ms) : NULL;
    return source == NULL && old->renewable ? old->ops->renewed(old, now_ms) : source;
}

void br_client_renew(br_client *c, int64_t now_ms)
{
    if (!c->renewable)
        return;
    br_principal *who = br_client_principal(c);
    br_source *source = renewed(c, who->source, now_ms);
    br_principal *fresh = source != NULL ? br_principal_new(source) : NULL;
    if (fresh != NULL)
        br_principal_unref(replace(c, fresh));
    br_principal_unref(who);
}

int64_t br_client_now_ms(const br_client *c, const br_engine *e)
{
    return br_skew_now_ms(&c->config->skew, e);
}
