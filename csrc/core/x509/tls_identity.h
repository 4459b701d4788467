/*
** Who a client is in TLS (mutual TLS): its certificate, with what leads to its authority, and the
** private key, as PEM that needs no password. Not what IAM Roles Anywhere knows it by: see x509.h.
*/
#ifndef BR_CORE_X509_TLS_IDENTITY_H
#define BR_CORE_X509_TLS_IDENTITY_H

#include "core/base/buffer.h"
#include "core/base/error.h"
#include "core/base/problems.h"

#define BR_TLS_IDENTITY_MAX ((size_t)1024 * 1024) /* each of the inputs, and of the outputs */
#define BR_TLS_CHAIN_MAX 16                       /* certificates, the client's own among them */

/* {NULL, 0}: not given. PEM; names in problems are client_certificate, client_key, … */
typedef struct br_tls_identity_input {
    br_slice certificate; /* may hold more certificates, and the key, in any order */
    br_slice key;         /* not given: looked for in `certificate` */
    br_slice password;
} br_tls_identity_input;

typedef struct br_tls_identity {
    br_buf certificate; /* the client's own first */
    br_buf key;         /* cleansed */
} br_tls_identity;

/*
** Checks that the key belongs to one of the certificates, and that one's dates. NULL: problems say
** why.
*/
br_tls_identity *br_tls_identity_load(const br_tls_identity_input *in, int64_t now_ms,
                                      br_problems *problems);
void br_tls_identity_free(br_tls_identity *identity); /* cleanses; NULL is fine */

#endif
