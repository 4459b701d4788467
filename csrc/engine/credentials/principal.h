/*
** Who a client is towards AWS: its certificate with key, and the provider of its credentials, which
** stands for the same identity. Immutable and counted: when the certificate's files were renewed,
** the client gets another, and whoever is at work with this one ends with it.
*/
#ifndef BR_ENGINE_CREDENTIALS_PRINCIPAL_H
#define BR_ENGINE_CREDENTIALS_PRINCIPAL_H

#include <stdatomic.h>

#include "core/x509/x509.h"

typedef struct br_provider br_provider;

typedef struct br_principal {
    atomic_uint refs;
    br_x509 *x509;         /* roles_anywhere only */
    br_provider *provider; /* NULL for api_key and none */
} br_principal;

/* Takes over both references, also on failure. NULL: no memory. */
br_principal *br_principal_new(br_x509 *x509, br_provider *provider);
br_principal *br_principal_ref(br_principal *p);
void br_principal_unref(br_principal *p); /* NULL is fine */

#endif
