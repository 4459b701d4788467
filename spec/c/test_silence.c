/*
** What a peer says that nobody asked for: it must never pass for the answer of the next request, which
** goes out on a new connection, once; and what TLS says for itself must not cost the connection.
*/
#define _GNU_SOURCE
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "endpoint.h"
#include "engine/call/call.h"
#include "engine/transfer/transfer_private.h"
#include "ra_client.h"
#include "talker.h"

#define ROUNDS_MAX 4000
#define WAIT_MS 5000
#define ONE "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none"
#define TWO "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo"
#define FORGED "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"

/* How the peer is spoken to. */
typedef struct way {
    const char *name;
    talker_options peer;
    bool proxied;
} way;

static const way ways[] = {
    {"plain", {0, 0}, false},       {"TLS 1.2", {12, 0}, false},
    {"TLS 1.3", {13, 0}, false},    {"TLS 1.3 through CONNECT", {0, 13}, true},
    {"TLS in TLS", {13, 13}, true},
};
#define WAYS (sizeof ways / sizeof ways[0])

static const way *now; /* the way of the case that runs */
static bool stepped;   /* the engine runs while the connection is idle */
static const char *what;
static br_engine *engine;
static talker *peer;

typedef struct answer {
    bool done;
    br_transfer_end end;
    int status;
    br_buf body;
} answer;

static bool encrypted(void)
{
    return now->peer.tls != 0 || now->peer.behind_tls != 0;
}

static void on_head(void *user, int status, br_headers *headers)
{
    (void)headers;
    ((answer *)user)->status = status;
}

static bool on_data(void *user, br_slice bytes)
{
    br_buf_add_slice(&((answer *)user)->body, bytes);
    return true;
}

static void on_done(void *user, const br_transfer_result *result)
{
    answer *a = user;
    a->done = true;
    a->end = result->end;
    if (result->error != NULL)
        printf("  %s: %s\n", what, result->error->message);
}

static void expect(bool ok, const char *wanted)
{
    if (!ok)
        printf("  %s, %s%s: %s\n", now->name, what, stepped ? ", stepped" : "", wanted);
    CHECK(ok);
}

static void round_of_all(void)
{
    talker_serve(peer);
    br_engine_step(engine, 1);
}

static void ask(const char *method, const char *wanted)
{
    static const br_transfer_ops ops = {on_head, on_data, on_done};
    char proxy[64];
    br_url url = {.host = "127.0.0.1",
                  .port = (uint16_t)talker_port(peer),
                  .https = encrypted(),
                  .loopback = true};
    br_headers none;
    br_error error;
    answer a = {.done = false};
    br_headers_init(&none);
    br_buf_init(&a.body, 65536);
    snprintf(proxy, sizeof proxy, "http%s://127.0.0.1:%d", now->peer.tls != 0 ? "s" : "",
             talker_port(peer));
    br_transfer_request request = {
        .method = method,
        .endpoint = &url,
        .target = BR_SLICE("/t"),
        .headers = &none,
        .body = BR_SLICE("{}"),
        .has_body = strcmp(method, "POST") == 0,
        .timeouts = {-1, -1, -1, -1},
        .net = {.ca_file = endpoint_text("ca_file"), .proxy = now->proxied ? proxy : NULL}};
    CHECK(br_transfer_start(engine, &request, &ops, &a, &error) != NULL);
    for (int i = 0; i < ROUNDS_MAX && !a.done; i++)
        round_of_all();
    expect(a.done && a.end == BR_DONE_OK, "no answer");
    expect(br_slice_eqs(br_buf_slice(&a.body), wanted), "another answer");
    br_buf_free(&a.body);
}

/* Until something has come for the connection that is kept, whatever the engine knows of it. */
static void wait_for_arrival(void)
{
    for (int fd = 0; fd < engine->sockets.cap; fd++) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (engine->sockets.of[fd].opened)
            expect(poll(&p, 1, WAIT_MS) == 1, "nothing came");
    }
}

/* A host that watches the descriptor is not woken for ever. */
static void step_until_quiet(void)
{
    struct pollfd p = {.fd = br_engine_fd(engine), .events = POLLIN};
    for (int i = 0; i < 20 && poll(&p, 1, 0) > 0; i++)
        br_engine_step(engine, 0);
    expect(poll(&p, 1, 0) == 0, "no end of waking");
}

