/*
** What a service is called where its requests are signed: most of Bedrock's are "bedrock".
*/
#ifndef BR_CORE_AWS_SIGNING_NAME_H
#define BR_CORE_AWS_SIGNING_NAME_H

#include "core/base/slice.h"

#include <stdbool.h>

/*
** Whether requests to that host may be signed for "bedrock": not those to one of AWS's whose name says that it is
** another service's. Of a host that is not AWS's, and of anybody's machines at AWS, nobody can tell.
*/
bool br_may_sign_as_bedrock(br_slice host);

#endif
