#include "engine/credentials/store.h"

br_store *br_store_new(const br_config *config)
{
    return config->settings.cache == BR_CACHE_SHARED ? br_file_store_new(config) : NULL;
}

void br_store_free(br_store *s)
{
    if (s != NULL)
        s->ops->free(s);
}
