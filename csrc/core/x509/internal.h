/*
** What the x509_*.c files share: the loaded object, and the state while it is loaded.
*/
#ifndef BR_CORE_X509_INTERNAL_H
#define BR_CORE_X509_INTERNAL_H

#include "core/base/problems.h"
#include "core/x509/x509.h"

#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/x509.h>
#include <stdatomic.h>
#include <sys/types.h>

#define BR_X509_PASSWORD_MAX 1024
#define BR_X509_CERTIFICATES_MAX (BR_CHAIN_MAX + 1)
#define BR_X509_NAME_MAX 1024          /* bytes of a subject shown */
#define BR_X509_HEADER_MAX (96 * 1024) /* base64 of leaf and chain, so that the headers fit */

/* A key that OpenSSL's store opened. The key itself goes before its context. */
typedef struct br_store_key {
    OSSL_LIB_CTX *context; /* NULL: the process's */
    OSSL_PROVIDER *providers[BR_PROVIDERS_MAX];
    size_t provider_count;
    char query[BR_PROVIDER_NAME_MAX + 16]; /* for whoever has the key to sign with it; "": none */
    CRYPTO_RWLOCK *lock;                   /* devices are used by one thread at a time */
    pid_t owner;                           /* and by no child that a fork made */
} br_store_key;

struct br_x509 {
    atomic_size_t references;
    X509 *leaf;
    EVP_PKEY *key;           /* NULL: signed outside */
    br_store_key *store_key; /* NULL: its bytes were read */
    br_buf der, base64, chain_base64;
    br_buf subject;
    char serial[BR_SERIAL_MAX + 1];
    char key_type[16];
    const char *algorithm;
    int64_t not_after_ms;
    uint8_t fingerprint[BR_SHA256_SIZE];
};

/* A certificate that was given, and the option it came from. */
typedef struct br_given_certificate {
    X509 *x;
    const char *option; /* static text */
    bool in_chain;
} br_given_certificate;

typedef struct br_x509_loading {
    const br_x509_input *in;
    int64_t now_ms;
    br_problems *problems;
    bool failed;     /* a problem was added */
    bool queue_ours; /* OpenSSL's error queue was empty before */
    br_given_certificate given[BR_X509_CERTIFICATES_MAX]; /* distinct */
    size_t count;
    EVP_PKEY *key;
    br_store_key *store_key;
    X509 *leaf;                /* borrowed from `given` */
    const char *leaf_option;   /* where it came from */
    X509 *chain[BR_CHAIN_MAX]; /* borrowed; issuer of the leaf first, without the root */
    size_t chain_count;
} br_x509_loading;

