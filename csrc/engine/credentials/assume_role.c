/*
** STS: AssumeRole, signed with the credentials of the layer below, and AssumeRoleWithWebIdentity,
** which shows a token from a file. The file is read for each exchange: whoever put it there renews
** it. Where the service calls the credentials below expired, they are renewed, and the role is asked
** for once more.
*/
#include <stdlib.h>

#include "core/aws/sts.h"
#include "core/base/times.h"
#include "engine/credentials/provider.h"
#include "engine/credentials/sources.h"
#include "engine/fetch.h"
#include "engine/files/read_file.h"

#define READ_MORE 8192 /* than a token: br_read_file wants room */
#define FORM_MAX ((size_t)96 * 1024)
#define IDENTITY_MAX ((size_t)96 * 1024)

typedef struct assume_role {
    br_source base;
    const br_layer *layer; /* of the config's settings */
    br_url endpoint;
    br_net net;
} assume_role;

typedef struct exchange {
    br_fetch fetch;
    br_obtain obtain;
    const assume_role *source;
    br_source_order order;
    const br_credentials *with;  /* what the request is signed with */
    char name[BR_STS_NAME_SIZE]; /* of a session that was given none */
    bool renewed;                /* what lies below, as it had expired */
    br_slice echoes[1];
} exchange;

static bool is_web_identity(const assume_role *s)
{
    return s->layer->kind == BR_LAYER_WEB_IDENTITY;
}

static const char *action_of(const assume_role *s)
{
    return is_web_identity(s) ? "AssumeRoleWithWebIdentity" : "AssumeRole";
}

/* Without the line break at its end, which tools leave there. The text is never shown. */
static bool read_token(const assume_role *s, br_buf *out, br_error *error)
{
    br_problems problems;
    const char *path = s->layer->text[BR_LAYER_TOKEN_FILE];
    br_problems_init(&problems);
    bool ok = br_read_file("web_identity.token_file", path, out, &problems);
    while (ok && out->len > 0 && (unsigned char)out->data[out->len - 1] <= ' ')
        out->len--;
    if (!ok)
        br_error_set(error, BR_ERR_CREDENTIALS, "TokenFile", "the web identity token: %s",
                     problems.count > 0 ? problems.items[0].message : "cannot be read");
    else if (out->len == 0 || out->len > BR_WEB_IDENTITY_TOKEN_MAX)
        ok = br_error_set(error, BR_ERR_CREDENTIALS, "TokenFile",
                          "the web identity token: \"%.300s\" %s", path,
                          out->len == 0 ? "is empty" : "is longer than a token may be");
    br_problems_free(&problems);
    return ok;
}

static bool add_token(const assume_role *s, br_buf *form, br_error *error)
{
    br_buf token;
    br_buf_init_secret(&token, BR_WEB_IDENTITY_TOKEN_MAX + READ_MORE);
    bool ok = read_token(s, &token, error);
    if (ok)
        br_sts_add(form, "WebIdentityToken", br_buf_slice(&token));
    br_buf_free(&token);
    return ok;
}

static bool write_form(const exchange *x, br_buf *form, br_error *error)
{
    const br_layer *l = x->source->layer;
    br_slice name = br_layer_get(l, BR_LAYER_SESSION_NAME);
    if (!is_web_identity(x->source)) {
        br_buf_add_slice(form, br_buf_slice(&l->form));
        if (l->name_is_ours)
            br_sts_add(form, "RoleSessionName", br_slice_of(x->name));
        return true;
    }
    br_sts_add(form, "RoleArn", br_layer_get(l, BR_LAYER_ROLE_ARN));
    br_sts_add(form, "RoleSessionName", name.n > 0 ? name : br_slice_of(x->name));
    return add_token(x->source, form, error);
}

