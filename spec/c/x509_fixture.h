/*
** What the tests of certificates share: the files of spec/pki/make.sh (directory
** $BEDROCK_TEST_PKI, else build/pki), guarded, and loading with the checks that always hold.
*/
#ifndef BR_SPEC_X509_FIXTURE_H
#define BR_SPEC_X509_FIXTURE_H

#include "core/x509/x509.h"

#include <openssl/x509.h>

#define PASSWORD "test-password"
#define KINDS 5
extern const char *const kinds[KINDS];

int64_t now_ms(void);

/* A file against an unmapped page; {NULL, 0} for NULL. */
br_slice file(const char *name, const char *suffix);
br_slice copy_text(const char *text);
br_slice guarded_der(unsigned char *der, int n); /* of what OpenSSL made; takes der */
void drop(br_slice s);
X509 *reference(const char *name, const char *suffix); /* a PEM file as OpenSSL reads it */

/*
** Loads, and drops the input. The OpenSSL error queue must stay as it was,
** or end empty where bad bytes made OpenSSL push more errors than it can hold (16).
*/
br_x509 *load_at(br_x509_input *in, int64_t at, br_problems *problems);
/* Loads now; prints problems that were not expected. */
br_x509 *load_good(br_x509_input *in, const char *what);

/* Exactly one problem, of that option, whose message holds that text; the password is not told. */
void expect_problem_at(br_x509_input *in, int64_t at, const char *option, const char *text);
void expect_problem(br_x509_input *in, const char *option, const char *text); /* now */

#endif
