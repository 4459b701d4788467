/*
** IAM Roles Anywhere: CreateSession, signed with a certificate. Two things are its own. A profile
** may refuse the session name: then the exchange goes out again without, and the time of the
** refusal is noted, so that the next ones go without at once for a day. And its private key seals
** what is kept.
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/times.h"
#include "engine/credentials/certificate_files.h"
#include "engine/credentials/outside_signature.h"
#include "engine/credentials/registry.h"
#include "engine/credentials/sources.h"
#include "engine/fetch.h"

typedef struct roles_anywhere {
    br_source base;
    br_ra_params params; /* slices into settings */
    br_url endpoint;
    br_net net;
    br_x509 *x509;
    /* Under the mutex: the stamps of the files looked at last, and what was wrong with them. */
    br_certificate_files_stamps stamps;
    char problem[BR_RENEWAL_PROBLEM_MAX];
    bool signs_outside;
    br_outside_desk desk; /* then */
} roles_anywhere;

typedef struct exchange {
    br_fetch fetch;
    roles_anywhere *source;
    br_source_order order;
    br_outside_signature signature;
    bool name_sent;     /* the last request carried it */
    bool name_refused;  /* by the profile, in this exchange */
    br_slice echoes[5]; /* what of ours the service may repeat */
} exchange;

static const br_source_ops ops;

static void explain_expiry(const roles_anywhere *s, br_error *error)
{
    char end[BR_ISO_DATE_SIZE], problem[BR_RENEWAL_PROBLEM_MAX];
    br_slice subject = br_x509_subject(s->x509);
    br_time_iso(br_x509_not_after_ms(s->x509), end);
    br_roles_anywhere_problem(&s->base, problem);
    br_error_set(error, BR_ERR_CREDENTIALS, "CertificateExpired",
                 "the certificate of %.*s expired at %s, so IAM Roles Anywhere gives no "
                 "credentials for it: %s%s%s",
                 (int)(subject.n < 512 ? subject.n : 512), subject.p, end,
                 s->base.renewable ? "put a renewed one in its place, with its key"
                                   : "connect again with a renewed one",
                 problem[0] != '\0' ? "; what is there now is not used: " : "", problem);
}

static br_outside outside_of(const roles_anywhere *s)
{
    return (br_outside){&s->params, s->x509, &s->endpoint};
}

/* What another clock or no name makes another request of needs another signature. */
static bool build_outside(exchange *x, br_request *out, br_error *error)
{
    roles_anywhere *s = x->source;
    const br_outside_signature *given = &x->signature;
    const br_skew *skew = &s->base.config->skew;
    bool corrected = x->fetch.clock.step != BR_CLOCK_AS_KNOWN && given->order.clock_ms == 0;
    if (corrected)
        br_outside_suspect(&s->desk, x->fetch.clock.offset_ms);
    if (corrected || given->order.named != x->name_sent ||
        !br_clock_recent(given->order.now_ms, br_skew_now_ms(skew, x->fetch.engine),
                         BR_SIGNATURE_LIFE_MS))
        return br_outside_wanted(error);
    br_outside outside = outside_of(s);
    return br_outside_request(&outside, &given->order,
                              (br_slice){(const char *)given->bytes, given->n}, out, error);
}

static bool build(void *user, int64_t now_ms, br_request *out, br_error *error)
{
    exchange *x = user;
    const roles_anywhere *s = x->source;
    br_ra_params params = s->params;
    if (now_ms > br_x509_not_after_ms(s->x509)) {
        explain_expiry(s, error);
        return false;
    }
    if (s->signs_outside)
        return build_outside(x, out, error);
    if (!x->name_sent)
        params.session_name = (br_slice){NULL, 0};
    bool ok = br_ra_request(br_engine_digest(x->fetch.engine), &params, s->x509, &s->endpoint,
                            now_ms, out, NULL, error);
    x->fetch.retryable = !ok; /* a key in a device that may come back: an old set serves as yet */
    return ok;
}

static bool cure(void *user, int status, const br_error *told)
{
    exchange *x = user;
    if (!x->name_sent || !br_ra_session_name_refused(status, br_slice_of(told->message)))
        return false;
    x->name_refused = true;
    x->name_sent = false;
    return true;
}

static const char *likely_causes(int status)
{
    if (status == 404)
        return ". Check that profile_arn and trust_anchor_arn exist in this region and account";
    if (status != 401 && status != 403)
        return "";
    return ". Check that the trust anchor is enabled and its CA issued the certificate (with any "
           "intermediates in certificate_chain); that the profile is enabled and lists the role; "
           "that the role's trust policy allows rolesanywhere.amazonaws.com sts:AssumeRole, "
           "sts:TagSession and sts:SetSourceIdentity; that the certificate is not revoked; and "
           "that this machine's clock is right";
}

