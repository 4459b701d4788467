#include "core/aws/settings.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "core/aws/foreign_options.h"
#include "core/base/ascii.h"
#include "core/base/owned_text.h"
#include "core/base/whole.h"
#include "core/http/redis_url.h"
#include "core/text/printable.h"

typedef enum option_type {
    TEXT,
    NUMBER,
    FLAG,
    ENDPOINT,
    PROXY,
    CACHE,
    HEADERS,
    PARTS,
    ROLES,
    FUNCTION
} option_type;

static const struct option {
    const char *name;
    option_type type;
} options[BR_OPT_COUNT] = {
    [BR_OPT_AUTH] = {"auth", TEXT},
    [BR_OPT_PROFILE_ARN] = {"profile_arn", TEXT},
    [BR_OPT_ROLE_ARN] = {"role_arn", TEXT},
    [BR_OPT_TRUST_ANCHOR_ARN] = {"trust_anchor_arn", TEXT},
    [BR_OPT_CERTIFICATE] = {"certificate", TEXT},
    [BR_OPT_PRIVATE_KEY] = {"private_key", TEXT},
    [BR_OPT_CERTIFICATE_CHAIN] = {"certificate_chain", TEXT},
    [BR_OPT_PRIVATE_KEY_PASSWORD] = {"private_key_password", TEXT},
    [BR_OPT_PKCS12] = {"pkcs12", TEXT},
    [BR_OPT_OPENSSL_PROVIDERS] = {"openssl_providers", TEXT},
    [BR_OPT_SESSION_NAME] = {"session_name", TEXT},
    [BR_OPT_ROLES_ANYWHERE_REGION] = {"roles_anywhere_region", TEXT},
    [BR_OPT_ROLES_ANYWHERE_CUSTOM_REGION] = {"roles_anywhere_custom_region", TEXT},
    [BR_OPT_ACCESS_KEY_ID] = {"access_key_id", TEXT},
    [BR_OPT_SECRET_ACCESS_KEY] = {"secret_access_key", TEXT},
    [BR_OPT_SESSION_TOKEN] = {"session_token", TEXT},
    [BR_OPT_API_KEY] = {"api_key", TEXT},
    [BR_OPT_REGION] = {"region", TEXT},
    [BR_OPT_CUSTOM_REGION] = {"custom_region", TEXT},
    [BR_OPT_CA_FILE] = {"ca_file", TEXT},
    [BR_OPT_CLIENT_CERTIFICATE] = {"client_certificate", TEXT},
    [BR_OPT_CLIENT_KEY] = {"client_key", TEXT},
    [BR_OPT_CLIENT_KEY_PASSWORD] = {"client_key_password", TEXT},
    [BR_OPT_CACHE_DIR] = {"cache_dir", TEXT},
    [BR_OPT_UNKNOWN] = {"unknown", TEXT},
    [BR_OPT_PROFILE] = {"profile", TEXT},
    [BR_OPT_CONFIG_FILE] = {"config_file", TEXT},
    [BR_OPT_CREDENTIALS_FILE] = {"credentials_file", TEXT},
    [BR_OPT_CREDENTIAL_PROCESS] = {"credential_process", TEXT},
    [BR_OPT_DURATION] = {"duration", NUMBER},
    [BR_OPT_CONNECT_TIMEOUT] = {"connect_timeout", NUMBER},
    [BR_OPT_READ_TIMEOUT] = {"read_timeout", NUMBER},
    [BR_OPT_FIRST_BYTE_TIMEOUT] = {"first_byte_timeout", NUMBER},
    [BR_OPT_TOTAL_TIMEOUT] = {"total_timeout", NUMBER},
    [BR_OPT_MAX_ATTEMPTS] = {"max_attempts", NUMBER},
    [BR_OPT_ALLOW_HTTP] = {"allow_http", FLAG},
    [BR_OPT_USE_FIPS] = {"use_fips", FLAG},
    [BR_OPT_USE_DUALSTACK] = {"use_dualstack", FLAG},
    [BR_OPT_VALIDATE] = {"validate", FLAG},
    [BR_OPT_STRICT] = {"strict", FLAG},
    [BR_OPT_RETRY_TIMEOUTS] = {"retry_timeouts", FLAG},
    [BR_OPT_ENDPOINT] = {"endpoint", ENDPOINT},
    [BR_OPT_PROXY] = {"proxy", PROXY},
    [BR_OPT_CACHE] = {"cache", CACHE},
    [BR_OPT_HEADERS] = {"headers", HEADERS},
    [BR_OPT_WEB_IDENTITY] = {"web_identity", PARTS},
    [BR_OPT_CONTAINER] = {"container", PARTS},
    [BR_OPT_INSTANCE] = {"instance", PARTS},
    [BR_OPT_ASSUME_ROLE] = {"assume_role", ROLES},
    [BR_OPT_CREDENTIALS] = {"credentials", FUNCTION},
    [BR_OPT_SIGN] = {"sign", FUNCTION},
};