static void start_with(const way *with, const char *first, const char *second)
{
    br_error error;
    now = with;
    peer = talker_start(with->peer);
    engine = br_engine_new(&br_platform_system, &error);
    CHECK(engine != NULL);
    talker_answer(peer, first);
    talker_answer(peer, second);
}

static void start(const way *with, const char *first)
{
    start_with(with, first, TWO);
}

static void stop(void)
{
    br_engine_free(engine);
    talker_stop(peer);
}

static void second_request_on(int connection)
{
    if (stepped)
        step_until_quiet();
    talker_serve(peer);
    for (int i = 0; i < ROUNDS_MAX && stepped && connection == 1 && !talker_left(peer, 0); i++)
        round_of_all();
    if (stepped && connection == 1)
        expect(talker_left(peer, 0), "it is not closed");
    ask("POST", "two");
    expect(talker_requests(peer) == 2, "the number of requests");
    expect(talker_connections(peer) == connection + 1, "the number of connections");
}

static void case_of(const way *with, const char *words, void (*say)(void), bool harmless)
{
    what = words;
    start(with, ONE);
    ask("POST", "one");
    say();
    wait_for_arrival();
    second_request_on(harmless ? 0 : 1);
    stop();
}

static void a_forged_answer(void)
{
    talker_say(peer, 0, FORGED);
}

static void an_interim_answer(void)
{
    talker_say(peer, 0, "HTTP/1.1 100 Continue\r\n\r\n");
}

static void the_beginning_of_one(void)
{
    talker_say(peer, 0, "H");
}

static void a_timeout_of_the_peers(void)
{
    talker_say(peer, 0,
               "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n"
               "Connection: close\r\n\r\n");
    talker_hang_up(peer, 0);
}

static void the_end(void)
{
    talker_hang_up(peer, 0);
}

static void a_farewell(void)
{
    talker_farewell(peer, 0);
}

static void the_header_of_a_record(void)
{
    talker_say_half(peer, 0, FORGED, 5);
}

static void half_a_record(void)
{
    talker_say_half(peer, 0, FORGED, 20);
}

static void a_wish_to_renegotiate(void)
{
    talker_ask_to_renegotiate(peer, 0);
}

static void a_ticket(void)
{
    talker_ticket(peer, 0);
}

static void tickets(void)
{
    talker_ticket(peer, 0);
    talker_ticket(peer, 0);
}

static void new_keys(void)
{
    talker_key_update(peer, 0, false);
    talker_key_update(peer, 0, true);
}

static void a_ticket_and_an_answer(void)
{
    talker_ticket(peer, 0);
    talker_say(peer, 0, FORGED);
}

static void test_unasked(void)
{
    for (size_t i = 0; i < WAYS; i++) {
        /* An outer TLS of which nothing is seen: such a connection is not kept at all. */
        if (now = &ways[i], now->peer.tls != 0 && now->proxied)
            continue;
        case_of(&ways[i], "a forged answer", a_forged_answer, false);
        case_of(&ways[i], "an interim answer", an_interim_answer, false);
        case_of(&ways[i], "the beginning of an answer", the_beginning_of_one, false);
        case_of(&ways[i], "408", a_timeout_of_the_peers, false);
        case_of(&ways[i], "the end", the_end, false);
    }
}

static void test_what_tls_says(void)
{
    for (size_t i = 1; i < 4; i++) {
        bool newer = i > 1;
        case_of(&ways[i], "a farewell", a_farewell, false);
        if (!newer) {
            case_of(&ways[i], "a wish to renegotiate", a_wish_to_renegotiate, false);
            continue;
        }
        case_of(&ways[i], "a ticket and an answer", a_ticket_and_an_answer, false);
        /* Not stepped, newer versions of libcurl drop what has said anything at all. */
        if (!stepped && curl_version_info(CURLVERSION_NOW)->version_num >= 0x080000)
            continue;
        case_of(&ways[i], "a ticket", a_ticket, true);
        case_of(&ways[i], "tickets", tickets, true);
        case_of(&ways[i], "new keys", new_keys, true);
    }
}

/* What the rest will be is not known: it is not waited for, and not believed in. */
static void test_half_records(void)
{
    void (*const halves[])(void) = {the_header_of_a_record, half_a_record};
    for (size_t i = 1; i < 4; i++)
        for (size_t half = 0; half < 2; half++) {
            what = half == 0 ? "the header of a record" : "half a record";
            start(&ways[i], ONE);
            ask("POST", "one");
            halves[half]();
            wait_for_arrival();
            if (stepped)
                step_until_quiet();
            ask("POST", "two");
            expect(talker_connections(peer) == 2, "the number of connections");
            stop();
        }
}

