/*
** Calls beside bare libcurl, on kept connections: "bench_call NAME N URL CA_FILE [IN_FLIGHT]" prints the nanoseconds
** of CPU of N, after as many as are in flight. With N = 0, those are all: a process from its start to an answer.
**
** URL is an endpoint that answers Converse and checks no signature (spec/endpoint with
** verify = false). Bare libcurl sends the same body with a content type and nothing else; a call
** also signs, and carries a security token of the usual length. What libcurl takes for sending
** those headers is in "libcurl-same-headers", and with a signature that it makes itself in "libcurl-signing".
** "hashes" are those of a call's signature: callgrind has no SHA instructions, so that they weigh ten times there what
** they do. "silence" is the part of a call that looks whether the kept connection has said anything unasked. Requests
** are those of bench/service.lua.
*/
#define _GNU_SOURCE
#include <curl/curl.h>

#include "engine/call/call.h"
#include "engine/loop/internal.h"
#include "engine/loop/silence.h"

#include "alone.h"

#define PATH "/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse"
#define IN_FLIGHT_MAX 1000
#define TOKEN_SIZE 800
#define TEXT_SIZE 2000
/* What is hashed besides the body. */
#define CANONICAL_SIZE 1081
#define TO_SIGN_SIZE 138

/* One of those in flight. */
typedef struct slot {
    struct bench *bench;
    br_call *call;
    struct slot *next; /* that is over */
} slot;

typedef struct bench {
    const char *url, *ca_file;
    char *body;
    size_t received;
    int operations, in_flight; /* in all, at a time */
    CURL *easy[IN_FLIGHT_MAX];
    struct curl_slist *headers;
    CURLM *multi;
    br_engine *engine;
    br_client *client;
    slot slots[IN_FLIGHT_MAX];
    slot *over;
} bench;

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

/* A whole answer is told of once. */
static void is_over(void *user)
{
    slot *s = user;
    s->next = s->bench->over;
    s->bench->over = s;
}

static void begin(bench *b, slot *s)
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
    must(c != NULL, "call");
    *s = (slot){.bench = b, .call = c};
    br_call_listen(c, is_over, s);
    must(br_call_start(c, b->engine, &error), "start");
}

static void take(bench *b, br_call *c)
{
    br_item item;
    if (br_call_next(c, &item) == BR_ERROR)
        must(false, item.error->message);
    must(item.kind == BR_HEAD && item.status == 200, "an answer of 200");
    while (br_call_next(c, &item) == BR_DATA)
        b->received += item.data.n;
    must(item.kind == BR_END, "an answer that is whole");
    br_call_free(c);
}

static void call_alone(bench *b)
{
    for (int i = 0; i < b->operations; i++) {
        begin(b, &b->slots[0]);
        while (b->over == NULL)
            br_engine_step(b->engine, -1);
        b->over = NULL;
        take(b, b->slots[0].call);
    }
}

static void call_many(bench *b)
{
    int begun = 0, finished = 0;
    while (begun < b->in_flight)
        begin(b, &b->slots[begun++]);
    while (finished < b->operations) {
        br_engine_step(b->engine, -1);
        for (slot *s; (s = b->over) != NULL; finished++) {
            b->over = s->next;
            take(b, s->call);
            if (begun < b->operations)
                begin(b, s);
            begun++;
        }
    }
}

static void hashes(bench *b)
{
    static const char text[CANONICAL_SIZE];
    uint8_t hash[BR_SHA256_SIZE];
    br_digest *digest = br_engine_digest(b->engine);
    br_hmac_key *key = br_hmac_key_new(digest, (br_slice){text, BR_SHA256_SIZE});
    for (int i = 0; i < b->operations; i++)
        must(br_sha256(digest, br_slice_of(b->body), hash) &&
                 br_sha256(digest, (br_slice){text, CANONICAL_SIZE}, hash) &&
                 br_hmac_key_sign(key, (br_slice){text, TO_SIGN_SIZE}, hash),
             "hashes");
    br_hmac_key_free(key);
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
    br_settings_set_flag(&s, BR_SLICE("allow_http"), true, &p);
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
    b->headers = curl_slist_append(b->headers, line);
}

/* As long as the real ones. */
static void same_headers(bench *b)
{
    add_header(b, "x-amz-date", 16);
    add_header(b, "x-amz-security-token", TOKEN_SIZE);
    add_header(b, "authorization", 240);
}

