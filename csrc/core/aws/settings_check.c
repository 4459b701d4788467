#include "core/aws/settings.h"

#include <limits.h>
#include <string.h>

#include "core/aws/arn.h"
#include "core/aws/endpoint.h"
#include "core/base/ascii.h"
#include "core/text/printable.h"

/* What the checks share: what is checked, the facts, and where problems go. */
typedef struct checker {
    br_settings *s;
    const br_model *model;
    br_problems *p;
} checker;

static br_slice name_of(br_option o)
{
    return br_slice_of(br_option_name(o));
}

static br_slice text_of(const checker *c, br_option o)
{
    return br_settings_text(c->s, o);
}

static bool is_set(const checker *c, br_option o)
{
    return c->s->text[o] != NULL;
}

static bool is_account(br_slice text)
{
    return text.n == 12 && br_slice_number(text, INT64_MAX / 100) >= 0;
}

static bool all_of(br_slice text, const char *others)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] != '_' && !br_is_alnum_or(text.p[i], others))
            return false;
    return true;
}

/* Authentication. */

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
               p, "enum", name_of(BR_OPT_AUTH),
               "must be \"roles_anywhere\", \"access_keys\", \"api_key\", \"none\", \"custom\", "
               "\"environment\", \"web_identity\", \"profile\", \"process\", \"container\", "
               "\"instance\" or \"chain\"%s%.*s%s",
               near.best.p ? " (did you mean " : "", (int)near.best.n,
               near.best.p ? near.best.p : "", near.best.p ? "?)" : "");
}

/* A user who gave keys but forgot `auth` is told so once, not by five missing options alone. */
static const char *hint_for_missing(const checker *c)
{
    if (c->s->auth != BR_AUTH_ROLES_ANYWHERE || is_set(c, BR_OPT_AUTH))
        return "";
    if (is_set(c, BR_OPT_ACCESS_KEY_ID) || is_set(c, BR_OPT_SECRET_ACCESS_KEY))
        return " (to use the access key you gave, set auth = \"access_keys\")";
    if (is_set(c, BR_OPT_API_KEY))
        return " (to use the API key you gave, set auth = \"api_key\")";
    return "";
}

/* A value of the wrong type has been reported when it was set: it is not missing as well. */
static bool need(checker *c, br_option o, const char *what)
{
    if (is_set(c, o) || br_problems_at(c->p, br_option_name(o)))
        return is_set(c, o);
    return br_problems_add(c->p, "missing", name_of(o), "missing: %s%s", what, hint_for_missing(c));
}

static void check_secret_text(checker *c, br_option o, size_t max)
{
    br_slice text = text_of(c, o);
    if (text.n > max)
        br_problems_add(c->p, "max-length", name_of(o), "longer than %zu bytes", max);
    else if (!br_slice_is_visible(text))
        br_problems_add(c->p, "pattern", name_of(o),
                        "contains a space, a control character or a non-ASCII character; was all "
                        "of it copied, without the line break?");
}

static void check_access_keys(checker *c)
{
    if (need(c, BR_OPT_ACCESS_KEY_ID, "the access key's ID") &&
        !all_of(text_of(c, BR_OPT_ACCESS_KEY_ID), ""))
        br_problems_add(c->p, "pattern", name_of(BR_OPT_ACCESS_KEY_ID),
                        "must contain only letters and digits");
    else
        check_secret_text(c, BR_OPT_ACCESS_KEY_ID, BR_ACCESS_KEY_ID_MAX);
    need(c, BR_OPT_SECRET_ACCESS_KEY, "the access key's secret");
    check_secret_text(c, BR_OPT_SECRET_ACCESS_KEY, BR_SECRET_MAX);
    check_secret_text(c, BR_OPT_SESSION_TOKEN, BR_SESSION_TOKEN_MAX);
}

static void check_api_key(checker *c)
{
    if (c->s->has_function[BR_OPT_API_KEY])
        return;
    need(c, BR_OPT_API_KEY, "an Amazon Bedrock API key");
    check_secret_text(c, BR_OPT_API_KEY, BR_SESSION_TOKEN_MAX);
}

/* AWS takes nothing unsigned: only a gateway can do something with it. */
static void check_unsigned(checker *c)
{
    if (c->s->endpoint_count == 0 && !br_problems_at(c->p, "endpoint"))
        br_problems_add(c->p, "conflict", name_of(BR_OPT_AUTH),
                        "\"none\" leaves signing to your own endpoint: set endpoint to its URL");
}