static bool sign(const exchange *x, int64_t now_ms, br_request *r)
{
    char date[BR_AMZ_DATE_SIZE];
    br_buf authorization;
    br_time_amz(now_ms, date);
    br_headers_add(&r->headers, BR_SLICE("x-amz-date"), br_slice_of(date));
    if (x->with->session_token.n > 0)
        br_headers_add(&r->headers, BR_SLICE("x-amz-security-token"), x->with->session_token);
    br_buf_init(&authorization, BR_HEADERS_BYTES_MAX);
    br_sign_input in = {
        .method = br_slice_of(r->method),
        .path = br_buf_slice(&r->path),
        .query = {"", 0},
        .headers = &r->headers,
        .body = br_buf_slice(&r->body),
        .normalise_path = true,
        .encode_path = true,
    };
    bool ok = br_sigv4_sign(br_engine_signer(x->fetch.engine), &in, x->with->access_key_id,
                            x->with->secret_access_key,
                            br_slice_of(x->source->base.config->settings.region), BR_SLICE("sts"),
                            &authorization, NULL) &&
              br_headers_add(&r->headers, BR_SLICE("authorization"), br_buf_slice(&authorization));
    br_buf_free(&authorization);
    return ok;
}

static bool build(void *user, int64_t now_ms, br_request *out, br_error *error)
{
    const exchange *x = user;
    char text[BR_HOST_MAX + 16];
    br_buf form, host;
    br_buf_init_secret(&form, FORM_MAX);
    br_buf_init(&host, sizeof text);
    br_url_host(&host, &x->source->endpoint);
    bool ok = write_form(x, &form, error);
    if (ok &&
        !(br_sts_request(action_of(x->source), br_buf_slice(&form), &x->source->endpoint, out) &&
          br_headers_add(&out->headers, BR_SLICE("host"), br_buf_slice(&host)) &&
          (x->with == NULL || sign(x, now_ms, out))))
        ok = br_error_set(error, BR_ERR_CREDENTIALS, "SigningFailed",
                          "the request to STS could not be made: a value is too long, or memory "
                          "ran out");
    br_buf_free(&form);
    br_buf_free(&host);
    return ok;
}

static void advise(void *user, int status, br_buf *message)
{
    const exchange *x = user;
    if (status == 429 || status >= 500)
        return;
    if (is_web_identity(x->source))
        br_buf_adds(message, ". Check that the role's trust policy allows the token's issuer, "
                             "audience and subject sts:AssumeRoleWithWebIdentity, and that the "
                             "token has not expired");
    else
        br_buf_adds(message, ". Check that the role exists, that its trust policy allows who "
                             "assumes it sts:AssumeRole (and sts:TagSession, sts:SetSourceIdentity "
                             "where these are used), and that external_id is the one it wants");
}

static void fail(exchange *x, const br_error *error, bool retryable)
{
    br_source_result result = {.error = error, .retryable = retryable};
    x->order.done(x->order.user, &result);
}

static bool obtain(exchange *x, br_obtain_mode mode, br_error *error);

/* What the layer below held has expired for the service: other credentials, once. */
static bool renew(exchange *x)
{
    br_error error;
    br_fetch *f = &x->fetch;
    if (x->with == NULL || x->renewed || x->with->expiration_ms == BR_NEVER_EXPIRES ||
        br_retry_classify(f->status, br_slice_of(f->error.code)) != BR_FAIL_EXPIRED)
        return false;
    x->renewed = true;
    br_provider_reject(x->source->base.below->provider, x->with);
    br_fetch_stop(f);
    br_error_clear(&error);
    if (!obtain(x, BR_OBTAIN, &error))
        fail(x, &error, true);
    return true;
}

static void exchanged(void *user)
{
    exchange *x = user;
    br_fetch *f = &x->fetch;
    if (!f->answered && renew(x))
        return;
    const br_credentials *set =
        f->answered ? br_sts_answer(br_buf_slice(&f->body), &f->error) : NULL;
    br_source_result result = {.credentials = set, .error = &f->error, .retryable = f->retryable};
    x->order.done(x->order.user, &result);
    br_credentials_unref(set);
}

