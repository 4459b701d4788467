#include "engine/credentials/sources.h"

#include <stdlib.h>

static br_source_maker *const makers[] = {
    [BR_LAYER_ROLES_ANYWHERE] = br_roles_anywhere_new,
    [BR_LAYER_KEYS] = br_static_new,
    [BR_LAYER_ENVIRONMENT] = br_static_new,
    [BR_LAYER_CUSTOM] = br_custom_new,
    [BR_LAYER_WEB_IDENTITY] = br_assume_role_new,
    [BR_LAYER_SSO] = br_sso_new,
    [BR_LAYER_PROCESS] = br_process_new,
    [BR_LAYER_CONTAINER] = br_container_new,
    [BR_LAYER_INSTANCE] = br_instance_new,
    [BR_LAYER_NOTHING] = br_nothing_new,
    [BR_LAYER_ASSUME_ROLE] = br_assume_role_new,
};

static br_source *make(const br_source_input *in, br_problems *problems)
{
    size_t kind = in->layer->kind;
    if (kind < sizeof makers / sizeof *makers && makers[kind] != NULL)
        return makers[kind](in, problems);
    br_problems_add(problems, "enum", BR_SLICE("auth"), "\"%s\" is not supported by this version",
                    br_layer_name(in->layer->kind));
    return NULL;
}

/* The principal of a source that lies below another. */
static bool lay_under(br_source_input *in, br_source *source, br_problems *problems)
{
    br_principal_unref(in->below);
    in->below = br_principal_new(source);
    return in->below != NULL ||
           br_problems_add(problems, "file", (br_slice){"", 0}, "out of memory");
}

static br_source *new_of(br_source_input *in, br_later_way *later, br_problems *problems)
{
    br_source *source = NULL;
    for (size_t i = 0; i < in->way->count; i++) {
        if (i > 0 && source == NULL)
            break;
        if (i > 0 && !lay_under(in, source, problems)) {
            source = NULL;
            break;
        }
        in->layer = &in->way->layers[i];
        source = make(in, problems);
        if (source != NULL)
            source->later = br_later_way_ref(later);
    }
    br_principal_unref(in->below);
    return source;
}

/* Also where settings are wrong: what a layer sees itself is told with the rest. */
br_source *br_source_new(br_config *config, const br_model *model, const br_platform *platform,
                         br_problems *problems)
{
    br_source_input in = {
        .config = config, .way = &config->settings.way, .model = model, .platform = platform};
    return new_of(&in, NULL, problems);
}

br_source *br_source_new_later(br_config *config, br_later_way *later, const br_model *model,
                               const br_platform *platform, br_problems *problems)
{
    br_source_input in = {
        .config = config, .way = &later->way, .model = model, .platform = platform};
    return new_of(&in, later, problems);
}

br_later_way *br_later_way_new(const br_config *config, const br_model *model, int64_t now_ms,
                               const br_way *old)
{
    br_later_way *w = calloc(1, sizeof *w);
    if (w == NULL)
        return NULL;
    atomic_init(&w->refs, 1);
    w->stamps = br_ways_stamps_of(&config->settings);
    if (br_ways_find_again(&config->settings, model, now_ms, old, &w->way))
        return w;
    br_later_way_unref(w);
    return NULL;
}

br_later_way *br_later_way_ref(br_later_way *w)
{
    if (w != NULL)
        atomic_fetch_add_explicit(&w->refs, 1, memory_order_relaxed);
    return w;
}

void br_later_way_unref(br_later_way *w)
{
    if (w == NULL || atomic_fetch_sub_explicit(&w->refs, 1, memory_order_acq_rel) != 1)
        return;
    br_way_free(&w->way);
    free(w);
}

const br_way *br_source_way(const br_source *s)
{
    return s->later != NULL ? &s->later->way : &s->config->settings.way;
}

const br_ways_stamps *br_source_stamps(const br_source *s)
{
    return s->later != NULL ? &s->later->stamps : &s->config->stamps;
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
    br_principal_unref(s->below);
    br_later_way *later = s->later;
    br_config_unref(s->config);
    s->ops->free(s);
    br_later_way_unref(later);
}

/* With lengths, so that no two sets give one text. */
static bool keys_identity(const br_credentials *c, uint8_t out[BR_IDENTITY_SIZE])
{
    br_buf text;
    br_digest *digest = br_digest_new();
    br_buf_init_secret(&text, BR_ACCESS_KEY_ID_MAX + BR_SECRET_MAX + BR_SESSION_TOKEN_MAX + 64);
    br_buf_addf(&text, "keys %zu %zu ", c->access_key_id.n, c->secret_access_key.n);
    br_buf_add_slice(&text, c->access_key_id);
    br_buf_add_slice(&text, c->secret_access_key);
    br_buf_add_slice(&text, c->session_token);
    bool ok = digest != NULL && !text.failed && br_sha256(digest, br_buf_slice(&text), out);
    br_digest_free(digest);
    br_buf_free(&text);
    return ok;
}

bool br_source_identity(const br_source *s, uint8_t out[BR_IDENTITY_SIZE])
{
    if (s->ops->fixed != NULL)
        return keys_identity(s->ops->fixed(s), out);
    return s->ops->identity != NULL && s->ops->identity(s, out);
}
