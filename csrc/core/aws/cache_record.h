/*
** Identities, and the sealed form in which credentials lie in a cache file. Pure: bytes in, bytes
** out; the engine owns files and locks.
*/
#ifndef BR_CORE_AWS_CACHE_RECORD_H
#define BR_CORE_AWS_CACHE_RECORD_H

#include "core/aws/credentials.h"
#include "core/aws/roles_anywhere.h"
#include "core/base/digest.h"
#include "core/http/url.h"

#define BR_IDENTITY_SIZE 32
#define BR_CACHE_RECORD_MAX 65536 /* a cache file larger than this is not ours */

/*
** Length-prefixed SHA-256 over format version, the three ARNs, Roles Anywhere region, session
** name, duration, SHA-256 of the leaf's DER, and the normalised effective endpoint URL.
*/
bool br_identity(br_digest *c, const br_ra_params *p, const br_x509 *x, const br_url *endpoint,
                 uint8_t out[BR_IDENTITY_SIZE]);

/* What a cache file holds. credentials == NULL: none (only what is remembered beyond expiry). */
typedef struct br_cache_record {
    const br_credentials *credentials; /* counted reference of the record */
    int64_t written_ms;                /* corrected time of writing */
    int64_t clock_offset_ms;           /* server Date - local, as known at writing */
    bool clock_offset_known;
    int64_t note_ms; /* a corrected time that the source of the sets wants kept; 0: none */
} br_cache_record;

void br_cache_record_clear(br_cache_record *r);

/*
** AES-256-GCM. Key = HKDF-SHA256(IKM = key material; salt = 32 random bytes in the file; info =
** "lua-bedrock cache v1" ‖ identity). AAD = header ‖ identity. `random` holds BR_CACHE_RECORD_RANDOM fresh
** random bytes (salt and nonce).
*/
#define BR_CACHE_RECORD_RANDOM 44
bool br_cache_record_encrypt(const br_cache_record *r, br_slice key_material,
                             const uint8_t identity[BR_IDENTITY_SIZE],
                             const uint8_t random[BR_CACHE_RECORD_RANDOM], br_buf *out);
/* false: torn, foreign, old format, tampered, another identity or key; nothing is reported. */
bool br_cache_record_decrypt(br_slice file, br_slice key_material,
                             const uint8_t identity[BR_IDENTITY_SIZE], br_cache_record *out);

#endif