/* Whether it is ours depends on auth, which may be set after it. */
static void check_authorization_header(checker *c)
{
    if (c->s->auth != BR_AUTH_UNSIGNED && br_headers_has(&c->s->headers, BR_SLICE("authorization")))
        br_problems_add(c->p, "conflict", name_of(BR_OPT_HEADERS),
                        "authorization is set by the library; to send your own, set auth = "
                        "\"none\", or give it as an option of a call");
}

/* Roles Anywhere. */

/* As profiles and trust anchors are given aliases: AliasName of the facts, and not empty. */
static bool alias_ok(br_slice name)
{
    bool letter = name.n > 0 && br_is_letter(name.p[0]);
    if (!letter || name.n > BR_ALIAS_NAME_MAX || name.p[name.n - 1] == '/' || !all_of(name, "/-"))
        return false;
    for (size_t i = 1; i < name.n; i++)
        if (name.p[i] == '/' && name.p[i - 1] == '/')
            return false;
    return true;
}

static bool strip(br_slice *text, const char *prefix)
{
    size_t n = strlen(prefix);
    if (!br_slice_starts(*text, prefix))
        return false;
    *text = (br_slice){text->p + n, text->n - n};
    return true;
}

/* "profile/ID" or "alias/profile/NAME". */
static bool rolesanywhere_resource_ok(br_slice resource, const char *prefix)
{
    bool alias = strip(&resource, "alias/");
    if (!strip(&resource, prefix))
        return false;
    return alias ? alias_ok(resource) : resource.n > 0 && all_of(resource, "+=,.@/-");
}

/* "role/NAME", with a path of any visible ASCII between. */
static bool role_resource_ok(br_slice resource, const char *prefix)
{
    if (!strip(&resource, prefix) || !br_slice_is_visible(resource))
        return false;
    size_t path = resource.n;
    while (path > 0 && resource.p[path - 1] != '/')
        path--;
    resource = (br_slice){resource.p + path, resource.n - path};
    return resource.n > 0 && all_of(resource, "+=,.@-");
}

static bool partition_ok(br_slice partition)
{
    return br_slice_eqs(partition, "aws") ||
           (br_slice_starts(partition, "aws-") && partition.n > 4);
}

/* The form is the documentation's; whether such a thing exists only AWS knows. */
static bool check_arn(checker *c, br_option o, const char *service, const char *prefix,
                      const char *example)
{
    br_slice text = text_of(c, o);
    br_arn arn;
    bool global = strcmp(service, "iam") == 0;
    if (br_arn_parse(text, &arn) && partition_ok(arn.partition) &&
        br_slice_eqs(arn.service, service) && is_account(arn.account) &&
        (global ? arn.region.n == 0 : br_region_syntax_ok(arn.region)) &&
        (global ? role_resource_ok(arn.resource, prefix)
                : rolesanywhere_resource_ok(arn.resource, prefix)))
        return true;
    if (br_slice_has_blank_or_control(text))
        return br_problems_add(c->p, "pattern", name_of(o),
                               "must be %sARN of the form %s, without spaces and line breaks, got "
                               "\"%s\"",
                               global ? "a role " : "an ", example, br_print(text).text);
    return br_problems_add(c->p, "pattern", name_of(o),
                           "must be %sARN of the form %s, got \"%.*s\"", global ? "a role " : "an ",
                           example, text.n > 200 ? 200 : (int)text.n, text.p);
}

static void check_session_name(checker *c)
{
    br_slice text = text_of(c, BR_OPT_SESSION_NAME);
    if (!need(c, BR_OPT_SESSION_NAME,
              "a name for the sessions, as CloudTrail shows it, such as \"nightly\""))
        return;
    if (text.n < BR_SESSION_NAME_MIN)
        br_problems_add(c->p, "min-length", name_of(BR_OPT_SESSION_NAME),
                        "length %zu is below the minimum %d", text.n, BR_SESSION_NAME_MIN);
    else if (text.n > BR_SESSION_NAME_MAX)
        br_problems_add(c->p, "max-length", name_of(BR_OPT_SESSION_NAME),
                        "length %zu is above the maximum %d", text.n, BR_SESSION_NAME_MAX);
    else if (!all_of(text, "+=,.@-"))
        br_problems_add(c->p, "pattern", name_of(BR_OPT_SESSION_NAME),
                        "may contain only letters, digits and _+=,.@-");
}

