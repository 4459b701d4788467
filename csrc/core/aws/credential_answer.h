/*
** Credentials in the JSON forms in which AWS's local sources and IAM Identity Center give them.
** Sources: AWS SDKs and Tools Reference Guide, "Container credential provider", "IMDS credential
** provider" and "Process credential provider"; IAM Identity Center Portal API, GetRoleCredentials.
*/
#ifndef BR_CORE_AWS_CREDENTIAL_ANSWER_H
#define BR_CORE_AWS_CREDENTIAL_ANSWER_H

#include "core/aws/credentials.h"
#include "core/base/error.h"

typedef enum br_answer_form {
    BR_ANSWER_METADATA, /* AccessKeyId, SecretAccessKey, Token, Expiration; or Code and Message */
    BR_ANSWER_PROCESS,  /* Version 1, …; SessionToken and Expiration may be left out */
    BR_ANSWER_SSO       /* roleCredentials: the expiration in milliseconds */
} br_answer_form;

/*
** Each member is checked; `whose` answer it is, messages say. NULL: error (credentials), of which
** no value is part.
*/
const br_credentials *br_credential_answer(br_answer_form form, const char *whose, br_slice body,
                                           br_error *error);

/*
** Sets an error if they expired before now_ms: by the local clock, as corrected, or by that of the
** answer that brought them (its Date), whichever is earlier, as the local one may be wrong. date:
** {NULL, 0}: it has none.
*/
bool br_credentials_expired(const br_credentials *c, const char *whose, int64_t now_ms,
                            br_slice date, br_error *error);

#endif
