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