static void check_pkcs12(checker *c)
{
    static const br_option others[] = {BR_OPT_CERTIFICATE, BR_OPT_PRIVATE_KEY,
                                       BR_OPT_CERTIFICATE_CHAIN};
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        if (is_set(c, others[i]))
            br_problems_add(c->p, "conflict", name_of(others[i]),
                            "cannot be given together with pkcs12, which contains it");
}

static void check_providers(checker *c)
{
    br_slice rest = text_of(c, BR_OPT_OPENSSL_PROVIDERS), name;
    size_t count = 0;
    if (rest.n == 0)
        return;
    if (!is_set(c, BR_OPT_PRIVATE_KEY))
        br_problems_add(c->p, "conflict", name_of(BR_OPT_OPENSSL_PROVIDERS),
                        "is for private_key alone: set that, too");
    for (; br_providers_next(&rest, &name); count++)
        if (name.n > BR_PROVIDER_NAME_MAX || !all_of(name, "-.") || count == BR_PROVIDERS_MAX) {
            br_problems_add(c->p, "pattern", name_of(BR_OPT_OPENSSL_PROVIDERS),
                            "must be up to %d names of OpenSSL's providers, such as \"tpm2\", "
                            "\"default\"",
                            BR_PROVIDERS_MAX);
            return;
        }
}

static void check_certificate_options(checker *c)
{
    static const br_option keys[] = {BR_OPT_PRIVATE_KEY, BR_OPT_PKCS12};
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
        if (is_set(c, keys[i]) && c->s->has_function[BR_OPT_SIGN])
            br_problems_add(c->p, "conflict", name_of(keys[i]),
                            "cannot be given together with sign, which has the private key");
    check_providers(c);
    if (is_set(c, BR_OPT_PKCS12))
        check_pkcs12(c);
    else
        need(c, BR_OPT_CERTIFICATE, "a file path, or the certificate itself as PEM or DER");
}

static void range(checker *c, br_option o, int64_t min, int64_t max, const char *unit)
{
    int64_t n = br_settings_number(c->s, o);
    if (n < min)
        br_problems_add(c->p, "min-value", name_of(o), "%lld is below the minimum %lld%s",
                        (long long)n, (long long)min, unit);
    else if (n > max)
        br_problems_add(c->p, "max-value", name_of(o), "%lld is above the maximum %lld%s",
                        (long long)n, (long long)max, unit);
}

static bool own_rolesanywhere_endpoint(const checker *c)
{
    for (size_t i = 0; i < c->s->endpoint_count; i++) {
        const char *service = c->s->endpoints[i].service;
        if (service[0] == '\0' || strcmp(service, "rolesanywhere") == 0)
            return true;
    }
    return false;
}

bool br_settings_foreign_arns(const br_settings *s, br_slice *region, br_option *option)
{
    br_arn anchor, profile;
    if (s->auth != BR_AUTH_ROLES_ANYWHERE || s->ra_region[0] == '\0' ||
        !br_arn_parse(br_settings_text(s, BR_OPT_TRUST_ANCHOR_ARN), &anchor) ||
        !br_arn_parse(br_settings_text(s, BR_OPT_PROFILE_ARN), &profile) ||
        !br_slice_eq(anchor.region, profile.region) || br_slice_eqs(anchor.region, s->ra_region))
        return false;
    bool custom =
        s->text[BR_OPT_ROLES_ANYWHERE_CUSTOM_REGION] != NULL || !br_region_known(anchor.region);
    *option = custom ? BR_OPT_ROLES_ANYWHERE_CUSTOM_REGION : BR_OPT_ROLES_ANYWHERE_REGION;
    *region = anchor.region;
    return true;
}

/* Both ARNs name the region that CreateSession must be sent to. */
static void check_arn_regions(checker *c)
{
    br_arn anchor, profile;
    br_slice region;
    br_option option;
    if (!br_arn_parse(text_of(c, BR_OPT_TRUST_ANCHOR_ARN), &anchor) ||
        !br_arn_parse(text_of(c, BR_OPT_PROFILE_ARN), &profile))
        return;
    if (!br_slice_eq(anchor.region, profile.region))
        br_problems_add(
            c->p, "conflict", name_of(BR_OPT_PROFILE_ARN),
            "is in region %.*s but trust_anchor_arn is in %.*s: both must be in the same region",
            (int)profile.region.n, profile.region.p, (int)anchor.region.n, anchor.region.p);
    else if (!own_rolesanywhere_endpoint(c) && br_settings_foreign_arns(c->s, &region, &option))
        br_problems_add(c->p, "conflict", name_of(BR_OPT_TRUST_ANCHOR_ARN),
                        "is in region %.*s but Roles Anywhere is called in %s: set %s = \"%.*s\"",
                        (int)region.n, region.p, c->s->ra_region, br_option_name(option),
                        (int)region.n, region.p);
}

