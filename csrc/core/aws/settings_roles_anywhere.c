/* The options of IAM Roles Anywhere. */
#include "core/aws/settings_private.h"

#include <string.h>

#include "core/aws/arn.h"
#include "core/base/ascii.h"
#include "core/text/printable.h"

static bool is_account(br_slice text)
{
    return text.n == 12 && br_slice_number(text, INT64_MAX / 100) >= 0;
}

/* As profiles and trust anchors are given aliases: AliasName of the facts, and not empty. */
static bool alias_ok(br_slice name)
{
    bool letter = name.n > 0 && br_is_letter(name.p[0]);
    if (!letter || name.n > BR_ALIAS_NAME_MAX || name.p[name.n - 1] == '/' ||
        !br_check_all_of(name, "/-"))
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
    return alias ? alias_ok(resource) : resource.n > 0 && br_check_all_of(resource, "+=,.@/-");
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
    return resource.n > 0 && br_check_all_of(resource, "+=,.@-");
}

static bool partition_ok(br_slice partition)
{
    return br_slice_eqs(partition, "aws") ||
           (br_slice_starts(partition, "aws-") && partition.n > 4);
}

/* The form is the documentation's; whether such a thing exists only AWS knows. */
static bool check_arn(br_checker *c, br_option o, const char *service, const char *prefix,
                      const char *example)
{
    br_slice text = br_check_text(c, o);
    br_arn arn;
    bool global = strcmp(service, "iam") == 0;
    if (br_arn_parse(text, &arn) && partition_ok(arn.partition) &&
        br_slice_eqs(arn.service, service) && is_account(arn.account) &&
        (global ? arn.region.n == 0 : br_region_syntax_ok(arn.region)) &&
        (global ? role_resource_ok(arn.resource, prefix)
                : rolesanywhere_resource_ok(arn.resource, prefix)))
        return true;
    if (br_slice_has_blank_or_control(text))
        return br_problems_add(c->p, "pattern", br_check_name(o),
                               "must be %sARN of the form %s, without spaces and line breaks, got "
                               "\"%s\"",
                               global ? "a role " : "an ", example, br_print(text).text);
    return br_problems_add(c->p, "pattern", br_check_name(o),
                           "must be %sARN of the form %s, got \"%.*s\"", global ? "a role " : "an ",
                           example, text.n > 200 ? 200 : (int)text.n, text.p);
}

static void check_session_name(br_checker *c)
{
    br_slice text = br_check_text(c, BR_OPT_SESSION_NAME);
    if (!br_check_need(c, BR_OPT_SESSION_NAME,
                       "a name for the sessions, as CloudTrail shows it, such as \"nightly\""))
        return;
    if (text.n < BR_SESSION_NAME_MIN)
        br_problems_add(c->p, "min-length", br_check_name(BR_OPT_SESSION_NAME),
                        "length %zu is below the minimum %d", text.n, BR_SESSION_NAME_MIN);
    else if (text.n > BR_SESSION_NAME_MAX)
        br_problems_add(c->p, "max-length", br_check_name(BR_OPT_SESSION_NAME),
                        "length %zu is above the maximum %d", text.n, BR_SESSION_NAME_MAX);
    else if (!br_check_all_of(text, "+=,.@-"))
        br_problems_add(c->p, "pattern", br_check_name(BR_OPT_SESSION_NAME),
                        "may contain only letters, digits and _+=,.@-");
}

static void check_pkcs12(br_checker *c)
{
    static const br_option others[] = {BR_OPT_CERTIFICATE, BR_OPT_PRIVATE_KEY,
                                       BR_OPT_CERTIFICATE_CHAIN};
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        if (br_check_is_set(c, others[i]))
            br_problems_add(c->p, "conflict", br_check_name(others[i]),
                            "cannot be given together with pkcs12, which contains it");
}

