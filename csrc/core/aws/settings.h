/*
** A connection's settings: what a user gives, checked as far as that needs no file and no network.
** Values are set one by one by option name; br_settings_check then looks at them together. All
** problems are collected, with the option's name as path.
*/
#ifndef BR_CORE_AWS_SETTINGS_H
#define BR_CORE_AWS_SETTINGS_H

#include "core/aws/credentials.h"
#include "core/aws/region.h"
#include "core/aws/role.h"
#include "core/aws/roles_anywhere.h"
#include "core/aws/way.h"
#include "core/base/error.h"
#include "core/base/problems.h"
#include "core/http/request.h"
#include "core/http/uri.h"

/* One option's text; PEM texts are the longest. */
#define BR_SETTING_TEXT_MAX ((size_t)1024 * 1024)
#define BR_ENDPOINTS_MAX 16
#define BR_ALIAS_NAME_MAX 256 /* of a profile or trust anchor */
#define BR_SESSION_NAME_MIN 2
#define BR_SESSION_NAME_MAX 64
#define BR_MAX_ATTEMPTS_DEFAULT 3
#define BR_MAX_ATTEMPTS_MAX 100
#define BR_RA_DURATION_DEFAULT 3600

typedef enum br_auth {
    BR_AUTH_ROLES_ANYWHERE,
    BR_AUTH_ACCESS_KEYS,
    BR_AUTH_API_KEY,
    BR_AUTH_UNSIGNED, /* "none": an endpoint signs, or has a key of its own */
    BR_AUTH_CUSTOM,
    BR_AUTH_ENVIRONMENT,
    BR_AUTH_WEB_IDENTITY,
    BR_AUTH_PROFILE,
    BR_AUTH_PROCESS,
    BR_AUTH_CONTAINER,
    BR_AUTH_INSTANCE,
    BR_AUTH_CHAIN
} br_auth;

typedef enum br_cache_mode {
    BR_CACHE_SHARED,
    BR_CACHE_MEMORY,
    BR_CACHE_NONE,
    BR_CACHE_REDIS
} br_cache_mode;
typedef enum br_unknown_mode { BR_UNKNOWN_ERROR, BR_UNKNOWN_PASS } br_unknown_mode;

/* Options by type; the order is that of br_option_names. */
typedef enum br_option {
    BR_OPT_AUTH,
    BR_OPT_PROFILE_ARN,
    BR_OPT_ROLE_ARN,
    BR_OPT_TRUST_ANCHOR_ARN,
    BR_OPT_CERTIFICATE,
    BR_OPT_PRIVATE_KEY,
    BR_OPT_CERTIFICATE_CHAIN,
    BR_OPT_PRIVATE_KEY_PASSWORD,
    BR_OPT_PKCS12,
    BR_OPT_OPENSSL_PROVIDERS, /* with commas or spaces between */
    BR_OPT_SESSION_NAME,
    BR_OPT_ROLES_ANYWHERE_REGION,
    BR_OPT_ROLES_ANYWHERE_CUSTOM_REGION,
    BR_OPT_ACCESS_KEY_ID,
    BR_OPT_SECRET_ACCESS_KEY,
    BR_OPT_SESSION_TOKEN,
    BR_OPT_API_KEY,
    BR_OPT_REGION,
    BR_OPT_CUSTOM_REGION,
    BR_OPT_CA_FILE,
    BR_OPT_CLIENT_CERTIFICATE,
    BR_OPT_CLIENT_KEY,
    BR_OPT_CLIENT_KEY_PASSWORD,
    BR_OPT_CACHE_DIR,
    BR_OPT_UNKNOWN,
    BR_OPT_PROFILE,
    BR_OPT_CONFIG_FILE,
    BR_OPT_CREDENTIALS_FILE,
    BR_OPT_CREDENTIAL_PROCESS,
    BR_OPT_TEXT_COUNT, /* the ones above are texts */
    BR_OPT_DURATION = BR_OPT_TEXT_COUNT,
    BR_OPT_CONNECT_TIMEOUT,
    BR_OPT_READ_TIMEOUT,
    BR_OPT_FIRST_BYTE_TIMEOUT,
    BR_OPT_TOTAL_TIMEOUT,
    BR_OPT_MAX_ATTEMPTS,
    BR_OPT_NUMBER_END, /* the ones from DURATION on are integers */
    BR_OPT_ALLOW_HTTP = BR_OPT_NUMBER_END,
    BR_OPT_USE_FIPS,
    BR_OPT_USE_DUALSTACK,
    BR_OPT_VALIDATE,
    BR_OPT_STRICT,
    BR_OPT_RETRY_TIMEOUTS,
    BR_OPT_BOOLEAN_END,                   /* the ones from ALLOW_HTTP on are booleans */
    BR_OPT_ENDPOINT = BR_OPT_BOOLEAN_END, /* text, or a table service -> text */
    BR_OPT_PROXY,                         /* text or false */
    BR_OPT_CACHE,                         /* "shared", "memory", a URL or false */
    BR_OPT_HEADERS,                       /* a table name -> text */
    BR_OPT_WEB_IDENTITY,                  /* this and the next two: tables of texts */
    BR_OPT_CONTAINER,
    BR_OPT_INSTANCE,
    BR_OPT_ASSUME_ROLE, /* a table for a role, or a list of such */
    BR_OPT_CREDENTIALS, /* this and the next: functions of the host's */
    BR_OPT_SIGN,
    BR_OPT_COUNT
} br_option;

