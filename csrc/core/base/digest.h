/*
** Digests and HMAC over OpenSSL 3. The context fetches its algorithms once (an
** implicit fetch costs more than the digest of a request) and keeps scratch contexts, so it
** belongs to one thread at a time.
*/
#ifndef BR_CORE_BASE_DIGEST_H
#define BR_CORE_BASE_DIGEST_H

#include "core/base/buffer.h"

#define BR_SHA256_SIZE 32
#define BR_SHA256_HEX 64 /* without NUL */

typedef struct br_digest br_digest;

br_digest *br_digest_new(void); /* NULL: no memory, or no SHA-256 in OpenSSL's providers */
void br_digest_free(br_digest *c);

bool br_sha256(br_digest *c, br_slice data, uint8_t out[BR_SHA256_SIZE]);
bool br_hmac_sha256(br_digest *c, br_slice key, br_slice data, uint8_t out[BR_SHA256_SIZE]);

/* A keyed HMAC, prepared once and used often. Freeing cleanses the key. */
typedef struct br_hmac_key br_hmac_key;
br_hmac_key *br_hmac_key_new(br_digest *c, br_slice key);
bool br_hmac_key_sign(br_hmac_key *k, br_slice data, uint8_t out[BR_SHA256_SIZE]);
void br_hmac_key_free(br_hmac_key *k);

#endif
