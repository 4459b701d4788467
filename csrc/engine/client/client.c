#include "engine/client/client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/aws/endpoint.h"
#include "engine/credentials/provider.h"
#include "engine/files/read_file.h"

#define CA_FILE_MAX ((size_t)16 * 1024 * 1024)

/* libcurl would report a bad bundle only in the first call, and vaguely. */
static void check_ca_file(const br_settings *s, br_problems *problems)
{
    br_buf text;
    br_slice path = br_settings_text(s, BR_OPT_CA_FILE);
    if (path.p == NULL)
        return;
    br_buf_init(&text, CA_FILE_MAX);
    if (br_read_file("ca_file", path.p, &text, problems) && !br_x509_is_in(br_buf_slice(&text)))
        br_problems_add(problems, "file", BR_SLICE("ca_file"), "\"%.300s\" %s", path.p,
                        br_x509_is_utf16(br_buf_slice(&text)) ? "is UTF-16 text: save it as UTF-8"
                                                              : "holds no PEM certificate");
    br_buf_free(&text);
}

/* As libcurl will read it. The URL is not shown: it may hold a password. */
static void check_proxy(const br_settings *s, br_problems *problems)
{
    char *port = NULL;
    CURLU *url = s->proxy != NULL ? curl_url() : NULL;
    if (url == NULL)
        return;
    CURLUcode code = curl_url_set(url, CURLUPART_URL, s->proxy, CURLU_NON_SUPPORT_SCHEME);
    if (code == CURLUE_OK && curl_url_get(url, CURLUPART_PORT, &port, 0) == CURLUE_OK &&
        strcmp(port, "0") == 0)
        code = CURLUE_BAD_PORT_NUMBER;
    if (code != CURLUE_OK)
        br_problems_add(problems, "pattern", BR_SLICE("proxy"), "cannot be used: %s",
                        code == CURLUE_BAD_PORT_NUMBER ? "its port is not a number from 1 to 65535"
                                                       : curl_url_strerror(code));
    curl_free(port);
    curl_url_cleanup(url);
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
    c->net = (br_net){
        .ca_file = s->text[BR_OPT_CA_FILE], .proxy = s->proxy, .no_proxy_at_all = s->proxy_off};
    c->max_attempts = (int)br_settings_number(s, BR_OPT_MAX_ATTEMPTS);
    c->retry_timeouts = br_settings_flag(s, BR_OPT_RETRY_TIMEOUTS);
}

/* Otherwise the check of settings has said what is wrong, and loading would only say it again. */
static br_x509 *load_x509(br_client *c, const br_host *host, br_problems *problems)
{
    br_x509 *x = NULL;
    if (br_certificate_files_single(&c->settings, problems))
        x = br_certificate_files_load(&c->settings, host->wall_ms(host->user), &c->stamps,
                                      problems);
    c->renewable = br_certificate_files_all_files(&c->settings);
    br_certificate_files_forget(&c->settings);
    return x;
}

/* One of the options: its text, or the file that it names. */
static bool read_pem(const br_settings *s, br_option o, br_buf *out, br_problems *problems)
{
    br_slice text = br_settings_text(s, o);
    br_buf_init_secret(out, BR_TLS_IDENTITY_MAX);
    if (text.p == NULL)
        return true;
    if (!br_looks_like_data(text))
        return br_read_file(br_option_name(o), text.p, out, problems);
    return br_buf_add_slice(out, text) ||
           br_problems_add(problems, "file", br_slice_of(br_option_name(o)), "out of memory");
}

static void load_identity(br_client *c, const br_host *host, br_problems *problems)
{
    br_settings *s = &c->settings;
    br_buf certificate, key;
    bool given = s->text[BR_OPT_CLIENT_CERTIFICATE] != NULL;
    bool read = read_pem(s, BR_OPT_CLIENT_CERTIFICATE, &certificate, problems);
    read &= read_pem(s, BR_OPT_CLIENT_KEY, &key, problems);
    if (given && read) {
        br_tls_identity_input in = {
            .certificate = br_buf_slice(&certificate),
            .key = s->text[BR_OPT_CLIENT_KEY] != NULL ? br_buf_slice(&key) : (br_slice){NULL, 0},
            .password = br_settings_text(s, BR_OPT_CLIENT_KEY_PASSWORD),
        };
        c->identity = br_tls_identity_load(&in, host->wall_ms(host->user), problems);
    }
    br_buf_free(&certificate);
    br_buf_free(&key);
    br_settings_forget(s, BR_OPT_CLIENT_CERTIFICATE);
    br_settings_forget(s, BR_OPT_CLIENT_KEY);
    br_settings_forget(s, BR_OPT_CLIENT_KEY_PASSWORD);
}

static bool load_endpoint(br_client *c, const br_model *model, br_problems *problems)
{
    br_error error;
    int service = br_model_service(model, BR_SLICE("rolesanywhere"));
    c->ra = ra_params(&c->settings);
    c->ra_net = br_client_net(c, model, (unsigned)service);
    return br_problems_any(problems) ||
           br_client_endpoint(c, model, (unsigned)service, &c->ra_endpoint, &error) ||
           br_problems_add(problems, "conflict", BR_SLICE("roles_anywhere_region"), "%s",
                           error.message);
}

