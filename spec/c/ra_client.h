/*
** Clients and obtainers for tests of the provider: real certificates, a platform whose clock the test
** sets, and one credential request to be waited for.
*/
#ifndef BR_SPEC_RA_CLIENT_H
#define BR_SPEC_RA_CLIENT_H

#include "engine/client/client.h"
#include "engine/credentials/provider.h"
#include "ra_server.h"

/* A platform of the test's own: mono goes on by 1 ms with each ra_wait round. */
typedef struct ra_clock {
    int64_t wall_ms, mono_ms;
    double jitter; /* what random numbers look like: 0 gives the shortest retries */
} ra_clock;

br_platform ra_platform(ra_clock *clock);
extern const char *const ra_session_name;

typedef struct ra_options {
    const char *cache;                     /* "shared", "memory" or NULL: none */
    const char *cache_dir;                 /* NULL: not given */
    const char *role;                      /* makes another identity; NULL: "a" */
    const char *certificate, *private_key; /* files of the test PKI; NULL: P-256 */
    int port;                              /* of a server on loopback without TLS */
    const char *url;                       /* or its whole URL */
    const char *ca_file;
    int max_attempts;    /* 0: not given */
    int read_timeout;    /* 0: not given */
    bool signed_outside; /* no private key */
} ra_options;

/* NULL: a check failed and was reported. */
br_client *ra_client(const ra_options *o, const br_platform *platform);

/* One credential request, and what came of it. */
typedef struct ra_want {
    br_obtain obtain;
    bool done;
    bool ok;
    br_origin origin;
    bool retryable;
    char id[BR_ACCESS_KEY_ID_MAX + 1];
    const br_credentials *credentials; /* counted */
    br_error error;
} ra_want;

bool ra_start(ra_want *w, br_engine *e, br_client *c, br_obtain_mode mode);
void ra_ask(ra_want *w, br_engine *e, br_client *c, br_obtain_mode mode); /* … checked */
/* Steps the engine until the request is done, at most for some seconds. */
void ra_wait(ra_want *w, br_engine *e, ra_clock *clock);
/* ra_ask, ra_wait; the previous result is released first. */
bool ra_get(ra_want *w, br_engine *e, br_client *c, br_obtain_mode mode, ra_clock *clock);
void ra_release(ra_want *w);
/* n rounds of the engine, whatever happens. */
void ra_rounds(br_engine *e, ra_clock *clock, int n);

/* A new directory for this test program; removed with ra_remove_tree. */
char *ra_make_directory(void);
void ra_remove_tree(char *path);

#endif