/* Adds a problem of kind "certificate"; returns false. */
bool br_x509_problem(br_x509_loading *l, const char *option, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Takes x, which may be NULL; a certificate that was given before is dropped. */
bool br_x509_give(br_x509_loading *l, X509 *x, const char *option);

/*
** PEM as people have it: CR and CRLF, a literal \n where a line ends, prose (or a BOM) around
** blocks, base64 of any line length.
*/
typedef struct br_pem_block {
    br_slice label;   /* "CERTIFICATE" */
    br_slice headers; /* "Proc-Type: …" lines; n == 0: none */
    br_slice body;    /* base64 with white space */
} br_pem_block;

void br_pem_normalise(br_buf *out, br_slice text);
bool br_pem_is_text(br_slice normalised); /* has a BEGIN line */
/* 1 = a block, 0 = no more, -1 = a BEGIN line without its END. */
int br_pem_next(br_slice *rest, br_pem_block *out);
bool br_pem_decode(br_buf *out, br_slice body);

/* Not empty, not too long, not UTF-16; otherwise reported. */
bool br_x509_is_usable(br_x509_loading *l, br_slice text, const char *option);
bool br_x509_wrong_password(br_x509_loading *l, const char *what); /* reports; false */

/* Reading: each adds its problems and returns false if there were any. */
bool br_x509_read_certificates(br_x509_loading *l, br_slice text, const char *option);
bool br_x509_read_key(br_x509_loading *l);
bool br_x509_read_store_key(br_x509_loading *l);
bool br_x509_read_pkcs12(br_x509_loading *l);
bool br_x509_read_all(br_x509_loading *l); /* what `in` gives */
void br_x509_release(br_x509_loading *l);

typedef enum br_key_result {
    BR_KEY_READ,
    BR_KEY_UNREADABLE,
    BR_KEY_NEEDS_PASSWORD,
    BR_KEY_WRONG_PASSWORD,
    BR_KEY_CIPHER_MISSING,
    BR_KEY_TOO_SLOW
} br_key_result;

/* DER of PKCS#8 (plain or encrypted), PKCS#1 or SEC1. *key is the caller's. */
br_key_result br_key_from_der(br_slice der, br_slice password, EVP_PKEY **key);
/* A PEM block with or without encryption headers. */
br_key_result br_key_from_block(const br_pem_block *block, br_slice password, EVP_PKEY **key);
/*
** Whether opening it takes no more than BR_PASSWORD_ROUNDS_MAX rounds (scrypt: N * r * p), since
** the file says how many and nothing interrupts them. All parts of a PKCS#12 file count together.
** Keys within its encrypted parts are only seen once those are open: after the first check, and
** with a password that fits ("" also stands for none).
*/
bool br_key_rounds_ok(const X509_SIG *sealed);
bool br_pkcs12_rounds_ok(const PKCS12 *p12);
bool br_pkcs12_inner_rounds_ok(const PKCS12 *p12, const char *password);

/* As br_x509_sign and br_x509_verify. */
bool br_key_sign(EVP_PKEY *key, OSSL_LIB_CTX *context, const char *query, br_slice text,
                 uint8_t out[BR_SIGNATURE_MAX], size_t *out_len);
/* why: NULL, or what the provider says is appended. */
bool br_store_key_sign(br_store_key *k, EVP_PKEY *key, br_slice text, uint8_t out[BR_SIGNATURE_MAX],
                       size_t *out_len, br_buf *why);
/* With the key. In a child, whose device it is not, both are left alone. NULL is fine. */
void br_store_key_free(br_store_key *k, EVP_PKEY *key);
bool br_key_verify(EVP_PKEY *key, br_slice text, br_slice signature);

/*
** What OpenSSL and its providers say about a failure: the first of what says most; "" for none, and
** never the password or a PIN. Empties the error queue; where there were errors before (not `clean`),
** it is not ours to be read but at its end, and stays.
*/
#define BR_REASON_MAX 320
void br_openssl_reason(char out[BR_REASON_MAX], bool clean, br_slice password);

/* The default and legacy providers in a context of their own, so the process's is left alone. */
typedef struct br_legacy {
    OSSL_LIB_CTX *context;
    OSSL_PROVIDER *standard, *old;
} br_legacy;
bool br_legacy_open(br_legacy *l); /* false: no legacy provider here; close all the same */
void br_legacy_close(br_legacy *l);

/* Checks of the leaf, and the order of the chain. */
void br_x509_check_leaf(br_x509_loading *l, X509 *leaf, const char *option);
void br_x509_order_chain(br_x509_loading *l);

/* Small facts about a certificate. */
bool br_asn1_time_ms(const ASN1_TIME *t, int64_t *ms);
void br_x509_name(br_buf *out, const X509_NAME *name);
bool br_x509_serial_text(const X509 *x, char out[BR_SERIAL_MAX + 1]);
/* "ML-DSA-65", …, of the certificate's key, also where OpenSSL does not know it; else NULL. */
const char *br_mldsa_name(const X509 *x);
/* What its signatures are over: a digest's name, or NULL: the text itself. */
const char *br_key_digest(const EVP_PKEY *key);
/* "RSA-2048", "EC P-256", …; false: a type or size that AWS does not take (text is filled). */
bool br_key_type(const EVP_PKEY *key, char out[16]);

#endif
