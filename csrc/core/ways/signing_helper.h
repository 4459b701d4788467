/*
** Lines of credential_process that call AWS's credential helper for IAM Roles Anywhere,
** aws_signing_helper: what they ask for can be done without it. Source: its README, "credential-process".
*/
#ifndef BR_CORE_WAYS_SIGNING_HELPER_H
#define BR_CORE_WAYS_SIGNING_HELPER_H

#include "core/aws/command.h"

typedef enum br_helper_option {
    BR_HELPER_CERTIFICATE,
    BR_HELPER_PRIVATE_KEY,
    BR_HELPER_INTERMEDIATES,
    BR_HELPER_PROFILE_ARN,
    BR_HELPER_ROLE_ARN,
    BR_HELPER_TRUST_ANCHOR_ARN,
    BR_HELPER_REGION,
    BR_HELPER_SESSION_DURATION,
    BR_HELPER_ROLE_SESSION_NAME,
    BR_HELPER_ENDPOINT,
    BR_HELPER_OPTIONS
} br_helper_option;

typedef struct br_helper {
    br_slice option[BR_HELPER_OPTIONS]; /* of the command; {NULL, 0}: not given */
    int duration_s;                     /* 0: not given */
} br_helper;

/*
** false: it is another command, or has something that is not known here, or lacks what the helper
** wants: then the helper itself is to say what that means.
*/
bool br_helper_read(const br_command *command, br_helper *out);

#endif
