/*
** Exchanges that are signed outside: by this test, with the key of the certificate that the client
** was given alone.
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "engine/credentials/sources.h"
#include "ra_client.h"
#include "x509_fixture.h"

#define MINUTE_MS INT64_C(60000)

static ra_clock now;
static br_platform platform;
static br_engine *engine;
static ra_server *server;
static ra_want want;
static br_client *client;
static br_x509 *signer, *stranger;

static br_x509 *holder(const char *certificate, const char *key)
{
    br_x509_input in = {.certificate = file(certificate, ""), .private_key = file(key, "")};
    return load_good(&in, certificate);
}

static void begin(void)
{
    br_error error;
    now = (ra_clock){.wall_ms = now_ms(), .mono_ms = 1000000};
    platform = ra_platform(&now);
    engine = br_engine_new(&platform, &error);
    ra_options o = {.cache = "memory", .port = server->port, .signed_outside = true};
    client = ra_client(&o, &platform);
    ra_server_reset(server);
    atomic_store(&server->now_ms, now.wall_ms);
    CHECK(br_signature_wanted(client->principal, now.wall_ms));
}

static void end(void)
{
    ra_release(&want);
    br_client_unref(client);
    br_engine_free(engine);
}

static bool give(const br_x509 *key, bool fresh, br_signature_order *order, br_error *error)
{
    uint8_t signature[BR_SIGNATURE_MAX];
    size_t n;
    br_buf data;
    br_buf_init(&data, 4096);
    CHECK(br_signature_order_new(client->principal, br_client_now_ms(client, engine), fresh, order,
                                 &data, error));
    CHECK(br_x509_sign(key, br_buf_slice(&data), signature, &n));
    br_buf_free(&data);
    return br_signature_give(client->principal, order, (br_slice){(const char *)signature, n},
                             error);
}

static void sign(bool fresh)
{
    br_signature_order order;
    br_error error;
    CHECK(give(signer, fresh, &order, &error));
    CHECK_STR(order.algorithm, "ECDSA-SHA256");
}

static bool get(br_obtain_mode mode)
{
    return ra_get(&want, engine, client, mode, &now);
}

static void check_wanted(br_obtain_mode mode)
{
    CHECK(!get(mode));
    CHECK_INT(want.error.kind, BR_ERR_CREDENTIALS);
    CHECK_STR(want.error.code, "SignatureWanted");
    CHECK(!want.retryable);
}

/* One signature serves one exchange; what memory holds needs none. */
static void test_one_each(void)
{
    begin();
    check_wanted(BR_OBTAIN);
    CHECK_INT(atomic_load(&server->requests), 0);
    sign(false);
    CHECK(!br_signature_wanted(client->principal, now.wall_ms));
    CHECK(br_signature_wanted(client->principal, now.wall_ms + BR_SIGNATURE_LIFE_MS + 1));
    CHECK(get(BR_OBTAIN));
    CHECK_INT(want.origin, BR_FROM_EXCHANGE);
    CHECK(server->seen[0].named);
    CHECK(!br_signature_wanted(client->principal, now.wall_ms));
    CHECK(br_signature_wanted(client->principal, now.wall_ms + 60 * MINUTE_MS));
    CHECK(get(BR_OBTAIN));
    CHECK_INT(want.origin, BR_FROM_MEMORY);
    check_wanted(BR_OBTAIN_FRESH);
    sign(true);
    CHECK(get(BR_OBTAIN_FRESH));
    CHECK_INT(atomic_load(&server->requests), 2);
    end();
}

/* A signature is a few minutes' worth: later it is not sent. */
static void test_age(void)
{
    begin();
    sign(false);
    now.wall_ms += BR_SIGNATURE_LIFE_MS + 1;
    check_wanted(BR_OBTAIN);
    CHECK_INT(atomic_load(&server->requests), 0);
    sign(false);
    now.wall_ms += BR_SIGNATURE_LIFE_MS;
    CHECK(get(BR_OBTAIN));
    end();
}

static void test_wrong_signature(void)
{
    static const char cut[] = "";
    br_signature_order order;
    br_error error;
    begin();
    CHECK(!give(stranger, false, &order, &error));
    CHECK_INT(error.kind, BR_ERR_CREDENTIALS);
    CHECK_STR(error.code, "SigningFailed");
    CHECK(
        strstr(error.message, "the sign function's signature does not fit the certificate's key"));
    CHECK(!br_signature_give(client->principal, &order, (br_slice){cut, 0}, &error));
    sign(false);
    CHECK(!give(stranger, false, &order, &error));
    CHECK(get(BR_OBTAIN));
    end();
}

