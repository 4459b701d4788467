#include "engine/credentials/principal.h"

#include <stdlib.h>

#include "engine/credentials/provider.h"

br_principal *br_principal_new(br_x509 *x509, br_provider *provider)
{
    br_principal *p = malloc(sizeof *p);
    if (p == NULL) {
        br_x509_unref(x509);
        br_provider_unref(provider);
        return NULL;
    }
    atomic_init(&p->refs, 1);
    p->x509 = x509;
    p->provider = provider;
    return p;
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
    br_x509_unref(p->x509);
    free(p);
}
