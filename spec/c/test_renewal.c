/* Certificates renewed under a client: what passes by itself, and who forks beside it. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "engine/client/client.h"
#include "engine/credentials/sources.h"

#define FORKS 40
#define HANGS_S 20

static char certificate[64], key[64];

/* Puts a test file's content in the place of another, at once. */
static void put(const char *path, const char *name)
{
    const char *pki = getenv("BEDROCK_TEST_PKI") ? getenv("BEDROCK_TEST_PKI") : "build/pki";
    char from[600], fresh[80];
    size_t n;
    snprintf(from, sizeof from, "%s/%s", pki, name);
    snprintf(fresh, sizeof fresh, "%s.new", path);
    char *text = slurp(from, &n);
    if (text == NULL)
        abort();
    spill(fresh, text, n);
    CHECK(rename(fresh, path) == 0);
    free(text);
}

static void put_pair(const char *kind)
{
    char name[64];
    snprintf(name, sizeof name, "%s.key.pkcs8.pem", kind);
    put(key, name);
    snprintf(name, sizeof name, "%s.chain.pem", kind);
    put(certificate, name);
}

static void set(br_settings *s, const char *name, const char *value, br_problems *p)
{
    br_settings_set_text(s, br_slice_of(name), br_slice_of(value), p);
}

static br_client *new_client(void)
{
    br_problems p;
    br_settings s;
    br_problems_init(&p);
    br_settings_init(&s);
    set(&s, "profile_arn", "arn:aws:rolesanywhere:us-east-1:123456789012:profile/a", &p);
    set(&s, "role_arn", "arn:aws:iam::123456789012:role/a", &p);
    set(&s, "trust_anchor_arn", "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/a", &p);
    set(&s, "session_name", "test", &p);
    set(&s, "certificate", certificate, &p);
    set(&s, "private_key", key, &p);
    br_client *c = br_client_new(&s, &br_model_builtin, &br_platform_system, &p);
    CHECK(c != NULL && c->renewable);
    br_problems_free(&p);
    return c;
}

static void renew(br_client *c)
{
    br_client_renew(c, br_platform_system.wall_ms(NULL));
}

static const char *key_type(br_client *c)
{
    br_principal *who = br_client_principal(c);
    const char *type = br_x509_key_type(br_roles_anywhere_x509(who->source));
    br_principal_unref(who);
    return type;
}

/* The files stay as they are, so nothing but another look finds out. */
static void test_what_could_not_be_read_is_read_again(void)
{
    char problem[BR_RENEWAL_PROBLEM_MAX];
    struct rlimit usual, none;
    put_pair("p256");
    br_client *c = new_client();
    char *before = strdup(key_type(c));
    put_pair("p384");
    CHECK(getrlimit(RLIMIT_NOFILE, &usual) == 0);
    none = (struct rlimit){0, usual.rlim_max};
    CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
    renew(c);
    CHECK(setrlimit(RLIMIT_NOFILE, &usual) == 0);
    CHECK_STR(key_type(c), before);
    br_roles_anywhere_problem(c->principal->source, problem);
    CHECK(strstr(problem, strerror(EMFILE)) != NULL);
    renew(c);
    CHECK(strcmp(key_type(c), before) != 0);
    br_roles_anywhere_problem(c->principal->source, problem);
    CHECK_STR(problem, "");
    free(before);
    br_client_unref(c);
}

typedef struct renewer {
    br_client *client;
    atomic_bool stop;
    atomic_int rounds;
} renewer;

static void *keep_renewing(void *user)
{
    renewer *r = user;
    while (!atomic_load(&r->stop)) {
        put_pair(atomic_load(&r->rounds) % 2 == 0 ? "p384" : "p256");
        renew(r->client);
        atomic_fetch_add(&r->rounds, 1);
    }
    return NULL;
}

/* A call in the child begins with this; a lock that nobody holds there would never be released. */
static int status_of_child(br_client *c)
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        alarm(HANGS_S);
        br_principal_unref(br_client_principal(c));
        _exit(0);
    }
    waitpid(pid, &status, 0);
    return status;
}

static void test_forks_beside_a_renewal(void)
{
    pthread_t thread;
    put_pair("p256");
    renewer r = {.client = new_client()};
    CHECK(pthread_create(&thread, NULL, keep_renewing, &r) == 0);
    bool ok = true;
    for (int i = 0; ok && i < FORKS; i++)
        ok = status_of_child(r.client) == 0;
    CHECK(ok);
    atomic_store(&r.stop, true);
    pthread_join(thread, NULL);
    CHECK(atomic_load(&r.rounds) > 0);
    br_client_unref(r.client);
}

int main(void)
{
    char dir[] = "/tmp/bedrock-renewal-XXXXXX";
    CHECK(mkdtemp(dir) != NULL);
    snprintf(certificate, sizeof certificate, "%s/certificate.pem", dir);
    snprintf(key, sizeof key, "%s/key.pem", dir);
    test_what_could_not_be_read_is_read_again();
    test_forks_beside_a_renewal();
    unlink(certificate);
    unlink(key);
    rmdir(dir);
    return check_done();
}