static const char *const type_wants[] = {
    [TEXT] = "a string",
    [NUMBER] = "an integer",
    [FLAG] = "true or false",
    [ENDPOINT] = "a URL, or a table of service = URL",
    [PROXY] = "a URL, or false for none",
    [CACHE] = "\"shared\", \"memory\", a URL such as \"redis://host:6379\", or false",
    [HEADERS] = "a table of names and values",
    [PARTS] = "a table",
    [ROLES] = "a table for a role, or a list of such tables",
    [FUNCTION] = "a function",
};

const char *br_option_name(br_option o)
{
    return options[o].name;
}

int br_option_find(br_slice name)
{
    for (int i = 0; i < BR_OPT_COUNT; i++)
        if (br_slice_eqs(name, options[i].name))
            return i;
    return -1;
}

void br_settings_init(br_settings *s)
{
    memset(s, 0, sizeof(*s));
    br_headers_init_secret(&s->headers);
    s->number[0] = BR_RA_DURATION_DEFAULT;
    for (int o = BR_OPT_CONNECT_TIMEOUT; o <= BR_OPT_TOTAL_TIMEOUT; o++)
        s->number[o - BR_OPT_DURATION] = -1;
    s->number[BR_OPT_MAX_ATTEMPTS - BR_OPT_DURATION] = BR_MAX_ATTEMPTS_DEFAULT;
    s->flag[BR_OPT_VALIDATE - BR_OPT_ALLOW_HTTP] = true;
}

static void text_free(char *text, size_t n)
{
    if (text != NULL)
        OPENSSL_cleanse(text, n);
    free(text);
}

static void free_text(char **text)
{
    if (*text != NULL)
        text_free(*text, strlen(*text));
    *text = NULL;
}

void br_settings_free(br_settings *s)
{
    for (int o = 0; o < BR_OPT_TEXT_COUNT; o++)
        text_free(s->text[o], s->text_len[o]);
    free_text(&s->proxy);
    free_text(&s->cache_url);
    br_headers_free(&s->headers);
    for (int which = 0; which < BR_LAYER_TEXT_COUNT; which++)
        (void)br_layer_set(&s->own, (br_layer_text)which, (br_slice){NULL, 0});
    for (size_t i = 0; i < s->role_count; i++)
        br_role_free(&s->roles[i]);
    free(s->roles);
    br_way_free(&s->way);
    br_settings_init(s);
}

void br_settings_forget(br_settings *s, br_option o)
{
    text_free(s->text[o], s->text_len[o]);
    s->text[o] = NULL;
    s->text_len[o] = 0;
}

/* Setting. */

