#include "engine/credentials/sources.h"

static br_source_maker *const makers[] = {
    [BR_AUTH_ROLES_ANYWHERE] = br_roles_anywhere_new,
    [BR_AUTH_ACCESS_KEYS] = br_static_new,
};

br_source *br_source_new(br_config *config, const br_model *model, const br_platform *platform,
                         br_problems *problems)
{
    size_t auth = config->settings.auth;
    if (auth >= sizeof makers / sizeof *makers || makers[auth] == NULL)
        return NULL;
    return makers[auth](config, model, platform, problems);
}

void br_source_init(br_source *s, const br_source_ops *ops, br_config *config)
{
    s->ops = ops;
    atomic_init(&s->refs, 1);
    s->config = br_config_ref(config);
    s->store = ops->key_material != NULL ? br_store_new(config) : NULL;
}

br_source *br_source_ref(br_source *s)
{
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

void br_source_unref(br_source *s)
{
    if (s == NULL || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    br_store_free(s->store);
    br_config_unref(s->config);
    s->ops->free(s);
}
