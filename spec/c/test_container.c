/*
** The credentials of a container, from a scripted server. What it is asked with, who may be asked,
** and what becomes of answers that are late, refusals, damaged or too old.
*/
#include "core/aws/container_uri.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "way_client.h"

#define GIVEN(id, end)                                                                             \
    "{\"AccessKeyId\":\"" id "\",\"SecretAccessKey\":\"secret\",\"Token\":\"token\","              \
    "\"Expiration\":\"2026-11-29T" end "Z\"}"

static ra_server *server;
static char *directory;
static char token_path[1024];

static void say(int status, const char *body)
{
    ra_step step = {.status = status};
    snprintf(step.body, sizeof step.body, "%s", body);
    ra_server_say(server, step);
}

static br_layer layer_of(const char *path, const char *token, const char *token_file)
{
    br_layer l = {.kind = BR_LAYER_CONTAINER};
    char uri[256];
    snprintf(uri, sizeof uri, "http://127.0.0.1:%d%s", server->port, path);
    br_layer_set(&l, BR_LAYER_URI, br_slice_of(uri));
    br_layer_set(&l, BR_LAYER_AUTHORIZATION_TOKEN, br_slice_of(token));
    br_layer_set(&l, BR_LAYER_AUTHORIZATION_TOKEN_FILE, br_slice_of(token_file));
    return l;
}

static void begin(way_client *w, const char *path, const char *token, const char *token_file)
{
    br_layer l = layer_of(path, token, token_file);
    ra_server_reset(server);
    way_begin(w, br_container_new, &l, &(way_options){.proxy = "http://127.0.0.1:1"});
}

static void write_token(const char *text)
{
    spill(token_path, text, strlen(text));
}

static void test_given(void)
{
    way_client w;
    begin(&w, "/v2/credentials/1?x=%20y", "Basic abc", NULL);
    say(200, GIVEN("ASIA1", "11:00:00"));
    CHECK(way_get(&w, BR_OBTAIN));
    CHECK_STR(w.want.id, "ASIA1");
    CHECK_INT(w.want.credentials->expiration_ms, WAY_NOW_MS + 3600000);
    CHECK(strncmp(server->seen[0].text, "GET /v2/credentials/1?x=%20y HTTP/1.1\r\n", 39) == 0);
    CHECK(strstr(server->seen[0].text, "authorization: Basic abc\r\n") != NULL);
    CHECK(way_get(&w, BR_OBTAIN));
    CHECK_INT(w.want.origin, BR_FROM_MEMORY);
    w.now.wall_ms += 3600000 - 59999;
    say(200, GIVEN("ASIA2", "12:00:00"));
    CHECK(way_get(&w, BR_OBTAIN));
    CHECK_STR(w.want.id, "ASIA2");
    CHECK_INT(atomic_load(&server->requests), 2);
    way_end(&w);
}

static void test_without_token(void)
{
    way_client w;
    begin(&w, "", NULL, NULL);
    say(200, GIVEN("ASIA1", "11:00:00"));
    CHECK(way_get(&w, BR_OBTAIN));
    CHECK(strncmp(server->seen[0].text, "GET / HTTP/1.1\r\n", 16) == 0);
    CHECK(strstr(server->seen[0].text, "uthorization:") == NULL);
    way_end(&w);
}

static void test_token_file(void)
{
    way_client w;
    begin(&w, "/", "not this", token_path);
    write_token("first");
    say(200, GIVEN("ASIA1", "11:00:00"));
    CHECK(way_get(&w, BR_OBTAIN));
    CHECK(strstr(server->seen[0].text, "authorization: first\r\n") != NULL);
    write_token("second");
    say(500, "");
    say(200, GIVEN("ASIA2", "11:00:00"));
    CHECK(way_get(&w, BR_OBTAIN_FRESH));
    CHECK(strstr(server->seen[2].text, "authorization: second\r\n") != NULL);
    write_token("third\n");
    CHECK(!way_get(&w, BR_OBTAIN_FRESH));
    CHECK_STR(w.want.error.code, "TokenFile");
    CHECK(strstr(w.want.error.message, "third") == NULL);
    write_token("");
    CHECK(!way_get(&w, BR_OBTAIN_FRESH));
    CHECK_STR(w.want.error.code, "TokenFile");
    remove(token_path);
    CHECK(!way_get(&w, BR_OBTAIN_FRESH));
    CHECK_STR(w.want.error.code, "TokenFile");
    CHECK(strstr(w.want.error.message, token_path) != NULL);
    CHECK_INT(atomic_load(&server->requests), 3);
    way_end(&w);
}