static bool problem_unknown(br_slice name, br_problems *p)
{
    br_suggest near;
    br_suggest_init(&near, name);
    for (int i = 0; i < BR_OPT_COUNT; i++)
        br_suggest_try(&near, br_slice_of(options[i].name));
    br_printable shown = br_print(name);
    br_slice path = br_slice_of(shown.text);
    const char *slip = br_foreign_option(name, false);
    if (slip != NULL)
        return br_problems_add(p, "unknown", path, "unknown option (%s)", slip);
    if (near.best.p != NULL)
        return br_problems_add(p, "unknown", path, "unknown option (did you mean %.*s?)",
                               (int)near.best.n, near.best.p);
    return br_problems_add(p, "unknown", path, "unknown option");
}

static bool problem_type(int option, const char *given, br_problems *p)
{
    return br_problems_add(p, "type", br_slice_of(options[option].name), "must be %s, got %s",
                           type_wants[options[option].type], given);
}

static bool no_memory(int option, br_problems *p)
{
    return br_problems_add(p, "file", br_slice_of(options[option].name), "out of memory");
}

/* Those that may hold PEM or DER, where line ends belong; and a password may be anything. */
static bool is_one_line(int option)
{
    return options[option].type != TEXT ||
           !(option == BR_OPT_CERTIFICATE || option == BR_OPT_PRIVATE_KEY ||
             option == BR_OPT_CERTIFICATE_CHAIN || option == BR_OPT_PKCS12 ||
             option == BR_OPT_PRIVATE_KEY_PASSWORD || option == BR_OPT_CLIENT_CERTIFICATE ||
             option == BR_OPT_CLIENT_KEY || option == BR_OPT_CLIENT_KEY_PASSWORD);
}

/* As they come along with what is read from a file or pasted. NULL: there is none. */
static const char *space_around(br_slice value)
{
    if (value.n == 0)
        return NULL;
    char last = value.p[value.n - 1];
    if (last == '\n' || last == '\r')
        return "ends in a line break: remove it";
    if (br_is_space(last))
        return "ends in a space: remove it";
    return br_is_space(value.p[0]) ? "begins with a space or line break: remove it" : NULL;
}

static bool set_plain_text(br_settings *s, int option, br_slice value, br_problems *p)
{
    if (value.n > BR_SETTING_TEXT_MAX)
        return br_problems_add(p, "max-length", br_slice_of(options[option].name),
                               "%zu bytes is above the maximum %zu", value.n, BR_SETTING_TEXT_MAX);
    br_settings_forget(s, (br_option)option);
    if (value.n == 0)
        return true;
    s->text[option] = br_text_copy(value);
    if (s->text[option] == NULL)
        return no_memory(option, p);
    s->text_len[option] = value.n;
    return true;
}

static bool has_proxy_scheme(br_slice value)
{
    static const char *const schemes[] = {"http://",    "https://",  "socks4://",
                                          "socks4a://", "socks5://", "socks5h://"};
    for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
        if (br_slice_starts(value, schemes[i]) && value.n > strlen(schemes[i]))
            return true;
    return false;
}

/*
** Whether what stands before the last @, which can only be the one before the host, holds what would
** end it (RFC 3986, 3.2.1), or a % that begins no code.
*/
static bool userinfo_is_raw(br_slice value)
{
    size_t end = value.n, at = 0;
    while (end > 0 && value.p[end - 1] != '@')
        end--;
    while (at + 2 < end && memcmp(value.p + at, "://", 3) != 0)
        at++;
    for (at += 3; at + 1 < end; at++) {
        char c = value.p[at];
        bool code =
            c == '%' && at + 3 < end && br_is_hex(value.p[at + 1]) && br_is_hex(value.p[at + 2]);
        if (!br_is_visible(c) || strchr("@/?#[]\\\"<>^`{|}", c) != NULL || (c == '%' && !code))
            return true;
    }
    return false;
}