/* Role, profile and trust anchor are of one account, or at least of one partition. */
static void check_arn_partitions(checker *c)
{
    static const br_option others[] = {BR_OPT_PROFILE_ARN, BR_OPT_ROLE_ARN};
    br_arn anchor, other;
    if (!br_arn_parse(text_of(c, BR_OPT_TRUST_ANCHOR_ARN), &anchor))
        return;
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        if (br_arn_parse(text_of(c, others[i]), &other) &&
            !br_slice_eq(other.partition, anchor.partition))
            br_problems_add(c->p, "conflict", name_of(others[i]),
                            "is in partition %.*s but trust_anchor_arn is in %.*s: all must be in "
                            "the same partition",
                            (int)other.partition.n, other.partition.p, (int)anchor.partition.n,
                            anchor.partition.p);
}

static bool need_arn(checker *c, br_option o, const char *what, const char *service,
                     const char *prefix, const char *example)
{
    return need(c, o, what) && check_arn(c, o, service, prefix, example);
}

static void check_roles_anywhere(checker *c)
{
    bool profile = need_arn(
        c, BR_OPT_PROFILE_ARN, "the ARN of a Roles Anywhere profile", "rolesanywhere", "profile/",
        "arn:aws:rolesanywhere:REGION:ACCOUNT:profile/ID (or …:alias/profile/NAME)");
    bool role = need_arn(c, BR_OPT_ROLE_ARN, "the ARN of the IAM role to assume", "iam", "role/",
                         "arn:aws:iam::ACCOUNT:role/NAME");
    bool anchor = need_arn(c, BR_OPT_TRUST_ANCHOR_ARN, "the ARN of a Roles Anywhere trust anchor",
                           "rolesanywhere", "trust-anchor/",
                           "arn:aws:rolesanywhere:REGION:ACCOUNT:trust-anchor/ID (or "
                           "…:alias/trust-anchor/NAME)");
    if (profile && anchor)
        check_arn_regions(c);
    if (profile && role && anchor)
        check_arn_partitions(c);
    if (c->s->auth == BR_AUTH_ROLES_ANYWHERE || is_set(c, BR_OPT_SESSION_NAME))
        check_session_name(c);
    check_certificate_options(c);
    range(c, BR_OPT_DURATION, BR_RA_DURATION_MIN, BR_RA_DURATION_MAX, " (seconds)");
}

/* Regions. */

static bool check_custom_region(checker *c, br_option o)
{
    br_slice text = text_of(c, o);
    if (text.n > 7 && memcmp(text.p + text.n - 7, "-global", 7) == 0)
        return br_problems_add(c->p, "pattern", name_of(o),
                               "\"%s\" is a pseudo-region without endpoints of its own: name a "
                               "region such as us-east-1",
                               br_print(text).text);
    if (br_region_syntax_ok(text))
        return true;
    return br_problems_add(c->p, "pattern", name_of(o),
                           "must be lower-case letters and digits with single dashes between them, "
                           "at most %d characters, got \"%s\"",
                           BR_REGION_MAX, br_print(text).text);
}

static bool check_listed_region(checker *c, br_option o, const char *custom)
{
    br_slice text = text_of(c, o);
    if (br_region_known(text))
        return true;
    br_suggest near;
    br_suggest_init(&near, text);
    br_region_suggest(&near);
    return br_problems_add(
        c->p, "enum", name_of(o),
        "\"%s\" is not a known region%s%.*s%s; to use a region that is not listed, set %s",
        br_print(text).text, near.best.p ? " (did you mean " : "", (int)near.best.n,
        near.best.p ? near.best.p : "", near.best.p ? "?)" : "", custom);
}

static void keep_region(char out[BR_REGION_MAX + 1], br_slice region)
{
    memcpy(out, region.p, region.n);
    out[region.n] = '\0';
}

