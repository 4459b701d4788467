#include "engine/call/call_private.h"

#include <string.h>

#include "core/base/times.h"

/* Host, date and signature, with the names of what is signed. */
#define SENT_OWN_BYTES 1000

/* The environment's key for Bedrock goes before credentials, for the services that take one. */
static bool uses_environments_key(const br_call *c)
{
    const br_settings *s = &c->client->config->settings;
    return c->request.auth == BR_SCHEME_BEARER_OK && br_ways_has_files(s) &&
           s->text[BR_OPT_API_KEY] != NULL;
}

static bool uses_api_key(const br_call *c)
{
    return c->client->config->settings.auth == BR_AUTH_API_KEY || uses_environments_key(c);
}

static bool is_unsigned(const br_call *c)
{
    return c->client->config->settings.auth == BR_AUTH_UNSIGNED ||
           c->request.auth == BR_SCHEME_NONE;
}

static bool wants_credentials(const br_call *c)
{
    if (c->who->provider == NULL || c->authorized)
        return false;
    if (br_call_is_bare(c->mode))
        return true;
    return c->request.auth != BR_SCHEME_NONE && !uses_environments_key(c);
}

/* What an exchange gave serves the call that waited for it, retries included, however short. */
static bool credentials_serve(const br_call *c)
{
    int64_t now = br_client_now_ms(c->client, c->engine);
    if (c->credentials == NULL)
        return false;
    return br_credentials_fresh(c->credentials, now) ||
           (c->obtained && br_credentials_life_ms(c->credentials, now) > 0);
}

static void take_credentials(br_call *c, const br_credentials *credentials, br_origin origin)
{
    br_credentials_unref(c->credentials);
    c->credentials = credentials;
    c->origin = origin;
}

static br_obtain_mode obtain_mode(const br_call *c)
{
    if (c->mode == BR_CALL_REFRESH)
        return BR_OBTAIN_FRESH;
    return c->mode == BR_CALL_EARLY ? BR_OBTAIN_EARLY : BR_OBTAIN;
}

static bool peek(br_call *c)
{
    br_origin origin;
    if (obtain_mode(c) != BR_OBTAIN)
        return false;
    const br_credentials *held =
        br_provider_peek(c->who->provider, br_client_now_ms(c->client, c->engine), &origin);
    if (held != NULL)
        take_credentials(c, held, origin);
    if (held != NULL && c->trace != NULL)
        br_call_trace_credentials(c, NULL, 0);
    return held != NULL;
}

static void go_on(br_call *c);

static void on_obtained(void *user, const br_obtained *result)
{
    br_call *c = user;
    int64_t us = br_engine_mono_us(c->engine) - c->obtaining_us;
    c->times.us[BR_TIME_CREDENTIALS] += us;
    bool obtained = result->credentials != NULL;
    if (obtained)
        take_credentials(c, br_credentials_ref(result->credentials), result->origin);
    if (c->trace != NULL)
        br_call_trace_obtained(c, result, us);
    if (obtained) {
        c->obtained = true;
        go_on(c);
        return;
    }
    c->error = *result->error;
    br_call_fail(c, result->retryable);
}

/* The engine comes to it for the first time. */
static void begun(br_call *c, int64_t now_us)
{
    if (c->times.us[BR_TIME_QUEUE] == 0)
        c->times.us[BR_TIME_QUEUE] = now_us - c->made_us;
}

static void obtain(br_call *c)
{
    br_client_renew(c->client, br_client_now_ms(c->client, c->engine));
    br_principal_unref(c->who);
    c->who = br_client_principal(c->client);
    c->state = BR_STATE_OBTAINING;
    c->obtaining_us = br_engine_mono_us(c->engine);
    begun(c, c->obtaining_us);
    if (!br_provider_obtain(c->who, c->engine, obtain_mode(c), &c->obtain, on_obtained, c,
                            &c->error))
        br_call_fail(c, true);
}

