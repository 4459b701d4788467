/* Which way to credentials settings ask for, and the options of all ways but Roles Anywhere. */
#include "core/aws/settings_private.h"

#include <string.h>

#include "core/base/ascii.h"
#include "core/base/suggest.h"

static const struct {
    const char *name;
    br_auth auth;
} auths[] = {
    {"roles_anywhere", BR_AUTH_ROLES_ANYWHERE},
    {"access_keys", BR_AUTH_ACCESS_KEYS},
    {"api_key", BR_AUTH_API_KEY},
    {"none", BR_AUTH_UNSIGNED},
    {"custom", BR_AUTH_CUSTOM},
    {"environment", BR_AUTH_ENVIRONMENT},
    {"web_identity", BR_AUTH_WEB_IDENTITY},
    {"profile", BR_AUTH_PROFILE},
    {"process", BR_AUTH_PROCESS},
    {"container", BR_AUTH_CONTAINER},
    {"instance", BR_AUTH_INSTANCE},
    {"chain", BR_AUTH_CHAIN},
};

const char *br_auth_name(br_auth auth)
{
    return auths[auth].name;
}

bool br_settings_find_auth(br_settings *s, br_problems *p)
{
    br_slice given = br_settings_text(s, BR_OPT_AUTH);
    br_suggest near;
    br_suggest_init(&near, given);
    s->auth = BR_AUTH_ROLES_ANYWHERE;
    if (given.n == 0)
        return true;
    for (size_t i = 0; i < sizeof(auths) / sizeof(*auths); i++) {
        br_suggest_try(&near, br_slice_of(auths[i].name));
        if (br_slice_eqs(given, auths[i].name)) {
            s->auth = auths[i].auth;
            return true;
        }
    }
    return p != NULL &&
           br_problems_add(
               p, "enum", br_check_name(BR_OPT_AUTH),
               "must be \"roles_anywhere\", \"access_keys\", \"api_key\", \"none\", \"custom\", "
               "\"environment\", \"web_identity\", \"profile\", \"process\", \"container\", "
               "\"instance\" or \"chain\"%s%.*s%s",
               near.best.p ? " (did you mean " : "", (int)near.best.n,
               near.best.p ? near.best.p : "", near.best.p ? "?)" : "");
}

/* A user who gave keys but forgot `auth` is told so once, not by five missing options alone. */
static const char *hint_for_missing(const br_checker *c)
{
    if (c->s->auth != BR_AUTH_ROLES_ANYWHERE || br_check_is_set(c, BR_OPT_AUTH))
        return "";
    if (br_check_is_set(c, BR_OPT_ACCESS_KEY_ID) || br_check_is_set(c, BR_OPT_SECRET_ACCESS_KEY))
        return " (to use the access key you gave, set auth = \"access_keys\")";
    if (br_check_is_set(c, BR_OPT_API_KEY))
        return " (to use the API key you gave, set auth = \"api_key\")";
    return "";
}

/* A value of the wrong type has been reported when it was set: it is not missing as well. */
bool br_check_need(br_checker *c, br_option o, const char *what)
{
    if (br_check_is_set(c, o) || br_problems_at(c->p, br_option_name(o)))
        return br_check_is_set(c, o);
    return br_problems_add(c->p, "missing", br_check_name(o), "missing: %s%s", what,
                           hint_for_missing(c));
}

static void check_secret_text(br_checker *c, br_option o, size_t max)
{
    br_slice text = br_check_text(c, o);
    if (text.n > max)
        br_problems_add(c->p, "max-length", br_check_name(o), "longer than %zu bytes", max);
    else if (!br_slice_is_visible(text))
        br_problems_add(c->p, "pattern", br_check_name(o),
                        "contains a space, a control character or a non-ASCII character; was all "
                        "of it copied, without the line break?");
}

static void check_access_keys(br_checker *c)
{
    if (br_check_need(c, BR_OPT_ACCESS_KEY_ID, "the access key's ID") &&
        !br_check_all_of(br_check_text(c, BR_OPT_ACCESS_KEY_ID), ""))
        br_problems_add(c->p, "pattern", br_check_name(BR_OPT_ACCESS_KEY_ID),
                        "must contain only letters and digits");
    else
        check_secret_text(c, BR_OPT_ACCESS_KEY_ID, BR_ACCESS_KEY_ID_MAX);
    br_check_need(c, BR_OPT_SECRET_ACCESS_KEY, "the access key's secret");
    check_secret_text(c, BR_OPT_SECRET_ACCESS_KEY, BR_SECRET_MAX);
    check_secret_text(c, BR_OPT_SESSION_TOKEN, BR_SESSION_TOKEN_MAX);
}

static void check_api_key(br_checker *c)
{
    if (c->s->has_function[BR_OPT_API_KEY])
        return;
    br_check_need(c, BR_OPT_API_KEY, "an Amazon Bedrock API key");
    check_secret_text(c, BR_OPT_API_KEY, BR_SESSION_TOKEN_MAX);
}

/* AWS takes nothing unsigned: only a gateway can do something with it. */
static void check_unsigned(br_checker *c)
{
    if (c->s->endpoint_count == 0 && !br_problems_at(c->p, "endpoint"))
        br_problems_add(c->p, "conflict", br_check_name(BR_OPT_AUTH),
                        "\"none\" leaves signing to your own endpoint: set endpoint to its URL");
}

