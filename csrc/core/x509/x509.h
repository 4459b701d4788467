/*
** A certificate, its private key and its chain, as IAM Roles Anywhere needs them. Bytes in: who
** calls has read the files. Accepted: PEM (CRLF, BOM, comments, bag attributes, EC PARAMETERS
** first, certificate and key in one text in either order), DER, PKCS#1, PKCS#8, SEC1, encrypted
** forms with a password, PKCS#12. Never prompts.
*/
#ifndef BR_CORE_X509_X509_H
#define BR_CORE_X509_X509_H

#include "core/base/digest.h"
#include "core/base/error.h"
#include "core/base/problems.h"

#define BR_PEM_INPUT_MAX ((size_t)1024 * 1024) /* each of the inputs */
#define BR_CHAIN_MAX 16                        /* certificates besides the leaf */
#define BR_SERIAL_MAX 64                       /* decimal digits; RFC 5280 allows 20 octets = 49 */
#define BR_SIGNATURE_MAX 4800                  /* bytes; ML-DSA-87 has 4627 */
#define BR_RSA_BITS_MIN 2048
#define BR_RSA_BITS_MAX 8192
#define BR_PROVIDERS_MAX 8 /* of OpenSSL, for one key */
#define BR_PROVIDER_NAME_MAX 63
#define BR_PASSWORD_ROUNDS_MAX 10000000 /* of deriving a key from the password: some seconds */

/*
** {NULL, 0} = not given. Names in problems are the options': certificate, private_key, pkcs12,
** certificate_chain, openssl_providers for `providers`, and private_key_password for `password`
** (which opens pkcs12 as well).
**
** With providers, or where private_key is a URI ("pkcs11:…", "handle:…", "file:…"), OpenSSL's store
** opens private_key, so that it may be one that no program can read, as in a TPM. It has a library
** context of its own for that.
*/
typedef struct br_x509_input {
    br_slice certificate; /* may hold chain and key too */
    br_slice private_key; /* not given: looked for in `certificate` */
    br_slice certificate_chain;
    br_slice pkcs12; /* instead of the three above */
    br_slice password;
    br_slice providers;  /* names with commas or spaces between: "tpm2, default" */
    bool signed_outside; /* there is no key: who calls has what it signs (private_key is ignored) */
} br_x509_input;

typedef struct br_x509 br_x509; /* immutable after loading; counted; shared between threads */

/*
** Loads and checks everything that can be checked without a network: parses, key matches leaf
** (which verifies what it signs), dates against now_ms, CA:FALSE, digitalSignature, RSA 2048 to
** 8192 or P-256/384/521, signature hash not MD5 or SHA-1, not self-signed, chain ordered leaf to root
** (certificates that do not belong to it are a problem, the self-signed root is left out) and valid
** as RFC 5280 has it as far as it is given: issuers are authorities, lengths of paths, names. The
** leaf is the certificate that matches the key; without one, the first in `certificate` that is no
** authority. Problems have kind "certificate" and the option's name as path;
** NULL is returned if there are any.
*/
br_x509 *br_x509_load(const br_x509_input *in, int64_t now_ms, br_problems *problems);
br_x509 *br_x509_ref(br_x509 *x);
void br_x509_unref(br_x509 *x);

/*
** Whether the first PEM certificate in the text, as OpenSSL looks for it in files of authorities,
** has the outline of one. What is in it is libcurl's to read: to take its key apart here, too, costs
** a process's start 2 %.
*/
bool br_x509_is_in(br_slice pem);
/* Whether the text is a URI for OpenSSL's store, not a path: lower-case, more than a letter, ':'. */
bool br_x509_is_uri(br_slice text);
/* The next of the names of providers, or false. */
bool br_providers_next(br_slice *rest, br_slice *name);
/* Whether the text is PEM in UTF-16, as some editors of Windows save it, with or without a BOM. */
bool br_x509_is_utf16(br_slice text);

br_slice br_x509_der(const br_x509 *x);          /* the leaf */
br_slice br_x509_base64(const br_x509 *x);       /* X-Amz-X509 */
br_slice br_x509_chain_base64(const br_x509 *x); /* X-Amz-X509-Chain; n == 0: none */
br_slice br_x509_serial(const br_x509 *x);       /* decimal */
br_slice br_x509_subject(const br_x509 *x);      /* RFC 2253 text, for people */
/* "AWS4-X509-RSA-SHA256" or "AWS4-X509-ECDSA-SHA256": by the type of the key. */
const char *br_x509_algorithm(const br_x509 *x);
const char *br_x509_key_type(const br_x509 *x); /* "RSA-2048", "EC P-256", … */
int64_t br_x509_not_after_ms(const br_x509 *x);
const uint8_t *br_x509_fingerprint(const br_x509 *x); /* SHA-256 of the DER, 32 bytes */

/* RSA: PKCS#1 v1.5; EC: DER SEQUENCE(r, s); both over SHA-256 of `text`. Safe from many threads. */
bool br_x509_sign(const br_x509 *x, br_slice text, uint8_t out[BR_SIGNATURE_MAX], size_t *out_len);
/* As well; where a key in a device fails, what its provider says is appended to `why`. */
bool br_x509_sign_or_tell(const br_x509 *x, br_slice text, uint8_t out[BR_SIGNATURE_MAX],
                          size_t *out_len, br_buf *why);
/* Whether the private key of the certificate has signed `text`, in the form of br_x509_sign. */
bool br_x509_verify(const br_x509 *x, br_slice text, br_slice signature);

/*
** Key material for the cache file key, independent of the file format the key came in. EC: curve
** OID (DER) ‖ private scalar left-padded to the order's length; RSA: n ‖ min(p,q) ‖ max(p,q),
** big-endian. `out` should be a secret buffer. false: no key bytes to be had.
*/
bool br_x509_key_material(const br_x509 *x, br_buf *out);

#endif
