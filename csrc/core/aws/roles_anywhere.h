/*
** CreateSession of IAM Roles Anywhere: the request, its X.509 signature, the answer. Pure: the
** engine sends. Parameters go into the JSON body, the query stays empty.
** Source: AWS "Authenticate" pages of the IAM Roles Anywhere user guide.
*/
#ifndef BR_CORE_AWS_ROLES_ANYWHERE_H
#define BR_CORE_AWS_ROLES_ANYWHERE_H

#include "core/aws/credentials.h"
#include "core/aws/sigv4.h"
#include "core/http/request.h"
#include "core/http/uri.h"
#include "core/http/url.h"
#include "core/x509/x509.h"

#define BR_RA_DURATION_MIN 900
#define BR_RA_DURATION_MAX 3600

typedef struct br_ra_params {
    br_slice profile_arn, role_arn, trust_anchor_arn;
    br_slice region;       /* of the credential scope */
    br_slice session_name; /* n == 0: not sent (the repeat after a profile refused it) */
    int duration_s;
} br_ra_params;

/*
** Fills method, path (the endpoint's prefix and "/sessions": the whole path on the wire), headers
** (all that is sent but content-length and user-agent, Authorization included) and body. What `out`
** held before is replaced. now_ms: corrected time. false: error set (config, or credentials with
** code SigningFailed).
*/
bool br_ra_request(br_digest *c, const br_ra_params *p, const br_x509 *x, const br_url *endpoint,
                   int64_t now_ms, br_request *out, const br_sign_trace *trace, br_error *error);

/*
** The same in two steps, for a private key that only others can use. What is between them: the
** string that is to be signed with the key of the certificate, as br_x509_sign does, and all of
** Authorization that goes before the signature.
*/
typedef struct br_ra_signing {
    br_buf to_sign, authorization;
} br_ra_signing;

void br_ra_signing_init(br_ra_signing *s);
void br_ra_signing_free(br_ra_signing *s);
/* `out` as of br_ra_request, but for Authorization. Of the same input always the same. */
bool br_ra_prepare(br_digest *c, const br_ra_params *p, const br_x509 *x, const br_url *endpoint,
                   int64_t now_ms, br_request *out, br_ra_signing *s, const br_sign_trace *trace,
                   br_error *error);
/* Adds Authorization. A signature that AWS would refuse: false (credentials, SigningFailed). */
bool br_ra_complete(const br_ra_signing *s, const br_x509 *x, br_slice signature, br_request *out,
                    br_error *error);
/* "RSA-SHA256" or "ECDSA-SHA256": how whoever has the key signs for x. */
const char *br_ra_signature_algorithm(const br_x509 *x);

/* Reads a 2xx answer. Each member is checked; without one: error (credentials, BadResponse). */
const br_credentials *br_ra_answer(br_slice body, br_error *error);

/* The 403 of AWS's default profile for a session name; the exchange is then repeated without. */
bool br_ra_session_name_refused(int status, br_slice message);

#endif
