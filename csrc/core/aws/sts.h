/*
** STS (version 2011-06-15, the query protocol) as far as credentials need it: the bodies of
** AssumeRole and AssumeRoleWithWebIdentity, and what both answer.
*/
#ifndef BR_CORE_AWS_STS_H
#define BR_CORE_AWS_STS_H

#include "core/aws/credentials.h"
#include "core/base/error.h"
#include "core/http/request.h"
#include "core/http/url.h"

#define BR_STS_NAME_SIZE 33 /* a session's name of our own, with its NUL */
#define BR_STS_RANDOM 8
#define BR_WEB_IDENTITY_TOKEN_MAX ((size_t)20000) /* STS API Reference */

/* "lua-bedrock-" and the random bytes in hex. */
void br_sts_session_name(const uint8_t random[BR_STS_RANDOM], char out[BR_STS_NAME_SIZE]);

/* One more parameter of a form, percent-encoded. */
void br_sts_add(br_buf *form, const char *name, br_slice value);

/*
** A POST of that action with the rest of its form (encoded, without a leading '&'): method, path
** (with the endpoint's prefix), headers but for what is signed with, body. What `out` held before is
** replaced. false: too long, or no memory.
*/
bool br_sts_request(const char *action, br_slice form, const br_url *endpoint, br_request *out);

/* Reads a 2xx answer of either. NULL: error (credentials, BadResponse). */
const br_credentials *br_sts_answer(br_slice body, br_error *error);

#endif