/* The profile refuses the name: the request without it is another, to be signed as well. */
static void test_session_name(void)
{
    const ra_step refusal = {.status = 403,
                             .body = "{\"message\":\"Not authorized to set roleSessionName.\"}"};
    begin();
    ra_server_say(server, refusal);
    sign(true);
    check_wanted(BR_OBTAIN_FRESH);
    sign(true);
    CHECK(get(BR_OBTAIN_FRESH));
    CHECK(server->seen[0].named);
    CHECK(!server->seen[1].named);
    now.wall_ms += 2 * MINUTE_MS;
    sign(false);
    CHECK(get(BR_OBTAIN_FRESH));
    CHECK(!server->seen[2].named);
    sign(true);
    CHECK(get(BR_OBTAIN_FRESH));
    CHECK(server->seen[3].named);
    end();
}

/* A repeat after a failure that passes is the same request. */
static void test_repeat(void)
{
    begin();
    ra_server_say(server, (ra_step){.status = 503});
    sign(false);
    CHECK(get(BR_OBTAIN));
    CHECK_INT(atomic_load(&server->requests), 2);
    CHECK_STR(server->seen[0].amz_date, server->seen[1].amz_date);
    end();
}

/* A clock that is wrong by an hour: signed anew at the service's time, and then learned. */
static void test_clock(void)
{
    const ra_step refusal = {.status = 403,
                             .skew_s = 3600,
                             .body = "{\"__type\":\"RequestTimeTooSkewed\",\"message\":\"no\"}"};
    begin();
    ra_server_say(server, refusal);
    sign(false);
    check_wanted(BR_OBTAIN);
    br_signature_order order;
    br_error error;
    CHECK(give(signer, false, &order, &error));
    CHECK(order.clock_ms > 59 * MINUTE_MS && order.clock_ms < 61 * MINUTE_MS);
    CHECK(get(BR_OBTAIN));
    CHECK(strcmp(server->seen[0].amz_date, server->seen[1].amz_date) < 0);
    CHECK(br_client_now_ms(client, engine) - now.wall_ms > 59 * MINUTE_MS);
    CHECK(give(signer, false, &order, &error));
    CHECK_INT(order.clock_ms, 0);
    end();
}

/* A Date that is wrong itself: what it led to is refused as well, and that is the answer. */
static void test_wrong_date(void)
{
    const ra_step refusal = {.status = 403,
                             .skew_s = 3600,
                             .body = "{\"__type\":\"RequestTimeTooSkewed\",\"message\":\"no\"}"};
    begin();
    for (int i = 0; i < 6; i++)
        ra_server_say(server, refusal);
    sign(false);
    check_wanted(BR_OBTAIN);
    sign(false);
    CHECK(!get(BR_OBTAIN));
    CHECK_STR(want.error.code, "RequestTimeTooSkewed");
    br_signature_order order;
    br_error error;
    CHECK(give(signer, false, &order, &error));
    CHECK_INT(order.clock_ms, 0);
    end();
}

/* With a key of its own there is nothing to sign for. */
static void test_with_key(void)
{
    br_signature_order order;
    br_error error;
    br_buf data;
    begin();
    ra_options o = {.cache = "memory", .port = server->port};
    br_client *own = ra_client(&o, &platform);
    br_buf_init(&data, 4096);
    CHECK(!br_signature_wanted(own->principal, now.wall_ms));
    CHECK(!br_signature_order_new(own->principal, now.wall_ms, false, &order, &data, &error));
    CHECK_INT(error.kind, BR_ERR_CONFIG);
    CHECK(!br_signature_give(own->principal, &order, BR_SLICE("x"), &error));
    br_client_unref(own);
    end();
}

int main(void)
{
    server = ra_server_start();
    CHECK(server != NULL);
    signer = holder("p256.chain.pem", "p256.key.pkcs8.pem");
    stranger = holder("p384.chain.pem", "p384.key.pkcs8.pem");
    test_one_each();
    test_age();
    test_wrong_signature();
    test_session_name();
    test_repeat();
    test_clock();
    test_wrong_date();
    test_with_key();
    br_x509_unref(signer);
    br_x509_unref(stranger);
    ra_server_stop(server);
    return check_done();
}