static bool fetch(exchange *x)
{
    static const br_fetch_ops fetch_ops = {build, NULL, advise, exchanged};
    const assume_role *s = x->source;
    br_engine *engine = x->order.engine;
    x->echoes[0] = br_layer_get(s->layer, BR_LAYER_ROLE_ARN);
    x->fetch = (br_fetch){
        .engine = engine,
        .trace = x->order.trace,
        .config = s->base.config,
        .endpoint = &s->endpoint,
        .net = s->net,
        .service = "STS",
        .operation = action_of(s),
        .known = {x->echoes, 1, true},
        .ops = &fetch_ops,
        .user = x,
    };
    return br_fetch_start(&x->fetch);
}

static void obtained(void *user, const br_obtained *result)
{
    exchange *x = user;
    if (x->order.trace != NULL && result->trace != NULL)
        br_trace_join(x->order.trace, result->trace);
    if (result->credentials == NULL) {
        fail(x, result->error, result->retryable);
        return;
    }
    br_credentials_unref(x->with);
    x->with = br_credentials_ref(result->credentials);
    if (!fetch(x))
        fail(x, &x->fetch.error, true);
}

static bool obtain(exchange *x, br_obtain_mode mode, br_error *error)
{
    return br_provider_obtain(x->source->base.below, x->order.engine, mode, &x->obtain, obtained, x,
                              error);
}

static void stop(void *acquisition)
{
    exchange *x = acquisition;
    br_fetch_stop(&x->fetch);
    if (x->obtain.engine != NULL)
        br_provider_cancel(&x->obtain);
    br_credentials_unref(x->with);
    free(x);
}

static exchange *new_exchange(const assume_role *s, const br_source_order *order)
{
    uint8_t random[BR_STS_RANDOM];
    exchange *x = calloc(1, sizeof *x);
    if (x == NULL || !br_engine_random(order->engine, random, sizeof random)) {
        free(x);
        return NULL;
    }
    br_sts_session_name(random, x->name);
    x->source = s;
    x->order = *order;
    return x;
}

static bool start(exchange *x, br_error *error)
{
    if (x->source->base.below != NULL)
        return obtain(x, x->order.fresh ? BR_OBTAIN_FRESH : BR_OBTAIN, error);
    bool ok = fetch(x);
    if (!ok)
        *error = x->fetch.error;
    return ok;
}

static void *begin(br_source *base, const br_source_order *order, br_error *error)
{
    const assume_role *s = (assume_role *)base;
    exchange *x = new_exchange(s, order);
    if (x == NULL) {
        br_error_set(error, BR_ERR_TRANSPORT, "NoMemory", "out of memory");
        return NULL;
    }
    if (start(x, error))
        return x;
    stop(x);
    return NULL;
}

static bool identity(const br_source *base, uint8_t out[BR_IDENTITY_SIZE])
{
    const assume_role *s = (const assume_role *)base;
    uint8_t below[BR_IDENTITY_SIZE] = {0};
    br_buf text;
    br_digest *digest = br_digest_new();
    bool ok =
        digest != NULL && (base->below == NULL || br_source_identity(base->below->source, below));
    br_buf_init(&text, IDENTITY_MAX);
    br_buf_addf(&text, "lua-bedrock %s 1\n", action_of(s));
    br_url_origin(&text, &s->endpoint);
    br_buf_addf(&text, "%s\n%s\n", s->endpoint.path, base->config->settings.region);
    for (int which = BR_LAYER_TOKEN_FILE; which <= BR_LAYER_SESSION_NAME; which++)
        br_buf_addf(&text, "%s\n", s->layer->text[which] != NULL ? s->layer->text[which] : "");
    br_buf_add_slice(&text, br_buf_slice(&s->layer->form));
    br_buf_addc(&text, '\n');
    br_buf_add(&text, below, sizeof below);
    ok = ok && !text.failed && br_sha256(digest, br_buf_slice(&text), out);
    br_digest_free(digest);
    br_buf_free(&text);
    return ok;
}