static void fails(int status, const char *body, const char *code)
{
    way_client w;
    begin(&w, "/", "tok/en", NULL);
    say(status, body);
    CHECK(!way_get(&w, BR_OBTAIN));
    CHECK_INT(w.want.error.kind, BR_ERR_CREDENTIALS);
    CHECK_STR(w.want.error.code, code);
    CHECK(strstr(w.want.error.message, "tok/en") == NULL);
    CHECK(strstr(w.want.error.message, "secret") == NULL);
    CHECK(!w.want.retryable);
    CHECK_INT(atomic_load(&server->requests), 1);
    way_end(&w);
}

static void test_failures(void)
{
    fails(403, "{\"code\":\"AccessDenied\",\"message\":\"token tok/en is not valid\"}",
          "AccessDenied");
    fails(404, "", "HTTP404");
    fails(302, "", "HTTP302");
    fails(200, "{}", "BadResponse");
    fails(200, "<html>", "BadResponse");
    fails(200, GIVEN("ASIA1", "09:00:00"), "CredentialsExpired");
}

static void test_repeated(void)
{
    way_client w;
    begin(&w, "/", NULL, NULL);
    say(-1, "");
    say(503, "");
    say(200, GIVEN("ASIA1", "11:00:00"));
    CHECK(way_get(&w, BR_OBTAIN));
    CHECK_INT(atomic_load(&server->requests), 3);
    way_end(&w);
}

/* Three times two seconds. */
static void test_hangs(void)
{
    way_client w;
    begin(&w, "/", NULL, NULL);
    atomic_store(&server->hold, true);
    way_ask(&w, BR_OBTAIN);
    for (int tries = 1; tries <= 3; tries++) {
        way_until(&w, &server->requests, tries);
        way_pass(&w, 1790);
        CHECK(!w.want.done);
        way_pass(&w, 210);
    }
    way_wait(&w);
    CHECK_INT(w.want.error.kind, BR_ERR_TIMEOUT);
    CHECK(w.want.retryable);
    CHECK(strncmp(w.want.error.message,
                  "getting credentials from the container's credentials endpoint "
                  "http://127.0.0.1:",
                  79) == 0);
    atomic_store(&server->hold, false);
    way_end(&w);
}

/* However it dawdles: fifteen seconds. */
static void test_dawdles(void)
{
    way_client w;
    begin(&w, "/", NULL, NULL);
    ra_server_say(server, (ra_step){.status = 503, .headers = "Retry-After: 20\r\n"});
    way_ask(&w, BR_OBTAIN);
    way_until(&w, &server->requests, 1);
    ra_rounds(w.engine, &w.now, 100);
    way_pass(&w, 14500);
    CHECK(!w.want.done);
    way_pass(&w, 500);
    way_wait(&w);
    CHECK_INT(w.want.error.kind, BR_ERR_TIMEOUT);
    CHECK(strstr(w.want.error.message, "gave no credentials within 15 s") != NULL);
    CHECK(w.want.retryable);
    way_end(&w);
}

/* A local clock that is a day ahead: the answer's Date tells that they are good. */
static void test_wrong_clock(void)
{
    way_client w;
    begin(&w, "/", NULL, NULL);
    w.now.wall_ms += 86400000;
    say(200, GIVEN("ASIA1", "11:00:00"));
    CHECK(way_get(&w, BR_OBTAIN));
    CHECK_STR(w.want.id, "ASIA1");
    way_end(&w);
}