/* Whether it is ours depends on auth, which may be set after it. */
static void check_authorization_header(br_checker *c)
{
    if (c->s->auth != BR_AUTH_UNSIGNED && br_headers_has(&c->s->headers, BR_SLICE("authorization")))
        br_problems_add(c->p, "conflict", br_check_name(BR_OPT_HEADERS),
                        "authorization is set by the library; to send your own, set auth = "
                        "\"none\", or give it as an option of a call");
}

void br_check_roles(br_checker *c)
{
    br_settings *s = c->s;
    bool unsigned_too = s->auth == BR_AUTH_API_KEY || s->auth == BR_AUTH_UNSIGNED;
    if (s->role_count > 0 && unsigned_too)
        br_problems_add(c->p, "conflict", br_check_name(BR_OPT_ASSUME_ROLE),
                        "needs credentials to assume the role with, and auth = \"%s\" has none",
                        br_auth_name(s->auth));
    for (size_t i = 0; i < s->role_count && !unsigned_too; i++)
        br_role_build(&s->roles[i], br_way_gives_role(&s->way), &s->way, c->p);
}

/* Options that one way alone reads: with another they would be passed over in silence. */
static void check_belonging(br_checker *c)
{
    static const struct {
        br_option option;
        br_auth auth;
        bool chain; /* with "chain", too */
    } belongs[] = {
        {BR_OPT_PROFILE, BR_AUTH_PROFILE, true},
        {BR_OPT_CONFIG_FILE, BR_AUTH_PROFILE, true},
        {BR_OPT_CREDENTIALS_FILE, BR_AUTH_PROFILE, true},
        {BR_OPT_CREDENTIAL_PROCESS, BR_AUTH_PROCESS, false},
        {BR_OPT_WEB_IDENTITY, BR_AUTH_WEB_IDENTITY, true},
        {BR_OPT_CONTAINER, BR_AUTH_CONTAINER, true},
        {BR_OPT_INSTANCE, BR_AUTH_INSTANCE, true},
        {BR_OPT_CREDENTIALS, BR_AUTH_CUSTOM, false},
        {BR_OPT_SIGN, BR_AUTH_ROLES_ANYWHERE, false},
        {BR_OPT_OPENSSL_PROVIDERS, BR_AUTH_ROLES_ANYWHERE, false},
    };
    const br_settings *s = c->s;
    if (s->has_function[BR_OPT_API_KEY] && s->auth != BR_AUTH_API_KEY)
        br_problems_add(c->p, "conflict", br_check_name(BR_OPT_API_KEY),
                        "has no effect with auth = \"%s\": set auth = \"api_key\"",
                        br_auth_name(s->auth));
    for (size_t i = 0; i < sizeof belongs / sizeof *belongs; i++) {
        br_option o = belongs[i].option;
        bool given = o < BR_OPT_TEXT_COUNT ? br_check_is_set(c, o) : s->given[o];
        if (given && s->auth != belongs[i].auth && !(belongs[i].chain && s->auth == BR_AUTH_CHAIN))
            br_problems_add(c->p, "conflict", br_check_name(o),
                            "has no effect with auth = \"%s\": set auth = \"%s\"%s",
                            br_auth_name(s->auth), br_auth_name(belongs[i].auth),
                            belongs[i].chain ? " (or \"chain\")" : "");
    }
}

/* As a line of credential_process may, whose options then stand among ours. */
static bool asks_roles_anywhere(const br_settings *s)
{
    return s->auth != BR_AUTH_ROLES_ANYWHERE && s->way.count > 0 &&
           s->way.layers[0].kind == BR_LAYER_ROLES_ANYWHERE;
}

/* Whoever gave nothing of any way is told first that there are others. */
static void check_any_way(br_checker *c)
{
    static const br_option ways[][2] = {{BR_OPT_AUTH, BR_OPT_API_KEY},
                                        {BR_OPT_PROFILE, BR_OPT_CREDENTIAL_PROCESS},
                                        {BR_OPT_WEB_IDENTITY, BR_OPT_SIGN}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        for (int o = ways[i][0]; o <= (int)ways[i][1]; o++)
            if (c->s->given[o] || br_problems_at(c->p, br_option_name((br_option)o)))
                return;
    br_problems_add(c->p, "missing", br_check_name(BR_OPT_AUTH),
                    "missing: without it a certificate is wanted. \"chain\" takes AWS's own "
                    "credentials, \"api_key\" a key; bedrock.help \"auth\" lists all");
}

static void check_auth_options(br_checker *c)
{
    switch (c->s->auth) {
    case BR_AUTH_ROLES_ANYWHERE:
        check_any_way(c);
        br_check_roles_anywhere(c);
        break;
    case BR_AUTH_ACCESS_KEYS:
        check_access_keys(c);
        break;
    case BR_AUTH_API_KEY:
        check_api_key(c);
        break;
    case BR_AUTH_UNSIGNED:
        check_unsigned(c);
        break;
    case BR_AUTH_CUSTOM:
        if (!c->s->has_function[BR_OPT_CREDENTIALS] && !br_problems_at(c->p, "credentials"))
            br_problems_add(c->p, "missing", br_check_name(BR_OPT_CREDENTIALS),
                            "missing: a function that gives { access_key_id, secret_access_key, "
                            "session_token, expiration }");
        break;
    default: /* engine/ways.h looks for what these need */
        break;
    }
}

void br_check_auth(br_checker *c)
{
    check_auth_options(c);
    if (asks_roles_anywhere(c->s))
        br_check_roles_anywhere(c);
    check_authorization_header(c);
    check_belonging(c);
}
