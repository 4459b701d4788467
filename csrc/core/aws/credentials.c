#include "core/aws/credentials.h"

#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* The texts follow the box in one block, so one cleanse reaches every copy. */
typedef struct box {
    br_credentials set; /* first: a pointer to it is a pointer to the box */
    atomic_size_t references;
    size_t size;
    char texts[];
} box;

/* Only the count behind a set ever changes; through the integer, as -Wcast-qual forbids a cast. */
static box *box_of(const br_credentials *c)
{
    return (box *)(uintptr_t)c;
}

static br_slice put(char **to, br_slice text)
{
    br_slice copy = {*to, text.n};
    if (text.n > 0)
        memcpy(*to, text.p, text.n);
    (*to)[text.n] = '\0';
    *to += text.n + 1;
    return copy;
}

const br_credentials *br_credentials_new(br_slice access_key_id, br_slice secret, br_slice token,
                                         int64_t expiration_ms)
{
    if (access_key_id.n == 0 || access_key_id.n > BR_ACCESS_KEY_ID_MAX || secret.n == 0 ||
        secret.n > BR_SECRET_MAX || token.n > BR_SESSION_TOKEN_MAX)
        return NULL;
    size_t size = sizeof(box) + access_key_id.n + secret.n + token.n + 3;
    box *b = malloc(size);
    if (b == NULL)
        return NULL;
    char *to = b->texts;
    b->size = size;
    atomic_init(&b->references, 1);
    b->set.access_key_id = put(&to, access_key_id);
    b->set.secret_access_key = put(&to, secret);
    b->set.session_token = put(&to, token);
    b->set.expiration_ms = expiration_ms;
    return &b->set;
}

const br_credentials *br_credentials_ref(const br_credentials *c)
{
    if (c != NULL)
        atomic_fetch_add_explicit(&box_of(c)->references, 1, memory_order_relaxed);
    return c;
}

void br_credentials_unref(const br_credentials *c)
{
    if (c == NULL)
        return;
    box *b = box_of(c);
    if (atomic_fetch_sub_explicit(&b->references, 1, memory_order_acq_rel) != 1)
        return;
    OPENSSL_cleanse(b, b->size);
    free(b);
}

int64_t br_credentials_life_ms(const br_credentials *c, int64_t now_ms)
{
    if (c->expiration_ms == BR_NEVER_EXPIRES)
        return BR_NEVER_EXPIRES;
    if (now_ms < 0 && c->expiration_ms > INT64_MAX + now_ms)
        return INT64_MAX;
    if (now_ms > 0 && c->expiration_ms < INT64_MIN + now_ms)
        return INT64_MIN;
    return c->expiration_ms - now_ms;
}

bool br_credentials_fresh(const br_credentials *c, int64_t now_ms)
{
    return br_credentials_life_ms(c, now_ms) >= BR_CREDENTIALS_MIN_LIFE_MS;
}