/* The URL is never shown: it may hold a password. */
static bool set_proxy(br_settings *s, br_slice value, br_problems *p)
{
    if (value.n == 0)
        return true;
    if (userinfo_is_raw(value))
        return br_problems_add(p, "pattern", BR_SLICE("proxy"),
                               "percent-encode its user name and password: %%40 for @, %%2F for /, "
                               "%%23 for #, %%3F for ?, %%25 for %%, %%20 for a space");
    if (!has_proxy_scheme(value) || !br_slice_is_visible(value))
        return br_problems_add(p, "pattern", BR_SLICE("proxy"),
                               "must be a URL such as \"http://proxy.example.com:3128\" (schemes: "
                               "http https socks4 socks4a socks5 socks5h), or false for none");
    s->proxy = br_text_copy(value);
    return s->proxy != NULL || no_memory(BR_OPT_PROXY, p);
}

/* The URL is never shown: it may hold a password. */
static bool set_cache_url(br_settings *s, br_slice value, br_problems *p)
{
    br_redis_url url;
    const char *problem = br_redis_url_parse(&url, value);
    OPENSSL_cleanse(&url, sizeof url);
    if (problem != NULL)
        return br_problems_add(p, "pattern", BR_SLICE("cache"), "the URL cannot be used: %s",
                               problem);
    free_text(&s->cache_url);
    s->cache_url = br_text_copy(value);
    s->cache = BR_CACHE_REDIS;
    return s->cache_url != NULL || no_memory(BR_OPT_CACHE, p);
}

static bool set_cache(br_settings *s, br_slice value, br_problems *p)
{
    if (br_redis_url_like(value))
        return set_cache_url(s, value, p);
    if (br_slice_eqs(value, "memory"))
        s->cache = BR_CACHE_MEMORY;
    else if (br_slice_eqs(value, "shared") || value.n == 0)
        s->cache = BR_CACHE_SHARED;
    else
        return br_problems_add(p, "enum", BR_SLICE("cache"), "must be %s", type_wants[CACHE]);
    return true;
}

/* `whose`: "" or the beginning of a message. */
static bool add_endpoint(br_settings *s, br_slice service, const char *whose, br_slice url,
                         br_problems *p)
{
    br_error error;
    br_slice path = BR_SLICE("endpoint");
    const char *space = space_around(url);
    if (space != NULL)
        return br_problems_add(p, "pattern", path, "%s%s", whose, space);
    if (service.n > BR_SERVICE_ID_MAX)
        return br_problems_add(p, "max-length", path, "%sthe service name is too long", whose);
    if (s->endpoint_count == BR_ENDPOINTS_MAX)
        return br_problems_add(p, "max-length", path, "more than %d endpoints", BR_ENDPOINTS_MAX);
    if (!br_url_parse(&s->endpoints[s->endpoint_count].url, url, &error))
        return br_problems_add(p, "pattern", path, "%s%s", whose, error.message);
    for (size_t i = 0; i < s->endpoint_count; i++)
        if (br_slice_eqs(service, s->endpoints[i].service))
            return br_problems_add(
                p, "conflict", path,
                "for \"%.*s\": given twice, under its id and under its namespace: remove one",
                (int)service.n, service.p);
    char *id = s->endpoints[s->endpoint_count++].service;
    memcpy(id, service.p, service.n);
    id[service.n] = '\0';
    return true;
}

bool br_settings_set_text(br_settings *s, br_slice name, br_slice value, br_problems *p)
{
    int option = br_option_find(name);
    if (option < 0)
        return problem_unknown(name, p);
    const char *space = is_one_line(option) ? space_around(value) : NULL;
    s->given[option] = true;
    if (space != NULL)
        return br_problems_add(p, "pattern", br_slice_of(options[option].name), "%s", space);
    switch (options[option].type) {
    case TEXT:
        return set_plain_text(s, option, value, p);
    case ENDPOINT:
        return value.n == 0 || add_endpoint(s, BR_SLICE(""), "", value, p);
    case PROXY:
        return set_proxy(s, value, p);
    case CACHE:
        return set_cache(s, value, p);
    default:
        return problem_type(option, "a string", p);
    }
}

