/*
** Requests that carry their signature in the query (SigV4's presigned URLs), and the short-term API
** keys of Bedrock, which are such a request. Source: AWS "Authenticating requests: using query
** parameters"; botocore's SigV4QueryAuth and S3SigV4QueryAuth, which make the same URLs.
*/
#ifndef BR_CORE_AWS_PRESIGN_H
#define BR_CORE_AWS_PRESIGN_H

#include "core/aws/credentials.h"
#include "core/aws/sigv4.h"

#define BR_PRESIGN_EXPIRES_MAX 604800 /* seconds: a week */
#define BR_PRESIGN_EXPIRES 3600       /* where nobody says how long */
#define BR_API_KEY_DURATION_MAX 43200 /* seconds: twelve hours; also where nobody says how long */
#define BR_API_KEY_MAX ((size_t)96 * 1024) /* the longest session token, encoded twice */

/* Who signs, and for which scope. */
typedef struct br_presign_keys {
    br_slice access_key_id, secret_access_key;
    br_slice session_token; /* n == 0: none */
    br_slice region, service;
    int64_t expiration_ms; /* of the credentials; BR_NEVER_EXPIRES */
} br_presign_keys;

/*
** Appends the query of the presigned URL, without '?': the pairs of `in->query` as SigV4 encodes them
** ('+' as a space), then what X-Amz-Algorithm, -Credential, -Date, -Expires, -SignedHeaders and
** -Security-Token say, at last X-Amz-Signature. `in->amz_date` is the date. Who uses the URL has to
** send all of `in->headers` that are signed. A payload hash is as with any request: where none is
** given, that of the body, "UNSIGNED-PAYLOAD" for S3's services.
** expires_s: a whole number from 1 to BR_PRESIGN_EXPIRES_MAX, cut to what the credentials have left.
** false: validation, with what is wrong; or credentials, where less than a second is left.
*/
bool br_presign(br_signer *s, const br_sign_input *in, const br_presign_keys *keys,
                double expires_s, br_buf *query, br_error *error);

/*
** Appends a short-term API key for the keys' region and Bedrock (their service counts for nothing):
** that of aws-bedrock-token-generator for the same keys, date and duration. duration_s: a whole
** number from 1 to BR_API_KEY_DURATION_MAX. It is signed as it is, but a key dies with the credentials:
** *expiration_ms is the sooner. false: as above.
*/
bool br_api_key(br_signer *s, const br_presign_keys *keys, br_slice amz_date, double duration_s,
                br_buf *key, int64_t *expiration_ms, br_error *error);

#endif
