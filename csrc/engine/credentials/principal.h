/*
** Who a client is towards AWS: the source of its credentials, and the provider for the identity
** that they are of. Immutable and counted: when what the source was made of was renewed, the client
** gets another, and whoever is at work with this one ends with it.
*/
#ifndef BR_ENGINE_CREDENTIALS_PRINCIPAL_H
#define BR_ENGINE_CREDENTIALS_PRINCIPAL_H

#include "engine/credentials/source.h"

typedef struct br_provider br_provider;

typedef struct br_principal {
    atomic_uint refs;
    br_source *source; /* both NULL for api_key and none */
    br_provider *provider;
} br_principal;

/* Takes the source over, also on failure; NULL: none is needed. NULL: no memory. */
br_principal *br_principal_new(br_source *source);
br_principal *br_principal_ref(br_principal *p);
void br_principal_unref(br_principal *p); /* NULL is fine */

#endif
