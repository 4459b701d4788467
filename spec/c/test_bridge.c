/* The bridge, with threads that are at its other side: channels, frames, cancelling, back-pressure. */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bridge_client.h"
#include "check.h"
#include "endpoint.h"

#define THREADS 8
#define CALLS 12
#define LEAVERS 6
#define LEAVINGS 40
#define OFFERED ((size_t)48 * 1024 * 1024)

static br_client *client, *plain, *refused; /* plain: the endpoint sees who goes only without TLS */

static void wait_for_counter(const char *name, long least)
{
    for (int i = 0; i < 2000 && endpoint_counter(name) < least; i++)
        usleep(10000);
    CHECK(endpoint_counter(name) >= least);
}

static void test_items(void)
{
    endpoint_reset();
    br_bridge *b = bridge_open();
    bridge_outcome o = bridge_run(b, bridge_call(client, BR_CALL_UNARY, BRIDGE_UNARY));
    CHECK_STR(o.items, "HDE");
    CHECK_INT(o.info.status, 200);
    CHECK_INT(o.info.attempts, 1);
    o = bridge_run(b, bridge_call(client, BR_CALL_EVENTS, BRIDGE_STREAM));
    CHECK_STR(o.items, "HVE");
    CHECK(o.events >= 4);
    o = bridge_run(b, bridge_call(client, BR_CALL_BYTES, BRIDGE_STREAM));
    CHECK_STR(o.items, "HDE");
    o = bridge_run(b, bridge_call(client, BR_CALL_UNARY, "/model/nonexistent.x/converse"));
    CHECK_STR(o.items, "HDE");
    CHECK_INT(o.info.status, 400);
    o = bridge_run(b, bridge_call(client, BR_CALL_CREDENTIALS, BRIDGE_UNARY));
    CHECK_STR(o.items, "CE");
    CHECK_STR(o.key, endpoint_text("access_key_id"));
    o = bridge_run(b, bridge_call(client, BR_CALL_PREPARE, BRIDGE_UNARY));
    CHECK_STR(o.items, "PE");
    o = bridge_run(b, bridge_call(refused, BR_CALL_UNARY, BRIDGE_UNARY));
    CHECK_STR(o.items, "X");
    CHECK_INT(o.error.kind, BR_ERR_TRANSPORT);
    CHECK(o.info.retryable);
    br_bridge_unref(b);
}

/* Who handed the call over gets the set itself, which lives on when the channel is dropped. */
static void test_credentials_lent(void)
{
    endpoint_reset();
    br_bridge *b = bridge_open();
    br_channel *p = bridge_hand_over(b, bridge_call(client, BR_CALL_CREDENTIALS, BRIDGE_UNARY));
    CHECK(br_channel_credentials(b, p) == NULL);
    int fd = bridge_dial(br_bridge_address(b));
    bridge_open_channel(fd, p);
    bridge_outcome o;
    CHECK(bridge_receive(fd, &o));
    const br_credentials *set = br_channel_credentials(b, p);
    br_channel_drop(b, p);
    br_bridge_unref(b);
    close(fd);
    CHECK_SLICE(set->access_key_id, o.key);
    CHECK_SLICE(set->secret_access_key, endpoint_text("secret_access_key"));
    br_credentials_unref(set);
}

static void test_one_connection_after_another(void)
{
    br_bridge *b = bridge_open();
    int fd = bridge_dial(br_bridge_address(b));
    for (int i = 0; i < 5; i++) {
        CHECK_STR(bridge_run_on(b, fd, bridge_call(client, BR_CALL_UNARY, BRIDGE_UNARY)).items,
                  "HDE");
        CHECK_STR(bridge_run_on(b, fd, bridge_call(client, BR_CALL_EVENTS, BRIDGE_STREAM)).items,
                  "HVE");
    }
    CHECK_STR(bridge_run_on(b, fd, bridge_call(refused, BR_CALL_UNARY, BRIDGE_UNARY)).items, "X");
    CHECK(bridge_closed(fd));
    close(fd);
    br_bridge_unref(b);
}