/* Also where the ARNs are of another region than the one that was asked. */
static void advise(void *user, int status, br_buf *message)
{
    const exchange *x = user;
    const br_settings *s = &x->source->base.config->settings;
    br_slice region;
    br_option option;
    if (status < 500 && status != 429 && br_settings_foreign_arns(s, &region, &option))
        br_buf_addf(message,
                    ". profile_arn and trust_anchor_arn are in region %.*s but Roles Anywhere was "
                    "called in %s: set %s = \"%.*s\"",
                    (int)region.n, region.p, s->ra_region, br_option_name(option), (int)region.n,
                    region.p);
    br_buf_adds(message, likely_causes(status));
}

/* A name that was refused is noted; one that was accepted clears the note. */
static void exchanged(void *user)
{
    exchange *x = user;
    br_fetch *f = &x->fetch;
    const br_credentials *set =
        f->answered ? br_ra_answer(br_buf_slice(&f->body), &f->error) : NULL;
    br_source_result result = {
        .credentials = set,
        .error = &f->error,
        .retryable = f->retryable,
        .noted = x->name_refused || (set != NULL && x->name_sent),
    };
    if (x->signature.order.clock_ms != 0)
        br_outside_judge(&x->source->desk, f->answered, &f->config->skew);
    if (x->name_refused)
        result.note_ms = br_skew_now_ms(&f->config->skew, f->engine);
    x->order.done(x->order.user, &result);
    br_credentials_unref(set);
}

/* NULL: error set. */
static exchange *new_exchange(roles_anywhere *s, const br_source_order *order, br_error *error)
{
    int64_t now_ms = br_skew_now_ms(&s->base.config->skew, order->engine);
    exchange *x = calloc(1, sizeof *x);
    if (x == NULL) {
        br_error_set(error, BR_ERR_TRANSPORT, "NoMemory", "out of memory");
        return NULL;
    }
    x->source = s;
    x->order = *order;
    x->name_sent = br_session_name_ordered(&s->params, order->fresh, order->note_ms, now_ms);
    if (!s->signs_outside)
        return x;
    bool taken = br_outside_take(&s->desk, now_ms, &x->signature);
    x->name_sent = x->signature.order.named;
    if (taken)
        return x;
    br_outside_wanted(error);
    free(x);
    return NULL;
}

static void *begin(br_source *base, const br_source_order *order, br_error *error)
{
    static const br_fetch_ops fetch_ops = {build, cure, advise, exchanged};
    roles_anywhere *s = (roles_anywhere *)base;
    const br_ra_params *p = &s->params;
    exchange *x = new_exchange(s, order, error);
    if (x == NULL)
        return NULL;
    memcpy(
        x->echoes,
        (br_slice[]){p->profile_arn, p->role_arn, p->trust_anchor_arn, p->region, p->session_name},
        sizeof x->echoes);
    x->fetch = (br_fetch){
        .engine = order->engine,
        .trace = order->trace,
        .config = base->config,
        .endpoint = &s->endpoint,
        .net = s->net,
        .service = "IAM Roles Anywhere",
        .operation = "CreateSession",
        .known = {x->echoes, sizeof x->echoes / sizeof *x->echoes, false},
        .ops = &fetch_ops,
        .user = x,
    };
    if (br_fetch_start(&x->fetch))
        return x;
    *error = x->fetch.error;
    base->ops->stop(x);
    return NULL;
}

static void stop(void *acquisition)
{
    exchange *x = acquisition;
    br_fetch_stop(&x->fetch);
    free(x);
}

static bool identity(const br_source *base, uint8_t out[BR_IDENTITY_SIZE])
{
    const roles_anywhere *s = (const roles_anywhere *)base;
    br_digest *crypto = br_digest_new();
    bool ok = crypto != NULL && br_identity(crypto, &s->params, s->x509, &s->endpoint, out);
    if (ok && s->signs_outside)
        out[0] ^= 0xFF; /* whoever has the key must not wait for who has to ask for signatures */
    br_digest_free(crypto);
    return ok;
}

static bool key_material(const br_source *base, br_buf *out)
{
    return br_x509_key_material(((const roles_anywhere *)base)->x509, out);
}

