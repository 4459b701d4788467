/* Settings beside credentials, as far as the options leave them open. */
#include <stdio.h>

#include "core/base/ascii.h"
#include "core/text/printable.h"
#include "core/ways/ways.h"

#define WHERE_MAX 300
#define VARIABLE_MAX (sizeof "AWS_ENDPOINT_URL_" + BR_SERVICE_ID_MAX)

typedef struct fill {
    const br_ways *ways;
    br_settings *settings;
    const br_model *model;
    br_problems *problems;
} fill;

/* A value, and where it stands, for messages. */
typedef struct value {
    br_slice text;
    char where[WHERE_MAX];
} value;

static bool from_variable(const fill *f, const char *variable, value *out)
{
    out->text = br_variable(&f->ways->variables, variable);
    snprintf(out->where, sizeof out->where, "the variable %s", variable);
    return out->text.n > 0;
}

static bool from_profile(const fill *f, const char *key, value *out)
{
    out->text = br_ways_get(f->ways, f->ways->profile, key);
    snprintf(out->where, sizeof out->where, "%s of profile \"%s\"", key,
             br_print(f->ways->profile).text);
    return out->text.n > 0;
}

static bool find(const fill *f, const char *variable, const char *key, value *out)
{
    return from_variable(f, variable, out) || from_profile(f, key, out);
}

static bool given(const fill *f, br_option o)
{
    return f->settings->given[o];
}

/* What is wrong with a value, and where it stands; under the option that it is in place of. */
static bool pass_on(const fill *f, const value *v, br_problems *own)
{
    for (size_t i = 0; i < own->count; i++)
        br_problems_add(f->problems, own->items[i].kind, br_slice_of(own->items[i].path), "%s: %s",
                        v->where, own->items[i].message);
    bool sound = !br_problems_any(own);
    br_problems_free(own);
    return sound;
}

static bool set_text(const fill *f, br_option o, const value *v)
{
    br_problems own;
    br_problems_init(&own);
    br_settings_set_text(f->settings, br_slice_of(br_option_name(o)), v->text, &own);
    f->settings->given[o] = false;
    return pass_on(f, v, &own);
}

/* One that AWS has since opened may be missing in our list. */
static bool fill_region(const fill *f)
{
    value v;
    if (given(f, BR_OPT_REGION) || given(f, BR_OPT_CUSTOM_REGION))
        return true;
    if (!from_variable(f, "AWS_REGION", &v) && !find(f, "AWS_DEFAULT_REGION", "region", &v))
        return true;
    return set_text(f, br_region_known(v.text) ? BR_OPT_REGION : BR_OPT_CUSTOM_REGION, &v);
}

static bool fill_ca(const fill *f)
{
    value v;
    return given(f, BR_OPT_CA_FILE) || !find(f, "AWS_CA_BUNDLE", "ca_bundle", &v) ||
           set_text(f, BR_OPT_CA_FILE, &v);
}

/* Of the token nothing is shown. */
static bool fill_bearer(const fill *f)
{
    value v;
    if (given(f, BR_OPT_API_KEY) || !from_variable(f, "AWS_BEARER_TOKEN_BEDROCK", &v))
        return true;
    for (size_t i = 0; i < v.text.n; i++)
        if (v.text.p[i] <= ' ' || v.text.p[i] > '~' || i >= BR_SESSION_TOKEN_MAX)
            return br_problems_add(f->problems, "pattern", BR_SLICE("api_key"),
                                   "%s is too long, or contains a space, a control character or a "
                                   "non-ASCII character",
                                   v.where);
    return set_text(f, BR_OPT_API_KEY, &v);
}

/* "true" in any case; all else is false, as botocore has it. */
static bool is_true(const value *v)
{
    return br_slice_eq_nocase(v->text, BR_SLICE("true"));
}

static void fill_flag(const fill *f, br_option o, const char *variable, const char *key)
{
    value v;
    if (!given(f, o) && find(f, variable, key, &v))
        f->settings->flag[o - BR_OPT_ALLOW_HTTP] = is_true(&v);
}

/* Digits alone; 0: no number that is allowed. */
static int attempts_of(br_slice text)
{
    int number = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (!br_is_digit(text.p[i]))
            return 0;
        number = number * 10 + text.p[i] - '0';
        if (number > BR_MAX_ATTEMPTS_MAX)
            return 0;
    }
    return number;
}

