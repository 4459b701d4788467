/*
** What certificates say, for people: also those that Roles Anywhere would refuse (x509.h tells why).
*/
#ifndef BR_CORE_X509_FACTS_H
#define BR_CORE_X509_FACTS_H

#include "core/x509/x509.h"

/* Valid while `each` runs. Texts may be empty. Times are INT64_MIN where they cannot be read. */
typedef struct br_certificate_facts {
    const char *option;       /* where it came from: "certificate", "certificate_chain", "pkcs12" */
    br_slice subject, issuer; /* RFC 2253 */
    const char *serial;       /* decimal */
    const char *key;          /* "RSA-2048", "EC P-256", … */
    const char *signature;    /* "ecdsa-with-SHA256" */
    int64_t not_before_ms, not_after_ms;
    const char *usage;          /* of keyUsage, as RFC 5280 names them, with ", " between */
    const char *purposes;       /* of extendedKeyUsage, likewise */
    br_slice names;             /* subjectAltName, as OpenSSL prints it */
    bool authority;             /* CA:TRUE */
    bool belongs;               /* the private key given belongs to it */
    const uint8_t *fingerprint; /* SHA-256 of the DER */
} br_certificate_facts;

/* Each certificate that is given, in its order, each once. What cannot be read is a problem. */
void br_x509_look(const br_x509_input *in, br_problems *problems,
                  void (*each)(void *user, const br_certificate_facts *facts), void *user);

#endif
