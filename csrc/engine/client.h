/*
** A client: the settings of one connection, checked and loaded; immutable but for the fields that
** say so; counted; shared between threads and engines.
*/
#ifndef BR_ENGINE_CLIENT_H
#define BR_ENGINE_CLIENT_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/retry.h"
#include "core/roles_anywhere.h"
#include "core/seal.h"
#include "core/settings.h"
#include "engine/transfer.h"

typedef struct br_provider br_provider;

typedef struct br_client {
    atomic_uint refs;
    br_settings settings; /* secrets in it are cleansed with it; file contents are not kept in it */
    br_x509 *x509;        /* roles_anywhere only */
    br_ra_params ra;      /* slices into settings */
    br_url ra_endpoint;   /* effective rolesanywhere endpoint */
    br_timeouts timeouts;
    br_net net; /* strings of settings */
    int max_attempts;
    bool retry_timeouts;
    br_provider *provider; /* where credentials come from; NULL for api_key */
    pthread_mutex_t lock;  /* of quota */
    br_retry_quota quota;
    _Atomic int64_t clock_offset_ms; /* server Date - local clock */
    atomic_bool clock_offset_known;
} br_client;

/*
** Checks settings (taking them over: *settings is left empty, also on failure), reads the files
** they name, loads certificate and key. No network, no thread, no lock, no directory. NULL:
** problems say why. host: the clock that dates are judged by.
*/
br_client *br_client_new(br_settings *settings, const br_model *model, const br_host *host,
                         br_problems *problems);
br_client *br_client_ref(br_client *c);
void br_client_unref(br_client *c);

/* The effective endpoint of a service (index into the model's). */
bool br_client_endpoint(const br_client *c, const br_model *model, unsigned service, br_url *out,
                        br_error *error);

/* Corrected time: local clock plus the offset, where one is known. */
int64_t br_client_now_ms(const br_client *c, const br_engine *e);
/* A sample from a trusted answer's Date. */
void br_client_clock_sample(br_client *c, int64_t server_ms, int64_t local_ms);

#endif
