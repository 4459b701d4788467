/*
** One set of credentials: immutable, counted, shared between threads. A set is only ever replaced
** as a whole, so the key of one never meets the secret of another. Freed memory is cleansed.
*/
#ifndef BR_CORE_AWS_CREDENTIALS_H
#define BR_CORE_AWS_CREDENTIALS_H

#include "core/base/buffer.h"

#define BR_ACCESS_KEY_ID_MAX 128
#define BR_SECRET_MAX 512
#define BR_SESSION_TOKEN_MAX 16384
#define BR_NEVER_EXPIRES INT64_MAX

/* Sets with less life than this count as expired, everywhere: 60.000 s is used, 59.999 s is not. */
#define BR_CREDENTIALS_MIN_LIFE_MS 60000
/* Programs that are given a set renew it when so little is left (botocore's advisory timeout). */
#define BR_CREDENTIALS_EARLY_MS ((int64_t)15 * 60000)

typedef struct br_credentials {
    br_slice access_key_id;
    br_slice secret_access_key;
    br_slice session_token; /* n == 0: none */
    int64_t expiration_ms;  /* BR_NEVER_EXPIRES for static keys */
} br_credentials;

/* Copies; NULL when out of memory, a part is over its maximum, or key ID or secret are empty. */
const br_credentials *br_credentials_new(br_slice access_key_id, br_slice secret, br_slice token,
                                         int64_t expiration_ms);
const br_credentials *br_credentials_ref(const br_credentials *c); /* NULL gives NULL */
void br_credentials_unref(const br_credentials *c);                /* NULL is fine */

/* now is corrected time. */
bool br_credentials_fresh(const br_credentials *c, int64_t now_ms);
int64_t br_credentials_life_ms(const br_credentials *c, int64_t now_ms); /* may be negative */

#endif
