#include "fed.h"

#include <string.h>

br_engine *fed_engine;
taker fed_peer;

void fed_open(void)
{
    br_error error;
    fed_engine = br_engine_new(&br_platform_system, &error);
    CHECK(fed_engine != NULL);
    taker_open(&fed_peer);
}

void fed_close(void)
{
    br_engine_free(fed_engine);
    taker_close(&fed_peer);
}

void fed_round(size_t most)
{
    taker_take(&fed_peer, most);
    br_engine_step(fed_engine, FED_ROUND_MS);
}

br_client *fed_client(const char *auth)
{
    br_settings s;
    br_problems p;
    br_settings_init(&s);
    br_problems_init(&p);
    br_settings_set_text(&s, BR_SLICE("auth"), br_slice_of(auth), &p);
    br_settings_set_text(&s, BR_SLICE("endpoint"), br_slice_of(fed_peer.url), &p);
    if (strcmp(auth, "access_keys") == 0) {
        br_settings_set_text(&s, BR_SLICE("access_key_id"), BR_SLICE("AKIDEXAMPLE"), &p);
        br_settings_set_text(&s, BR_SLICE("secret_access_key"), BR_SLICE("secret"), &p);
    }
    br_client *c = br_client_new(&s, &br_model_builtin, &br_platform_system, &p);
    CHECK(c != NULL);
    br_problems_free(&p);
    return c;
}

br_call *fed_try_call(br_client *c, br_call_mode mode, const char *body, br_error *error)
{
    br_request r;
    const br_call_opts opts = {.mode = mode,
                               .model = &br_model_builtin,
                               .timeouts = {-1, -1, -1, -1},
                               .max_attempts = 3,
                               .fed = true};
    br_request_init(&r);
    r.service = (uint8_t)br_model_service(&br_model_builtin, BR_SLICE("bedrock-runtime"));
    r.auth = BR_SCHEME_BEARER_OK;
    r.retry_safe = true;
    memcpy(r.method, "POST", 5);
    br_buf_adds(&r.path, "/model/m/talk");
    br_buf_adds(&r.body, body);
    br_call *call = br_call_new(c, &r, &opts, error);
    br_request_free(&r);
    return call;
}

br_call *fed_call(br_client *c)
{
    br_error error;
    br_call *call = fed_try_call(c, BR_CALL_BYTES, "", &error);
    CHECK(call != NULL);
    return call;
}
