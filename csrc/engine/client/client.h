/*
** A client: the settings of one connection, checked and loaded; immutable but for the fields that
** say so; counted; shared between threads and engines.
*/
#ifndef BR_ENGINE_CLIENT_CLIENT_H
#define BR_ENGINE_CLIENT_CLIENT_H

#include "engine/credentials/principal.h"

typedef struct br_client {
    atomic_uint refs;
    br_config *config;    /* counted */
    br_retry_quota quota; /* it and the next: under br_registry_enter */
    br_principal *principal;
    bool renewable;        /* what the source was made of is looked at again */
    const br_model *model; /* for that; of AWS's own services */
    const br_platform *platform;
    atomic_bool heard;                            /* somebody listens to its calls */
    _Atomic(struct br_call *) spare;              /* a call that is over; kept for the next one */
    void (*_Atomic free_spare)(struct br_call *); /* for the client's own end; of no spare, too */
} br_client;

/*
** Checks settings (taking them over: *settings is left empty, also on failure), reads the files
** they name, loads certificate and key. No network, no thread, no lock, no directory. NULL:
** problems say why. platform: the clock that dates are judged by.
*/
br_client *br_client_new(br_settings *settings, const br_model *model, const br_platform *platform,
                         br_problems *problems);
br_client *br_client_ref(br_client *c);
void br_client_unref(br_client *c);

/* Who it is now. A counted reference. */
br_principal *br_client_principal(br_client *c);
/*
** Before an exchange: what the source was made of, and was renewed, takes the place of the old, if
** it can be used (as certificate and key cannot while only one of two files has been replaced).
** now_ms: corrected time. Reads files, but only after a change.
*/
void br_client_renew(br_client *c, int64_t now_ms);
/* Did the profile refuse the session name when the identity was last exchanged? */
bool br_client_session_name_refused(br_client *c);

/*
** Is the cache that its credentials could be kept in done without just now? Then `why` says why, for
** people. May look at files.
*/
br_origin br_client_cache_trouble(br_client *c, char why[BR_STORE_WHY_SIZE]);

int64_t br_client_now_ms(const br_client *c, const br_engine *e); /* corrected time */

#endif