static void check_region(checker *c)
{
    bool ok = true;
    br_slice effective = BR_SLICE("us-east-1");
    if (is_set(c, BR_OPT_REGION)) {
        ok = check_listed_region(c, BR_OPT_REGION, "custom_region");
        effective = text_of(c, BR_OPT_REGION);
    }
    if (is_set(c, BR_OPT_CUSTOM_REGION)) {
        ok &= check_custom_region(c, BR_OPT_CUSTOM_REGION);
        effective = text_of(c, BR_OPT_CUSTOM_REGION);
    }
    if (ok)
        keep_region(c->s->region, effective);
}

static void check_roles_anywhere_region(checker *c)
{
    br_slice listed = text_of(c, BR_OPT_ROLES_ANYWHERE_REGION);
    br_slice effective = br_slice_of(c->s->region);
    bool ok = true;
    if (listed.n > 0 && !br_slice_eqs(listed, "auto")) {
        ok = check_listed_region(c, BR_OPT_ROLES_ANYWHERE_REGION, "roles_anywhere_custom_region");
        effective = listed;
    }
    if (is_set(c, BR_OPT_ROLES_ANYWHERE_CUSTOM_REGION)) {
        ok &= check_custom_region(c, BR_OPT_ROLES_ANYWHERE_CUSTOM_REGION);
        effective = text_of(c, BR_OPT_ROLES_ANYWHERE_CUSTOM_REGION);
    }
    if (ok)
        keep_region(c->s->ra_region, effective);
}

/* Endpoints, timeouts and the rest. */

/* Of what AWS's files and variables say, an endpoint goes before these. */
static void check_endpoint_flag(checker *c, br_option o)
{
    bool both = c->s->given[o] && c->s->given[BR_OPT_ENDPOINT];
    if (both && br_settings_flag(c->s, o) && c->s->endpoint_count > 0)
        br_problems_add(c->p, "conflict", name_of(o),
                        "cannot be used together with endpoint, which already says where to go");
}

static void check_endpoints(checker *c)
{
    for (size_t i = 0; i < c->s->endpoint_count; i++) {
        const br_url *url = &c->s->endpoints[i].url;
        if (!url->https && !url->loopback && !br_settings_flag(c->s, BR_OPT_ALLOW_HTTP))
            br_problems_add(c->p, "conflict", name_of(BR_OPT_ENDPOINT),
                            "http://%s would send requests and tokens in the clear: use https, or "
                            "set allow_http = true",
                            url->host);
    }
    check_endpoint_flag(c, BR_OPT_USE_FIPS);
    check_endpoint_flag(c, BR_OPT_USE_DUALSTACK);
}

static bool has_https_endpoint(const checker *c)
{
    for (size_t i = 0; i < c->s->endpoint_count; i++)
        if (c->s->endpoints[i].url.https)
            return true;
    return false;
}

