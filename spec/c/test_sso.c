/*
** Credentials of IAM Identity Center, from a scripted server and a home directory of the test's
** own: which file the token is in, when it is renewed and written back, and what is said when it
** cannot be.
*/
#define _GNU_SOURCE
#include "core/aws/sso.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "core/aws/endpoint.h"
#include "way_client.h"

#define PATH_SIZE 512
#define START_URL "https://example.awsapps.com/start"

static ra_server *server;
static char *home;

static void say(int status, const char *body)
{
    ra_step step = {.status = status};
    snprintf(step.body, sizeof step.body, "%s", body);
    ra_server_say(server, step);
}

static void say_role(const char *id, int64_t end_ms)
{
    char body[256];
    snprintf(body, sizeof body,
             "{\"roleCredentials\":{\"accessKeyId\":\"%s\",\"secretAccessKey\":\"secret\","
             "\"sessionToken\":\"token\",\"expiration\":%lld}}",
             id, (long long)end_ms);
    say(200, body);
}

static void file_of(const char *key, char out[PATH_SIZE])
{
    char name[BR_SSO_NAME_SIZE];
    CHECK(br_sso_file_name(br_slice_of(key), name));
    snprintf(out, PATH_SIZE, "%s/.aws/sso/cache/%s", home, name);
}

static void write_token(const char *key, const char *text)
{
    char path[PATH_SIZE];
    file_of(key, path);
    spill(path, text, strlen(text));
}

/* A token of an sso_session that ends at that time of the day. */
static void write_session(const char *end)
{
    char text[512];
    snprintf(
        text, sizeof text,
        "{\"startUrl\":\"" START_URL "\",\"region\":\"eu-west-1\",\"accessToken\":\"acc/ess\","
        "\"expiresAt\":\"2026-11-29T%sZ\",\"clientId\":\"client\",\"clientSecret\":\"cli-secret\","
        "\"registrationExpiresAt\":\"2026-12-29T10:00:00Z\",\"refreshToken\":\"ref/resh\"}",
        end);
    write_token("my-session", text);
}

static void read_back(const char *key, char out[1024])
{
    char path[PATH_SIZE];
    size_t n = 0;
    file_of(key, path);
    char *text = slurp(path, &n);
    snprintf(out, 1024, "%.*s", (int)n, text != NULL ? text : "");
    free(text);
}

static void begin(way_client *w, const char *session)
{
    char url[64];
    br_layer l = {.kind = BR_LAYER_SSO};
    br_layer_set(&l, BR_LAYER_SSO_START_URL, BR_SLICE(START_URL));
    br_layer_set(&l, BR_LAYER_SSO_REGION, BR_SLICE("eu-west-1"));
    br_layer_set(&l, BR_LAYER_SSO_SESSION, br_slice_of(session));
    br_layer_set(&l, BR_LAYER_SSO_ACCOUNT_ID, BR_SLICE("123456789012"));
    br_layer_set(&l, BR_LAYER_SSO_ROLE_NAME, BR_SLICE("Power User"));
    br_layer_set(&l, BR_LAYER_PROFILE, BR_SLICE("dev"));
    ra_server_reset(server);
    snprintf(url, sizeof url, "http://127.0.0.1:%d", server->port);
    way_begin(w, br_sso_new, &l, &(way_options){.endpoint = url});
}

static bool asked(int at, const char *line, const char *part)
{
    const char *text = server->seen[at].text;
    return strncmp(text, line, strlen(line)) == 0 && strstr(text, part) != NULL;
}

static void test_role(void)
{
    way_client w;
    write_session("18:00:00");
    begin(&w, "my-session");
    say_role("ASIA1", WAY_NOW_MS + 3600000);
    CHECK(way_get(&w, BR_OBTAIN));
    CHECK_STR(w.want.id, "ASIA1");
    CHECK_INT(w.want.credentials->expiration_ms, WAY_NOW_MS + 3600000);
    CHECK(asked(0,
                "GET /federation/credentials?role_name=Power%20User&account_id=123456789012 HTTP",
                "x-amz-sso_bearer_token: acc/ess\r\n"));
    CHECK(strstr(server->seen[0].text, "uthorization:") == NULL);
    CHECK(way_get(&w, BR_OBTAIN));
    CHECK_INT(w.want.origin, BR_FROM_MEMORY);
    CHECK_INT(atomic_load(&server->requests), 1);
    way_end(&w);
}