bool br_settings_set_number(br_settings *s, br_slice name, double value, br_problems *p)
{
    int option = br_option_find(name);
    if (option < 0)
        return problem_unknown(name, p);
    s->given[option] = true;
    if (options[option].type != NUMBER)
        return problem_type(option, "a number", p);
    if (!(fabs(value) <= 9007199254740992.0) || !br_is_whole(value))
        return br_problems_add(p, "type", name, "must be an integer, got %.14g", value);
    s->number[option - BR_OPT_DURATION] = (int64_t)value;
    return true;
}

bool br_settings_set_flag(br_settings *s, br_slice name, bool value, br_problems *p)
{
    int option = br_option_find(name);
    if (option < 0)
        return problem_unknown(name, p);
    s->given[option] = true;
    if (options[option].type == FLAG) {
        s->flag[option - BR_OPT_ALLOW_HTTP] = value;
        return true;
    }
    if (options[option].type == PROXY && !value)
        return s->proxy_off = true;
    if (options[option].type == CACHE && !value) {
        s->cache = BR_CACHE_NONE;
        return true;
    }
    return problem_type(option, value ? "true" : "false", p);
}

static void suggest_services(const br_model *m, br_suggest *near)
{
    for (uint32_t i = 0; i < m->service_count; i++) {
        br_suggest_try(near, br_model_name(m, m->services[i].id));
        br_suggest_try(near, br_model_name(m, m->services[i].space));
    }
}

static bool problem_service(const br_model *m, br_slice service, const char *whose, br_problems *p)
{
    br_suggest near;
    br_suggest_init(&near, service);
    suggest_services(m, &near);
    suggest_services(&br_model_routes, &near);
    return br_problems_add(p, "unknown", BR_SLICE("endpoint"), "%sunknown service%s%.*s%s", whose,
                           near.best.p ? " (did you mean " : "", (int)near.best.n,
                           near.best.p ? near.best.p : "", near.best.p ? "?)" : "");
}

bool br_settings_set_endpoint(br_settings *s, const br_model *m, br_slice service, br_slice url,
                              br_problems *p)
{
    char whose[sizeof(br_printable) + 8];
    snprintf(whose, sizeof(whose), "for \"%s\": ", br_print(service).text);
    int index = br_model_service(m, service);
    s->given[BR_OPT_ENDPOINT] = true;
    if (index < 0)
        return problem_service(m, service, whose, p);
    return add_endpoint(s, br_model_name(m, m->services[index].id), whose, url, p);
}

/* NULL: may be given. Of authorization the check of all settings together says more. */
static const char *wrong_with_header(const br_settings *s, br_slice name, br_slice value)
{
    if (br_header_is_reserved(name) || br_slice_eq_nocase(name, BR_SLICE("content-type")))
        return "is set by the library for each request";
    if (br_headers_has(&s->headers, name))
        return "is given twice, in different case: remove one";
    return br_header_value_ok(value) ? NULL
                                     : "must not contain control characters, such as a line break";
}

bool br_settings_set_header(br_settings *s, br_slice name, br_slice value, br_problems *p)
{
    br_slice path = BR_SLICE("headers");
    s->given[BR_OPT_HEADERS] = true;
    if (!br_header_name_ok(name))
        return br_problems_add(p, "header-name", path,
                               "\"%s\" is not a header name: use letters, digits and -",
                               br_print(name).text);
    const char *wrong = wrong_with_header(s, name, value);
    if (wrong != NULL)
        return br_problems_add(p, "header-value", path, "%s %s", br_print(name).text, wrong);
    return br_headers_add(&s->headers, name, value) ||
           br_problems_add(p, "header-value", path,
                           "there are more than %d headers, or more than %d bytes of them",
                           BR_HEADERS_MAX, BR_HEADERS_BYTES_MAX);
}