static void test_channel_ids(void)
{
    bridge_outcome o;
    br_bridge *b = bridge_open();
    int fd = bridge_dial(br_bridge_address(b));
    CHECK_INT(send(fd, "0123456789abcdef", 16, MSG_NOSIGNAL), 16);
    CHECK(bridge_closed(fd));
    close(fd);

    br_channel *p = bridge_hand_over(b, bridge_call(client, BR_CALL_UNARY, BRIDGE_UNARY));
    fd = bridge_dial(br_bridge_address(b));
    const char *id = (const char *)br_channel_id(p);
    for (int i = 0; i < BR_CHANNEL_ID_SIZE; i++)
        CHECK_INT(send(fd, id + i, 1, MSG_NOSIGNAL), 1);
    CHECK(bridge_receive(fd, &o));
    CHECK_STR(o.items, "HDE");
    bridge_open_channel(fd, p);
    CHECK(bridge_closed(fd));
    br_channel_drop(b, p);
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
    br_bridge *b = bridge_open();
    br_channel *p = bridge_hand_over(b, bridge_call(plain, BR_CALL_UNARY, BRIDGE_UNARY));
    int fd = bridge_dial(br_bridge_address(b));
    bridge_open_channel(fd, p);
    wait_for_counter("Converse", 1);
    close(fd);
    wait_for_counter("aborted", 1);
    br_channel_drop(b, p);

    p = bridge_hand_over(b, bridge_call(plain, BR_CALL_UNARY, BRIDGE_UNARY));
    fd = bridge_dial(br_bridge_address(b));
    bridge_open_channel(fd, p);
    wait_for_counter("Converse", 2);
    br_channel_drop(b, p);
    wait_for_counter("aborted", 2);
    CHECK(bridge_closed(fd));
    close(fd);

    p = bridge_hand_over(b, bridge_call(plain, BR_CALL_UNARY, BRIDGE_UNARY));
    fd = bridge_dial(br_bridge_address(b));
    bridge_open_channel(fd, p);
    wait_for_counter("Converse", 3);
    CHECK_INT(send(fd, "x", 1, MSG_NOSIGNAL), 1);
    CHECK(bridge_closed(fd));
    wait_for_counter("aborted", 3);
    br_channel_drop(b, p);
    close(fd);
    br_bridge_unref(b);
}

static void test_dropped_before_it_was_claimed(void)
{
    endpoint_reset();
    br_bridge *b = bridge_open();
    br_channel *p = bridge_hand_over(b, bridge_call(client, BR_CALL_UNARY, BRIDGE_UNARY));
    uint8_t id[BR_CHANNEL_ID_SIZE];
    memcpy(id, br_channel_id(p), sizeof id);
    br_channel_drop(b, p);
    int fd = bridge_dial(br_bridge_address(b));
    CHECK_INT(send(fd, id, sizeof id, MSG_NOSIGNAL), sizeof id);
    CHECK(bridge_closed(fd));
    close(fd);
    CHECK_INT(endpoint_counter("Converse"), 0);
    br_bridge_unref(b);
}