static bool add_path(br_call *c)
{
    const br_request *r = &c->request;
    br_buf_clear(&c->target);
    br_buf_adds(&c->target, c->endpoint.path);
    br_buf_add_slice(&c->target, br_buf_slice(&r->path));
    size_t path_len = c->target.len;
    if (r->query.len > 0) {
        br_buf_addc(&c->target, '?');
        br_buf_add_slice(&c->target, br_buf_slice(&r->query));
    }
    if (c->target.failed)
        return false;
    c->path = (br_slice){c->target.data, path_len};
    c->query = r->query.len > 0 ? br_buf_slice(&r->query) : (br_slice){"", 0};
    return true;
}

/* Those that the call has go before them. */
static void add_clients_headers(br_call *c)
{
    const br_headers *own = &c->client->config->settings.headers;
    for (size_t i = 0; i < own->count; i++) {
        br_slice name = br_headers_name(own, i);
        bool replaced = c->authorized && br_slice_eqs(name, "authorization");
        if (!replaced && !br_headers_has(&c->request.headers, name))
            br_headers_add(&c->sent, name, br_headers_value(own, i));
    }
}

static bool add_headers(br_call *c)
{
    char text[BR_HOST_MAX + 16];
    br_buf host;
    br_headers *sent = &c->sent;
    const br_headers *given = &c->request.headers;
    br_headers_clear(sent);
    br_headers_reserve(sent, given->text.len + SENT_OWN_BYTES +
                                 (c->credentials != NULL ? c->credentials->session_token.n : 0));
    br_buf_init(&host, sizeof text);
    br_url_host(&host, &c->endpoint);
    br_headers_add(sent, BR_SLICE("host"), br_buf_slice(&host));
    for (size_t i = 0; i < given->count; i++)
        br_headers_add(sent, br_headers_name(given, i), br_headers_value(given, i));
    add_clients_headers(c);
    if (!br_headers_has(sent, BR_SLICE("accept-encoding")))
        br_headers_add(sent, BR_SLICE("accept-encoding"), BR_SLICE("identity"));
    bool ok = !host.failed;
    br_buf_free(&host);
    return ok && !sent->failed;
}

static bool add_authorization(br_call *c)
{
    return br_headers_add(&c->sent, BR_SLICE("authorization"), br_buf_slice(&c->authorization));
}

static bool add_bearer(br_call *c)
{
    br_buf_clear(&c->authorization);
    br_buf_adds(&c->authorization, "Bearer ");
    br_buf_add_slice(&c->authorization,
                     c->credentials != NULL
                         ? c->credentials->session_token
                         : br_settings_text(&c->client->config->settings, BR_OPT_API_KEY));
    return !c->authorization.failed && add_authorization(c);
}

static bool sign(br_call *c)
{
    char date[BR_AMZ_DATE_SIZE];
    const br_credentials *credentials = c->credentials;
    br_time_amz(br_clock_now_ms(&c->clock, &c->client->config->skew, c->engine), date);
    br_headers_set(&c->sent, BR_SLICE("x-amz-date"), br_slice_of(date));
    if (credentials->session_token.n > 0)
        br_headers_set(&c->sent, BR_SLICE("x-amz-security-token"), credentials->session_token);
    br_sign_input in = {
        .method = br_slice_of(c->request.method),
        .path = c->path,
        .query = c->query,
        .headers = &c->sent,
        .body = c->request.has_body ? br_buf_slice(&c->request.body) : (br_slice){"", 0},
        .normalise_path = true,
        .encode_path = true,
    };
    br_slice service = br_model_name(c->model, c->model->services[c->request.service].signing);
    br_buf_clear(&c->authorization);
    return !c->sent.failed &&
           br_sigv4_sign(br_engine_signer(c->engine), &in, credentials->access_key_id,
                         credentials->secret_access_key,
                         br_slice_of(c->client->config->settings.region), service,
                         &c->authorization, NULL) &&
           add_authorization(c);
}

static bool authorize(br_call *c)
{
    if (c->authorized)
        return add_authorization(c);
    if (is_unsigned(c))
        return true;
    return uses_api_key(c) ? add_bearer(c) : sign(c);
}

