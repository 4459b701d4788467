/*
** The bridge, with threads that play its host: tickets, frames, cancelling, back-pressure, and
** nothing left behind.
*/
#define _GNU_SOURCE
#include "engine/bridge_private.h"

#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "endpoint.h"
#include "engine/frames.h"

/* ThreadSanitizer allows no new thread in the child of a program with threads. */
#ifdef __SANITIZE_THREAD__
#define CHILD_HAS_THREADS 0
#else
#define CHILD_HAS_THREADS 1
#endif

#define THREADS 8
#define CALLS 12
#define OFFERED ((size_t)48 * 1024 * 1024)

static br_client *client, *plain, *refused; /* plain: the endpoint sees who goes only without TLS */

static br_client *connect_to(const char *url)
{
    br_settings s;
    br_problems p;
    br_settings_init(&s);
    br_problems_init(&p);
    const char *const options[][2] = {{"auth", "access_keys"},
                                      {"access_key_id", endpoint_text("access_key_id")},
                                      {"secret_access_key", endpoint_text("secret_access_key")},
                                      {"ca_file", endpoint_text("ca_file")},
                                      {"endpoint", url}};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        br_settings_set_text(&s, br_slice_of(options[i][0]), br_slice_of(options[i][1]), &p);
    br_client *c = br_client_new(&s, &br_model_builtin, &br_host_system, &p);
    CHECK(c != NULL);
    br_problems_free(&p);
    return c;
}

static br_call *call_to(br_client *c, br_call_mode mode, const char *path)
{
    br_request r;
    br_error error;
    br_call_opts opts = {
        .mode = mode, .model = &br_model_builtin, .timeouts = {-1, -1, -1, -1}, .max_attempts = 1};
    br_request_init(&r);
    r.service = (uint8_t)br_model_service(&br_model_builtin, BR_SLICE("bedrock-runtime"));
    r.auth = BR_AUTH_SIGV4;
    memcpy(r.method, "POST", 5);
    br_buf_adds(&r.path, path);
    r.has_body = true;
    br_buf_adds(&r.body,
                "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"hello there\"}]}]}");
    br_headers_add(&r.headers, BR_SLICE("content-type"), BR_SLICE("application/json"));
    br_call *call = br_call_new(c, &r, &opts, &error);
    CHECK(call != NULL);
    return call;
}

#define UNARY "/model/amazon.nova-lite-v1%3A0/converse"
#define STREAM "/model/amazon.nova-lite-v1%3A0/converse-stream"

static br_bridge *open_bridge(void)
{
    br_error error;
    br_bridge *b = br_bridge_ref(&error);
    if (b == NULL)
        printf("  %s\n", error.message);
    CHECK(b != NULL);
    return b;
}

static br_passage *submit(br_bridge *b, br_call *call)
{
    br_error error;
    br_passage *p = br_bridge_submit(b, call, &error);
    CHECK(p != NULL);
    return p;
}

static int dial(const char *address)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    CHECK(strncmp(address, "unix:", 5) == 0);
    memcpy(a.sun_path, address + 5, strnlen(address + 5, sizeof a.sun_path - 1));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(connect(fd, (struct sockaddr *)&a, sizeof a) == 0);
    return fd;
}

static void send_ticket(int fd, const br_passage *p)
{
    CHECK_INT(send(fd, br_passage_ticket(p), BR_TICKET_SIZE, MSG_NOSIGNAL), BR_TICKET_SIZE);
}

/* What came, as letters: H D V P C E X; V and D are not repeated. */
typedef struct outcome {
    char items[16];
    size_t bytes;
    int events;
    br_error error;
    br_call_info info;
    char key[64];
} outcome;

