#include "core/aws/settings_private.h"

#include <limits.h>
#include <string.h>

#include "core/aws/endpoint.h"
#include "core/base/ascii.h"
#include "core/text/printable.h"

bool br_check_all_of(br_slice text, const char *others)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] != '_' && !br_is_alnum_or(text.p[i], others))
            return false;
    return true;
}

void br_check_range(br_checker *c, br_option o, int64_t min, int64_t max, const char *unit)
{
    int64_t n = br_settings_number(c->s, o);
    if (n < min)
        br_problems_add(c->p, "min-value", br_check_name(o), "%lld is below the minimum %lld%s",
                        (long long)n, (long long)min, unit);
    else if (n > max)
        br_problems_add(c->p, "max-value", br_check_name(o), "%lld is above the maximum %lld%s",
                        (long long)n, (long long)max, unit);
}

/* Regions. */

static bool check_custom_region(br_checker *c, br_option o)
{
    br_slice text = br_check_text(c, o);
    if (br_slice_ends(text, "-global") && text.n > strlen("-global"))
        return br_problems_add(c->p, "pattern", br_check_name(o),
                               "\"%s\" is a pseudo-region without endpoints of its own: name a "
                               "region such as us-east-1",
                               br_print(text).text);
    if (br_region_syntax_ok(text))
        return true;
    return br_problems_add(c->p, "pattern", br_check_name(o),
                           "must be lower-case letters and digits with single dashes between them, "
                           "at most %d characters, got \"%s\"",
                           BR_REGION_MAX, br_print(text).text);
}

static bool check_listed_region(br_checker *c, br_option o, const char *custom)
{
    br_slice text = br_check_text(c, o);
    if (br_region_known(text))
        return true;
    br_suggest near;
    br_suggest_init(&near, text);
    br_region_suggest(&near);
    return br_problems_add(
        c->p, "enum", br_check_name(o),
        "\"%s\" is not a known region%s%.*s%s; to use a region that is not listed, set %s",
        br_print(text).text, near.best.p ? " (did you mean " : "", (int)near.best.n,
        near.best.p ? near.best.p : "", near.best.p ? "?)" : "", custom);
}

static void keep_region(char out[BR_REGION_MAX + 1], br_slice region)
{
    memcpy(out, region.p, region.n);
    out[region.n] = '\0';
}

static void check_region(br_checker *c)
{
    bool ok = true;
    br_slice effective = BR_SLICE("us-east-1");
    if (br_check_is_set(c, BR_OPT_REGION)) {
        ok = check_listed_region(c, BR_OPT_REGION, "custom_region");
        effective = br_check_text(c, BR_OPT_REGION);
    }
    if (br_check_is_set(c, BR_OPT_CUSTOM_REGION)) {
        ok &= check_custom_region(c, BR_OPT_CUSTOM_REGION);
        effective = br_check_text(c, BR_OPT_CUSTOM_REGION);
    }
    if (ok)
        keep_region(c->s->region, effective);
}

static void check_roles_anywhere_region(br_checker *c)
{
    br_slice listed = br_check_text(c, BR_OPT_ROLES_ANYWHERE_REGION);
    br_slice effective = br_slice_of(c->s->region);
    bool ok = true;
    if (listed.n > 0 && !br_slice_eqs(listed, "auto")) {
        ok = check_listed_region(c, BR_OPT_ROLES_ANYWHERE_REGION, "roles_anywhere_custom_region");
        effective = listed;
    }
    if (br_check_is_set(c, BR_OPT_ROLES_ANYWHERE_CUSTOM_REGION)) {
        ok &= check_custom_region(c, BR_OPT_ROLES_ANYWHERE_CUSTOM_REGION);
        effective = br_check_text(c, BR_OPT_ROLES_ANYWHERE_CUSTOM_REGION);
    }
    if (ok)
        keep_region(c->s->ra_region, effective);
}

/* Endpoints, timeouts and the rest. */

/* Of what AWS's files and variables say, an endpoint goes before these. */
static void check_endpoint_flag(br_checker *c, br_option o)
{
    bool both = c->s->given[o] && c->s->given[BR_OPT_ENDPOINT];
    if (both && br_settings_flag(c->s, o) && c->s->endpoint_count > 0)
        br_problems_add(c->p, "conflict", br_check_name(o),
                        "cannot be used together with endpoint, which already says where to go");
}