static void check_providers(br_checker *c)
{
    br_slice rest = br_check_text(c, BR_OPT_OPENSSL_PROVIDERS), name;
    size_t count = 0;
    if (rest.n == 0)
        return;
    if (!br_check_is_set(c, BR_OPT_PRIVATE_KEY))
        br_problems_add(c->p, "conflict", br_check_name(BR_OPT_OPENSSL_PROVIDERS),
                        "is for private_key alone: set that, too");
    for (; br_providers_next(&rest, &name); count++)
        if (name.n > BR_PROVIDER_NAME_MAX || !br_check_all_of(name, "-.") ||
            count == BR_PROVIDERS_MAX) {
            br_problems_add(c->p, "pattern", br_check_name(BR_OPT_OPENSSL_PROVIDERS),
                            "must be up to %d names of OpenSSL's providers, such as \"tpm2\", "
                            "\"default\"",
                            BR_PROVIDERS_MAX);
            return;
        }
}

static void check_certificate_options(br_checker *c)
{
    static const br_option keys[] = {BR_OPT_PRIVATE_KEY, BR_OPT_PKCS12};
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
        if (br_check_is_set(c, keys[i]) && c->s->has_function[BR_OPT_SIGN])
            br_problems_add(c->p, "conflict", br_check_name(keys[i]),
                            "cannot be given together with sign, which has the private key");
    check_providers(c);
    if (br_check_is_set(c, BR_OPT_PKCS12))
        check_pkcs12(c);
    else
        br_check_need(c, BR_OPT_CERTIFICATE,
                      "a file path, or the certificate itself as PEM or DER");
}

static bool own_rolesanywhere_endpoint(const br_checker *c)
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
static void check_arn_regions(br_checker *c)
{
    br_arn anchor, profile;
    br_slice region;
    br_option option;
    if (!br_arn_parse(br_check_text(c, BR_OPT_TRUST_ANCHOR_ARN), &anchor) ||
        !br_arn_parse(br_check_text(c, BR_OPT_PROFILE_ARN), &profile))
        return;
    if (!br_slice_eq(anchor.region, profile.region))
        br_problems_add(
            c->p, "conflict", br_check_name(BR_OPT_PROFILE_ARN),
            "is in region %.*s but trust_anchor_arn is in %.*s: both must be in the same region",
            (int)profile.region.n, profile.region.p, (int)anchor.region.n, anchor.region.p);
    else if (!own_rolesanywhere_endpoint(c) && br_settings_foreign_arns(c->s, &region, &option))
        br_problems_add(c->p, "conflict", br_check_name(BR_OPT_TRUST_ANCHOR_ARN),
                        "is in region %.*s but Roles Anywhere is called in %s: set %s = \"%.*s\"",
                        (int)region.n, region.p, c->s->ra_region, br_option_name(option),
                        (int)region.n, region.p);
}

/* Role, profile and trust anchor are of one account, or at least of one partition. */
static void check_arn_partitions(br_checker *c)
{
    static const br_option others[] = {BR_OPT_PROFILE_ARN, BR_OPT_ROLE_ARN};
    br_arn anchor, other;
    if (!br_arn_parse(br_check_text(c, BR_OPT_TRUST_ANCHOR_ARN), &anchor))
        return;
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        if (br_arn_parse(br_check_text(c, others[i]), &other) &&
            !br_slice_eq(other.partition, anchor.partition))
            br_problems_add(c->p, "conflict", br_check_name(others[i]),
                            "is in partition %.*s but trust_anchor_arn is in %.*s: all must be in "
                            "the same partition",
                            (int)other.partition.n, other.partition.p, (int)anchor.partition.n,
                            anchor.partition.p);
}

static bool need_arn(br_checker *c, br_option o, const char *what, const char *service,
                     const char *prefix, const char *example)
{
    return br_check_need(c, o, what) && check_arn(c, o, service, prefix, example);
}

void br_check_roles_anywhere(br_checker *c)
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
    if (c->s->auth == BR_AUTH_ROLES_ANYWHERE || br_check_is_set(c, BR_OPT_SESSION_NAME))
        check_session_name(c);
    check_certificate_options(c);
    br_check_range(c, BR_OPT_DURATION, BR_RA_DURATION_MIN, BR_RA_DURATION_MAX, " (seconds)");
}
