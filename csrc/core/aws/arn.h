/*
** Amazon Resource Names.
*/
#ifndef BR_CORE_AWS_ARN_H
#define BR_CORE_AWS_ARN_H

#include "core/base/slice.h"

#define BR_ARN_MAX 2048
typedef struct br_arn {
    br_slice partition, service, region, account, resource;
} br_arn;
/* arn:partition:service:region:account:resource; region and account may be empty. */
bool br_arn_parse(br_slice text, br_arn *out);

#endif