/* Without an sso_session the file is the start URL's; times may end in UTC; nothing is renewed. */
static void test_old_form(void)
{
    way_client w;
    write_token(START_URL, "{\"accessToken\":\"old\",\"expiresAt\":\"2026-11-29T10:00:01UTC\","
                           "\"refreshToken\":\"r\",\"clientId\":\"c\",\"clientSecret\":\"s\","
                           "\"registrationExpiresAt\":\"2026-12-29T10:00:00Z\"}");
    begin(&w, NULL);
    say_role("ASIA1", WAY_NOW_MS + 3600000);
    CHECK(way_get(&w, BR_OBTAIN));
    CHECK(asked(0, "GET ", "x-amz-sso_bearer_token: old\r\n"));
    w.now.wall_ms += 1000;
    CHECK(!way_get(&w, BR_OBTAIN_FRESH));
    CHECK_STR(w.want.error.code, "LoginRequired");
    CHECK(strstr(w.want.error.message,
                 "has expired and cannot be renewed: run `aws sso login --profile dev`") != NULL);
    CHECK_INT(atomic_load(&server->requests), 1);
    way_end(&w);
}

static void test_renewed(void)
{
    way_client w;
    char text[1024], path[PATH_SIZE];
    struct stat st;
    write_session("10:14:59");
    begin(&w, "my-session");
    say(200, "{\"accessToken\":\"new\",\"expiresIn\":28800,\"refreshToken\":\"next\","
             "\"tokenType\":\"Bearer\"}");
    say_role("ASIA1", WAY_NOW_MS + 3600000);
    CHECK(way_get(&w, BR_OBTAIN));
    CHECK(asked(0, "POST /token HTTP",
                "\r\n\r\n{\"grantType\":\"refresh_token\",\"refreshToken\":\"ref/resh\","
                "\"clientId\":\"client\",\"clientSecret\":\"cli-secret\"}"));
    CHECK(asked(1, "GET /federation/", "x-amz-sso_bearer_token: new\r\n"));
    read_back("my-session", text);
    CHECK_STR(text, "{\"startUrl\":\"" START_URL "\",\"region\":\"eu-west-1\",\"accessToken\":"
                    "\"new\",\"expiresAt\":\"2026-11-29T18:00:00Z\",\"refreshToken\":\"next\","
                    "\"clientId\":\"client\",\"clientSecret\":\"cli-secret\","
                    "\"registrationExpiresAt\":\"2026-12-29T10:00:00Z\"}");
    file_of("my-session", path);
    CHECK(stat(path, &st) == 0);
    CHECK_INT(st.st_mode & 0777, 0600);
    way_end(&w);
}

static void test_not_renewed_yet(void)
{
    way_client w;
    write_session("10:15:01");
    begin(&w, "my-session");
    say_role("ASIA1", WAY_NOW_MS + 3600000);
    CHECK(way_get(&w, BR_OBTAIN));
    CHECK_INT(atomic_load(&server->requests), 1);
    way_end(&w);
}

/* What waits for another process, by a clock that does not stand still. */
static bool get_late(way_client *w)
{
    way_ask(w, BR_OBTAIN_FRESH);
    for (int i = 0; i < 20000 && !w->want.done; i++) {
        way_pass(w, 1);
        usleep(50);
    }
    CHECK(w->want.done);
    return w->want.ok;
}

