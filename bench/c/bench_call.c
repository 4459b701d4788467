/*
** What a whole call costs beside bare libcurl: CPU time of this process, the contestants taking
** turns in one run, all on kept connections. "name<TAB>median ns", then the ratios.
**
**   bench_call URL CA_FILE [ROUNDS]
**   bench_call URL CA_FILE NAME OPERATIONS IN_FLIGHT   one of them alone, for counting
**
** URL is an endpoint that answers Converse and checks no signature (spec/endpoint with
** verify = false). Bare libcurl sends the same body with a content type and nothing else; a call
** also signs, and carries a security token of the usual length. What libcurl takes for sending
** those headers is in "libcurl-same-headers". "silence" is the part of a call that looks whether the
** kept connection has said anything unasked.
*/
#define _GNU_SOURCE
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/call/call.h"
#include "engine/loop/internal.h"
#include "engine/loop/silence.h"

#define PATH "/model/amazon.nova-lite-v1%3A0/converse"
#define PER_ROUND 64
#define IN_FLIGHT 32
#define IN_FLIGHT_MAX 1000
#define ROUNDS_MAX 1001
#define TOKEN_SIZE 700
#define TEXT_SIZE 1900

typedef struct bench {
    const char *url, *ca_file;
    char *body;
    size_t received;
    int operations, in_flight; /* of a round, at a time */
    CURL *easy[IN_FLIGHT_MAX];
    struct curl_slist *headers, *signed_headers;
    CURL *signed_easy;
    CURLM *multi;
    br_engine *engine;
    br_client *client;
} bench;

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "failed: %s\n", what);
        exit(1);
    }
}

static size_t count(char *bytes, size_t size, size_t n, void *user)
{
    (void)bytes;
    bench *b = user;
    b->received += size * n;
    return size * n;
}

static CURL *new_easy(bench *b)
{
    char url[512];
    CURL *c = curl_easy_init();
    snprintf(url, sizeof url, "%s%s", b->url, PATH);
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_CAINFO, b->ca_file);
    curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, b->headers);
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, b->body);
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)strlen(b->body));
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, count);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, b);
    return c;
}

static void bare_alone(bench *b)
{
    for (int i = 0; i < b->operations; i++)
        must(curl_easy_perform(b->easy[0]) == CURLE_OK, "bare libcurl");
}

static void bare_with_headers(bench *b)
{
    for (int i = 0; i < b->operations; i++)
        must(curl_easy_perform(b->signed_easy) == CURLE_OK, "bare libcurl");
}

static void bare_many(bench *b)
{
    int running = 1, left, finished = 0;
    for (int i = 0; i < b->in_flight; i++)
        curl_multi_add_handle(b->multi, b->easy[i]);
    while (finished < b->operations) {
        CURLMsg *message;
        curl_multi_perform(b->multi, &running);
        while ((message = curl_multi_info_read(b->multi, &left)) != NULL) {
            CURL *c = message->easy_handle;
            must(message->data.result == CURLE_OK, "bare libcurl");
            finished++;
            curl_multi_remove_handle(b->multi, c);
            if (finished <= b->operations - b->in_flight)
                curl_multi_add_handle(b->multi, c);
        }
        if (finished < b->operations)
            curl_multi_poll(b->multi, NULL, 0, 1000, NULL);
    }
}

static br_call *new_call(bench *b)
{
    br_request r;
    br_error error;
    br_call_opts opts = {.mode = BR_CALL_UNARY,
                         .model = &br_model_builtin,
                         .timeouts = b->client->config->timeouts,
                         .max_attempts = 1};
    br_request_init(&r);
    r.service = (uint8_t)br_model_service(&br_model_builtin, BR_SLICE("bedrock-runtime"));
    memcpy(r.method, "POST", sizeof("POST"));
    br_buf_adds(&r.path, PATH);
    r.has_body = true;
    br_buf_adds(&r.body, b->body);
    br_headers_add(&r.headers, BR_SLICE("content-type"), BR_SLICE("application/json"));
    br_call *c = br_call_new(b->client, &r, &opts, &error);
    br_request_free(&r);
    must(c != NULL && br_call_start(c, b->engine, &error), "call");
    return c;
}