static void note_item(outcome *o, const br_item *item)
{
    size_t n = strlen(o->items);
    char letter = "-HDVPCEX"[item->kind];
    if (n + 1 < sizeof o->items && (n == 0 || o->items[n - 1] != letter))
        o->items[n] = letter;
    o->events += item->kind == BR_EVENT;
    o->bytes += item->data.n;
    if (item->kind == BR_ERROR)
        o->error = *item->error;
    if (item->kind == BR_CREDENTIALS) {
        CHECK(item->credentials->secret_access_key.n == 0);
        snprintf(o->key, sizeof o->key, "%.*s", (int)item->credentials->access_key_id.n,
                 item->credentials->access_key_id.p);
    }
}

/* To the last frame; false: the connection was closed before. */
static bool receive(int fd, outcome *o)
{
    static _Thread_local char bytes[65536];
    br_frames f;
    br_item item = {0};
    memset(o, 0, sizeof *o);
    br_frames_init(&f, false);
    ssize_t n;
    while (!f.over && (n = recv(fd, bytes, sizeof bytes, 0)) > 0) {
        br_frames_feed(&f, (br_slice){bytes, (size_t)n});
        while (br_frames_next(&f, &item) != BR_WAIT) {
            note_item(o, &item);
            if (item.kind >= BR_END)
                break;
        }
    }
    bool whole = f.over;
    o->info = f.info;
    o->info.headers = NULL;
    br_frames_free(&f);
    return whole;
}

static outcome run_on(br_bridge *b, int fd, br_call *call)
{
    outcome o;
    br_passage *p = submit(b, call);
    send_ticket(fd, p);
    CHECK(receive(fd, &o));
    br_passage_drop(b, p);
    return o;
}

static outcome run(br_bridge *b, br_call *call)
{
    int fd = dial(br_bridge_address(b));
    outcome o = run_on(b, fd, call);
    close(fd);
    return o;
}

static bool closed_by_peer(int fd)
{
    char byte;
    return recv(fd, &byte, 1, 0) <= 0;
}

static size_t entries(const char *path)
{
    size_t n = 0;
    DIR *dir = opendir(path);
    while (dir != NULL && readdir(dir) != NULL)
        n++;
    if (dir != NULL)
        closedir(dir);
    return n;
}

static void wait_for_counter(const char *name, long least)
{
    for (int i = 0; i < 2000 && endpoint_counter(name) < least; i++)
        usleep(10000);
    CHECK(endpoint_counter(name) >= least);
}

static void test_items(void)
{
    endpoint_reset();
    br_bridge *b = open_bridge();
    outcome o = run(b, call_to(client, BR_CALL_UNARY, UNARY));
    CHECK_STR(o.items, "HDE");
    CHECK_INT(o.info.status, 200);
    CHECK_INT(o.info.attempts, 1);
    o = run(b, call_to(client, BR_CALL_EVENTS, STREAM));
    CHECK_STR(o.items, "HVE");
    CHECK(o.events >= 4);
    o = run(b, call_to(client, BR_CALL_BYTES, STREAM));
    CHECK_STR(o.items, "HDE");
    o = run(b, call_to(client, BR_CALL_UNARY, "/model/nonexistent.x/converse"));
    CHECK_STR(o.items, "HDE");
    CHECK_INT(o.info.status, 400);
    o = run(b, call_to(client, BR_CALL_CREDENTIALS, UNARY));
    CHECK_STR(o.items, "CE");
    CHECK_STR(o.key, endpoint_text("access_key_id"));
    o = run(b, call_to(client, BR_CALL_PREPARE, UNARY));
    CHECK_STR(o.items, "PE");
    o = run(b, call_to(refused, BR_CALL_UNARY, UNARY));
    CHECK_STR(o.items, "X");
    CHECK_INT(o.error.kind, BR_ERR_TRANSPORT);
    CHECK(o.info.retryable);
    br_bridge_unref(b);
}

