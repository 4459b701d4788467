/*
** A client: the settings of one connection, checked and loaded; immutable but for the fields that
** say so; counted; shared between threads and engines.
*/
#ifndef BR_ENGINE_CLIENT_CLIENT_H
#define BR_ENGINE_CLIENT_CLIENT_H

#include <stdatomic.h>

#include "core/aws/cache_record.h"
#include "core/aws/roles_anywhere.h"
#include "core/aws/settings.h"
#include "core/http/retry.h"
#include "engine/credentials/certificate_files.h"
#include "engine/credentials/principal.h"
#include "engine/transfer/transfer.h"

#define BR_RENEWAL_PROBLEM_MAX 512

typedef struct br_client {
    atomic_uint refs;
    br_settings settings; /* secrets in it are cleansed with it; file contents are not kept in it */
    br_ra_params ra;      /* slices into settings */
    br_url ra_endpoint;   /* effective rolesanywhere endpoint */
    br_timeouts timeouts;
    br_net net;                /* strings of settings; for AWS's own endpoints */
    br_net ra_net;             /* for rolesanywhere */
    br_tls_identity *identity; /* NULL: none */
    int max_attempts;
    bool retry_timeouts;
    br_retry_quota quota; /* it and the next three: under br_registry_enter */
    br_principal *principal;
    br_certificate_files_stamps stamps;           /* of the files that were looked at last */
    char renewal_problem[BR_RENEWAL_PROBLEM_MAX]; /* why those are not used; "": they are */
    bool renewable;                               /* the certificate's files are looked at again */
    _Atomic int64_t clock_offset_ms; /* of the services' clocks from the local one, as learned */
    atomic_bool clock_offset_known;  /* it is the client's own, or a cache file's */
    _Atomic(struct br_call *) spare; /* a call that is over; kept for the next one */
    void (*_Atomic free_spare)(struct br_call *); /* for the client's own end; of no spare, too */
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

/* Who it is now. A counted reference. */
br_principal *br_client_principal(br_client *c);
/*
** Before an exchange: a certificate and key whose files were replaced take the place of the old
** ones, if they can be loaded and are valid (as they are not while only one of two files has been
** replaced); otherwise the old ones stay. now_ms: corrected time. Reads files, but only after a
** change. `problem` gets why files that are there are not used, or "".
*/
void br_client_renew(br_client *c, int64_t now_ms);
bool br_client_session_name_refused(br_client *c); /* see provider.h */
void br_client_renewal_problem(br_client *c, char problem[BR_RENEWAL_PROBLEM_MAX]);

/* Is there a URL among the settings for the service, or for all? */
bool br_client_has_endpoint(const br_client *c, const br_model *model, unsigned service);
/* How it is reached: an endpoint of the user's own is shown the client's certificate. */
br_net br_client_net(const br_client *c, const br_model *model, unsigned service);
/* The effective endpoint of a service (index into the model's). */
bool br_client_endpoint(const br_client *c, const br_model *model, unsigned service, br_url *out,
                        br_error *error);

/* Corrected time: local clock plus the offset, where one is known. */
int64_t br_client_now_ms(const br_client *c, const br_engine *e);
/* What a request that was accepted has shown, see clock.h. It goes before what files say. */
void br_client_learn_clock(br_client *c, int64_t offset_ms);

#endif
