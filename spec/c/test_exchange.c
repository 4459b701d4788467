/*
** CreateSession over TLS against the local endpoint, which verifies certificate, chain and
** signature and answers like AWS. The rules of caching are test_provider's; here it is about being
** understood.
*/
#define _GNU_SOURCE
#include "check.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "endpoint.h"
#include "ra_client.h"

#define ROUNDS_MAX 600 /* of at most 100 ms */

static br_engine *engine;
static ra_want want;

static br_client *client_of(const char *url, const char *certificate, const char *key)
{
    ra_options o = {.url = endpoint_text(url),
                    .certificate = certificate,
                    .private_key = key,
                    .read_timeout = 10000,
                    .ca_file = endpoint_text("ca_file")};
    return ra_client(&o, &br_platform_system);
}

/* As a host that watches the descriptor. */
static bool get(br_client *c, br_obtain_mode mode)
{
    struct pollfd p = {.fd = br_engine_fd(engine), .events = POLLIN};
    ra_ask(&want, engine, c, mode);
    for (int i = 0; i < ROUNDS_MAX && !want.done; i++) {
        poll(&p, 1, 100);
        br_engine_step(engine, 0);
    }
    CHECK(want.done);
    if (want.done && !want.ok)
        printf("  %s\n", want.error.message);
    return want.ok;
}

static void test_keys(void)
{
    static const char *const kinds[][2] = {
        {"rsa2048.chain.pem", "rsa2048.key.trad.pem"},
        {"rsa4096.chain.pem", "rsa4096.key.pkcs8.pem"},
        {"p256.chain-shuffled.pem", "p256.key.trad.pem"},
        {"p384.chain.pem", "p384.key.pkcs8.der"},
        {"p521.chain.pem", "p521.key.pkcs8.pem"},
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        endpoint_reset();
        br_client *c = client_of("https", kinds[i][0], kinds[i][1]);
        CHECK(get(c, BR_OBTAIN));
        CHECK_INT(want.origin, BR_FROM_EXCHANGE);
        CHECK_INT(endpoint_counter("CreateSession"), 1);
        int64_t life_ms = br_credentials_life_ms(want.credentials, br_client_now_ms(c, engine));
        CHECK(life_ms > 3500000 && life_ms <= 3601000);
        br_client_unref(c);
    }
}

static void test_session_name(void)
{
    endpoint_reset();
    endpoint_config("{\"accept_session_names\":false}");
    br_client *c = client_of("https", NULL, NULL);
    CHECK(get(c, BR_OBTAIN));
    CHECK_INT(endpoint_counter("CreateSession"), 2);
    br_client_unref(c);
}

static void test_clock(const char *url, int offset_s)
{
    char json[64];
    endpoint_reset();
    snprintf(json, sizeof(json), "{\"clock_offset_s\":%d}", offset_s);
    endpoint_config(json);
    br_client *c = client_of(url, NULL, NULL);
    CHECK(get(c, BR_OBTAIN));
    CHECK_INT(endpoint_counter("CreateSession"), 2);
    CHECK(get(c, BR_OBTAIN_FRESH));
    CHECK_INT(endpoint_counter("CreateSession"), 3);
    br_client_unref(c);
}

static void test_refusals(void)
{
    endpoint_reset();
    br_client *c = client_of("https", "other.crt.pem", "other.key.pem");
    CHECK(!get(c, BR_OBTAIN));
    CHECK_INT(want.error.kind, BR_ERR_CREDENTIALS);
    CHECK_STR(want.error.code, "AccessDeniedException");
    CHECK(strstr(want.error.message, "Untrusted signing certificate") != NULL);
    CHECK(!want.retryable);
    CHECK_INT(endpoint_counter("CreateSession"), 1);
    br_client_unref(c);
    c = client_of("https_wronghost", NULL, NULL);
    CHECK(!get(c, BR_OBTAIN));
    CHECK_INT(want.error.kind, BR_ERR_TRANSPORT);
    br_client_unref(c);
}

static void test_failures(void)
{
    endpoint_reset();
    endpoint_script("[{\"match\":{\"operation\":\"CreateSession\"},\"action\":{\"status\":503}},"
                    "{\"match\":{\"operation\":\"CreateSession\"},\"action\":{\"truncate\":20}}]");
    br_client *c = client_of("https", NULL, NULL);
    CHECK(get(c, BR_OBTAIN));
    CHECK_INT(endpoint_counter("CreateSession"), 3);
    br_client_unref(c);
    ra_options o = {.url = endpoint_text("http"), .max_attempts = 1, .read_timeout = 200};
    endpoint_script("[{\"match\":{\"operation\":\"CreateSession\"},\"action\":{\"hang\":true}}]");
    c = ra_client(&o, &br_platform_system);
    CHECK(!get(c, BR_OBTAIN));
    CHECK_INT(want.error.kind, BR_ERR_TIMEOUT);
    CHECK_STR(want.error.code, "ReadTimeout");
    CHECK(want.retryable);
    br_client_unref(c);
}

int main(void)
{
    br_error error;
    engine = br_engine_new(&br_platform_system, &error);
    CHECK(engine != NULL);
    test_keys();
    test_session_name();
    test_clock("https", 3600);
    test_clock("https", -3600);
    test_clock("http", 86400);
    test_refusals();
    test_failures();
    ra_release(&want);
    endpoint_reset();
    br_engine_free(engine);
    return check_done();
}
