#include "engine/credentials/principal.h"

#include <stdlib.h>

#include "engine/credentials/provider.h"

br_principal *br_principal_new(br_source *source)
{
    br_principal *p = calloc(1, sizeof *p);
    if (p != NULL) {
        atomic_init(&p->refs, 1);
        p->source = source;
        p->provider = source != NULL ? br_provider_for(source) : NULL;
        if (source == NULL || p->provider != NULL)
            return p;
    }
    br_source_unref(source);
    free(p);
    return NULL;
}

br_principal *br_principal_ref(br_principal *p)
{
    atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
    return p;
}

void br_principal_unref(br_principal *p)
{
    if (p == NULL || atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) != 1)
        return;
    br_provider_unref(p->provider);
    br_source_unref(p->source);
    free(p);
}
