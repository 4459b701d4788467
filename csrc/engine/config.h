/*
** What whoever sends on behalf of a connection needs of it: the settings, checked, in the form that
** the engine needs; how servers are reached; what time it is there. Counted, as what runs may
** outlive the client; shared between threads and engines; immutable but for the skew.
*/
#ifndef BR_ENGINE_CONFIG_H
#define BR_ENGINE_CONFIG_H

#include "core/aws/settings.h"
#include "engine/transfer/clock.h"
#include "engine/transfer/transfer.h"
#include "engine/ways.h"

typedef struct br_config {
    atomic_uint refs;
    br_settings settings; /* secrets in it are cleansed with it; file contents are not kept in it */
    br_timeouts timeouts;
    br_net net;                /* strings of settings; for AWS's own endpoints */
    br_tls_identity *identity; /* NULL: none */
    br_ways_stamps stamps;     /* of the files that the settings' way was found in */
    int max_attempts;
    bool retry_timeouts;
    br_skew skew;
    _Atomic int64_t
        redis_rests_until_ms; /* monotonic: a cache that failed is left alone until then */
} br_config;

/*
** Checks settings (taking them over: *settings is left empty, also on failure) and reads the files
** they name, but for those of a source of credentials. No network, no thread, no lock, no
** directory. problems say what is wrong; NULL: no memory. platform: the clock that dates are judged
** by.
*/
br_config *br_config_new(br_settings *settings, const br_model *model, const br_platform *platform,
                         br_problems *problems);
br_config *br_config_ref(br_config *c);
void br_config_unref(br_config *c); /* NULL is fine */

/* Is there a URL among the settings for the service (index into the model's), or for all? */
bool br_config_has_endpoint(const br_config *c, const br_model *model, unsigned service);
/* How it is reached: an endpoint of the user's own is shown the client's certificate. */
br_net br_config_net(const br_config *c, const br_model *model, unsigned service);
/* Its effective endpoint; that of a region, where none was given. */
bool br_config_endpoint_in(const br_config *c, const br_model *model, unsigned service,
                           br_slice region, br_url *out, br_error *error);
bool br_config_endpoint(const br_config *c, const br_model *model, unsigned service, br_url *out,
                        br_error *error);

#endif