static void test_one_connection_after_another(void)
{
    br_bridge *b = open_bridge();
    int fd = dial(br_bridge_address(b));
    for (int i = 0; i < 5; i++) {
        CHECK_STR(run_on(b, fd, call_to(client, BR_CALL_UNARY, UNARY)).items, "HDE");
        CHECK_STR(run_on(b, fd, call_to(client, BR_CALL_EVENTS, STREAM)).items, "HVE");
    }
    CHECK_STR(run_on(b, fd, call_to(refused, BR_CALL_UNARY, UNARY)).items, "X");
    CHECK(closed_by_peer(fd));
    close(fd);
    br_bridge_unref(b);
}

static void test_tickets(void)
{
    outcome o;
    br_bridge *b = open_bridge();
    int fd = dial(br_bridge_address(b));
    CHECK_INT(send(fd, "0123456789abcdef", 16, MSG_NOSIGNAL), 16);
    CHECK(closed_by_peer(fd));
    close(fd);

    br_passage *p = submit(b, call_to(client, BR_CALL_UNARY, UNARY));
    fd = dial(br_bridge_address(b));
    const char *ticket = (const char *)br_passage_ticket(p);
    for (int i = 0; i < BR_TICKET_SIZE; i++)
        CHECK_INT(send(fd, ticket + i, 1, MSG_NOSIGNAL), 1);
    CHECK(receive(fd, &o));
    CHECK_STR(o.items, "HDE");
    send_ticket(fd, p);
    CHECK(closed_by_peer(fd));
    br_passage_drop(b, p);
    close(fd);
    br_bridge_unref(b);
}

static void hang(int times)
{
    char text[200];
    endpoint_reset();
    snprintf(text, sizeof text,
             "[{\"match\":{\"operation\":\"Converse\"},\"times\":%d,\"action\":{\"hang\":true}}]",
             times);
    endpoint_script(text);
}

static void test_closing_cancels(void)
{
    hang(-1);
    br_bridge *b = open_bridge();
    br_passage *p = submit(b, call_to(plain, BR_CALL_UNARY, UNARY));
    int fd = dial(br_bridge_address(b));
    send_ticket(fd, p);
    wait_for_counter("Converse", 1);
    close(fd);
    wait_for_counter("aborted", 1);
    br_passage_drop(b, p);

    p = submit(b, call_to(plain, BR_CALL_UNARY, UNARY));
    fd = dial(br_bridge_address(b));
    send_ticket(fd, p);
    wait_for_counter("Converse", 2);
    br_passage_drop(b, p);
    wait_for_counter("aborted", 2);
    CHECK(closed_by_peer(fd));
    close(fd);

    p = submit(b, call_to(plain, BR_CALL_UNARY, UNARY));
    fd = dial(br_bridge_address(b));
    send_ticket(fd, p);
    wait_for_counter("Converse", 3);
    CHECK_INT(send(fd, "x", 1, MSG_NOSIGNAL), 1);
    CHECK(closed_by_peer(fd));
    wait_for_counter("aborted", 3);
    br_passage_drop(b, p);
    close(fd);
    br_bridge_unref(b);
}

static void test_dropped_before_it_was_claimed(void)
{
    endpoint_reset();
    br_bridge *b = open_bridge();
    br_passage *p = submit(b, call_to(client, BR_CALL_UNARY, UNARY));
    uint8_t ticket[BR_TICKET_SIZE];
    memcpy(ticket, br_passage_ticket(p), sizeof ticket);
    br_passage_drop(b, p);
    int fd = dial(br_bridge_address(b));
    CHECK_INT(send(fd, ticket, sizeof ticket, MSG_NOSIGNAL), sizeof ticket);
    CHECK(closed_by_peer(fd));
    close(fd);
    CHECK_INT(endpoint_counter("Converse"), 0);
    br_bridge_unref(b);
}

