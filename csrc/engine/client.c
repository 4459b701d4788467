#include "engine/client.h"

#include <stdlib.h>
#include <string.h>

#include "engine/provider.h"
#include "engine/read_file.h"

#define FILE_MAX (BR_PEM_INPUT_MAX + 8192)

/* The four texts that a certificate comes from, each read from its file if it is a path. */
enum { CERTIFICATE, PRIVATE_KEY, CHAIN, PKCS12, MATERIALS };

static const br_option material_options[MATERIALS] = {
    [CERTIFICATE] = BR_OPT_CERTIFICATE,
    [PRIVATE_KEY] = BR_OPT_PRIVATE_KEY,
    [CHAIN] = BR_OPT_CERTIFICATE_CHAIN,
    [PKCS12] = BR_OPT_PKCS12,
};

static bool read_material(const br_settings *s, br_option o, br_buf *out, br_problems *problems)
{
    br_slice text = br_settings_text(s, o);
    if (text.p == NULL)
        return true;
    if (!br_looks_like_data(text))
        return br_read_file(br_option_name(o), text.p, out, problems);
    return br_buf_add_slice(out, text);
}

/* {NULL, 0} if the option is not set; an empty file is given and empty. */
static br_slice material(const br_settings *s, br_option o, const br_buf *b)
{
    return br_settings_text(s, o).p == NULL ? (br_slice){NULL, 0} : br_buf_slice(b);
}

static br_x509 *load_x509(const br_settings *s, int64_t now_ms, br_problems *problems)
{
    br_buf text[MATERIALS];
    br_x509 *x = NULL;
    bool ok = true;
    for (int i = 0; i < MATERIALS; i++) {
        br_buf_init_secret(&text[i], FILE_MAX);
        ok &= read_material(s, material_options[i], &text[i], problems);
    }
    if (ok) {
        br_x509_input in = {
            .certificate = material(s, BR_OPT_CERTIFICATE, &text[CERTIFICATE]),
            .private_key = material(s, BR_OPT_PRIVATE_KEY, &text[PRIVATE_KEY]),
            .certificate_chain = material(s, BR_OPT_CERTIFICATE_CHAIN, &text[CHAIN]),
            .pkcs12 = material(s, BR_OPT_PKCS12, &text[PKCS12]),
            .password = br_settings_text(s, BR_OPT_PRIVATE_KEY_PASSWORD),
        };
        x = br_x509_load(&in, now_ms, problems);
    }
    for (int i = 0; i < MATERIALS; i++)
        br_buf_free(&text[i]);
    return x;
}

/* The key lives on inside x509 only. */
static void forget_material(br_settings *s)
{
    for (int i = 0; i < MATERIALS; i++)
        br_settings_forget(s, material_options[i]);
    br_settings_forget(s, BR_OPT_PRIVATE_KEY_PASSWORD);
}

/* libcurl would report a bad bundle only in the first call, and vaguely. */
static void check_ca_file(const br_settings *s, br_problems *problems)
{
    br_buf text;
    br_slice path = br_settings_text(s, BR_OPT_CA_FILE);
    if (path.p == NULL)
        return;
    br_buf_init(&text, FILE_MAX * 16);
    if (br_read_file("ca_file", path.p, &text, problems) &&
        strstr(text.data ? text.data : "", "-----BEGIN ") == NULL)
        br_problems_add(problems, "file", BR_SLICE("ca_file"),
                        "\"%.300s\" holds no PEM certificate", path.p);
    br_buf_free(&text);
}

static br_ra_params ra_params(const br_settings *s)
{
    return (br_ra_params){
        .profile_arn = br_settings_text(s, BR_OPT_PROFILE_ARN),
        .role_arn = br_settings_text(s, BR_OPT_ROLE_ARN),
        .trust_anchor_arn = br_settings_text(s, BR_OPT_TRUST_ANCHOR_ARN),
        .region = br_slice_of(s->ra_region),
        .session_name = br_settings_text(s, BR_OPT_SESSION_NAME),
        .duration_s = (int)br_settings_number(s, BR_OPT_DURATION),
    };
}

static void take_settings(br_client *c, br_settings *settings)
{
    br_settings *s = &c->settings;
    *s = *settings;
    br_settings_init(settings);
    c->timeouts = (br_timeouts){
        .connect_ms = (int)br_settings_number(s, BR_OPT_CONNECT_TIMEOUT),
        .read_ms = (int)br_settings_number(s, BR_OPT_READ_TIMEOUT),
        .first_byte_ms = (int)br_settings_number(s, BR_OPT_FIRST_BYTE_TIMEOUT),
        .total_ms = (int)br_settings_number(s, BR_OPT_TOTAL_TIMEOUT),
    };
    c->net = (br_net){s->text[BR_OPT_CA_FILE], s->proxy, s->proxy_off};
    c->max_attempts = (int)br_settings_number(s, BR_OPT_MAX_ATTEMPTS);
    c->retry_timeouts = br_settings_flag(s, BR_OPT_RETRY_TIMEOUTS);
}

