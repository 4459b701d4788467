/*
** A role of IAM Identity Center, with the token that `aws sso login` left in a file. The file is
** read for each acquisition. A token of an sso_session that ends within a quarter of an hour is
** renewed first where it can be, and written back; one that cannot be serves until its end.
*/
#include <stdlib.h>
#include <unistd.h>

#include "core/aws/credential_answer.h"
#include "core/aws/sso.h"
#include "engine/credentials/layer_source.h"
#include "engine/fetch.h"
#include "engine/files/aws_files.h"
#include "engine/files/read_file.h"
#include "engine/files/write_file.h"

#define CACHE_BELOW_HOME "/.aws/sso/cache/"
#define LOOK_MS 100
#define LOOKS_MAX 10
#define WHOSE "the answer of the SSO portal"

enum { PORTAL, OIDC, SERVICES };
static const char *const services[SERVICES] = {"sso", "sso-oidc"};

typedef struct sso {
    br_layer_source base;
    br_slice region;
    char path[BR_AWS_PATH_MAX]; /* of the token's file */
    br_url endpoints[SERVICES];
    br_net nets[SERVICES];
} sso;

typedef struct exchange {
    br_fetch fetch;
    const sso *source;
    br_source_order order;
    br_sso_token token;
    bool renewing; /* this fetch is the token's */
    bool tried;    /* to renew it */
    br_slice echoes[3];
    br_timer look; /* for a token that another process renews */
    int looks;
    br_error error;
} exchange;

static int64_t now_of(const exchange *x)
{
    return br_skew_now_ms(&x->source->base.base.config->skew, x->order.engine);
}

static bool login_needed(const exchange *x, const char *why, br_error *error)
{
    const char *profile = x->source->base.layer->text[BR_LAYER_PROFILE];
    return br_error_set(error, BR_ERR_CREDENTIALS, "LoginRequired",
                        "the SSO token in \"%.300s\" %s: run `aws sso login%s%.128s`",
                        x->source->path, why, profile != NULL ? " --profile " : "",
                        profile != NULL ? profile : "");
}

static bool load_token(exchange *x, br_sso_token *token, br_error *error)
{
    br_buf text;
    br_problems problems;
    const char *path = x->source->path;
    if (access(path, F_OK) != 0)
        return login_needed(x, "is not there", error);
    br_buf_init_secret(&text, BR_SSO_FILE_MAX);
    br_problems_init(&problems);
    bool ok = br_read_file("sso", path, &text, &problems);
    if (!ok)
        br_error_set(error, BR_ERR_CREDENTIALS, "LoginRequired", "the SSO token: %s",
                     problems.count > 0 ? problems.items[0].message : "out of memory");
    else if (!br_sso_token_read(br_buf_slice(&text), token))
        ok = login_needed(x, "cannot be read", error);
    br_problems_free(&problems);
    br_buf_free(&text);
    return ok;
}

/* If that fails, the next one renews it again. */
static void save_token(const exchange *x)
{
    br_buf text;
    uint8_t random[BR_WRITE_FILE_RANDOM];
    br_buf_init_secret(&text, BR_SSO_FILE_MAX);
    br_sso_token_write(&x->token, br_layer_get(x->source->base.layer, BR_LAYER_SSO_START_URL),
                       x->source->region, &text);
    if (!text.failed && br_engine_random(x->order.engine, random, sizeof random))
        (void)br_write_file(x->source->path, br_buf_slice(&text), BR_WRITE_FILE_FOR_OWNER, random);
    br_buf_free(&text);
}

/* Tokens of the old form, without an sso_session, are never renewed. */
static bool renewable(const exchange *x)
{
    return !x->tried && x->source->base.layer->text[BR_LAYER_SSO_SESSION] != NULL &&
           br_sso_renewable(&x->token, now_of(x));
}

static bool lives(const exchange *x, int64_t at_least_ms)
{
    return x->token.expires_ms - now_of(x) > at_least_ms;
}

