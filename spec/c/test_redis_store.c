/*
** The store in Redis, against a server that says what a test tells it to, by a clock that only the
** test moves.
*/
#define _GNU_SOURCE
#include "check.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/http/redis_url.h"
#include "core/text/resp.h"
#include "engine/credentials/redis_store.h"
#include "ra_client.h"

#define TURNS_MAX 20000
#define START_MS 1000000
#define WORDS_MAX 16
#define IDENTITY64 "abababababababababababababababababababababababababababababababab"
#define KEY "lua-bedrock:" IDENTITY64
#define OK "+OK\r\n"
#define NIL "$-1\r\n"
#define NONE "$0\r\n\r\n"

/* One connection at a time; each command gets the next of the replies. What comes is whole commands. */
static struct {
    int listener, fd, port;
    char in[300000];
    size_t n;
    const char *replies[WORDS_MAX]; /* NULL: silence */
    int next;
    char said[20000]; /* commands, a line each; tokens and scripts by name */
    char token[64];
    bool left; /* the client has closed */
    int connections;
} server;

static ra_clock now = {.wall_ms = INT64_C(1795946400000), .mono_ms = START_MS};
static br_platform platform;
static br_engine *engine;
static br_client *client;
static br_store *store;
static br_store_entry *at;
static struct {
    int looked, locked, put;
    char bytes[64];
    size_t n;
    br_lock_state state;
    int delay_ms;
} got;

static void listen_now(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    server.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    server.fd = -1;
    CHECK_INT(bind(server.listener, (struct sockaddr *)&a, n), 0);
    CHECK_INT(listen(server.listener, 8), 0);
    CHECK_INT(getsockname(server.listener, (struct sockaddr *)&a, &n), 0);
    server.port = ntohs(a.sin_port);
}

static void hang_up(void)
{
    if (server.fd >= 0)
        close(server.fd);
    server.fd = -1;
    server.n = 0;
}

/* What does not fit is left out. */
static void say(const char *text)
{
    size_t used = strlen(server.said);
    snprintf(server.said + used, sizeof server.said - used, "%s", text);
}

static void note_word(const char *word, size_t n, int index)
{
    char text[128];
    bool script = strncmp(word, "if redis", 8) == 0 || strncmp(word, "local t", 7) == 0;
    snprintf(text, sizeof text, "%.*s", (int)(n < 100 ? n : 100), word);
    if (script)
        snprintf(text, sizeof text, "%s",
                 memmem(word, n, "pexpire", 7) != NULL ? "PROLONG"
                 : memmem(word, n, "pttl", 4) != NULL  ? "CLEAR"
                                                       : "RELEASE");
    if (n == 32 && server.token[0] == '\0')
        memcpy(server.token, word, n);
    if (n == 32 && memcmp(server.token, word, n) == 0)
        snprintf(text, sizeof text, "TOKEN");
    say(index > 0 ? " " : "");
    say(text);
}

/* Notes the command that p begins with, and returns its end; NULL: not whole. */
static char *read_command(char *p, const char *end, bool note)
{
    long words = strtol(p + 1, &p, 10);
    p += 2;
    for (long i = 0; i < words; i++) {
        if (p >= end || *p != '$')
            return NULL;
        long n = strtol(p + 1, &p, 10);
        if (p + 2 + n + 2 > end)
            return NULL;
        if (note)
            note_word(p + 2, (size_t)n, (int)i);
        p += 2 + n + 2;
    }
    return p;
}

static void reply(void)
{
    const char *text = server.replies[server.next];
    if (text == NULL)
        return;
    server.next++;
    if (strcmp(text, "CLOSE") == 0)
        hang_up();
    else
        CHECK(send(server.fd, text, strlen(text), MSG_NOSIGNAL) > 0);
}