/* Behind the end of an answer, in the same read. */
static void test_leftovers(void)
{
    static const struct {
        const char *method, *text, *body;
    } cases[] = {
        {"POST", ONE FORGED, "one"},
        {"POST", ONE "H", "one"},
        {"GET", ONE FORGED, "one"},
        {"POST",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\n\r\n" FORGED,
         "one"},
        {"POST",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\nA: b\r\n\r\nH",
         "one"},
        {"POST",
         "HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\n\r\n" FORGED,
         "one"},
        {"POST", "HTTP/1.1 500 Oops\r\nContent-Length: 3\r\n\r\none" FORGED, "one"},
        {"POST", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" FORGED, ""},
        {"POST", "HTTP/1.1 200 OK\r\nContent-Length: 00\r\n\r\n" FORGED, ""},
        {"POST", "HTTP/1.1 204 Nothing\r\n\r\n" FORGED, ""},
        {"POST", "HTTP/1.1 204 Nothing\r\nContent-Length: 6\r\n\r\nforged", ""},
        {"GET", "HTTP/1.1 304 Same\r\nContent-Length: 6\r\n\r\nforged", ""},
        {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged", ""},
        {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n" FORGED, ""},
    };
    for (size_t i = 0; i < WAYS; i++)
        for (size_t n = 0; n < sizeof cases / sizeof cases[0]; n++) {
            what = cases[n].text;
            start(&ways[i], cases[n].text);
            ask(cases[n].method, cases[n].body);
            second_request_on(1);
            stop();
        }
}

/* A connection of which nothing came is used again, and again. */
static void test_silent(void)
{
    what = "nothing";
    for (size_t i = 0; i < WAYS; i++) {
        start(&ways[i], ONE);
        for (int n = 0; n < 3; n++)
            talker_answer(peer, TWO);
        ask("POST", "one");
        for (int n = 0; n < 4; n++) {
            if (stepped)
                step_until_quiet();
            ask(n % 2 == 0 ? "GET" : "POST", "two");
        }
        bool unseen = now->proxied && now->peer.tls != 0;
        expect(talker_connections(peer) == (unseen ? 5 : 1), "the number of connections");
        stop();
    }
}

/* Whole calls. Nothing of this may be repeated, were it sent: one attempt, which is not idempotent. */
static br_client *connect_keys(void)
{
    char url[64];
    snprintf(url, sizeof url, "http%s://127.0.0.1:%d", encrypted() ? "s" : "", talker_port(peer));
    const char *const options[][2] = {{"auth", "access_keys"},
                                      {"access_key_id", "AKIDEXAMPLE"},
                                      {"secret_access_key", "secret"},
                                      {"ca_file", endpoint_text("ca_file")},
                                      {"endpoint", url}};
    br_settings s;
    br_problems p;
    br_settings_init(&s);
    br_problems_init(&p);
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        br_settings_set_text(&s, br_slice_of(options[i][0]), br_slice_of(options[i][1]), &p);
    br_client *c = br_client_new(&s, &br_model_builtin, &br_platform_system, &p);
    CHECK(c != NULL);
    br_problems_free(&p);
    return c;
}

static br_call *new_call(br_client *client, br_call_mode mode)
{
    br_call_opts opts = {
        .mode = mode, .model = &br_model_builtin, .timeouts = {-1, -1, -1, -1}, .max_attempts = 1};
    br_request r;
    br_error error;
    br_request_init(&r);
    r.service = (uint8_t)br_model_service(&br_model_builtin, BR_SLICE("bedrock-runtime"));
    r.auth = BR_SCHEME_BEARER_OK;
    snprintf(r.method, sizeof r.method, "POST");
    br_buf_adds(&r.path, "/model/m/invoke");
    r.has_body = true;
    br_buf_adds(&r.body, "{}");
    br_call *call = br_call_new(client, &r, &opts, &error);
    br_request_free(&r);
    CHECK(call != NULL && br_call_start(call, engine, &error));
    return call;
}

static void call(br_client *client, br_call_mode mode, int status, const char *wanted)
{
    br_item item = {.kind = BR_WAIT};
    br_call_info info;
    br_buf data;
    br_call *c = new_call(client, mode);
    br_buf_init(&data, 65536);
    for (int i = 0; i < ROUNDS_MAX && item.kind != BR_END && item.kind != BR_ERROR; i++) {
        if (br_call_next(c, &item) == BR_WAIT)
            round_of_all();
        if (item.kind == BR_DATA)
            br_buf_add_slice(&data, item.data);
    }
    br_call_info_get(c, &info);
    expect(item.kind == BR_END && info.status == status, "no answer");
    expect(info.attempts == 1, "attempts");
    expect(br_slice_eqs(br_buf_slice(&data), wanted), "another answer");
    br_buf_free(&data);
    br_call_free(c);
}

#define STREAM "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\n\r\n"
#define REFUSAL "HTTP/1.1 400 No\r\nContent-Length: 2\r\n\r\n{}"

static void test_calls(void)
{
    static const struct {
        const char *first, *body;
        br_call_mode mode;
        int status;
    } cases[] = {{ONE, "one", BR_CALL_UNARY, 200},           {STREAM, "one", BR_CALL_BYTES, 200},
                 {STREAM FORGED, "one", BR_CALL_BYTES, 200}, {REFUSAL, "{}", BR_CALL_UNARY, 400},
                 {REFUSAL FORGED, "{}", BR_CALL_UNARY, 400}, {REFUSAL, "{}", BR_CALL_EVENTS, 400}};
    for (size_t i = 0; i < 3; i++)
        for (size_t n = 0; n < sizeof cases / sizeof cases[0]; n++) {
            what = cases[n].first;
            start(&ways[i], cases[n].first);
            br_client *client = connect_keys();
            call(client, cases[n].mode, cases[n].status, cases[n].body);
            if (strstr(cases[n].first, FORGED) == NULL) {
                a_forged_answer();
                wait_for_arrival();
            }
            if (stepped)
                step_until_quiet();
            call(client, BR_CALL_UNARY, 200, "two");
            expect(talker_connections(peer) == 2, "the number of connections");
            br_client_unref(client);
            stop();
        }
}

static void session(char *out, size_t size, const char *id)
{
    char body[512];
    snprintf(body, sizeof body,
             "{\"credentialSet\":[{\"credentials\":{\"accessKeyId\":\"%s\",\"secretAccessKey\":"
             "\"secret\",\"sessionToken\":\"token\",\"expiration\":\"2099-01-01T00:00:00Z\"}}],"
             "\"subjectArn\":\"arn\"}",
             id);
    snprintf(
        out, size,
        "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
        strlen(body), body);
}

static void obtain(br_client *client, const char *id)
{
    ra_want want = {.done = false};
    ra_ask(&want, engine, client, BR_OBTAIN_FRESH);
    for (int i = 0; i < ROUNDS_MAX && !want.done; i++)
        round_of_all();
    expect(want.done && want.ok, "no credentials");
    expect(strcmp(want.id, id) == 0, "other credentials");
    ra_release(&want);
}

static void test_exchanges(void)
{
    char url[64], first[1024], second[1024], forged[1024];
    session(first, sizeof first, "ASIAONE0000000000001");
    session(second, sizeof second, "ASIATWO0000000000001");
    session(forged, sizeof forged, "ASIAFORGED0000000001");
    what = "CreateSession";
    for (size_t i = 0; i < 3; i++) {
        start_with(&ways[i], first, second);
        snprintf(url, sizeof url, "http%s://127.0.0.1:%d", encrypted() ? "s" : "",
                 talker_port(peer));
        ra_options options = {.url = url, .ca_file = endpoint_text("ca_file"), .max_attempts = 1};
        br_client *client = ra_client(&options, &br_platform_system);
        obtain(client, "ASIAONE0000000000001");
        talker_say(peer, 0, forged);
        wait_for_arrival();
        if (stepped)
            step_until_quiet();
        obtain(client, "ASIATWO0000000000001");
        expect(talker_connections(peer) == 2, "the number of connections");
        br_client_unref(client);
        stop();
    }
}

int main(void)
{
    for (int i = 0; i < 2; i++) {
        stepped = i == 1;
        test_silent();
        test_unasked();
        test_what_tls_says();
        test_half_records();
        test_leftovers();
        test_calls();
        test_exchanges();
    }
    return check_done();
}