/* What AWS's own endpoints refuse, a gateway may take. */
static bool authorization_fits(br_call *c)
{
    bool keyed = uses_api_key(c) && c->request.auth == BR_SCHEME_SIGV4;
    bool none =
        c->client->config->settings.auth == BR_AUTH_UNSIGNED && c->request.auth != BR_SCHEME_NONE;
    if (c->authorized || (!keyed && !none) ||
        br_config_has_endpoint(c->client->config, c->model, c->request.service))
        return true;
    br_slice service = br_model_name(c->model, c->model->services[c->request.service].id);
    return br_error_set(&c->error, BR_ERR_CONFIG, "NotSupported",
                        keyed
                            ? "the service %.*s accepts no API key: connect with auth = "
                              "\"roles_anywhere\" or \"access_keys\" for it, or set the "
                              "endpoint of a gateway that does"
                            : "auth = \"none\" is for your own endpoints, and none is set for %.*s",
                        (int)service.n, service.p);
}

/* A spare call may know it from the last one, which was of the same client. */
static bool resolve(br_call *c)
{
    if (c->endpoint_known && c->endpoint_service == c->request.service &&
        c->model == &br_model_builtin)
        return true;
    c->endpoint_known = false;
    if (!br_config_endpoint(c->client->config, c->model, c->request.service, &c->endpoint,
                            &c->error))
        return false;
    c->endpoint_known = c->model == &br_model_builtin;
    c->endpoint_service = c->request.service;
    return true;
}

/* SigV4 covers the hash of the whole body, which is not there yet. */
static bool body_fits(br_call *c)
{
    if (!c->feed.fed || c->authorized || is_unsigned(c) || uses_api_key(c))
        return true;
    return br_error_set(
        &c->error, BR_ERR_CONFIG, "NotSupported",
        "a request whose body is sent as it comes cannot be signed: use an API key, "
        "authorization or auth = \"none\"");
}

static bool build(br_call *c)
{
    if (!authorization_fits(c) || !body_fits(c) || !resolve(c))
        return false;
    if (add_path(c) && add_headers(c) && authorize(c))
        return true;
    return br_error_set(&c->error, BR_ERR_VALIDATION, "ValidationError",
                        "the request cannot be signed: its path, its headers or the credentials "
                        "are too long, or memory ran out");
}

static bool prepare(br_call *c)
{
    br_buf_clear(&c->url);
    br_url_origin(&c->url, &c->endpoint);
    br_buf_add_slice(&c->url, br_buf_slice(&c->target));
    c->prepared = (br_prepared){
        .method = c->request.method,
        .url = br_buf_slice(&c->url),
        .headers = &c->sent,
        .body = br_buf_slice(&c->request.body),
        .has_body = c->request.has_body,
    };
    return !c->url.failed;
}

static void send_it(br_call *c)
{
    br_transfer_request request = {
        .method = c->request.method,
        .endpoint = &c->endpoint,
        .target = br_buf_slice(&c->target),
        .headers = &c->sent,
        .body = br_buf_slice(&c->request.body),
        .has_body = c->request.has_body,
        .pull = c->feed.fed ? br_call_pull : NULL,
        .timeouts = c->timeouts,
        .net = br_config_net(c->client->config, c->model, c->request.service),
        .fresh_connection = c->fresh_connection,
        .streams = c->mode == BR_CALL_EVENTS || c->mode == BR_CALL_BYTES,
    };
    c->state = BR_STATE_SENT;
    c->attempts++;
    c->started_us = br_engine_mono_us(c->engine);
    begun(c, c->started_us);
    c->times.us[BR_TIME_FIRST_BYTE] = 0;
    if (c->trace != NULL)
        br_call_trace_attempt(c);
    c->transfer = br_transfer_start(c->engine, &request, &br_call_transfer_ops, c, &c->error);
    if (c->transfer == NULL)
        br_call_fail(c, false);
}

static void go_on(br_call *c)
{
    if (br_call_is_bare(c->mode))
        br_call_finish(c);
    else if (!build(c))
        br_call_fail(c, false);
    else if (c->mode != BR_CALL_PREPARE)
        send_it(c);
    else if (prepare(c))
        br_call_finish(c);
    else
        br_call_no_memory(c);
}

void br_call_attempt(br_call *c)
{
    if (!wants_credentials(c) || credentials_serve(c) || peek(c))
        go_on(c);
    else
        obtain(c);
}
