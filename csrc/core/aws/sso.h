/*
** IAM Identity Center: the token that `aws sso login` left in a file, its renewal by SSO OIDC, and
** the credentials of a role that the portal gives for it. Pure: the engine reads, sends and writes.
** Sources: AWS SDKs and Tools Reference Guide, "IAM Identity Center credential provider"; IAM
** Identity Center OIDC API, CreateToken; Portal API, GetRoleCredentials.
*/
#ifndef BR_CORE_AWS_SSO_H
#define BR_CORE_AWS_SSO_H

#include "core/base/error.h"
#include "core/http/request.h"
#include "core/http/url.h"

#define BR_SSO_NAME_SIZE (40 + sizeof(".json"))
#define BR_SSO_FILE_MAX ((size_t)64 * 1024)
#define BR_SSO_TEXT_MAX ((size_t)16 * 1024)                /* each text of a token */
#define BR_SSO_RENEWED_BEFORE_MS ((int64_t)15 * 60 * 1000) /* its end */

typedef enum br_sso_text {
    BR_SSO_ACCESS_TOKEN,
    BR_SSO_EXPIRES_AT,
    BR_SSO_REFRESH_TOKEN,
    BR_SSO_CLIENT_ID,
    BR_SSO_CLIENT_SECRET,
    BR_SSO_REGISTRATION_EXPIRES_AT,
    BR_SSO_TEXT_COUNT
} br_sso_text;

typedef struct br_sso_token {
    br_buf text[BR_SSO_TEXT_COUNT]; /* cleansed; empty: not there */
    int64_t expires_ms;
} br_sso_token;

void br_sso_token_init(br_sso_token *t);
void br_sso_token_free(br_sso_token *t); /* idempotent */

/*
** The name of the file: SHA-1 of the sso_session's name, or of the start URL where there is none.
*/
bool br_sso_file_name(br_slice key, char out[BR_SSO_NAME_SIZE]);

/* The file's contents. false: it holds no token. */
bool br_sso_token_read(br_slice text, br_sso_token *out);
/* What SDKs read. */
void br_sso_token_write(const br_sso_token *t, br_slice start_url, br_slice region, br_buf *out);

/* Whether it can be renewed: it says by what, and its client's registration lasts. */
bool br_sso_renewable(const br_sso_token *t, int64_t now_ms);
/* CreateToken. false: no memory. */
bool br_sso_renewal_request(const br_sso_token *t, const br_url *endpoint, br_request *out);
/* Its answer, into the token. false: it is none, and the token is as it was. */
bool br_sso_renewal_answer(br_slice body, int64_t now_ms, br_sso_token *t);

/* GetRoleCredentials. false: no memory. */
bool br_sso_role_request(const br_sso_token *t, br_slice account_id, br_slice role_name,
                         const br_url *endpoint, br_request *out);

#endif
