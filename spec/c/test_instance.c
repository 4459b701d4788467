/*
** The credentials of an EC2 instance, from a scripted server: the hops of IMDSv2, and how soon a
** machine that is none is given up.
*/
#include "core/aws/instance_metadata.h"

#include <stdio.h>

#include "check.h"
#include "way_client.h"

#define GIVEN(id, end)                                                                             \
    "{\"Code\":\"Success\",\"Type\":\"AWS-HMAC\",\"AccessKeyId\":\"" id                            \
    "\",\"SecretAccessKey\":\"secret\",\"Token\":\"token\",\"Expiration\":\"2026-11-29T" end       \
    "Z\"}"
#define LIST "/latest/meta-data/iam/security-credentials/"

static ra_server *server;

static void say(int status, const char *body)
{
    ra_step step = {.status = status};
    snprintf(step.body, sizeof step.body, "%s", body);
    ra_server_say(server, step);
}

static void begin(way_client *w, const char *endpoint)
{
    br_layer l = {.kind = BR_LAYER_INSTANCE};
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d", server->port);
    br_layer_set(&l, BR_LAYER_ENDPOINT, br_slice_of(endpoint != NULL ? endpoint : url));
    ra_server_reset(server);
    way_begin(w, br_instance_new, &l, &(way_options){.proxy = "http://127.0.0.1:1"});
}

static bool asked(int at, const char *line, const char *header)
{
    const char *text = server->seen[at].text;
    return strncmp(text, line, strlen(line)) == 0 && strstr(text, header) != NULL;
}

static void test_hops(void)
{
    way_client w;
    begin(&w, NULL);
    say(200, "tok==");
    say(200, "my-role_1\n");
    say(200, GIVEN("ASIA1", "16:00:00"));
    CHECK(way_get(&w, BR_OBTAIN));
    CHECK_STR(w.want.id, "ASIA1");
    CHECK_INT(w.want.credentials->expiration_ms, WAY_NOW_MS + 6 * 3600000);
    CHECK(asked(0, "PUT /latest/api/token HTTP/1.1\r\n",
                "x-aws-ec2-metadata-token-ttl-seconds: 21600\r\n"));
    CHECK(asked(1, "GET " LIST " HTTP/1.1\r\n", "x-aws-ec2-metadata-token: tok==\r\n"));
    CHECK(asked(2, "GET " LIST "my-role_1 HTTP/1.1\r\n", "x-aws-ec2-metadata-token: tok==\r\n"));
    CHECK_INT(atomic_load(&server->requests), 3);
    way_end(&w);
}

/* A token that is refused is put anew once, not for ever. */
static void test_token_refused(void)
{
    way_client w;
    begin(&w, NULL);
    say(200, "one");
    say(401, "");
    say(200, "two");
    say(200, "role");
    say(200, GIVEN("ASIA1", "16:00:00"));
    CHECK(way_get(&w, BR_OBTAIN));
    CHECK(asked(3, "GET " LIST " ", "x-aws-ec2-metadata-token: two\r\n"));
    say(200, "one");
    say(200, "role");
    say(401, "");
    say(200, "two");
    say(401, "");
    CHECK(!way_get(&w, BR_OBTAIN_FRESH));
    CHECK_STR(w.want.error.code, "HTTP401");
    CHECK_INT(atomic_load(&server->requests), 10);
    way_end(&w);
}

static void fails(int token_status, const char *token, int role_status, const char *role,
                  const char *last, const char *code, const char *part)
{
    way_client w;
    begin(&w, NULL);
    say(token_status, token);
    say(role_status, role);
    say(200, last);
    CHECK(!way_get(&w, BR_OBTAIN));
    CHECK_INT(w.want.error.kind, BR_ERR_CREDENTIALS);
    CHECK_STR(w.want.error.code, code);
    CHECK(strstr(w.want.error.message, part) != NULL);
    CHECK(strstr(w.want.error.message, "secret") == NULL);
    way_end(&w);
}

static void test_failures(void)
{
    fails(403, "", 200, "", "", "NoCredentials", "switched on");
    fails(200, "t t", 200, "", "", "BadResponse", "its answer is no token");
    fails(200, "t", 404, "", "", "NoCredentials", "No IAM role is attached");
    fails(200, "t", 200, "<html>", "", "BadResponse", "its answer is no name of a role");
    fails(200, "t", 200, "../../x", "", "BadResponse", "its answer is no name of a role");
    fails(200, "t", 200, "role", "{", "BadResponse", "is not a JSON object");
    fails(200, "t", 200, "role",
          "{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"EC2 cannot assume the role\"}",
          "AssumeRoleUnauthorizedAccess", "holds none");
}

