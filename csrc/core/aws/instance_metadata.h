/*
** Credentials of an EC2 instance from its metadata service, version 2 alone: a token is put, then
** the role's name and its credentials are read with it. Pure: the engine sends.
** Source: EC2 User Guide, "Use the Instance Metadata Service to access instance metadata".
*/
#ifndef BR_CORE_AWS_INSTANCE_METADATA_H
#define BR_CORE_AWS_INSTANCE_METADATA_H

#include "core/aws/credentials.h"
#include "core/http/request.h"
#include "core/http/url.h"

#define BR_INSTANCE_ENDPOINT "http://169.254.169.254"
#define BR_INSTANCE_TOKEN_TTL "21600" /* seconds; the longest there is */
#define BR_INSTANCE_TOKEN_MAX 1024
#define BR_INSTANCE_ROLE_MAX 64

/*
** What IMDS gives beyond its time, or all but, as it cannot renew it just now, still serves: AWS
** accepts it. It counts as good for so long, and a random part more, before it is asked for again.
*/
#define BR_INSTANCE_EXTENSION_MS ((int64_t)10 * 60 * 1000)
#define BR_INSTANCE_EXTENSION_JITTER_MS ((int64_t)8 * 60 * 1000)

typedef enum br_instance_step {
    BR_INSTANCE_TOKEN,
    BR_INSTANCE_ROLE,
    BR_INSTANCE_CREDENTIALS
} br_instance_step;

/* token: for all but the first; role: for the last. false: no memory. */
bool br_instance_request(br_instance_step step, const br_url *endpoint, br_slice token,
                         br_slice role, br_request *out);

/* Of an answer: {NULL, 0} if it is none. */
br_slice br_instance_token(br_slice body);
br_slice br_instance_role(br_slice body); /* its first line */

/* Counted: that set, or one with its time extended. NULL: no memory. */
const br_credentials *br_instance_extended(const br_credentials *c, int64_t now_ms,
                                           double random01);

#endif
