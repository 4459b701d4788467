#define _GNU_SOURCE
#include "ra_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define ROUNDS_MAX 100000

const char *const ra_session_name = "a-session";

static int64_t wall(void *user)
{
    return ((ra_clock *)user)->wall_ms;
}

static int64_t mono(void *user)
{
    return ((ra_clock *)user)->mono_ms;
}

/* Different bytes for each draw, but a first one that makes random01 what the test wants. */
static bool fill(void *user, void *out, size_t n)
{
    ra_clock *clock = user;
    uint8_t *to = out;
    if (n == sizeof(uint64_t)) {
        uint64_t bits = (uint64_t)(clock->jitter * 0x1p53) << 11;
        memcpy(out, &bits, n);
        return true;
    }
    FILE *f = fopen("/dev/urandom", "rb");
    bool ok = f != NULL && fread(to, 1, n, f) == n;
    if (f != NULL)
        fclose(f);
    return ok;
}

br_platform ra_platform(ra_clock *clock)
{
    return (br_platform){wall, mono, fill, clock, NULL};
}

static void set(br_settings *s, const char *name, const char *value, br_problems *p)
{
    if (value != NULL)
        br_settings_set_text(s, br_slice_of(name), br_slice_of(value), p);
}

static void set_identity(br_settings *s, const ra_options *o, br_problems *p)
{
    const char *pki = getenv("BEDROCK_TEST_PKI");
    char path[1024], role[200];
    pki = pki != NULL ? pki : "build/pki";
    snprintf(role, sizeof(role), "arn:aws:iam::123456789012:role/%s", o->role ? o->role : "a");
    set(s, "profile_arn", "arn:aws:rolesanywhere:us-east-1:123456789012:profile/a", p);
    set(s, "role_arn", role, p);
    set(s, "trust_anchor_arn", "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/a", p);
    set(s, "session_name", ra_session_name, p);
    snprintf(path, sizeof(path), "%s/%s", pki, o->certificate ? o->certificate : "p256.chain.pem");
    set(s, "certificate", path, p);
    snprintf(path, sizeof(path), "%s/%s", pki,
             o->private_key ? o->private_key : "p256.key.pkcs8.pem");
    if (o->signed_outside)
        br_settings_set_function(s, BR_SLICE("sign"), p);
    else
        set(s, "private_key", path, p);
}

static void set_cache(br_settings *s, const ra_options *o, br_problems *p)
{
    set(s, "cache_dir", o->cache_dir, p);
    if (o->cache != NULL)
        set(s, "cache", o->cache, p);
    else
        br_settings_set_flag(s, BR_SLICE("cache"), false, p);
}

br_client *ra_client(const ra_options *o, const br_platform *platform)
{
    br_settings s;
    br_problems p;
    char url[64];
    br_problems_init(&p);
    br_settings_init(&s);
    set_identity(&s, o, &p);
    set_cache(&s, o, &p);
    snprintf(url, sizeof(url), "http://127.0.0.1:%d", o->port);
    br_settings_set_endpoint(&s, &br_model_builtin, BR_SLICE("rolesanywhere"),
                             br_slice_of(o->url != NULL ? o->url : url), &p);
    set(&s, "ca_file", o->ca_file, &p);
    if (o->max_attempts > 0)
        br_settings_set_number(&s, BR_SLICE("max_attempts"), o->max_attempts, &p);
    if (o->read_timeout > 0)
        br_settings_set_number(&s, BR_SLICE("read_timeout"), o->read_timeout, &p);
    br_client *c = br_client_new(&s, &br_model_builtin, platform, &p);
    for (size_t i = 0; i < p.count; i++)
        printf("  unexpected: %s: %s\n", p.items[i].path, p.items[i].message);
    CHECK(c != NULL);
    br_problems_free(&p);
    return c;
}

static void done(void *user, const br_obtained *result)
{
    ra_want *w = user;
    w->done = true;
    w->ok = result->credentials != NULL;
    w->origin = result->origin;
    w->retryable = result->retryable;
    if (w->ok) {
        br_slice id = result->credentials->access_key_id;
        snprintf(w->id, sizeof(w->id), "%.*s", (int)id.n, id.p);
        w->credentials = br_credentials_ref(result->credentials);
    } else {
        w->error = *result->error;
    }
}

void ra_release(ra_want *w)
{
    br_credentials_unref(w->credentials);
    memset(w, 0, sizeof(*w));
}

bool ra_start(ra_want *w, br_engine *e, br_client *c, br_obtain_mode mode)
{
    ra_release(w);
    return br_provider_obtain(c->principal, e, mode, &w->obtain, done, w, &w->error);
}

void ra_ask(ra_want *w, br_engine *e, br_client *c, br_obtain_mode mode)
{
    CHECK(ra_start(w, e, c, mode));
    CHECK(!w->done);
}

void ra_rounds(br_engine *e, ra_clock *clock, int n)
{
    for (int i = 0; i < n; i++) {
        br_engine_step(e, 0);
        clock->mono_ms++;
        usleep(20);
    }
}

void ra_wait(ra_want *w, br_engine *e, ra_clock *clock)
{
    for (int i = 0; i < ROUNDS_MAX && !w->done; i++)
        ra_rounds(e, clock, 1);
    CHECK(w->done);
}

bool ra_get(ra_want *w, br_engine *e, br_client *c, br_obtain_mode mode, ra_clock *clock)
{
    ra_ask(w, e, c, mode);
    ra_wait(w, e, clock);
    return w->ok;
}

char *ra_make_directory(void)
{
    char *path = strdup("/tmp/test-provider-XXXXXX");
    if (path == NULL || mkdtemp(path) == NULL)
        abort();
    return path;
}

void ra_remove_tree(char *path)
{
    pid_t child = fork();
    if (child == 0) {
        execlp("rm", "rm", "-rf", "--", path, (char *)NULL);
        _exit(127);
    }
    waitpid(child, NULL, 0);
    free(path);
}
