#include "engine/credentials/store.h"

#include "engine/credentials/redis_store.h"

br_store *br_store_new(br_config *config)
{
    switch (config->settings.cache) {
    case BR_CACHE_SHARED:
        return br_file_store_new(config);
    case BR_CACHE_REDIS:
        return br_redis_store_new(config);
    default:
        return NULL;
    }
}

void br_store_free(br_store *s)
{
    if (s != NULL)
        s->ops->free(s);
}

const char *br_origin_name(br_origin origin)
{
    static const char *const names[] = {NULL, "exchange", "memory", "file", "redis"};
    return names[origin];
}

void br_store_trace_without(br_trace *t, br_origin origin, const char *why)
{
    if (t == NULL)
        return;
    br_trace_begin(t, "cache");
    br_trace_text(t, "cache", br_slice_of(br_origin_name(origin)));
    br_trace_text(t, "trouble", br_slice_of(why));
    br_trace_end(t);
}