/* Takes x over. NULL: no memory. */
static br_principal *principal_with(const br_client *c, br_x509 *x)
{
    br_provider *provider = NULL;
    if (c->settings.auth != BR_AUTH_API_KEY && c->settings.auth != BR_AUTH_UNSIGNED) {
        provider = br_provider_for_client(c, x);
        if (provider == NULL) {
            br_x509_unref(x);
            return NULL;
        }
    }
    return br_principal_new(x, provider);
}

static bool load(br_client *c, const br_model *model, const br_host *host, br_problems *problems)
{
    br_x509 *x = NULL;
    bool sound = br_settings_check(&c->settings, model, problems);
    check_ca_file(&c->settings, problems);
    check_proxy(&c->settings, problems);
    load_identity(c, host, problems);
    if (c->settings.auth == BR_AUTH_ROLES_ANYWHERE) {
        x = load_x509(c, host, problems);
        sound &= load_endpoint(c, model, problems);
    }
    if (!sound || br_problems_any(problems)) {
        br_x509_unref(x);
        return false;
    }
    c->principal = principal_with(c, x);
    return c->principal != NULL ||
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
    atomic_init(&c->spare, NULL);
    atomic_init(&c->free_spare, NULL);
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

static void free_spare(br_client *c)
{
    void (*release)(struct br_call *) = atomic_load(&c->free_spare);
    if (release != NULL)
        release(atomic_load(&c->spare));
}

void br_client_unref(br_client *c)
{
    if (c == NULL || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
        return;
    free_spare(c);
    br_principal_unref(c->principal);
    br_settings_free(&c->settings);
    br_tls_identity_free(c->identity);
    free(c);
}

br_principal *br_client_principal(br_client *c)
{
    if (!c->renewable)
        return br_principal_ref(c->principal);
    br_registry_enter();
    br_principal *p = br_principal_ref(c->principal);
    br_registry_leave();
    return p;
}

bool br_client_session_name_refused(br_client *c)
{
    br_principal *p = br_client_principal(c);
    bool refused = br_provider_session_name_refused(p->provider);
    br_principal_unref(p);
    return refused;
}

/* What the files gave. */
typedef struct renewal {
    br_certificate_files_stamps stamps;
    br_principal *principal; /* NULL: they cannot be used */
    char problem[BR_RENEWAL_PROBLEM_MAX];
} renewal;

static void load_renewed(br_client *c, int64_t now_ms, renewal *r)
{
    br_problems problems;
    br_problems_init(&problems);
    br_x509 *x = br_certificate_files_load(&c->settings, now_ms, &r->stamps, &problems);
    r->principal = x != NULL ? principal_with(c, x) : NULL;
    if (x != NULL && r->principal == NULL)
        memset(&r->stamps, 0, sizeof r->stamps); /* no memory, this time */
    if (problems.count > 0)
        snprintf(r->problem, sizeof r->problem, "%s: %s", problems.items[0].path,
                 problems.items[0].message);
    br_problems_free(&problems);
}

/* Gives back the principal whose place was taken, if any. */
static br_principal *take_renewed(br_client *c, const renewal *r)
{
    br_principal *old = NULL;
    br_registry_enter();
    c->stamps = r->stamps;
    memcpy(c->renewal_problem, r->problem, sizeof c->renewal_problem);
    if (r->principal != NULL) {
        old = c->principal;
        c->principal = r->principal;
    }
    br_registry_leave();
    return old;
}

/*
** No lock is held while files are read and keys are decrypted: that takes long, and others make
** calls meanwhile, or fork. Where two do it at once, the stamps of whoever comes last tell whether
** what that one read is out of date.
*/
void br_client_renew(br_client *c, int64_t now_ms)
{
    if (!c->renewable)
        return;
    br_registry_enter();
    br_certificate_files_stamps known = c->stamps;
    br_registry_leave();
    if (!br_certificate_files_changed(&c->settings, &known))
        return;
    renewal r = {.principal = NULL};
    load_renewed(c, now_ms, &r);
    br_principal_unref(take_renewed(c, &r));
}

void br_client_renewal_problem(br_client *c, char problem[BR_RENEWAL_PROBLEM_MAX])
{
    br_registry_enter();
    memcpy(problem, c->renewal_problem, BR_RENEWAL_PROBLEM_MAX);
    br_registry_leave();
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

bool br_client_has_endpoint(const br_client *c, const br_model *model, unsigned service)
{
    return own_endpoint(&c->settings, br_model_name(model, model->services[service].id)) != NULL;
}

br_net br_client_net(const br_client *c, const br_model *model, unsigned service)
{
    br_net net = c->net;
    if (c->identity != NULL && br_client_has_endpoint(c, model, service))
        net.identity = c->identity;
    return net;
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

void br_client_learn_clock(br_client *c, int64_t offset_ms)
{
    atomic_store(&c->clock_offset_ms, offset_ms);
    atomic_store(&c->clock_offset_known, true);
}