static bool build(void *user, int64_t now_ms, br_request *out, br_error *error)
{
    const exchange *x = user;
    const sso *s = x->source;
    (void)now_ms;
    bool ok =
        x->renewing
            ? br_sso_renewal_request(&x->token, &s->endpoints[OIDC], out)
            : br_sso_role_request(&x->token, br_layer_get(s->base.layer, BR_LAYER_SSO_ACCOUNT_ID),
                                  br_layer_get(s->base.layer, BR_LAYER_SSO_ROLE_NAME),
                                  &s->endpoints[PORTAL], out);
    return ok || br_error_set(error, BR_ERR_TRANSPORT, "NoMemory", "out of memory");
}

static void advise(void *user, int status, br_buf *message)
{
    const exchange *x = user;
    if (!x->renewing && (status == 403 || status == 404))
        br_buf_adds(message, ". Check that sso_account_id and sso_role_name are an assignment of "
                             "yours: `aws sso login` shows them, as does the access portal");
}

static void fetched(void *user);

static bool start_fetch(exchange *x, bool renewing)
{
    static const br_fetch_ops fetch_ops = {build, NULL, advise, fetched};
    const sso *s = x->source;
    int service = renewing ? OIDC : PORTAL;
    br_fetch_stop(&x->fetch);
    x->renewing = renewing;
    x->tried |= renewing;
    x->fetch = (br_fetch){
        .engine = x->order.engine,
        .trace = x->order.trace,
        .config = s->base.base.config,
        .endpoint = &s->endpoints[service],
        .net = s->nets[service],
        .service = "IAM Identity Center",
        .operation = renewing ? "CreateToken" : "GetRoleCredentials",
        .known = {x->echoes, sizeof x->echoes / sizeof *x->echoes, false},
        .ops = &fetch_ops,
        .user = x,
        .undated = true,
    };
    if (br_fetch_start(&x->fetch))
        return true;
    x->error = x->fetch.error;
    return false;
}

static void finish(exchange *x, const br_credentials *set, bool retryable)
{
    br_source_result result = {.credentials = set, .error = &x->error, .retryable = retryable};
    x->order.done(x->order.user, &result);
}

static void go_on(exchange *x, bool renewing)
{
    if (!start_fetch(x, renewing))
        finish(x, NULL, true);
}

/* Another process may have renewed it meanwhile: then this one's was refused. */
static void take_others(exchange *x)
{
    br_sso_token other;
    br_error error;
    br_sso_token_init(&other);
    if (load_token(x, &other, &error) && other.expires_ms > x->token.expires_ms) {
        br_sso_token_free(&x->token);
        x->token = other;
        return;
    }
    br_sso_token_free(&other);
}

/* The one that was faster may be about to write it. */
static void look_for_others(void *user)
{
    exchange *x = user;
    take_others(x);
    if (lives(x, 0)) {
        go_on(x, false);
    } else if (x->looks++ == LOOKS_MAX ||
               !br_timer_start(x->order.engine, &x->look, LOOK_MS, look_for_others, x)) {
        login_needed(x, "has expired, and was not renewed", &x->error);
        finish(x, NULL, false);
    }
}

static void renewed(exchange *x)
{
    br_fetch *f = &x->fetch;
    if (f->answered && br_sso_renewal_answer(br_buf_slice(&f->body), now_of(x), &x->token)) {
        save_token(x);
        go_on(x, false);
    } else if (lives(x, 0) || f->answered || !f->retryable) {
        look_for_others(x);
    } else {
        x->error = f->error;
        finish(x, NULL, true);
    }
}

static void take_credentials(exchange *x)
{
    br_fetch *f = &x->fetch;
    br_slice date = br_headers_get(&f->headers, "date");
    const br_credentials *set =
        br_credential_answer(BR_ANSWER_SSO, WHOSE, br_buf_slice(&f->body), &x->error);
    bool expired = set != NULL && br_credentials_expired(set, WHOSE, now_of(x), date, &x->error);
    finish(x, expired ? NULL : set, false);
    br_credentials_unref(set);
}

static void fetched(void *user)
{
    exchange *x = user;
    const br_fetch *f = &x->fetch;
    if (x->renewing) {
        renewed(x);
    } else if (f->answered) {
        take_credentials(x);
    } else if (f->status == 401 && renewable(x)) {
        go_on(x, true);
    } else {
        x->error = f->error;
        if (f->status == 401)
            login_needed(x, "was refused", &x->error);
        finish(x, NULL, f->retryable);
    }
}

