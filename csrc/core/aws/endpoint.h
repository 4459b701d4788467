/*
** Where AWS's services are reached. The tables come from the facts (csrc/model).
*/
#ifndef BR_CORE_AWS_ENDPOINT_H
#define BR_CORE_AWS_ENDPOINT_H

#include "core/base/error.h"
#include "core/http/url.h"
#include "model/model.h"

/*
** The service's default endpoint. `service` is an index into the model's services. false (error:
** config): the region is no host label, its partition has no FIPS or no dual-stack endpoints, or
** the service is not known to be there.
*/
bool br_endpoint_resolve(const br_model *model, unsigned service, br_slice region, bool fips,
                         bool dualstack, br_url *out, br_error *error);

#endif