/* The end of the bridge under a call that runs. */
static void test_the_end(void)
{
    bridge_outcome o;
    hang(1);
    br_bridge *b = bridge_open();
    br_channel *p = bridge_hand_over(b, bridge_call(plain, BR_CALL_UNARY, BRIDGE_UNARY));
    int fd = bridge_dial(br_bridge_address(b));
    bridge_open_channel(fd, p);
    wait_for_counter("Converse", 1);
    br_channel_drop(b, p);
    br_bridge_unref(b);
    CHECK(!bridge_receive(fd, &o));
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
    br_channel *p =
        bridge_hand_over(w->bridge, bridge_call(client, stream ? BR_CALL_EVENTS : BR_CALL_UNARY,
                                                stream ? BRIDGE_STREAM : BRIDGE_UNARY));
    int fd = bridge_dial(br_bridge_address(w->bridge));
    bridge_outcome o;
    bridge_open_channel(fd, p);
    if (i % 4 == 3) {
        br_channel_drop(w->bridge, p);
        bridge_receive(fd, &o);
        w->good++;
    } else if (i % 4 == 2) {
        shutdown(fd, SHUT_RDWR);
        br_channel_drop(w->bridge, p);
        w->good++;
    } else {
        w->good += bridge_receive(fd, &o) && strcmp(o.items, stream ? "HVE" : "HDE") == 0;
        br_channel_drop(w->bridge, p);
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

/* Pseudo-random, so that every run tries other moments of the engine's thread in the same order. */
static unsigned next_number(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

/* Goes at some moment, in some way: the call is asked for, runs, streams, or is over. */
static void leave_call(br_bridge *b, unsigned *state)
{
    bool stream = next_number(state) % 2;
    br_call *call =
        bridge_call(next_number(state) % 2 ? client : plain,
                    stream ? BR_CALL_EVENTS : BR_CALL_UNARY, stream ? BRIDGE_STREAM : BRIDGE_UNARY);
    br_channel *p = bridge_hand_over(b, call);
    int fd = bridge_dial(br_bridge_address(b));
    bridge_open_channel(fd, p);
    usleep(next_number(state) % 4000);
    unsigned how = next_number(state) % 3;
    if (how == 0)
        shutdown(fd, SHUT_RDWR);
    if (how == 1)
        close(fd);
    br_channel_drop(b, p);
    if (how != 1)
        close(fd);
}

/* Each has a bridge of its own in use, now and then the only one: it ends under calls that run. */
static void *leave(void *user)
{
    worker *w = user;
    unsigned state = (unsigned)w->number;
    for (int i = 0; i < LEAVINGS; i++) {
        br_error error;
        br_bridge *b = br_bridge_ref(&error);
        if (b == NULL)
            continue;
        for (unsigned n = next_number(&state) % 4; n > 0; n--)
            leave_call(b, &state);
        br_bridge_unref(b);
        w->good++;
    }
    return NULL;
}

static void test_leaving_at_any_moment(void)
{
    worker workers[LEAVERS] = {0};
    pthread_t threads[LEAVERS];
    endpoint_reset();
    for (int i = 0; i < LEAVERS; i++) {
        workers[i].number = i;
        CHECK(pthread_create(&threads[i], NULL, leave, &workers[i]) == 0);
    }
    for (int i = 0; i < LEAVERS; i++) {
        pthread_join(threads[i], NULL);
        CHECK_INT(workers[i].good, LEAVINGS);
    }
}

/* What is attached goes as soon as the call is dropped, at whatever moment. */
static void leave_attached(br_bridge *b, unsigned *state)
{
    size_t n = BR_ATTACHED_BYTES_MIN + next_number(state) * 64;
    char *bytes = malloc(n);
    memset(bytes, 'x', n);
    br_channel *p = bridge_hand_over(b, bridge_call_with(client, bytes, n));
    int fd = bridge_dial(br_bridge_address(b));
    bridge_open_channel(fd, p);
    usleep(next_number(state) % 1000);
    br_channel_drop(b, p);
    free(bytes);
    close(fd);
}

static void test_attached(void)
{
    static char bytes[1000000];
    unsigned state = 1;
    endpoint_reset();
    br_bridge *b = bridge_open();
    CHECK_STR(bridge_run(b, bridge_call_with(client, bytes, sizeof bytes)).items, "HDE");
    for (int i = 0; i < LEAVINGS; i++)
        leave_attached(b, &state);
    br_bridge_unref(b);
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
    bridge_outcome o;
    br_client *c = bridge_client(listen_here(&g));
    CHECK(pthread_create(&thread, NULL, give, &g) == 0);
    br_bridge *b = bridge_open();
    br_channel *p = bridge_hand_over(b, bridge_call(c, BR_CALL_BYTES, "/much"));
    int fd = bridge_dial(br_bridge_address(b));
    bridge_open_channel(fd, p);
    CHECK(given_at_rest(&g) < OFFERED / 2);
    bridge_outcome meanwhile = bridge_run(b, bridge_call(client, BR_CALL_UNARY, BRIDGE_UNARY));
    CHECK_STR(meanwhile.items, "HDE");
    CHECK(bridge_receive(fd, &o));
    CHECK_STR(o.items, "HDE");
    CHECK_INT((long long)o.bytes, (long long)OFFERED);
    pthread_join(thread, NULL);
    br_channel_drop(b, p);
    close(fd);
    close(g.listener);
    br_bridge_unref(b);
    br_client_unref(c);
}

int main(void)
{
    client = bridge_client(endpoint_text("https"));
    plain = bridge_client(endpoint_text("http"));
    refused = bridge_client(endpoint_text("refused"));
    test_items();
    test_credentials_lent();
    test_one_connection_after_another();
    test_channel_ids();
    test_closing_cancels();
    test_dropped_before_it_was_claimed();
    test_the_end();
    test_many_hosts();
    test_leaving_at_any_moment();
    test_attached();
    test_back_pressure();
    br_client_unref(client);
    br_client_unref(plain);
    br_client_unref(refused);
    return check_done();
}