/* A renewal that fails is no matter while the token lasts. */
static void test_renewal_fails(void)
{
    way_client w;
    char text[1024];
    write_session("10:05:00");
    begin(&w, "my-session");
    say(400, "{\"error\":\"invalid_grant\",\"error_description\":\"ref/resh\"}");
    say_role("ASIA1", WAY_NOW_MS + 3600000);
    CHECK(way_get(&w, BR_OBTAIN));
    CHECK(asked(1, "GET /federation/", "x-amz-sso_bearer_token: acc/ess\r\n"));
    read_back("my-session", text);
    CHECK(strstr(text, "acc/ess") != NULL);
    w.now.wall_ms += 300000;
    say(400, "{\"error\":\"invalid_grant\",\"error_description\":\"ref/resh\"}");
    CHECK(!get_late(&w));
    CHECK_STR(w.want.error.code, "LoginRequired");
    CHECK(strstr(w.want.error.message, "was not renewed: run `aws sso login --profile dev`") !=
          NULL);
    CHECK(strstr(w.want.error.message, "ref/resh") == NULL);
    for (int i = 0; i < 3; i++)
        say(500, "");
    CHECK(!way_get(&w, BR_OBTAIN_FRESH));
    CHECK_STR(w.want.error.code, "HTTP500");
    CHECK(w.want.retryable);
    say(200, "{\"accessToken\":\"new\"}");
    CHECK(!get_late(&w));
    CHECK_STR(w.want.error.code, "LoginRequired");
    way_end(&w);
}

/* Another process was faster, and has written what serves, or is about to. */
static void renewed_by_another(bool at_once)
{
    way_client w;
    write_session("10:00:00");
    begin(&w, "my-session");
    atomic_store(&server->hold, true);
    say(400, "{\"error\":\"invalid_grant\"}");
    say_role("ASIA1", WAY_NOW_MS + 3600000);
    way_ask(&w, BR_OBTAIN);
    way_until(&w, &server->requests, 1);
    if (!at_once) {
        atomic_store(&server->hold, false);
        ra_rounds(w.engine, &w.now, 300);
        CHECK(!w.want.done);
    }
    write_token("my-session",
                "{\"accessToken\":\"theirs\",\"expiresAt\":\"2026-11-29T18:00:00Z\"}");
    atomic_store(&server->hold, false);
    way_wait(&w);
    CHECK(w.want.ok);
    CHECK(asked(1, "GET /federation/", "x-amz-sso_bearer_token: theirs\r\n"));
    way_end(&w);
}

/* The portal may know better than the file. */
static void test_token_refused(void)
{
    way_client w;
    write_session("18:00:00");
    begin(&w, "my-session");
    say(401, "{\"message\":\"Session token not found or invalid acc/ess\"}");
    say(200, "{\"accessToken\":\"new\",\"expiresIn\":28800}");
    say_role("ASIA1", WAY_NOW_MS + 3600000);
    CHECK(way_get(&w, BR_OBTAIN));
    CHECK(asked(2, "GET /federation/", "x-amz-sso_bearer_token: new\r\n"));
    say(401, "");
    say(200, "{\"accessToken\":\"newer\",\"expiresIn\":28800}");
    say(401, "");
    CHECK(!way_get(&w, BR_OBTAIN_FRESH));
    CHECK_STR(w.want.error.code, "LoginRequired");
    CHECK(strstr(w.want.error.message, "was refused: run `aws sso login --profile dev`") != NULL);
    CHECK_INT(atomic_load(&server->requests), 6);
    way_end(&w);
}

static void fails(int status, const char *body, const char *code)
{
    way_client w;
    write_session("18:00:00");
    begin(&w, "my-session");
    say(status, body);
    CHECK(!way_get(&w, BR_OBTAIN));
    CHECK_INT(w.want.error.kind, BR_ERR_CREDENTIALS);
    CHECK_STR(w.want.error.code, code);
    CHECK(strstr(w.want.error.message, "hid/den") == NULL);
    way_end(&w);
}