/* true: it is over. */
static bool take(bench *b, br_call *c)
{
    br_item item;
    for (;;) {
        switch (br_call_next(c, &item)) {
        case BR_WAIT:
            return false;
        case BR_HEAD:
            must(item.status == 200, "an answer of 200");
            break;
        case BR_DATA:
            b->received += item.data.n;
            break;
        case BR_ERROR:
            must(false, item.error->message);
            return true;
        default:
            return true;
        }
    }
}

static void call_alone(bench *b)
{
    for (int i = 0; i < b->operations; i++) {
        br_call *c = new_call(b);
        while (!take(b, c))
            br_engine_step(b->engine, -1);
        br_call_free(c);
    }
}

static void call_many(bench *b)
{
    br_call *calls[IN_FLIGHT_MAX];
    int begun = 0, finished = 0;
    for (; begun < b->in_flight; begun++)
        calls[begun] = new_call(b);
    while (finished < b->operations) {
        br_engine_step(b->engine, -1);
        for (int i = 0; i < b->in_flight; i++) {
            if (calls[i] == NULL || !take(b, calls[i]))
                continue;
            br_call_free(calls[i]);
            finished++;
            calls[i] = begun < b->operations ? new_call(b) : NULL;
            begun++;
        }
    }
}

/* Of the connection that the calls went out on. */
static void silence(bench *b)
{
    const br_sockets *s = &b->engine->sockets;
    int fd = s->cap - 1;
    while (fd >= 0 && s->of[fd].ends == 0)
        fd--;
    for (int i = 0; i < b->operations; i++)
        must(fd >= 0 && br_silence_of(fd, s->of[fd].tls) == BR_SILENT, "silence");
}

static double cpu_ns(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec * 1e9 + (double)used.tv_nsec;
}

static const struct {
    const char *name;
    void (*run)(bench *b);
} contestants[] = {
    {"libcurl", bare_alone},       {"libcurl-same-headers", bare_with_headers},
    {"call", call_alone},          {"libcurl-in-flight", bare_many},
    {"call-in-flight", call_many}, {"silence", silence},
};

enum { CONTESTANTS = sizeof contestants / sizeof contestants[0] };

static br_client *new_client(const bench *b)
{
    char token[TOKEN_SIZE + 1];
    br_settings s;
    br_problems p;
    memset(token, 'T', TOKEN_SIZE);
    token[TOKEN_SIZE] = '\0';
    const char *const options[][2] = {
        {"auth", "access_keys"},         {"access_key_id", "AKIDEXAMPLE0000000001"},
        {"secret_access_key", "secret"}, {"session_token", token},
        {"ca_file", b->ca_file},         {"endpoint", b->url}};
    br_settings_init(&s);
    br_problems_init(&p);
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        br_settings_set_text(&s, br_slice_of(options[i][0]), br_slice_of(options[i][1]), &p);
    br_client *c = br_client_new(&s, &br_model_builtin, &br_platform_system, &p);
    must(c != NULL, p.count > 0 ? p.items[0].message : "client");
    br_problems_free(&p);
    return c;
}

static void add_header(bench *b, const char *name, size_t length)
{
    char line[TOKEN_SIZE + 64];
    int n = snprintf(line, sizeof line, "%s: ", name);
    memset(line + n, 'x', length);
    line[(size_t)n + length] = '\0';
    b->signed_headers = curl_slist_append(b->signed_headers, line);
}