const char *br_option_name(br_option o);
int br_option_find(br_slice name); /* -1: no such option */

#define BR_SERVICE_ID_MAX 63

typedef struct br_settings {
    char *text[BR_OPT_TEXT_COUNT]; /* owned, cleansed; NULL or "" in the input = not set = NULL */
    size_t text_len[BR_OPT_TEXT_COUNT];
    int64_t number[BR_OPT_NUMBER_END - BR_OPT_DURATION];
    bool flag[BR_OPT_BOOLEAN_END - BR_OPT_ALLOW_HTTP];
    bool given[BR_OPT_COUNT];
    struct {
        char service[BR_SERVICE_ID_MAX + 1]; /* its id; "" = all */
        br_url url;
    } endpoints[BR_ENDPOINTS_MAX];
    size_t endpoint_count;
    br_headers headers; /* sent with every call; cleansed */
    char *proxy;        /* owned; NULL = environment */
    bool proxy_off;
    br_cache_mode cache;
    char *cache_url; /* owned, cleansed; of BR_CACHE_REDIS */
    br_layer own;    /* the texts of web_identity, container and instance */
    br_role *roles;  /* owned; the first is assumed first */
    size_t role_count;
    bool has_function[BR_OPT_COUNT]; /* the host calls it: credentials, sign, or api_key */
    /* found by br_settings_check */
    br_auth auth;
    char region[BR_REGION_MAX + 1];    /* effective */
    char ra_region[BR_REGION_MAX + 1]; /* effective, for Roles Anywhere */
    br_way way; /* where credentials come from; none for api_key (but a function's) and none */
} br_settings;

void br_settings_init(br_settings *s);                          /* the defaults */
void br_settings_free(br_settings *s);                          /* cleanses; idempotent */
void br_settings_forget(br_settings *s, br_option text_option); /* cleanses one text */

/* Each takes the value as given and reports a wrong type or form; false if it did. */
bool br_settings_set_text(br_settings *s, br_slice name, br_slice value, br_problems *p);
bool br_settings_set_number(br_settings *s, br_slice name, double value, br_problems *p);
bool br_settings_set_flag(br_settings *s, br_slice name, bool value, br_problems *p);
/* endpoint = { [service] = url } */
bool br_settings_set_endpoint(br_settings *s, const br_model *m, br_slice service, br_slice url,
                              br_problems *p);
/* headers = { [name] = value } */
bool br_settings_set_header(br_settings *s, br_slice name, br_slice value, br_problems *p);
/* web_identity, container, instance = { [field] = text } */
bool br_settings_set_part(br_settings *s, br_slice name, br_slice field, br_slice value,
                          br_problems *p);
/* Whether the option is a table of texts, as those three. */
bool br_settings_has_parts(br_slice name);
/*
** assume_role: one more, number 1, 2, … of a list, or 0: the only one. NULL: no memory, or too many;
** reported. Stands until the next is added.
*/
br_role *br_settings_add_role(br_settings *s, size_t number, br_problems *p);
/* A function, which stays with the host. */
bool br_settings_set_function(br_settings *s, br_slice name, br_problems *p);
/* A value whose type no option has (a table, a function): reports it, with `given` ("a table"). */
bool br_settings_wrong_type(br_slice name, const char *given, br_problems *p);

/* The first thing to be known: s->auth. p == NULL: problems are left to the check. */
bool br_settings_find_auth(br_settings *s, br_problems *p);
const char *br_auth_name(br_auth auth);

/* Everything together: what is missing, what conflicts, ARNs, regions, ranges. */
bool br_settings_check(br_settings *s, const br_model *m, br_problems *p);

/*
** Whether profile and trust anchor are of another region than the one that Roles Anywhere is asked in
** (after br_settings_check). Then `region` is theirs, in the settings' own memory, and `option` the one
** that should be set to it. That is no error behind an endpoint of one's own, where AWS's refusal tells.
*/
bool br_settings_foreign_arns(const br_settings *s, br_slice *region, br_option *option);

int64_t br_settings_number(const br_settings *s, br_option o);
bool br_settings_flag(const br_settings *s, br_option o);
br_slice br_settings_text(const br_settings *s, br_option o); /* {NULL, 0} if not set */

#endif