/* The end of the bridge under a call that runs. */
static void test_the_end(void)
{
    outcome o;
    hang(1);
    br_bridge *b = open_bridge();
    br_passage *p = submit(b, call_to(plain, BR_CALL_UNARY, UNARY));
    int fd = dial(br_bridge_address(b));
    send_ticket(fd, p);
    wait_for_counter("Converse", 1);
    br_passage_drop(b, p);
    br_bridge_unref(b);
    CHECK(!receive(fd, &o));
    close(fd);
    wait_for_counter("aborted", 1);
}

typedef struct worker {
    br_bridge *bridge;
    int number;
    int good;
} worker;

static void one_call(worker *w, int i)
{
    bool stream = (i + w->number) % 2;
    br_passage *p = submit(w->bridge, call_to(client, stream ? BR_CALL_EVENTS : BR_CALL_UNARY,
                                              stream ? STREAM : UNARY));
    int fd = dial(br_bridge_address(w->bridge));
    outcome o;
    send_ticket(fd, p);
    if (i % 4 == 3) {
        br_passage_drop(w->bridge, p);
        receive(fd, &o);
        w->good++;
    } else if (i % 4 == 2) {
        shutdown(fd, SHUT_RDWR);
        br_passage_drop(w->bridge, p);
        w->good++;
    } else {
        w->good += receive(fd, &o) && strcmp(o.items, stream ? "HVE" : "HDE") == 0;
        br_passage_drop(w->bridge, p);
    }
    close(fd);
}

static void *work(void *user)
{
    worker *w = user;
    br_error error;
    w->bridge = br_bridge_ref(&error);
    for (int i = 0; w->bridge != NULL && i < CALLS; i++)
        one_call(w, i);
    if (w->bridge != NULL)
        br_bridge_unref(w->bridge);
    return NULL;
}

