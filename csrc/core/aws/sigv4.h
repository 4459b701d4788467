/*
** AWS Signature Version 4 (AWS4-HMAC-SHA256), and the canonical request it shares with IAM Roles
** Anywhere. Source: AWS "Signature Version 4 signing process"; the public signing test suite.
*/
#ifndef BR_CORE_AWS_SIGV4_H
#define BR_CORE_AWS_SIGV4_H

#include "core/base/digest.h"
#include "core/base/error.h"
#include "core/http/request.h"

#define BR_CANONICAL_MAX ((size_t)1024 * 1024)
#define BR_SCOPE_PART_MAX 64 /* region and service, each */

/*
** What is signed: the exact bytes that are sent. Every header of the list is signed, but those
** that what lies on the way sets, changes or drops: botocore's list (connection, expect,
** keep-alive, proxy-*, te, trailer, transfer-encoding, upgrade, user-agent, and those of tracing:
** baggage, traceparent, tracestate, x-amzn-trace-id), and accept-encoding, content-length,
** forwarded, via and x-forwarded-*. So is authorization, which is made here. `host` and
** `x-amz-date` must be in the list, the latter unless the date is given otherwise; equal names are
** joined with ',' in their order; inner runs of blanks collapse to one.
*/
typedef struct br_sign_input {
    br_slice method;
    br_slice path;  /* wire path with any endpoint prefix */
    br_slice query; /* wire query */
    const br_headers *headers;
    br_slice body;
    br_slice payload_hash;  /* n == 0: hash `body`; else this text, e.g. STREAMING-… */
    bool normalise_path;    /* true for AWS services other than S3's */
    bool encode_path;       /* encode the path a second time; true for all but S3's */
    br_slice amz_date;      /* n == 0: the x-amz-date header's; else that of a query */
    br_slice session_token; /* n > 0: signed as x-amz-security-token, instead of the list's */
} br_sign_input;

/*
** Signing names of S3: s3, s3express, s3-object-lambda, s3-outposts, which is what botocore has its
** S3SigV4Auth for. The path of a request to them is signed as it is sent, and the payload's hash
** goes with it as x-amz-content-sha256.
*/
bool br_sigv4_is_s3(br_slice service);

/*
** Appends the canonical request to `out` and the names joined with ';' to `signed_headers`.
** false: host or the date missing, or a buffer failed.
*/
bool br_canonical_request(br_digest *c, const br_sign_input *in, br_buf *out,
                          br_buf *signed_headers);

/* Appends those names alone. false: as above. */
bool br_signed_headers(const br_sign_input *in, br_buf *out);

/* Appends algorithm, date, scope and the hex SHA-256 of the canonical request, a line each. */
bool br_string_to_sign(br_digest *c, const char *algorithm, br_slice amz_date, br_slice scope,
                       br_slice canonical_request, br_buf *out);

/*
** Keeps the derived signing keys of the last few (secret, date, region, service), so deriving
** happens once a day and not once a request. One thread at a time. Freeing cleanses.
*/
#define BR_SIGNING_KEYS_MAX 16

typedef struct br_signer br_signer;
br_signer *br_signer_new(br_digest *c); /* borrows c, which must outlive it */
void br_signer_free(br_signer *s);

/*
** Appends the value of the Authorization header. The date is the x-amz-date header's. The session
** token, if any, must be among the headers (x-amz-security-token) or given beside them. The optional outputs
** (NULL if not wanted) are for diagnosis and tests.
*/
typedef struct br_sign_trace {
    br_buf *canonical_request;
    br_buf *string_to_sign;
} br_sign_trace;

bool br_sigv4_sign(br_signer *s, const br_sign_input *in, br_slice access_key_id, br_slice secret,
                   br_slice region, br_slice service, br_buf *authorization,
                   const br_sign_trace *trace);

/*
** Its two halves, for who puts them elsewhere than into a header: where the signing key is from
** (date/region/service/aws4_request, valid until the next signature), and the signature in hexadecimal
** digits. false: as above.
*/
bool br_sigv4_scope(br_signer *s, br_slice amz_date, br_slice secret, br_slice region,
                    br_slice service, br_slice *scope);
bool br_sigv4_signature(br_signer *s, const br_sign_input *in, br_slice secret, br_slice region,
                        br_slice service, char hex[BR_SHA256_HEX]);

#endif