/* AWS's endpoints ask for no certificate: one that is never shown would be a slip in silence. */
static void check_client_certificate(checker *c)
{
    static const br_option others[] = {BR_OPT_CLIENT_KEY, BR_OPT_CLIENT_KEY_PASSWORD};
    if (is_set(c, BR_OPT_CLIENT_CERTIFICATE)) {
        bool cache =
            c->s->cache_url != NULL && br_slice_starts(br_slice_of(c->s->cache_url), "rediss://");
        if (!has_https_endpoint(c) && !cache && !br_problems_at(c->p, "endpoint"))
            br_problems_add(c->p, "conflict", name_of(BR_OPT_CLIENT_CERTIFICATE),
                            "is for the TLS of your own endpoint: set endpoint to its https URL");
        return;
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (is_set(c, others[i]) && !br_problems_at(c->p, "client_certificate"))
            br_problems_add(c->p, "conflict", name_of(others[i]),
                            "has no effect without client_certificate: set that too");
}

/* The partition may lack FIPS or dual-stack endpoints: found here, not in the first call. */
static void check_endpoint_variant(checker *c)
{
    bool fips = br_settings_flag(c->s, BR_OPT_USE_FIPS);
    bool dualstack = br_settings_flag(c->s, BR_OPT_USE_DUALSTACK);
    int service = br_model_service(c->model, BR_SLICE("bedrock-runtime"));
    br_url url;
    br_error error;
    if ((!fips && !dualstack) || c->s->endpoint_count > 0 || c->s->region[0] == '\0')
        return;
    if (!br_endpoint_resolve(c->model, (unsigned)service, br_slice_of(c->s->region), fips,
                             dualstack, &url, &error))
        br_problems_add(c->p, "conflict", name_of(fips ? BR_OPT_USE_FIPS : BR_OPT_USE_DUALSTACK),
                        "%s", error.message);
}

static void check_timeout(checker *c, br_option o)
{
    int64_t n = br_settings_number(c->s, o);
    if (n == -1 || (n >= 1 && n <= INT_MAX))
        return;
    br_problems_add(c->p, n > 0 ? "max-value" : "min-value", name_of(o),
                    "must be -1 (none) or 1 to %d milliseconds, got %lld", INT_MAX, (long long)n);
}

static void check_unknown_mode(checker *c)
{
    br_slice text = text_of(c, BR_OPT_UNKNOWN);
    if (text.n > 0 && !br_slice_eqs(text, "error") && !br_slice_eqs(text, "pass"))
        br_problems_add(c->p, "enum", name_of(BR_OPT_UNKNOWN), "must be \"error\" or \"pass\"");
}

/* A path with a NUL inside would silently name another file. */
static void check_path(checker *c, br_option o)
{
    br_slice text = text_of(c, o);
    if (text.n > 0 && memchr(text.p, '\0', text.n) != NULL)
        br_problems_add(c->p, "pattern", name_of(o), "contains a NUL character, which no path can");
}

static void check_roles(checker *c)
{
    br_settings *s = c->s;
    bool unsigned_too = s->auth == BR_AUTH_API_KEY || s->auth == BR_AUTH_UNSIGNED;
    if (s->role_count > 0 && unsigned_too)
        br_problems_add(c->p, "conflict", name_of(BR_OPT_ASSUME_ROLE),
                        "needs credentials to assume the role with, and auth = \"%s\" has none",
                        br_auth_name(s->auth));
    for (size_t i = 0; i < s->role_count && !unsigned_too; i++)
        br_role_build(&s->roles[i], br_way_gives_role(&s->way), &s->way, c->p);
}

/* Options that one way alone reads: with another they would be passed over in silence. */
static void check_belonging(checker *c)
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
        br_problems_add(c->p, "conflict", name_of(BR_OPT_API_KEY),
                        "has no effect with auth = \"%s\": set auth = \"api_key\"",
                        br_auth_name(s->auth));
    for (size_t i = 0; i < sizeof belongs / sizeof *belongs; i++) {
        br_option o = belongs[i].option;
        bool given = o < BR_OPT_TEXT_COUNT ? is_set(c, o) : s->given[o];
        if (given && s->auth != belongs[i].auth && !(belongs[i].chain && s->auth == BR_AUTH_CHAIN))
            br_problems_add(c->p, "conflict", name_of(o),
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

static void check_auth_options(checker *c)
{
    switch (c->s->auth) {
    case BR_AUTH_ROLES_ANYWHERE:
        check_roles_anywhere(c);
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
            br_problems_add(c->p, "missing", name_of(BR_OPT_CREDENTIALS),
                            "missing: a function that gives { access_key_id, secret_access_key, "
                            "session_token, expiration }");
        break;
    default: /* engine/ways.h looks for what these need */
        break;
    }
}

bool br_settings_check(br_settings *s, const br_model *m, br_problems *p)
{
    checker c = {s, m, p};
    bool auth_known = br_settings_find_auth(s, p);
    check_region(&c);
    check_roles_anywhere_region(&c);
    if (auth_known)
        check_auth_options(&c);
    if (auth_known && asks_roles_anywhere(s))
        check_roles_anywhere(&c);
    if (auth_known)
        check_authorization_header(&c);
    if (auth_known)
        check_belonging(&c);
    check_roles(&c);
    check_endpoints(&c);
    check_endpoint_variant(&c);
    check_client_certificate(&c);
    for (int o = BR_OPT_CONNECT_TIMEOUT; o <= BR_OPT_TOTAL_TIMEOUT; o++)
        check_timeout(&c, (br_option)o);
    range(&c, BR_OPT_MAX_ATTEMPTS, 1, BR_MAX_ATTEMPTS_MAX, "");
    check_unknown_mode(&c);
    check_path(&c, BR_OPT_CA_FILE);
    check_path(&c, BR_OPT_CACHE_DIR);
    return !br_problems_any(p);
}