static void test_many_hosts(void)
{
    worker workers[THREADS] = {0};
    pthread_t threads[THREADS];
    endpoint_reset();
    for (int i = 0; i < THREADS; i++) {
        workers[i].number = i;
        CHECK(pthread_create(&threads[i], NULL, work, &workers[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        CHECK_INT(workers[i].good, CALLS);
    }
}

/* A server that offers much, for as long as somebody takes it. */
typedef struct giver {
    int listener;
    _Atomic size_t given;
} giver;

static void *give(void *user)
{
    static char bytes[65536];
    giver *g = user;
    int fd = accept(g->listener, NULL, NULL);
    char request[8192];
    ssize_t n = recv(fd, request, sizeof request, 0);
    int head =
        snprintf(bytes, sizeof bytes,
                 "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", OFFERED);
    n = send(fd, bytes, (size_t)head, MSG_NOSIGNAL);
    while (n > 0 && atomic_load(&g->given) < OFFERED) {
        size_t left = OFFERED - atomic_load(&g->given);
        n = send(fd, bytes, left < sizeof bytes ? left : sizeof bytes, MSG_NOSIGNAL);
        if (n > 0)
            atomic_fetch_add(&g->given, (size_t)n);
    }
    close(fd);
    return NULL;
}

static char *listen_here(giver *g)
{
    static char url[64];
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    g->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(g->listener, (struct sockaddr *)&a, n) == 0 && listen(g->listener, 8) == 0);
    CHECK(getsockname(g->listener, (struct sockaddr *)&a, &n) == 0);
    snprintf(url, sizeof url, "http://127.0.0.1:%d", ntohs(a.sin_port));
    return url;
}

/* Until the server got nothing more off for a while. */
static size_t given_at_rest(giver *g)
{
    size_t before;
    do {
        before = atomic_load(&g->given);
        usleep(300000);
    } while (before == 0 || before != atomic_load(&g->given));
    return before;
}

static void test_back_pressure(void)
{
    giver g = {0};
    pthread_t thread;
    outcome o;
    br_client *c = connect_to(listen_here(&g));
    CHECK(pthread_create(&thread, NULL, give, &g) == 0);
    br_bridge *b = open_bridge();
    br_passage *p = submit(b, call_to(c, BR_CALL_BYTES, "/much"));
    int fd = dial(br_bridge_address(b));
    send_ticket(fd, p);
    CHECK(given_at_rest(&g) < OFFERED / 2);
    outcome meanwhile = run(b, call_to(client, BR_CALL_UNARY, UNARY));
    CHECK_STR(meanwhile.items, "HDE");
    CHECK(receive(fd, &o));
    CHECK_STR(o.items, "HDE");
    CHECK_INT((long long)o.bytes, (long long)OFFERED);
    pthread_join(thread, NULL);
    br_passage_drop(b, p);
    close(fd);
    close(g.listener);
    br_bridge_unref(b);
    br_client_unref(c);
}

static void test_nothing_is_left(void)
{
    size_t fds = entries("/proc/self/fd"), threads = entries("/proc/self/task");
    for (int i = 0; i < 20; i++) {
        br_bridge *b = open_bridge();
        br_bridge *again = open_bridge();
        CHECK(b == again);
        CHECK_STR(run(b, call_to(client, BR_CALL_UNARY, UNARY)).items, "HDE");
        br_bridge_unref(again);
        CHECK_INT((long long)entries("/proc/self/task"), (long long)threads + 1);
        br_bridge_unref(b);
    }
    CHECK_INT((long long)entries("/proc/self/fd"), (long long)fds);
    CHECK_INT((long long)entries("/proc/self/task"), (long long)threads);
}

/* A directory of the test's own shows that the name goes while the bridge is there. */
static void test_nothing_on_disk(void)
{
    br_bridge *b = open_bridge();
    char path[64];
    CHECK(sscanf(br_bridge_address(b), "unix:%63s", path) == 1);
    CHECK(strncmp(path, "/proc/self/fd/", 14) == 0);
    char target[256];
    ssize_t n = readlink(path, target, sizeof target - 1);
    CHECK(n > 0);
    target[n > 0 ? n : 0] = '\0';
    CHECK(strstr(target, "(deleted)") != NULL);
    char *end = strstr(target, "/socket");
    CHECK(end != NULL);
    if (end != NULL)
        *end = '\0';
    CHECK(access(target, F_OK) != 0 && errno == ENOENT);
    br_bridge_unref(b);
}

/* The text of a file in a thread's directory; "" if there is none. */
static void read_of_thread(const char *thread, const char *name, char *out, size_t size)
{
    char path[300];
    snprintf(path, sizeof path, "/proc/self/task/%s/%s", thread, name);
    FILE *file = fopen(path, "r");
    size_t n = file != NULL ? fread(out, 1, size - 1, file) : 0;
    out[n] = '\0';
    if (file != NULL)
        fclose(file);
}

static void test_signals_are_not_the_threads(void)
{
    br_bridge *b = open_bridge();
    int found = 0;
    DIR *dir = opendir("/proc/self/task");
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char text[4096];
        unsigned long long mask = 0;
        read_of_thread(entry->d_name, "comm", text, sizeof text);
        if (strcmp(text, "bedrock\n") != 0)
            continue;
        read_of_thread(entry->d_name, "status", text, sizeof text);
        const char *line = strstr(text, "SigBlk:");
        CHECK(line != NULL && sscanf(line, "SigBlk: %llx", &mask) == 1);
        CHECK_INT((long long)(mask & 0x7fffffff), 0x7ffbfeff);
        found++;
    }
    closedir(dir);
    CHECK_INT(found, 1);
    br_bridge_unref(b);
}

static int connect_as_child(br_bridge *b, const br_passage *p)
{
    char path[128];
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(path, sizeof path, "/proc/%d/fd/%s", (int)getppid(),
             strrchr(br_bridge_address(b), '/') + 1);
    memcpy(a.sun_path, path, strnlen(path, sizeof a.sun_path - 1));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) != 0)
        return 1;
    send(fd, br_passage_ticket(p), BR_TICKET_SIZE, MSG_NOSIGNAL);
    return closed_by_peer(fd) ? 0 : 2;
}