static const struct part {
    br_option option;
    const char *field;
    br_layer_text text;
} parts[] = {
    {BR_OPT_WEB_IDENTITY, "token_file", BR_LAYER_TOKEN_FILE},
    {BR_OPT_WEB_IDENTITY, "role_arn", BR_LAYER_ROLE_ARN},
    {BR_OPT_WEB_IDENTITY, "session_name", BR_LAYER_SESSION_NAME},
    {BR_OPT_CONTAINER, "uri", BR_LAYER_URI},
    {BR_OPT_CONTAINER, "authorization_token", BR_LAYER_AUTHORIZATION_TOKEN},
    {BR_OPT_CONTAINER, "authorization_token_file", BR_LAYER_AUTHORIZATION_TOKEN_FILE},
    {BR_OPT_INSTANCE, "endpoint", BR_LAYER_ENDPOINT},
};

bool br_settings_has_parts(br_slice name)
{
    int option = br_option_find(name);
    return option >= 0 && options[option].type == PARTS;
}

static bool unknown_part(int option, br_slice field, br_problems *p)
{
    br_suggest near;
    br_suggest_init(&near, field);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if ((int)parts[i].option == option)
            br_suggest_try(&near, br_slice_of(parts[i].field));
    return br_problems_add(p, "unknown", br_slice_of(options[option].name), "has no \"%s\"%s%.*s%s",
                           br_print(field).text, near.best.p ? " (did you mean " : "",
                           (int)near.best.n, near.best.p ? near.best.p : "",
                           near.best.p ? "?)" : "");
}

bool br_settings_set_part(br_settings *s, br_slice name, br_slice field, br_slice value,
                          br_problems *p)
{
    int option = br_option_find(name);
    br_slice path = br_slice_of(options[option].name);
    s->given[option] = true;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if ((int)parts[i].option != option || !br_slice_eqs(field, parts[i].field))
            continue;
        const char *space = space_around(value);
        if (space != NULL || memchr(value.p, '\0', value.n) != NULL)
            return br_problems_add(p, "pattern", path, "%s %s", parts[i].field,
                                   space != NULL ? space : "has a NUL character: remove it");
        return br_layer_set(&s->own, parts[i].text, value) || no_memory(option, p);
    }
    return unknown_part(option, field, p);
}

br_role *br_settings_add_role(br_settings *s, size_t number, br_problems *p)
{
    char path[BR_ROLE_PATH_MAX] = "assume_role";
    br_role *roles = realloc(s->roles, (s->role_count + 1) * sizeof *roles);
    s->given[BR_OPT_ASSUME_ROLE] = true;
    if (roles == NULL) {
        no_memory(BR_OPT_ASSUME_ROLE, p);
        return NULL;
    }
    s->roles = roles;
    if (s->role_count == BR_WAY_LAYERS_MAX - 1) {
        br_problems_add(p, "max-length", br_slice_of(path), "more than %d roles lie on one another",
                        BR_WAY_LAYERS_MAX - 1);
        return NULL;
    }
    if (number > 0)
        snprintf(path, sizeof path, "assume_role[%zu]", number);
    br_role_init(&roles[s->role_count], path);
    return &roles[s->role_count++];
}

bool br_settings_set_function(br_settings *s, br_slice name, br_problems *p)
{
    int option = br_option_find(name);
    if (option < 0)
        return problem_unknown(name, p);
    if (options[option].type != FUNCTION && option != BR_OPT_API_KEY)
        return problem_type(option, "a function", p);
    s->given[option] = s->has_function[option] = true;
    return true;
}

bool br_settings_wrong_type(br_slice name, const char *given, br_problems *p)
{
    int option = br_option_find(name);
    if (option < 0)
        return problem_unknown(name, p);
    return problem_type(option, given, p);
}

int64_t br_settings_number(const br_settings *s, br_option o)
{
    return s->number[o - BR_OPT_DURATION];
}

bool br_settings_flag(const br_settings *s, br_option o)
{
    return s->flag[o - BR_OPT_ALLOW_HTTP];
}

br_slice br_settings_text(const br_settings *s, br_option o)
{
    return s->text[o] == NULL ? (br_slice){NULL, 0} : (br_slice){s->text[o], s->text_len[o]};
}
