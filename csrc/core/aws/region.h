/*
** Regions and partitions. The tables come from the facts (csrc/model).
*/
#ifndef BR_CORE_AWS_REGION_H
#define BR_CORE_AWS_REGION_H

#include "core/base/suggest.h"
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
/* Of a model that has partitions of its own. */
const br_partition *br_region_partition_in(const br_model *m, br_slice region);
void br_region_suggest(br_suggest *s); /* feeds every known region */

#endif
