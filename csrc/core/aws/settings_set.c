/* Setting one option, as it was given: what needs no other option to be judged. */
#include "core/aws/settings_private.h"

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
#include "core/text/resp.h"

static bool problem_unknown(br_slice name, br_problems *p)
{
    br_suggest near;
    br_suggest_init(&near, name);
    for (int i = 0; i < BR_OPT_COUNT; i++)
        br_suggest_try(&near, br_check_name(i));
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

static bool problem_type(br_option option, const char *given, br_problems *p)
{
    return br_problems_add(p, "type", br_check_name(option), "must be %s, got %s",
                           br_option_wants(option), given);
}

static bool no_memory(br_option option, br_problems *p)
{
    return br_problems_add(p, "file", br_check_name(option), "out of memory");
}

/* Those that may hold PEM or DER, where line ends belong; and a password may be anything. */
static bool is_one_line(br_option option)
{
    return br_option_type_of(option) != BR_TYPE_TEXT ||
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

static bool set_plain_text(br_settings *s, br_option option, br_slice value, br_problems *p)
{
    if (value.n > BR_SETTING_TEXT_MAX)
        return br_problems_add(p, "max-length", br_check_name(option),
                               "%zu bytes is above the maximum %zu", value.n, BR_SETTING_TEXT_MAX);
    br_settings_forget(s, option);
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
    if (!br_resp_available())
        return br_problems_add(
            p, "value", BR_SLICE("cache"),
            "Redis needs hiredis, which this module was built without: install "
            "libhiredis-dev and build it again, or use \"shared\" or \"memory\"");
    br_text_free(s->cache_url);
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
        return br_problems_add(p, "enum", BR_SLICE("cache"), "must be %s",
                               br_option_wants(BR_OPT_CACHE));
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
        return br_problems_add(p, "pattern", br_check_name(option), "%s", space);
    switch (br_option_type_of(option)) {
    case BR_TYPE_TEXT:
        return set_plain_text(s, option, value, p);
    case BR_TYPE_ENDPOINT:
        return value.n == 0 || add_endpoint(s, BR_SLICE(""), "", value, p);
    case BR_TYPE_PROXY:
        return set_proxy(s, value, p);
    case BR_TYPE_CACHE:
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
    if (br_option_type_of(option) != BR_TYPE_NUMBER)
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
    if (br_option_type_of(option) == BR_TYPE_FLAG) {
        s->flag[option - BR_OPT_ALLOW_HTTP] = value;
        return true;
    }
    if (br_option_type_of(option) == BR_TYPE_PROXY && !value)
        return s->proxy_off = true;
    if (br_option_type_of(option) == BR_TYPE_CACHE && !value) {
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
    return option >= 0 && br_option_type_of(option) == BR_TYPE_PARTS;
}

static bool unknown_part(br_option option, br_slice field, br_problems *p)
{
    br_suggest near;
    br_suggest_init(&near, field);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].option == option)
            br_suggest_try(&near, br_slice_of(parts[i].field));
    return br_problems_add(p, "unknown", br_check_name(option), "has no \"%s\"%s%.*s%s",
                           br_print(field).text, near.best.p ? " (did you mean " : "",
                           (int)near.best.n, near.best.p ? near.best.p : "",
                           near.best.p ? "?)" : "");
}

bool br_settings_set_part(br_settings *s, br_slice name, br_slice field, br_slice value,
                          br_problems *p)
{
    int option = br_option_find(name);
    br_slice path = br_check_name(option);
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
    if (br_option_type_of(option) != BR_TYPE_FUNCTION && option != BR_OPT_API_KEY)
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