static void test_repeated(void)
{
    way_client w;
    begin(&w, NULL);
    say(503, "");
    say(200, "t");
    say(500, "");
    say(200, "role");
    say(-1, "");
    say(200, GIVEN("ASIA1", "16:00:00"));
    CHECK(way_get(&w, BR_OBTAIN));
    CHECK_INT(atomic_load(&server->requests), 6);
    way_end(&w);
}

static void test_not_there(void)
{
    way_client w;
    begin(&w, "http://127.0.0.1:1");
    CHECK(!way_get(&w, BR_OBTAIN));
    CHECK_STR(w.want.error.code, "NoCredentials");
    CHECK_INT(w.want.error.kind, BR_ERR_CREDENTIALS);
    CHECK(strstr(w.want.error.message, "metadata service at http://127.0.0.1:1: ") != NULL);
    way_end(&w);
}

/* A second for what is silent, and no second try. */
static void test_silent(void)
{
    way_client w;
    begin(&w, NULL);
    atomic_store(&server->hold, true);
    way_ask(&w, BR_OBTAIN);
    way_until(&w, &server->requests, 1);
    way_pass(&w, 790);
    CHECK(!w.want.done);
    way_pass(&w, 210);
    way_wait(&w);
    CHECK_STR(w.want.error.code, "NoCredentials");
    CHECK(strstr(w.want.error.message, "hop limit") != NULL);
    CHECK_INT(atomic_load(&server->requests), 1);
    atomic_store(&server->hold, false);
    way_end(&w);
}

/* However it dawdles: four seconds. */
static void test_four_seconds(void)
{
    way_client w;
    begin(&w, NULL);
    say(200, "t");
    ra_server_say(server, (ra_step){.status = 503, .headers = "Retry-After: 10\r\n"});
    way_ask(&w, BR_OBTAIN);
    way_until(&w, &server->requests, 2);
    ra_rounds(w.engine, &w.now, 100);
    way_pass(&w, 3490);
    CHECK(!w.want.done);
    way_pass(&w, 510);
    way_wait(&w);
    CHECK_STR(w.want.error.code, "NoCredentials");
    CHECK(strstr(w.want.error.message, "gave no credentials within 4 s") != NULL);
    way_end(&w);
}

/* What IMDS gives beyond its time serves for some minutes more. */
static void test_extended(void)
{
    way_client w;
    begin(&w, NULL);
    say(200, "t");
    say(200, "role");
    say(200, GIVEN("ASIA1", "09:00:00"));
    CHECK(way_get(&w, BR_OBTAIN));
    CHECK_STR(w.want.id, "ASIA1");
    CHECK_INT(w.want.credentials->expiration_ms, WAY_NOW_MS + BR_INSTANCE_EXTENSION_MS);
    CHECK(way_get(&w, BR_OBTAIN));
    CHECK_INT(w.want.origin, BR_FROM_MEMORY);
    w.now.wall_ms += BR_INSTANCE_EXTENSION_MS - 59999;
    say(200, "t");
    say(200, "role");
    say(200, GIVEN("ASIA2", "16:00:00"));
    CHECK(way_get(&w, BR_OBTAIN));
    CHECK_STR(w.want.id, "ASIA2");
    way_end(&w);
}

static void test_extension(void)
{
    const br_credentials *c = br_credentials_new(BR_SLICE("a"), BR_SLICE("b"), BR_SLICE("c"),
                                                 WAY_NOW_MS + BR_CREDENTIALS_MIN_LIFE_MS);
    const br_credentials *same = br_instance_extended(c, WAY_NOW_MS, 0.5);
    const br_credentials *longer = br_instance_extended(c, WAY_NOW_MS + 1, 0.5);
    CHECK(same == c);
    CHECK_SLICE(longer->session_token, "c");
    CHECK_INT(longer->expiration_ms,
              WAY_NOW_MS + 1 + BR_INSTANCE_EXTENSION_MS + BR_INSTANCE_EXTENSION_JITTER_MS / 2);
    br_credentials_unref(c);
    br_credentials_unref(same);
    br_credentials_unref(longer);
}

static void test_refused_endpoint(void)
{
    br_layer l = {.kind = BR_LAYER_INSTANCE};
    br_layer_set(&l, BR_LAYER_ENDPOINT, BR_SLICE("169.254.169.254"));
    CHECK(strncmp(way_refusal(br_instance_new, &l), "instance: endpoint: ", 20) == 0);
}

int main(void)
{
    server = ra_server_start();
    CHECK(server != NULL);
    atomic_store(&server->now_ms, WAY_NOW_MS);
    test_hops();
    test_token_refused();
    test_failures();
    test_repeated();
    test_not_there();
    test_silent();
    test_four_seconds();
    test_extended();
    test_extension();
    test_refused_endpoint();
    ra_server_stop(server);
    return check_done();
}