static void check_endpoints(br_checker *c)
{
    for (size_t i = 0; i < c->s->endpoint_count; i++) {
        const br_url *url = &c->s->endpoints[i].url;
        if (!url->https && !url->loopback && !br_settings_flag(c->s, BR_OPT_ALLOW_HTTP))
            br_problems_add(c->p, "conflict", br_check_name(BR_OPT_ENDPOINT),
                            "http://%s would send requests and tokens in the clear: use https, or "
                            "set allow_http = true",
                            url->host);
    }
    check_endpoint_flag(c, BR_OPT_USE_FIPS);
    check_endpoint_flag(c, BR_OPT_USE_DUALSTACK);
}

static bool has_https_endpoint(const br_checker *c)
{
    for (size_t i = 0; i < c->s->endpoint_count; i++)
        if (c->s->endpoints[i].url.https)
            return true;
    return false;
}

/* AWS's endpoints ask for no certificate: one that is never shown would be a slip in silence. */
static void check_client_certificate(br_checker *c)
{
    static const br_option others[] = {BR_OPT_CLIENT_KEY, BR_OPT_CLIENT_KEY_PASSWORD};
    if (br_check_is_set(c, BR_OPT_CLIENT_CERTIFICATE)) {
        bool cache =
            c->s->cache_url != NULL && br_slice_starts(br_slice_of(c->s->cache_url), "rediss://");
        if (!has_https_endpoint(c) && !cache && !br_problems_at(c->p, "endpoint"))
            br_problems_add(c->p, "conflict", br_check_name(BR_OPT_CLIENT_CERTIFICATE),
                            "is for the TLS of your own endpoint: set endpoint to its https URL");
        return;
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (br_check_is_set(c, others[i]) && !br_problems_at(c->p, "client_certificate"))
            br_problems_add(c->p, "conflict", br_check_name(others[i]),
                            "has no effect without client_certificate: set that too");
}

/* The partition may lack FIPS or dual-stack endpoints: found here, not in the first call. */
static void check_endpoint_variant(br_checker *c)
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
        br_problems_add(c->p, "conflict",
                        br_check_name(fips ? BR_OPT_USE_FIPS : BR_OPT_USE_DUALSTACK), "%s",
                        error.message);
}

static void check_timeout(br_checker *c, br_option o)
{
    int64_t n = br_settings_number(c->s, o);
    if (n == -1 || (n >= 1 && n <= INT_MAX))
        return;
    br_problems_add(c->p, n > 0 ? "max-value" : "min-value", br_check_name(o),
                    "must be -1 (none) or 1 to %d milliseconds, got %lld", INT_MAX, (long long)n);
}

static void check_unknown_mode(br_checker *c)
{
    br_slice text = br_check_text(c, BR_OPT_UNKNOWN);
    if (text.n > 0 && !br_slice_eqs(text, "error") && !br_slice_eqs(text, "pass"))
        br_problems_add(c->p, "enum", br_check_name(BR_OPT_UNKNOWN),
                        "must be \"error\" or \"pass\"");
}

/* A path with a NUL inside would silently name another file. */
static void check_path(br_checker *c, br_option o)
{
    br_slice text = br_check_text(c, o);
    if (text.n > 0 && memchr(text.p, '\0', text.n) != NULL)
        br_problems_add(c->p, "pattern", br_check_name(o),
                        "contains a NUL character, which no path can");
}

bool br_settings_check(br_settings *s, const br_model *m, br_problems *p)
{
    br_checker c = {s, m, p};
    bool auth_known = br_settings_find_auth(s, p);
    check_region(&c);
    check_roles_anywhere_region(&c);
    if (auth_known)
        br_check_auth(&c);
    br_check_roles(&c);
    check_endpoints(&c);
    check_endpoint_variant(&c);
    check_client_certificate(&c);
    for (int o = BR_OPT_CONNECT_TIMEOUT; o <= BR_OPT_TOTAL_TIMEOUT; o++)
        check_timeout(&c, (br_option)o);
    br_check_range(&c, BR_OPT_MAX_ATTEMPTS, 1, BR_MAX_ATTEMPTS_MAX, "");
    check_unknown_mode(&c);
    check_path(&c, BR_OPT_CA_FILE);
    check_path(&c, BR_OPT_CACHE_DIR);
    return !br_problems_any(p);
}