static void stop(void *acquisition)
{
    exchange *x = acquisition;
    br_fetch_stop(&x->fetch);
    br_timer_stop(x->order.engine, &x->look);
    br_sso_token_free(&x->token);
    free(x);
}

static bool start(exchange *x)
{
    if (!load_token(x, &x->token, &x->error))
        return false;
    if (!lives(x, BR_SSO_RENEWED_BEFORE_MS) && renewable(x))
        return start_fetch(x, true);
    return lives(x, 0) ? start_fetch(x, false)
                       : login_needed(x, "has expired and cannot be renewed", &x->error);
}

static void *begin(br_source *base, const br_source_order *order, br_error *error)
{
    exchange *x = calloc(1, sizeof *x);
    if (x == NULL) {
        br_error_set(error, BR_ERR_TRANSPORT, "NoMemory", "out of memory");
        return NULL;
    }
    const br_layer *l = ((const sso *)base)->base.layer;
    x->source = (const sso *)base;
    x->order = *order;
    x->echoes[0] = br_layer_get(l, BR_LAYER_SSO_ACCOUNT_ID);
    x->echoes[1] = br_layer_get(l, BR_LAYER_SSO_ROLE_NAME);
    x->echoes[2] = x->source->region;
    br_sso_token_init(&x->token);
    if (start(x))
        return x;
    *error = x->error;
    stop(x);
    return NULL;
}

static void add_url(br_buf *out, const br_url *url)
{
    br_url_origin(out, url);
    br_buf_adds(out, url->path);
    br_buf_addc(out, '\n');
}

static bool identity(const br_source *base, uint8_t out[BR_IDENTITY_SIZE])
{
    const sso *s = (const sso *)base;
    br_buf urls;
    br_buf_init(&urls, (size_t)4 * (BR_HOST_MAX + BR_URL_PATH_MAX));
    add_url(&urls, &s->endpoints[PORTAL]);
    add_url(&urls, &s->endpoints[OIDC]);
    br_slice more[] = {br_buf_slice(&urls), br_slice_of(s->path)};
    bool ok = !urls.failed && br_layer_source_identity(&s->base, more, 2, out);
    br_buf_free(&urls);
    return ok;
}

static bool find_file(sso *s)
{
    char below[sizeof CACHE_BELOW_HOME + BR_SSO_NAME_SIZE] = CACHE_BELOW_HOME;
    br_slice key = br_layer_get(s->base.layer, BR_LAYER_SSO_SESSION);
    if (key.p == NULL)
        key = br_layer_get(s->base.layer, BR_LAYER_SSO_START_URL);
    return br_sso_file_name(key, below + sizeof CACHE_BELOW_HOME - 1) &&
           br_aws_path(NULL, "", below, s->path);
}

static bool find_endpoints(sso *s, const br_config *config, br_error *error)
{
    bool ok = true;
    for (int i = 0; ok && i < SERVICES; i++) {
        unsigned service = (unsigned)br_model_service(&br_model_routes, br_slice_of(services[i]));
        s->nets[i] = br_config_net(config, &br_model_routes, service);
        ok = br_config_endpoint_in(config, &br_model_routes, service, s->region, &s->endpoints[i],
                                   error);
    }
    return ok;
}

br_source *br_sso_new(const br_source_input *in, br_problems *problems)
{
    static const br_source_ops ops = {
        .begin = begin, .stop = stop, .identity = identity, .free = br_layer_source_free};
    br_error error;
    sso *s = br_layer_source_new(sizeof *s, &ops, in, problems);
    if (s == NULL)
        return NULL;
    s->region = br_layer_get(s->base.layer, BR_LAYER_SSO_REGION);
    if (s->region.p == NULL)
        s->region = BR_SLICE("us-east-1");
    if (!find_file(s))
        br_problems_add(problems, "file", BR_SLICE("sso"),
                        "no home directory is known, below which the SSO token would be: set HOME");
    else if (!find_endpoints(s, in->config, &error))
        br_problems_add(problems, "pattern", BR_SLICE("sso_region"), "%s", error.message);
    else
        return &s->base.base;
    br_source_unref(&s->base.base);
    return NULL;
}
