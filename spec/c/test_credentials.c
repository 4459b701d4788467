/* Sets of credentials: limits, the 60-second rule to the millisecond, shared references. */
#include "check.h"
#include "core/aws/credentials.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define NOW INT64_C(1767323045678)

static const br_credentials *set_until(int64_t expiration_ms)
{
    return br_credentials_new(BR_SLICE("id"), BR_SLICE("secret"), BR_SLICE("token"), expiration_ms);
}

static void test_copies(void)
{
    char id[] = "AKID", secret[] = "shh", token[] = "tok";
    const br_credentials *c =
        br_credentials_new((br_slice){id, 4}, (br_slice){secret, 3}, (br_slice){token, 3}, NOW);
    memset(id, 'x', 4);
    memset(secret, 'x', 3);
    memset(token, 'x', 3);
    CHECK_SLICE(c->access_key_id, "AKID");
    CHECK_SLICE(c->secret_access_key, "shh");
    CHECK_SLICE(c->session_token, "tok");
    CHECK_STR(c->access_key_id.p, "AKID");
    CHECK_INT(c->expiration_ms, NOW);
    br_credentials_unref(c);
    c = br_credentials_new(BR_SLICE("a"), BR_SLICE("b"), (br_slice){NULL, 0}, NOW);
    CHECK(c != NULL && c->session_token.n == 0);
    br_credentials_unref(c);
}

static bool accepts(size_t id, size_t secret, size_t token)
{
    char *text = malloc(20000);
    memset(text, 'k', 20000);
    const br_credentials *c = br_credentials_new((br_slice){text, id}, (br_slice){text, secret},
                                                 (br_slice){text, token}, NOW);
    bool ok = c != NULL;
    br_credentials_unref(c);
    free(text);
    return ok;
}

static void test_limits(void)
{
    CHECK(accepts(1, 1, 0));
    CHECK(accepts(BR_ACCESS_KEY_ID_MAX, BR_SECRET_MAX, BR_SESSION_TOKEN_MAX));
    CHECK(!accepts(0, 1, 0));
    CHECK(!accepts(1, 0, 0));
    CHECK(!accepts(BR_ACCESS_KEY_ID_MAX + 1, 1, 0));
    CHECK(!accepts(1, BR_SECRET_MAX + 1, 0));
    CHECK(!accepts(1, 1, BR_SESSION_TOKEN_MAX + 1));
}

static void check_life(int64_t expiration, int64_t now, int64_t life, bool fresh)
{
    const br_credentials *c = set_until(expiration);
    CHECK_INT(br_credentials_life_ms(c, now), life);
    CHECK(br_credentials_fresh(c, now) == fresh);
    br_credentials_unref(c);
}

static void test_life(void)
{
    check_life(NOW + 60000, NOW, 60000, true);
    check_life(NOW + 59999, NOW, 59999, false);
    check_life(NOW + 60001, NOW, 60001, true);
    check_life(NOW, NOW, 0, false);
    check_life(NOW - 1, NOW, -1, false);
    check_life(BR_NEVER_EXPIRES, NOW, INT64_MAX, true);
    check_life(BR_NEVER_EXPIRES, INT64_MIN, INT64_MAX, true);
    check_life(BR_NEVER_EXPIRES, INT64_MAX, INT64_MAX, true);
    check_life(INT64_MAX - 1, -5, INT64_MAX, true);
    check_life(INT64_MIN + 1, 5, INT64_MIN, false);
    check_life(0, INT64_MIN, INT64_MAX, true);
    check_life(-1, INT64_MAX, INT64_MIN, false);
}

static void *hold_and_drop(void *shared)
{
    const br_credentials *c = shared;
    for (int i = 0; i < 10000; i++) {
        br_credentials_ref(c);
        br_credentials_unref(c);
    }
    br_credentials_unref(c);
    return NULL;
}

static void test_references(void)
{
    CHECK(br_credentials_ref(NULL) == NULL);
    br_credentials_unref(NULL);
    const br_credentials *c = set_until(NOW);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        void *shared = (void *)(uintptr_t)br_credentials_ref(c);
        pthread_create(&threads[i], NULL, hold_and_drop, shared);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    CHECK_SLICE(c->access_key_id, "id");
    br_credentials_unref(c);
}

int main(void)
{
    test_copies();
    test_limits();
    test_life();
    test_references();
    return check_done();
}