/* Takes x509 over. NULL: no memory. */
static roles_anywhere *with_certificate(br_config *config, br_x509 *x509,
                                        const br_certificate_files_stamps *stamps)
{
    const br_settings *t = &config->settings;
    roles_anywhere *s = calloc(1, sizeof *s);
    if (s == NULL) {
        br_x509_unref(x509);
        return NULL;
    }
    br_source_init(&s->base, &ops, config);
    s->params = (br_ra_params){
        .profile_arn = br_settings_text(t, BR_OPT_PROFILE_ARN),
        .role_arn = br_settings_text(t, BR_OPT_ROLE_ARN),
        .trust_anchor_arn = br_settings_text(t, BR_OPT_TRUST_ANCHOR_ARN),
        .region = br_slice_of(t->ra_region),
        .session_name = br_settings_text(t, BR_OPT_SESSION_NAME),
        .duration_s = (int)br_settings_number(t, BR_OPT_DURATION),
    };
    s->x509 = x509;
    s->stamps = *stamps;
    s->signs_outside = t->has_function[BR_OPT_SIGN];
    return s;
}

/*
** No lock is held while files are read and keys are decrypted: that takes long, and others make
** calls meanwhile, or fork. Where two do it at once, the stamps of whoever comes last tell whether
** what that one read is out of date.
*/
static br_source *renewed(br_source *base, int64_t now_ms)
{
    roles_anywhere *s = (roles_anywhere *)base, *fresh = NULL;
    const br_settings *settings = &base->config->settings;
    br_problems problems;
    br_registry_enter();
    br_certificate_files_stamps stamps = s->stamps;
    br_registry_leave();
    if (!br_certificate_files_changed(settings, &stamps))
        return NULL;
    br_problems_init(&problems);
    br_x509 *x509 = br_certificate_files_load(settings, now_ms, &stamps, &problems);
    if (x509 != NULL && (fresh = with_certificate(base->config, x509, &stamps)) != NULL) {
        fresh->endpoint = s->endpoint;
        fresh->net = s->net;
        fresh->base.renewable = true;
    } else if (x509 == NULL) {
        br_registry_enter();
        s->stamps = stamps;
        s->problem[0] = '\0';
        if (problems.count > 0)
            snprintf(s->problem, sizeof s->problem, "%s: %s", problems.items[0].path,
                     problems.items[0].message);
        br_registry_leave();
    }
    br_problems_free(&problems);
    return fresh != NULL ? &fresh->base : NULL;
}

static void release(br_source *base)
{
    roles_anywhere *s = (roles_anywhere *)base;
    br_x509_unref(s->x509);
    free(s);
}

static const br_source_ops ops = {NULL, begin, stop, identity, key_material, renewed, release};

/* Otherwise the check of settings has said what is wrong, and loading would only say it again. */
static br_x509 *load_x509(br_settings *settings, const br_platform *platform,
                          br_certificate_files_stamps *stamps, br_problems *problems)
{
    br_x509 *x = NULL;
    memset(stamps, 0, sizeof *stamps);
    if (br_certificate_files_single(settings, problems))
        x = br_certificate_files_load(settings, platform->wall_ms(platform->user), stamps,
                                      problems);
    br_certificate_files_forget(settings);
    return x;
}

static bool find_endpoint(roles_anywhere *s, const br_model *model, br_problems *problems)
{
    br_error error;
    unsigned service = (unsigned)br_model_service(model, BR_SLICE("rolesanywhere"));
    s->net = br_config_net(s->base.config, model, service);
    return br_config_endpoint(s->base.config, model, service, &s->endpoint, &error) ||
           br_problems_add(problems, "conflict", BR_SLICE("roles_anywhere_region"), "%s",
                           error.message);
}

br_source *br_roles_anywhere_new(const br_source_input *in, br_problems *problems)
{
    br_config *config = in->config;
    br_certificate_files_stamps stamps;
    bool renewable = br_certificate_files_all_files(&config->settings);
    br_x509 *x509 = load_x509(&config->settings, in->platform, &stamps, problems);
    if (br_problems_any(problems)) {
        br_x509_unref(x509);
        return NULL;
    }
    roles_anywhere *s = with_certificate(config, x509, &stamps);
    if (s == NULL) {
        br_problems_add(problems, "file", (br_slice){"", 0}, "out of memory");
        return NULL;
    }
    s->base.renewable = renewable;
    if (find_endpoint(s, in->model, problems))
        return &s->base;
    br_source_unref(&s->base);
    return NULL;
}

const br_x509 *br_roles_anywhere_x509(const br_source *s)
{
    return s != NULL && s->ops == &ops ? ((const roles_anywhere *)s)->x509 : NULL;
}

br_outside_desk *br_roles_anywhere_desk(br_source *base, br_outside *what)
{
    roles_anywhere *s = (roles_anywhere *)base;
    if (base->ops != &ops || !s->signs_outside)
        return NULL;
    *what = outside_of(s);
    return &s->desk;
}

void br_roles_anywhere_problem(const br_source *s, char problem[BR_RENEWAL_PROBLEM_MAX])
{
    br_registry_enter();
    memcpy(problem, ((const roles_anywhere *)s)->problem, BR_RENEWAL_PROBLEM_MAX);
    br_registry_leave();
}
