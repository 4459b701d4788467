/*
** Regions, partitions and endpoints. The tables come from the facts (csrc/model).
*/
#ifndef BR_CORE_REGION_H
#define BR_CORE_REGION_H

#include "core/uri.h"
#include "model/model.h"

#define BR_REGION_MAX 63

/*
** A host label as a region may be: [a-z0-9-], starts and ends with a letter or digit, no "--", at
** most BR_REGION_MAX characters.
*/
bool br_region_syntax_ok(br_slice region);
/* One of the listed regions of the facts; pseudo-regions (…-global) are not listed. */
bool br_region_known(br_slice region);
/* By the partition's list, then its pattern; the aws partition for all others. Never NULL. */
const br_partition *br_region_partition(br_slice region);
void br_region_suggest(br_suggest *s); /* feeds every known region */

/*
** The service's default endpoint. `service` is an index into the model's services. false (error:
** config): the region is no host label, its partition has no FIPS or no dual-stack endpoints, or
** the service is not known to be there.
*/
bool br_endpoint_resolve(const br_model *model, unsigned service, br_slice region, bool fips,
                         bool dualstack, br_url *out, br_error *error);

#define BR_ARN_MAX 2048
typedef struct br_arn {
    br_slice partition, service, region, account, resource;
} br_arn;
/* arn:partition:service:region:account:resource; region and account may be empty. */
bool br_arn_parse(br_slice text, br_arn *out);

#endif