/* Otherwise the check of settings has said so, and loading would only say it again. */
static bool one_source_of_certificate(const br_settings *s, const br_problems *problems)
{
    for (int i = 0; i < MATERIALS; i++)
        if (br_problems_at(problems, br_option_name(material_options[i])))
            return false;
    bool pkcs12 = br_settings_text(s, BR_OPT_PKCS12).p != NULL;
    return pkcs12 != (br_settings_text(s, BR_OPT_CERTIFICATE).p != NULL);
}

static bool load_identity(br_client *c, const br_model *model, const br_host *host,
                          br_problems *problems)
{
    br_error error;
    int service = br_model_service(model, BR_SLICE("rolesanywhere"));
    if (one_source_of_certificate(&c->settings, problems))
        c->x509 = load_x509(&c->settings, host->wall_ms(host->user), problems);
    forget_material(&c->settings);
    c->ra = ra_params(&c->settings);
    if (br_problems_any(problems))
        return false;
    if (!br_client_endpoint(c, model, (unsigned)service, &c->ra_endpoint, &error))
        return br_problems_add(problems, "conflict", BR_SLICE("roles_anywhere_region"), "%s",
                               error.message);
    return true;
}

static bool load(br_client *c, const br_model *model, const br_host *host, br_problems *problems)
{
    bool sound = br_settings_check(&c->settings, model, problems);
    check_ca_file(&c->settings, problems);
    if (c->settings.auth == BR_AUTH_ROLES_ANYWHERE)
        sound &= load_identity(c, model, host, problems);
    if (!sound || br_problems_any(problems))
        return false;
    if (c->settings.auth == BR_AUTH_API_KEY)
        return true;
    c->provider = br_provider_for_client(c);
    return c->provider != NULL ||
           br_problems_add(problems, "file", (br_slice){"", 0}, "out of memory");
}

br_client *br_client_new(br_settings *settings, const br_model *model, const br_host *host,
                         br_problems *problems)
{
    br_client *c = calloc(1, sizeof(*c));
    if (c == NULL) {
        br_settings_free(settings);
        br_problems_add(problems, "file", (br_slice){"", 0}, "out of memory");
        return NULL;
    }
    atomic_init(&c->refs, 1);
    atomic_init(&c->clock_offset_ms, 0);
    atomic_init(&c->clock_offset_known, false);
    pthread_mutex_init(&c->lock, NULL);
    br_retry_quota_init(&c->quota);
    take_settings(c, settings);
    if (load(c, model, host, problems))
        return c;
    br_client_unref(c);
    return NULL;
}

br_client *br_client_ref(br_client *c)
{
    atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return c;
}

void br_client_unref(br_client *c)
{
    if (c == NULL || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
        return;
    br_provider_unref(c->provider);
    br_x509_unref(c->x509);
    br_settings_free(&c->settings);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

/* A URL given for the service itself goes before one given for all. */
static const br_url *own_endpoint(const br_settings *s, br_slice service)
{
    const br_url *for_all = NULL;
    for (size_t i = 0; i < s->endpoint_count; i++) {
        if (br_slice_eqs(service, s->endpoints[i].service))
            return &s->endpoints[i].url;
        if (s->endpoints[i].service[0] == '\0')
            for_all = &s->endpoints[i].url;
    }
    return for_all;
}

bool br_client_endpoint(const br_client *c, const br_model *model, unsigned service, br_url *out,
                        br_error *error)
{
    const br_settings *s = &c->settings;
    br_slice id = br_model_name(model, model->services[service].id);
    const br_url *own = own_endpoint(s, id);
    if (own != NULL) {
        *out = *own;
        return true;
    }
    bool roles_anywhere = br_slice_eqs(id, "rolesanywhere");
    return br_endpoint_resolve(model, service,
                               br_slice_of(roles_anywhere ? s->ra_region : s->region),
                               br_settings_flag(s, BR_OPT_USE_FIPS),
                               br_settings_flag(s, BR_OPT_USE_DUALSTACK), out, error);
}

int64_t br_client_now_ms(const br_client *c, const br_engine *e)
{
    return br_engine_wall_ms(e) + atomic_load(&c->clock_offset_ms);
}

void br_client_clock_sample(br_client *c, int64_t server_ms, int64_t local_ms)
{
    atomic_store(&c->clock_offset_ms, server_ms - local_ms);
    atomic_store(&c->clock_offset_known, true);
}