static bool fill_attempts(const fill *f)
{
    value v;
    if (given(f, BR_OPT_MAX_ATTEMPTS) || !find(f, "AWS_MAX_ATTEMPTS", "max_attempts", &v))
        return true;
    int number = attempts_of(v.text);
    if (number == 0)
        return br_problems_add(f->problems, "type", BR_SLICE("max_attempts"),
                               "%s must be a number from 1 to %d", v.where, BR_MAX_ATTEMPTS_MAX);
    f->settings->number[BR_OPT_MAX_ATTEMPTS - BR_OPT_DURATION] = number;
    return true;
}

/* Endpoints. "" is the service that stands for all. */

static bool has_endpoint(const fill *f, br_slice service)
{
    for (size_t i = 0; i < f->settings->endpoint_count; i++)
        if (br_slice_eqs(service, f->settings->endpoints[i].service))
            return true;
    return false;
}

/* m: whose service it is; NULL: for all. */
static bool add_endpoint(const fill *f, const br_model *m, br_slice service, const value *v)
{
    br_problems own;
    bool by_option = given(f, BR_OPT_ENDPOINT);
    if (has_endpoint(f, service))
        return true;
    br_problems_init(&own);
    if (m == NULL)
        br_settings_set_text(f->settings, BR_SLICE("endpoint"), v->text, &own);
    else
        br_settings_set_endpoint(f->settings, m, service, v->text, &own);
    f->settings->given[BR_OPT_ENDPOINT] = by_option;
    return pass_on(f, v, &own);
}

/* "bedrock-runtime" as BEDROCK_RUNTIME, after a prefix. */
static void name_variable(char out[VARIABLE_MAX], const char *prefix, br_slice id, bool upper)
{
    size_t at = (size_t)snprintf(out, VARIABLE_MAX, "%s", prefix);
    for (size_t i = 0; i < id.n && at + 1 < VARIABLE_MAX; i++, at++) {
        char c = id.p[i] == '-' ? '_' : id.p[i];
        out[at] = upper && c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    out[at] = '\0';
}

static bool service_variable(const fill *f, br_slice id, value *v)
{
    char name[VARIABLE_MAX];
    name_variable(name, "AWS_ENDPOINT_URL_", id, true);
    return from_variable(f, name, v);
}

static bool service_setting(const fill *f, br_slice services, br_slice id, value *v)
{
    char key[VARIABLE_MAX];
    name_variable(key, "", id, false);
    v->text = br_ini_nested(br_shared_get(&f->ways->files, BR_SECTION_SERVICES, services, key),
                            BR_SLICE("endpoint_url"));
    snprintf(v->where, sizeof v->where, "%s of [services %s]", key, br_print(services).text);
    return v->text.n > 0;
}

/* A variable for the service, one for all, the services section, the profile's own. */
static bool fill_service(const fill *f, br_slice services, bool for_all, const br_model *m,
                         uint32_t service)
{
    value v;
    br_slice id = br_model_name(m, m->services[service].id);
    if (service_variable(f, id, &v) ||
        (!for_all && services.n > 0 && service_setting(f, services, id, &v)))
        return add_endpoint(f, m, id, &v);
    return true;
}

static bool endpoints_ignored(const fill *f)
{
    value v;
    return has_endpoint(f, BR_SLICE("")) ||
           (find(f, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls", &v) &&
            is_true(&v));
}

static bool fill_endpoints(const fill *f)
{
    value all, section;
    if (endpoints_ignored(f))
        return true;
    bool variable = from_variable(f, "AWS_ENDPOINT_URL", &all);
    bool named = from_profile(f, "services", &section);
    if (named && !variable && !br_shared_has(&f->ways->files, BR_SECTION_SERVICES, section.text))
        return br_problems_add(f->problems, "file", BR_SLICE("profile"),
                               "%s is \"%s\", but there is no [services %s]", section.where,
                               br_print(section.text).text, br_print(section.text).text);
    bool ok = true;
    for (uint32_t i = 0; i < f->model->service_count; i++)
        ok &= fill_service(f, section.text, variable, f->model, i);
    for (uint32_t i = 0; i < br_model_routes.service_count; i++)
        ok &= fill_service(f, section.text, variable, &br_model_routes, i);
    if (variable || from_profile(f, "endpoint_url", &all))
        ok &= add_endpoint(f, NULL, BR_SLICE(""), &all);
    return ok;
}

bool br_ways_settings(const br_ways *w, br_settings *s, const br_model *m, br_problems *p)
{
    fill f = {w, s, m, p};
    fill_flag(&f, BR_OPT_USE_FIPS, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
    fill_flag(&f, BR_OPT_USE_DUALSTACK, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
    bool ok = fill_region(&f);
    ok &= fill_ca(&f);
    ok &= fill_bearer(&f);
    ok &= fill_attempts(&f);
    return fill_endpoints(&f) && ok;
}
