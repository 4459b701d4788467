#include "engine/config.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "core/aws/endpoint.h"
#include "core/x509/x509.h"
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
                                                              : "contains no PEM certificate");
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

static void load_identity(br_config *c, const br_platform *platform, br_problems *problems)
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
        c->identity = br_tls_identity_load(&in, platform->wall_ms(platform->user), problems);
    }
    br_buf_free(&certificate);
    br_buf_free(&key);
    br_settings_forget(s, BR_OPT_CLIENT_CERTIFICATE);
    br_settings_forget(s, BR_OPT_CLIENT_KEY);
    br_settings_forget(s, BR_OPT_CLIENT_KEY_PASSWORD);
}

static void read_settings(br_config *c)
{
    br_settings *s = &c->settings;
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

br_config *br_config_new(br_settings *settings, const br_model *model, const br_platform *platform,
                         br_problems *problems)
{
    br_config *c = calloc(1, sizeof(*c));
    if (c == NULL) {
        br_settings_free(settings);
        br_problems_add(problems, "file", (br_slice){"", 0}, "out of memory");
        return NULL;
    }
    atomic_init(&c->refs, 1);
    atomic_init(&c->skew.ms, 0);
    atomic_init(&c->skew.known, false);
    atomic_init(&c->redis_rests_until_ms, 0);
    c->settings = *settings;
    br_settings_init(settings);
    bool known = br_settings_find_auth(&c->settings, NULL);
    if (known && br_ways_has_files(&c->settings))
        c->stamps = br_ways_stamps_of(&c->settings);
    if (known)
        br_ways_find(&c->settings, model, platform->wall_ms(platform->user), problems);
    read_settings(c);
    br_settings_check(&c->settings, model, problems);
    check_ca_file(&c->settings, problems);
    check_proxy(&c->settings, problems);
    load_identity(c, platform, problems);
    return c;
}

br_config *br_config_ref(br_config *c)
{
    atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return c;
}

void br_config_unref(br_config *c)
{
    if (c == NULL || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
        return;
    br_settings_free(&c->settings);
    br_tls_identity_free(c->identity);
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

bool br_config_has_endpoint(const br_config *c, const br_model *model, unsigned service)
{
    return own_endpoint(&c->settings, br_model_name(model, model->services[service].id)) != NULL;
}

br_net br_config_net(const br_config *c, const br_model *model, unsigned service)
{
    br_net net = c->net;
    if (c->identity != NULL && br_config_has_endpoint(c, model, service))
        net.identity = c->identity;
    return net;
}

bool br_config_endpoint_in(const br_config *c, const br_model *model, unsigned service,
                           br_slice region, br_url *out, br_error *error)
{
    const br_settings *s = &c->settings;
    const br_url *own = own_endpoint(s, br_model_name(model, model->services[service].id));
    if (own != NULL) {
        *out = *own;
        return true;
    }
    return br_endpoint_resolve(model, service, region, br_settings_flag(s, BR_OPT_USE_FIPS),
                               br_settings_flag(s, BR_OPT_USE_DUALSTACK), out, error);
}

bool br_config_endpoint(const br_config *c, const br_model *model, unsigned service, br_url *out,
                        br_error *error)
{
    br_slice id = br_model_name(model, model->services[service].id);
    const char *region =
        br_slice_eqs(id, "rolesanywhere") ? c->settings.ra_region : c->settings.region;
    return br_config_endpoint_in(c, model, service, br_slice_of(region), out, error);
}