/* What may have the credentials below, may have the role's. */
static bool key_material(const br_source *base, br_buf *out)
{
    const br_source *below = base->below->source;
    return below->ops->key_material(below, out);
}

static br_source *renewed(br_source *base, int64_t now_ms);

static void release(br_source *base)
{
    free(base);
}

enum { ALONE, SHARED, SEALED };

static const br_source_ops ops[] = {
    [ALONE] = {NULL, begin, stop, NULL, NULL, renewed, release},
    [SHARED] = {NULL, begin, stop, identity, NULL, renewed, release},
    [SEALED] = {NULL, begin, stop, identity, key_material, renewed, release},
};

static int kind_of(const br_principal *below)
{
    uint8_t any[BR_IDENTITY_SIZE];
    if (below == NULL)
        return SHARED;
    if (!br_source_identity(below->source, any))
        return ALONE;
    return below->source->ops->key_material != NULL ? SEALED : SHARED;
}

/* On `below`, of which it takes a reference. NULL: no memory. */
static assume_role *on(br_config *config, const br_layer *layer, br_principal *below)
{
    assume_role *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    br_source_init(&s->base, &ops[kind_of(below)], config);
    s->layer = layer;
    if (below != NULL) {
        s->base.below = br_principal_ref(below);
        s->base.renewable = below->source->renewable;
    }
    return s;
}

/* Where the layer below was renewed, this one lies on the new one. */
static br_source *renewed(br_source *base, int64_t now_ms)
{
    const assume_role *s = (assume_role *)base;
    br_source *old = base->below != NULL ? base->below->source : NULL;
    br_source *source = old != NULL && old->renewable ? old->ops->renewed(old, now_ms) : NULL;
    br_principal *below = source != NULL ? br_principal_new(source) : NULL;
    if (below == NULL)
        return NULL;
    assume_role *fresh = on(base->config, s->layer, below);
    br_principal_unref(below);
    if (fresh == NULL)
        return NULL;
    fresh->base.later = br_later_way_ref(base->later);
    fresh->endpoint = s->endpoint;
    fresh->net = s->net;
    return &fresh->base;
}

static bool check_web_identity(const br_layer *l, br_problems *problems)
{
    static const struct {
        br_layer_text text;
        const char *what;
    } needed[] = {
        {BR_LAYER_TOKEN_FILE, "token_file (or the variable AWS_WEB_IDENTITY_TOKEN_FILE)"},
        {BR_LAYER_ROLE_ARN, "role_arn (or the variable AWS_ROLE_ARN)"},
    };
    bool ok = true;
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (l->kind == BR_LAYER_WEB_IDENTITY && l->text[needed[i].text] == NULL)
            ok = br_problems_add(problems, "missing", BR_SLICE("web_identity"), "has no %s",
                                 needed[i].what);
    return ok;
}

br_source *br_assume_role_new(const br_source_input *in, br_problems *problems)
{
    br_error error;
    unsigned service = (unsigned)br_model_service(in->model, BR_SLICE("sts"));
    if (!check_web_identity(in->layer, problems) || br_problems_any(problems))
        return NULL;
    assume_role *s = on(in->config, in->layer, in->below);
    if (s == NULL) {
        br_problems_add(problems, "file", (br_slice){"", 0}, "out of memory");
        return NULL;
    }
    s->net = br_config_net(in->config, in->model, service);
    if (br_config_endpoint(in->config, in->model, service, &s->endpoint, &error))
        return &s->base;
    br_problems_add(problems, "conflict", BR_SLICE("region"), "%s", error.message);
    br_source_unref(&s->base);
    return NULL;
}