static void test_identity(void)
{
    way_client w;
    begin(&w, "/a", "t", NULL);
    br_layer same = layer_of("/a", "t", NULL), other = layer_of("/b", "t", NULL),
             token = layer_of("/a", "u", NULL);
    br_principal *p[] = {way_principal(&w, br_container_new, &same),
                         way_principal(&w, br_container_new, &other),
                         way_principal(&w, br_container_new, &token)};
    CHECK(p[0]->provider == w.client.principal->provider);
    CHECK(p[1]->provider != w.client.principal->provider);
    CHECK(p[2]->provider != w.client.principal->provider);
    for (int i = 0; i < 3; i++)
        br_principal_unref(p[i]);
    way_end(&w);
}

static bool allowed(const char *uri, const char *want_target)
{
    br_url endpoint;
    br_buf target;
    br_error error;
    br_buf_init(&target, BR_CONTAINER_TARGET_MAX);
    bool ok = br_container_uri_parse(br_slice_of(uri), &endpoint, &target, &error);
    if (ok)
        CHECK_SLICE(br_buf_slice(&target), want_target);
    br_buf_free(&target);
    return ok;
}

static void test_hosts(void)
{
    CHECK(allowed("https://example.com/a/b/?c", "/a/b/?c"));
    CHECK(allowed("http://169.254.170.2/v2/credentials/x", "/v2/credentials/x"));
    CHECK(allowed("http://169.254.170.23/v1/credentials", "/v1/credentials"));
    CHECK(allowed("http://[FD00:EC2::23]/v1/credentials", "/v1/credentials"));
    CHECK(allowed("http://[::1]:80?a=b", "/?a=b"));
    CHECK(allowed("http://127.9.9.9:8080", "/"));
    CHECK(allowed("http://localhost/", "/"));
    CHECK(!allowed("http://example.com/", ""));
    CHECK(!allowed("http://169.254.170.3/", ""));
    CHECK(!allowed("http://169.254.169.254/", ""));
    CHECK(!allowed("http://127.0.0.1.example.com/", ""));
    CHECK(!allowed("http://127.0.0.1@example.com/", ""));
    CHECK(!allowed("http://localhost\\@example.com/", ""));
    CHECK(!allowed("http://[fd00:ec2::24]/", ""));
    CHECK(!allowed("ftp://127.0.0.1/", ""));
    CHECK(!allowed("/v2/credentials", ""));
    CHECK(!allowed("h", ""));
    CHECK(!allowed("http://127.0.0.1/a b", ""));
    CHECK(!allowed("http://127.0.0.1/a\r\nx: y", ""));
    CHECK(!allowed("http://127.0.0.1/a#b", ""));
    br_layer none = {.kind = BR_LAYER_CONTAINER};
    CHECK(strncmp(way_refusal(br_container_new, &none), "container: has no uri (", 23) == 0);
    br_layer broken = layer_of("/", "tok/en\r\nx: y", NULL);
    CHECK(strncmp(way_refusal(br_container_new, &broken),
                  "container: authorization_token: has a line feed", 47) == 0);
    br_layer l = {.kind = BR_LAYER_CONTAINER};
    br_layer_set(&l, BR_LAYER_URI, BR_SLICE("http://evil.example/"));
    const char *why = way_refusal(br_container_new, &l);
    CHECK(strncmp(why, "container: uri: host evil.example is not allowed over http", 58) == 0);
}

int main(void)
{
    server = ra_server_start();
    CHECK(server != NULL);
    atomic_store(&server->now_ms, WAY_NOW_MS);
    directory = ra_make_directory();
    snprintf(token_path, sizeof token_path, "%s/token", directory);
    test_given();
    test_without_token();
    test_token_file();
    test_failures();
    test_repeated();
    test_hangs();
    test_dawdles();
    test_wrong_clock();
    test_identity();
    test_hosts();
    ra_remove_tree(directory);
    ra_server_stop(server);
    return check_done();
}
