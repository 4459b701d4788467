/*
** Digests, HMAC and encodings over OpenSSL 3. The context fetches its algorithms once (an
** implicit fetch costs more than the digest of a request) and keeps scratch contexts, so it
** belongs to one thread at a time.
*/
#ifndef BR_CORE_CRYPTO_H
#define BR_CORE_CRYPTO_H

#include "core/buffer.h"

#define BR_SHA256_SIZE 32
#define BR_SHA256_HEX 64 /* without NUL */

typedef struct br_crypto br_crypto;

br_crypto *br_crypto_new(void); /* NULL: no memory, or no SHA-256 in OpenSSL's providers */
void br_crypto_free(br_crypto *c);

bool br_sha256(br_crypto *c, br_slice data, uint8_t out[BR_SHA256_SIZE]);
bool br_hmac_sha256(br_crypto *c, br_slice key, br_slice data, uint8_t out[BR_SHA256_SIZE]);

/* A keyed HMAC, prepared once and used often. Freeing cleanses the key. */
typedef struct br_hmac_key br_hmac_key;
br_hmac_key *br_hmac_key_new(br_crypto *c, br_slice key);
bool br_hmac_key_sign(br_hmac_key *k, br_slice data, uint8_t out[BR_SHA256_SIZE]);
void br_hmac_key_free(br_hmac_key *k);

void br_hex(char *out, const uint8_t *bytes, size_t n); /* 2n lower-case digits, no NUL */

/* Standard alphabet with padding, one line. */
void br_base64_encode(br_buf *out, br_slice bytes);
/* Strict: the alphabet only, right padding, no white space. false leaves `out` as it was. */
bool br_base64_decode(br_buf *out, br_slice text);

#endif