/* As long as the real ones. */
static void set_up_signed(bench *b)
{
    b->signed_headers = curl_slist_append(NULL, "content-type: application/json");
    add_header(b, "x-amz-date", 16);
    add_header(b, "x-amz-security-token", TOKEN_SIZE);
    add_header(b, "authorization", 240);
    b->signed_easy = new_easy(b);
    curl_easy_setopt(b->signed_easy, CURLOPT_HTTPHEADER, b->signed_headers);
}

static void set_up(bench *b)
{
    br_error error;
    char text[TEXT_SIZE + 1];
    memset(text, 'w', TEXT_SIZE);
    text[TEXT_SIZE] = '\0';
    must(asprintf(&b->body, "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"%s\"}]}]}",
                  text) > 0,
         "memory");
    b->headers = curl_slist_append(NULL, "content-type: application/json");
    for (int i = 0; i < b->in_flight; i++)
        b->easy[i] = new_easy(b);
    set_up_signed(b);
    b->multi = curl_multi_init();
    curl_multi_setopt(b->multi, CURLMOPT_MAXCONNECTS, (long)IN_FLIGHT_MAX);
    b->engine = br_engine_new(&br_platform_system, &error);
    must(b->engine != NULL, "engine");
    b->client = new_client(b);
}

static void tear_down(bench *b)
{
    br_client_unref(b->client);
    br_engine_free(b->engine);
    for (int i = 0; i < b->in_flight; i++)
        curl_easy_cleanup(b->easy[i]);
    curl_easy_cleanup(b->signed_easy);
    curl_slist_free_all(b->signed_headers);
    curl_multi_cleanup(b->multi);
    curl_slist_free_all(b->headers);
    free(b->body);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(bench *b, int rounds, double medians[CONTESTANTS])
{
    static double times[CONTESTANTS][ROUNDS_MAX];
    for (int round = -1; round < rounds; round++) {
        for (int i = 0; i < CONTESTANTS; i++) {
            double start = cpu_ns();
            contestants[i].run(b);
            if (round >= 0)
                times[i][round] = (cpu_ns() - start) / PER_ROUND;
        }
    }
    for (int i = 0; i < CONTESTANTS; i++) {
        qsort(times[i], (size_t)rounds, sizeof times[i][0], ascending);
        medians[i] = times[i][rounds / 2];
    }
}

static int run_one(bench *b, const char *name)
{
    for (int i = 0; i < CONTESTANTS; i++) {
        if (strcmp(contestants[i].name, name) == 0) {
            set_up(b);
            contestants[i].run(b);
            tear_down(b);
            return 0;
        }
    }
    return 2;
}

int main(int argc, char **argv)
{
    double medians[CONTESTANTS];
    if (argc < 3) {
        fprintf(stderr, "usage: bench_call URL CA_FILE [ROUNDS | NAME OPERATIONS IN_FLIGHT]\n");
        return 2;
    }
    static bench b = {.operations = PER_ROUND, .in_flight = IN_FLIGHT};
    b.url = argv[1];
    b.ca_file = argv[2];
    if (argc == 6) {
        b.operations = atoi(argv[4]);
        b.in_flight = atoi(argv[5]);
        must(b.in_flight > 0 && b.in_flight <= IN_FLIGHT_MAX && b.operations >= b.in_flight,
             "1 to 1,000 in flight, and as many operations at least");
        return run_one(&b, argv[3]);
    }
    int rounds = argc > 3 ? atoi(argv[3]) : 21;
    rounds = rounds < 1 ? 1 : rounds > ROUNDS_MAX ? ROUNDS_MAX : rounds;
    set_up(&b);
    measure(&b, rounds, medians);
    tear_down(&b);
    for (int i = 0; i < CONTESTANTS; i++)
        printf("%s\t%.0f\n", contestants[i].name, medians[i]);
    printf("ratio\t%.3f\n", medians[2] / medians[0]);
    printf("ratio-32-in-flight\t%.3f\n", medians[4] / medians[3]);
    return 0;
}