static void test_failures(void)
{
    fails(403, "{\"__type\":\"ForbiddenException\",\"message\":\"No access\"}",
          "ForbiddenException");
    fails(200, "{\"roleCredentials\":{\"accessKeyId\":\"hid/den\"}}", "BadResponse");
    fails(200,
          "{\"roleCredentials\":{\"accessKeyId\":\"A\",\"secretAccessKey\":\"hid/den\","
          "\"sessionToken\":\"t\",\"expiration\":1795946400000}}",
          "CredentialsExpired");
}

static void lacks(const char *text, const char *why)
{
    way_client w;
    char path[PATH_SIZE];
    if (text != NULL) {
        write_token("my-session", text);
    } else {
        file_of("my-session", path);
        unlink(path);
    }
    begin(&w, "my-session");
    CHECK(!way_get(&w, BR_OBTAIN));
    CHECK_STR(w.want.error.code, "LoginRequired");
    CHECK(strstr(w.want.error.message, why) != NULL);
    CHECK(strstr(w.want.error.message, "run `aws sso login --profile dev`") != NULL);
    CHECK(strstr(w.want.error.message, "acc/ess") == NULL);
    way_end(&w);
}

static void test_no_token(void)
{
    lacks(NULL, "is not there");
    lacks("", "cannot be read");
    lacks("{\"accessToken\":\"acc/ess\"}", "cannot be read");
    lacks("{\"accessToken\":\"acc/ess\\n\",\"expiresAt\":\"2026-11-29T18:00:00Z\"}",
          "cannot be read");
    lacks("{\"accessToken\":\"acc/ess\",\"expiresAt\":\"soon\"}", "cannot be read");
    lacks("{\"accessToken\":\"acc/ess\",\"expiresAt\":\"2026-11-29T10:00:00Z\",\"clientId\":\"c\"}",
          "has expired and cannot be renewed");
    lacks("{\"accessToken\":\"acc/ess\",\"expiresAt\":\"2026-11-29T10:00:00Z\","
          "\"refreshToken\":\"r\",\"clientId\":\"c\",\"clientSecret\":\"s\","
          "\"registrationExpiresAt\":\"2026-11-29T10:00:00Z\"}",
          "has expired and cannot be renewed");
}

/* As `printf %s my-session | sha1sum` has it. */
static void test_names(void)
{
    char name[BR_SSO_NAME_SIZE];
    CHECK(br_sso_file_name(BR_SLICE("abc"), name));
    CHECK_STR(name, "a9993e364706816aba3e25717850c26c9cd0d89d.json");
}

static void check_host(const char *id, const char *region, bool fips, const char *want)
{
    br_url url = {.host = ""};
    br_error error;
    int service = br_model_service(&br_model_routes, br_slice_of(id));
    CHECK(service >= 0 && br_endpoint_resolve(&br_model_routes, (unsigned)service,
                                              br_slice_of(region), fips, false, &url, &error));
    CHECK_STR(url.host, want);
}

static void test_hosts(void)
{
    check_host("sso", "eu-west-1", false, "portal.sso.eu-west-1.amazonaws.com");
    check_host("sso-oidc", "eu-west-1", false, "oidc.eu-west-1.amazonaws.com");
    check_host("sso", "us-gov-west-1", true, "portal.sso-fips.us-gov-west-1.amazonaws.com");
    check_host("sso-oidc", "cn-north-1", false, "oidc.cn-north-1.amazonaws.com.cn");
}

int main(void)
{
    char path[PATH_SIZE];
    server = ra_server_start();
    CHECK(server != NULL);
    atomic_store(&server->now_ms, WAY_NOW_MS);
    home = ra_make_directory();
    setenv("HOME", home, 1);
    static const char *const parts[] = {".aws", ".aws/sso", ".aws/sso/cache"};
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", home, parts[i]);
        CHECK_INT(mkdir(path, 0700), 0);
    }
    test_role();
    test_old_form();
    test_renewed();
    test_not_renewed_yet();
    test_renewal_fails();
    renewed_by_another(true);
    renewed_by_another(false);
    test_token_refused();
    test_failures();
    test_no_token();
    test_names();
    test_hosts();
    ra_remove_tree(home);
    ra_server_stop(server);
    return check_done();
}