static void token(bench *b)
{
    add_header(b, "x-amz-security-token", TOKEN_SIZE);
}

static void no_more(bench *b)
{
    (void)b;
}

static void sign_by_libcurl(bench *b)
{
    for (int i = 0; i < b->in_flight; i++) {
        if (curl_easy_setopt(b->easy[i], CURLOPT_AWS_SIGV4, "aws:amz:us-east-1:bedrock") !=
            CURLE_OK) {
            printf("missing: libcurl signs nothing here\n");
            exit(0);
        }
        curl_easy_setopt(b->easy[i], CURLOPT_USERPWD, "AKIDEXAMPLE0000000001:secret");
    }
}

static void set_up_libcurl(bench *b)
{
    char text[TEXT_SIZE + 1];
    memset(text, 'w', TEXT_SIZE);
    text[TEXT_SIZE] = '\0';
    must(asprintf(&b->body,
                  "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"%s\"}]}],"
                  "\"inferenceConfig\":{\"maxTokens\":100,\"temperature\":0.5}}",
                  text) > 0,
         "memory");
    for (int i = 0; i < b->in_flight; i++)
        b->easy[i] = new_easy(b);
    b->multi = curl_multi_init();
    curl_multi_setopt(b->multi, CURLMOPT_MAXCONNECTS, (long)IN_FLIGHT_MAX);
}

static void set_up_engine(bench *b)
{
    br_error error;
    b->engine = br_engine_new(&br_platform_system, &error);
    must(b->engine != NULL, "engine");
    b->client = new_client(b);
}

static const struct {
    const char *name;
    void (*run)(bench *b);
    void (*headers)(bench *b); /* besides the content type, of libcurl's; NULL: it is ours */
    void (*set)(bench *b);     /* of the handles */
} contestants[] = {
    {"libcurl", bare_alone, no_more, no_more},
    {"libcurl-same-headers", bare_alone, same_headers, no_more},
    {"libcurl-signing", bare_alone, token, sign_by_libcurl},
    {"libcurl-in-flight", bare_many, no_more, no_more},
    {"libcurl-same-headers-in-flight", bare_many, same_headers, no_more},
    {"libcurl-signing-in-flight", bare_many, token, sign_by_libcurl},
    {"call", call_alone, NULL, no_more},
    {"call-in-flight", call_many, NULL, no_more},
    {"silence", silence, NULL, call_alone},
    {"hashes", hashes, NULL, no_more},
};

enum { CONTESTANTS = sizeof contestants / sizeof contestants[0] };

static void tear_down(bench *b)
{
    if (b->engine != NULL) {
        br_client_unref(b->client);
        br_engine_free(b->engine);
    }
    for (int i = 0; i < b->in_flight; i++)
        curl_easy_cleanup(b->easy[i]);
    curl_slist_free_all(b->headers);
    curl_multi_cleanup(b->multi);
    free(b->body);
}

static void run(bench *b, int which, int operations)
{
    b->headers = curl_slist_append(NULL, "content-type: application/json");
    if (contestants[which].headers != NULL)
        contestants[which].headers(b);
    set_up_libcurl(b);
    if (contestants[which].headers == NULL)
        set_up_engine(b);
    b->operations = b->in_flight;
    contestants[which].set(b);
    contestants[which].run(b);
    b->operations = operations;
    double start = cpu_ns();
    if (operations > 0)
        contestants[which].run(b);
    printf("%.0f\n", cpu_ns() - start);
    tear_down(b);
}

int main(int argc, char **argv)
{
    static bench b;
    int which = 0;
    must(argc == 5 || argc == 6, "usage: bench_call NAME N URL CA_FILE [IN_FLIGHT]");
    b.url = argv[3];
    b.ca_file = argv[4];
    b.in_flight = argc == 6 ? atoi(argv[5]) : 1;
    while (which < CONTESTANTS && strcmp(contestants[which].name, argv[1]) != 0)
        which++;
    must(which < CONTESTANTS, "there is no such contestant");
    must(b.in_flight > 0 && b.in_flight <= IN_FLIGHT_MAX, "1 to 1,000 in flight");
    run(&b, which, atoi(argv[2]));
    return 0;
}