static int status_of(pid_t child)
{
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_other_processes_are_refused(void)
{
    endpoint_reset();
    br_bridge *b = open_bridge();
    br_passage *p = submit(b, call_to(client, BR_CALL_UNARY, UNARY));
    pid_t child = fork();
    if (child == 0)
        _exit(connect_as_child(b, p));
    CHECK_INT(status_of(child), 0);
    CHECK_INT(endpoint_counter("Converse"), 0);
    int fd = dial(br_bridge_address(b));
    outcome o;
    send_ticket(fd, p);
    CHECK(receive(fd, &o));
    CHECK_STR(o.items, "HDE");
    close(fd);
    br_passage_drop(b, p);
    br_bridge_unref(b);
}

static int use_as_child(br_bridge *b)
{
    br_error error;
    if (!br_bridge_inherited(b))
        return 1;
    br_bridge_unref(b);
    if (!CHILD_HAS_THREADS)
        return 0;
    br_bridge *own = br_bridge_ref(&error);
    if (own == NULL || own == b)
        return 2;
    bool ok = strcmp(run(own, call_to(client, BR_CALL_UNARY, UNARY)).items, "HDE") == 0;
    br_bridge_unref(own);
    return ok ? 0 : 3;
}

static void test_a_child_gets_its_own(void)
{
    br_bridge *b = open_bridge();
    pid_t child = fork();
    if (child == 0)
        _exit(use_as_child(b));
    CHECK_INT(status_of(child), 0);
    CHECK_STR(run(b, call_to(client, BR_CALL_UNARY, UNARY)).items, "HDE");
    br_bridge_unref(b);
}

static bool goes_through(br_door *d)
{
    int fd = dial(d->address);
    int peer = br_door_accept(d);
    bool ok = peer >= 0;
    close(fd);
    if (ok)
        close(peer);
    return ok;
}

static void test_other_places(void)
{
    char here[] = "/tmp/test-bridge-XXXXXX", why[256];
    br_door d;
    CHECK(mkdtemp(here) != NULL);
    br_places places = {"/proc/self/fd", {NULL, "/proc", "relative", here}};
    CHECK(br_door_open(&d, &places, why, sizeof why));
    CHECK_INT((long long)entries(here), 2);
    CHECK(goes_through(&d));
    br_door_close(&d);

    places.fds = "/nowhere";
    CHECK(br_door_open(&d, &places, why, sizeof why));
    CHECK(strncmp(d.address + 5, here, strlen(here)) == 0);
    CHECK_INT((long long)entries(here), 3);
    CHECK(goes_through(&d));
    br_door_close(&d);
    CHECK_INT((long long)entries(here), 2);
    CHECK(rmdir(here) == 0);

    places.parents[3] = NULL;
    CHECK(!br_door_open(&d, &places, why, sizeof why));
    CHECK(strstr(why, "$XDG_RUNTIME_DIR") != NULL);
    CHECK(d.listener == -1 && d.path_fd == -1);
}

static void test_whose_openssl(void)
{
    CHECK(!br_program_defines("SSL_CTX_new"));
    CHECK(!br_program_defines("no_such_symbol_anywhere"));
}

int main(void)
{
    client = connect_to(endpoint_text("https"));
    plain = connect_to(endpoint_text("http"));
    refused = connect_to(endpoint_text("refused"));
    test_items();
    test_one_connection_after_another();
    test_tickets();
    test_closing_cancels();
    test_dropped_before_it_was_claimed();
    test_the_end();
    test_many_hosts();
    test_back_pressure();
    test_nothing_is_left();
    test_nothing_on_disk();
    test_signals_are_not_the_threads();
    test_other_processes_are_refused();
    test_a_child_gets_its_own();
    test_other_places();
    test_whose_openssl();
    br_client_unref(client);
    br_client_unref(plain);
    br_client_unref(refused);
    return check_done();
}