static void serve(void)
{
    if (server.fd < 0) {
        server.fd = accept4(server.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        server.connections += server.fd >= 0;
    }
    if (server.fd < 0)
        return;
    ssize_t n = recv(server.fd, server.in + server.n, sizeof server.in - server.n - 1, 0);
    if (n == 0) {
        server.left = true;
        hang_up();
    }
    if (n <= 0)
        return;
    server.n += (size_t)n;
    server.in[server.n] = '\0';
    char *p = server.in, *end = server.in + server.n;
    while (p < end && read_command(p, end, false) != NULL) {
        p = read_command(p, end, true);
        say("\n");
        reply();
    }
    if (p == end)
        server.n = 0;
}

static void turn(void)
{
    br_engine_step(engine, 0);
    serve();
    usleep(50);
}

/* The clock stands still. */
#define UNTIL(condition)                                                                           \
    do {                                                                                           \
        for (int turns = 0; !(condition) && turns < TURNS_MAX; turns++)                            \
            turn();                                                                                \
        CHECK(condition);                                                                          \
    } while (0)

static void turns(int n)
{
    for (int i = 0; i < n; i++)
        turn();
}

static void on_looked(void *user, br_slice bytes)
{
    (void)user;
    got.looked++;
    got.n = bytes.n;
    snprintf(got.bytes, sizeof got.bytes, "%.*s", (int)(bytes.n < 60 ? bytes.n : 60), bytes.p);
}

static void on_locked(void *user, br_lock_state state, int delay_ms)
{
    (void)user;
    got.locked++;
    got.state = state;
    got.delay_ms = delay_ms;
}

static void on_put(void *user)
{
    (void)user;
    got.put++;
}

/* Another connection's store, and an entry of it. The URL is completed with the server's port. */
static void begin(const char *before, const char *after)
{
    static const br_store_answers answers = {on_looked, on_locked, on_put};
    uint8_t identity[BR_IDENTITY_SIZE];
    char url[200];
    memset(identity, 0xab, sizeof identity);
    memset(&got, 0, sizeof got);
    server.next = 0;
    server.said[0] = server.token[0] = '\0';
    server.left = false;
    memset(server.replies, 0, sizeof server.replies);
    snprintf(url, sizeof url, "redis://%s127.0.0.1:%d%s", before, server.port, after);
    client = ra_client(&(ra_options){.cache = url, .port = 1}, &platform);
    store = br_redis_store_new(client->config);
    CHECK(store != NULL);
    at = store->ops->open(store, engine, identity);
    CHECK(at != NULL);
    at->answers = &answers;
}

static void end(void)
{
    if (at != NULL)
        at->ops->close(at);
    at = NULL;
    turns(20);
    hang_up();
    br_store_free(store);
    br_client_unref(client);
}

static void replies(const char *a, const char *b, const char *c, const char *d)
{
    const char *all[] = {a, b, c, d};
    server.next = 0;
    memset(server.replies, 0, sizeof server.replies);
    memcpy(server.replies, all, sizeof all);
}

static void look(void)
{
    int before = got.looked;
    at->ops->look(at);
    UNTIL(got.looked == before + 1);
}

static void lock(void)
{
    int before = got.locked;
    at->ops->lock(at);
    UNTIL(got.locked == before + 1);
}

static void put(void)
{
    int before = got.put;
    at->ops->put(at, BR_SLICE("sealed"), now.wall_ms + 3600000);
    UNTIL(got.put == before + 1);
}

/* It was given up: what follows answers by itself, and the store rests. */
static void check_given_up(void)
{
    uint8_t identity[BR_IDENTITY_SIZE] = {0};
    int looked = got.looked, locked = got.locked, stored = got.put;
    at->ops->look(at);
    CHECK_INT(got.looked, looked + 1);
    CHECK_INT((int)got.n, 0);
    at->ops->lock(at);
    CHECK_INT(got.locked, locked + 1);
    CHECK_INT(got.state, BR_LOCK_NONE);
    at->ops->put(at, BR_SLICE("sealed"), now.wall_ms + 3600000);
    CHECK_INT(got.put, stored + 1);
    CHECK(store->ops->open(store, engine, identity) == NULL);
    now.mono_ms += BR_REDIS_REST_MS - 1;
    CHECK(store->ops->open(store, engine, identity) == NULL);
    now.mono_ms += 1;
    br_store_entry *again = store->ops->open(store, engine, identity);
    CHECK(again != NULL);
    if (again != NULL)
        again->ops->close(again);
}

static void test_whole(void)
{
    begin("us%65r:p%40ss@", "/3");
    replies(OK, OK, NONE, NULL);
    look();
    CHECK_INT((int)got.n, 0);
    CHECK_STR(server.said, "AUTH user p@ss\nSELECT 3\nGETRANGE " KEY " 0 65536\n");
    replies(OK, ":5000\r\n", ":1\r\n", NULL);
    server.said[0] = '\0';
    lock();
    CHECK_INT(got.state, BR_LOCK_GOT);
    at->ops->touch(at);
    UNTIL(server.next == 3);
    replies(OK, ":1\r\n", NULL, NULL);
    put();
    CHECK_STR(server.said, "SET " KEY ":lock TOKEN NX PX 5000\nPTTL " KEY ":lock\n"
                           "EVAL PROLONG 1 " KEY ":lock TOKEN 5000\n"
                           "SET " KEY " sealed PX 3600000\n"
                           "EVAL RELEASE 1 " KEY ":lock TOKEN 5000\n");
    replies("$6\r\nsealed\r\n", NULL, NULL, NULL);
    look();
    CHECK_STR(got.bytes, "sealed");
    end();
}

static void test_given_back(void)
{
    begin("", "");
    replies(OK, ":5000\r\n", NULL, NULL);
    lock();
    server.said[0] = '\0';
    at->ops->close(at);
    at = NULL;
    UNTIL(server.said[0] != '\0');
    CHECK_STR(server.said, "EVAL RELEASE 1 " KEY ":lock TOKEN 5000\n");
    now.mono_ms += BR_REDIS_SHARE_MS;
    UNTIL(server.left);
    end();
}

/* What another prolongs no more is not given back. */
static void test_lost_lock(void)
{
    begin("", "");
    replies(OK, ":5000\r\n", ":0\r\n", NULL);
    lock();
    at->ops->touch(at);
    UNTIL(server.next == 3);
    turns(20);
    server.said[0] = '\0';
    at->ops->close(at);
    at = NULL;
    UNTIL(server.left);
    CHECK_STR(server.said, "");
    end();
}

/* One acquisition waits a second for all its replies together. */
static void test_silence(void)
{
    begin("", "");
    at->ops->look(at);
    UNTIL(server.said[0] != '\0');
    now.mono_ms += BR_REDIS_SHARE_MS - 1;
    turns(20);
    CHECK_INT(got.looked, 0);
    now.mono_ms += 1;
    UNTIL(got.looked == 1);
    UNTIL(server.left);
    check_given_up();
    end();
}

static void test_share(void)
{
    begin("", "");
    at->ops->look(at);
    UNTIL(server.said[0] != '\0');
    now.mono_ms += 600;
    CHECK(send(server.fd, NONE, sizeof NONE - 1, MSG_NOSIGNAL) > 0);
    UNTIL(got.looked == 1);
    at->ops->lock(at);
    now.mono_ms += 399;
    turns(20);
    CHECK_INT(got.locked, 0);
    now.mono_ms += 1;
    UNTIL(got.locked == 1);
    CHECK_INT(got.state, BR_LOCK_NONE);
    check_given_up();
    end();
}

/* Waiting for another's exchange costs nothing of it; then there is a second lock; then none. */
static void test_busy(void)
{
    begin("", "");
    replies(NIL, ":4000\r\n", NULL, NULL);
    lock();
    CHECK_INT(got.state, BR_LOCK_BUSY);
    CHECK_INT(got.delay_ms, 5);
    for (int i = 0; i < 29; i++) {
        now.mono_ms += 900;
        replies(NULL, NULL, NULL, NULL);
        server.said[0] = '\0';
        at->ops->look(at);
        UNTIL(server.said[0] != '\0');
        now.mono_ms += 100;
        CHECK(send(server.fd, NONE, sizeof NONE - 1, MSG_NOSIGNAL) > 0);
        UNTIL(got.looked == i + 1);
        replies(NIL, ":4000\r\n", NULL, NULL);
        lock();
        CHECK_INT(got.state, BR_LOCK_BUSY);
    }
    CHECK_INT(got.delay_ms, 100);
    now.mono_ms += 1000;
    replies(NIL, ":4000\r\n", NULL, NULL);
    lock();
    CHECK_INT(got.state, BR_LOCK_BUSY);
    CHECK_INT(got.delay_ms, 5);
    replies(NIL, ":4000\r\n", NULL, NULL);
    server.said[0] = '\0';
    lock();
    CHECK_STR(server.said, "SET " KEY ":lock2 TOKEN NX PX 5000\nPTTL " KEY ":lock2\n");
    now.mono_ms += BR_LOCK_WAIT_MS;
    replies(NIL, ":4000\r\n", NULL, NULL);
    lock();
    CHECK_INT(got.state, BR_LOCK_GIVEN_UP);
    end();
}

static void test_foreign_lock(const char *life)
{
    begin("", "");
    replies(NIL, life, ":1\r\n", OK);
    server.replies[4] = ":5000\r\n";
    lock();
    CHECK_INT(got.state, BR_LOCK_GOT);
    CHECK_STR(server.said, "SET " KEY ":lock TOKEN NX PX 5000\nPTTL " KEY ":lock\n"
                           "EVAL CLEAR 1 " KEY ":lock TOKEN 5000\n"
                           "SET " KEY ":lock TOKEN NX PX 5000\nPTTL " KEY ":lock\n");
    replies(":1\r\n", NULL, NULL, NULL);
    end();
}

/* As good as nothing: it is written over. */
static void test_rubbish(void)
{
    static char huge[100000];
    int n = snprintf(huge, sizeof huge, "$65537\r\n");
    memset(huge + n, 'x', 65537);
    snprintf(huge + n + 65537, sizeof huge - (size_t)n - 65537, "\r\n");
    const char *rubbish[] = {"-WRONGTYPE of key\r\n", huge};
    for (size_t i = 0; i < sizeof rubbish / sizeof *rubbish; i++) {
        begin("", "");
        replies(rubbish[i], OK, ":5000\r\n", NULL);
        look();
        CHECK_INT((int)got.n, 0);
        lock();
        CHECK_INT(got.state, BR_LOCK_GOT);
        end();
    }
}

static void test_bad_look(void)
{
    static const char *const bad[] = {"CLOSE",
                                      "HTTP/1.1 400 Bad Request\r\n\r\n",
                                      "*1\r\n$1\r\na\r\n",
                                      "*-1\r\n",
                                      ":1\r\n",
                                      NIL,
                                      "-LOADING Redis is loading\r\n",
                                      "-NOAUTH required\r\n",
                                      "*1000000000\r\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        begin("", "");
        replies(bad[i], NULL, NULL, NULL);
        at->ops->look(at);
        turns(200);
        if (got.looked == 0)
            now.mono_ms += BR_REDIS_SHARE_MS;
        UNTIL(got.looked == 1);
        check_given_up();
        end();
    }
}

/* No memory is kept for what never ends. */
static void test_flood(void)
{
    static char flood[60000];
    begin("", "");
    replies("$99999999999\r\n", NULL, NULL, NULL);
    at->ops->look(at);
    UNTIL(server.next == 1);
    for (int i = 0; i < 10 && got.looked == 0; i++) {
        if (server.fd >= 0)
            (void)!send(server.fd, flood, sizeof flood, MSG_NOSIGNAL);
        turns(20);
    }
    CHECK_INT(got.looked, 1);
    check_given_up();
    end();
}

static void test_bad_login(void)
{
    begin(":wrong@", "");
    replies("-WRONGPASS invalid\r\n", "-NOAUTH required\r\n", NULL, NULL);
    look();
    check_given_up();
    end();
}

static void test_bad_lock(void)
{
    begin("", "");
    replies("-READONLY replica\r\n", ":-2\r\n", NULL, NULL);
    lock();
    CHECK_INT(got.state, BR_LOCK_NONE);
    check_given_up();
    end();
}

static void test_bad_put(void)
{
    begin("", "");
    replies(OK, ":5000\r\n", "-OOM command not allowed\r\n", ":1\r\n");
    lock();
    put();
    check_given_up();
    end();
}

static void test_nobody(void)
{
    begin("", "");
    close(server.listener);
    look();
    check_given_up();
    end();
    listen_now();
}

/* The engine ends in the middle; a forked child only closes. */
static void test_ends(void)
{
    br_error error;
    begin("", "");
    replies(OK, ":5000\r\n", NULL, NULL);
    lock();
    at->ops->close(at);
    at = NULL;
    br_engine_free(engine);
    engine = br_engine_new(&platform, &error);
    end();
    begin("", "");
    at->ops->look(at);
    turns(3);
    end();
    begin("", "");
    replies(NONE, NULL, NULL, NULL);
    look();
    at->ops->abandon(at);
    UNTIL(server.left);
    end();
}

static const char *problem_of(const char *text)
{
    br_redis_url url;
    return br_redis_url_parse(&url, br_slice_of(text));
}

static void test_urls(void)
{
    br_redis_url url;
    CHECK(br_redis_url_parse(&url, BR_SLICE("redis://example.com")) == NULL);
    CHECK_STR(url.address.host, "example.com");
    CHECK_INT(url.address.port, 6379);
    CHECK(!url.address.https && !url.has_password && url.db == 0 && url.path[0] == '\0');
    CHECK(br_redis_url_parse(&url, BR_SLICE("rediss://u:p%3A%2f%25@[::1]:7000/12")) == NULL);
    CHECK(url.address.https && url.address.ipv6);
    CHECK_INT(url.address.port, 7000);
    CHECK_STR(url.user, "u");
    CHECK_STR(url.password, "p:/%");
    CHECK_INT(url.db, 12);
    CHECK(br_redis_url_parse(&url, BR_SLICE("redis://:p@[::1]/")) == NULL);
    CHECK_INT(url.address.port, 6379);
    CHECK_STR(url.user, "");
    CHECK(br_redis_url_parse(&url, BR_SLICE("redis+unix://u:p@/run/a%20b?db=4")) == NULL);
    CHECK_STR(url.path, "/run/a b");
    CHECK_INT(url.db, 4);
    static const char *const bad[] = {"redis://",
                                      "redis://h:0",
                                      "redis://h:70000",
                                      "redis://h:x",
                                      "redis://h/1/2",
                                      "redis://h/-1",
                                      "redis://h/1234567890",
                                      "redis://h?db=1",
                                      "redis://p@h",
                                      "redis://u:a@b@h",
                                      "redis://u:a/b@h",
                                      "redis://u:a:b@h",
                                      "redis://u:%zz@h",
                                      "redis://u:%00@h",
                                      "redis://u:%4",
                                      "redis://h/#1",
                                      "redis://a b",
                                      "redis+unix://",
                                      "redis+unix:///",
                                      "redis+unix://a/b",
                                      "redis+unix:///a?x=1",
                                      "redis+unix:///a?db=x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *problem = problem_of(bad[i]);
        if (problem == NULL)
            printf("  taken: %s\n", bad[i]);
        CHECK(problem != NULL);
    }
}

int main(void)
{
    br_error error;
    test_urls();
    if (!br_resp_available())
        return check_done();
    platform = ra_platform(&now);
    engine = br_engine_new(&platform, &error);
    listen_now();
    test_whole();
    test_given_back();
    test_lost_lock();
    test_silence();
    test_share();
    test_busy();
    test_foreign_lock(":-1\r\n");
    test_foreign_lock(":5001\r\n");
    test_rubbish();
    test_bad_look();
    test_flood();
    test_bad_login();
    test_bad_lock();
    test_bad_put();
    test_nobody();
    test_ends();
    br_engine_free(engine);
    close(server.listener);
    return check_done();
}
