#include "core/region.h"

#include <stdio.h>
#include <string.h>

static bool is_lower_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool br_region_syntax_ok(br_slice region)
{
    if (region.n == 0 || region.n > BR_REGION_MAX)
        return false;
    for (size_t i = 0; i < region.n; i++) {
        bool inner_dash = region.p[i] == '-' && i > 0 && i + 1 < region.n && region.p[i - 1] != '-';
        if (!is_lower_alnum(region.p[i]) && !inner_dash)
            return false;
    }
    return true;
}

static int compare_name(br_slice region, const char *name)
{
    size_t length = strlen(name), n = region.n < length ? region.n : length;
    int order = n > 0 ? memcmp(region.p, name, n) : 0;
    return order != 0 ? order : (region.n > length) - (region.n < length);
}

static const br_known_region *find(const br_model *m, br_slice region)
{
    size_t low = 0, high = m->region_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_name(region, m->regions[middle].name);
        if (order == 0)
            return &m->regions[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

bool br_region_known(br_slice region)
{
    return find(&br_model_builtin, region) != NULL;
}

static size_t span(br_slice s, size_t from, const char *allowed)
{
    size_t n = from;
    while (n < s.n && s.p[n] != '\0' && strchr(allowed, s.p[n]) != NULL)
        n++;
    return n - from;
}

/* prefix-\w+-\d+, for a region of correct syntax. */
static bool has_form(br_slice region, br_slice prefix)
{
    if (region.n <= prefix.n || memcmp(region.p, prefix.p, prefix.n) != 0 ||
        region.p[prefix.n] != '-')
        return false;
    size_t at = prefix.n + 1, word = span(region, at, "abcdefghijklmnopqrstuvwxyz0123456789");
    at += word;
    if (word == 0 || at == region.n)
        return false;
    size_t number = span(region, at + 1, "0123456789");
    return number > 0 && at + 1 + number == region.n;
}

static bool matches(const br_partition *partition, br_slice region)
{
    br_slice rest = br_slice_of(partition->region_prefixes);
    while (rest.n > 0) {
        const char *bar = memchr(rest.p, '|', rest.n);
        br_slice prefix = {rest.p, bar != NULL ? (size_t)(bar - rest.p) : rest.n};
        if (has_form(region, prefix))
            return true;
        size_t used = prefix.n + (bar != NULL ? 1 : 0);
        rest = (br_slice){rest.p + used, rest.n - used};
    }
    return false;
}

static const br_partition *partition_of(const br_model *m, br_slice region)
{
    const br_known_region *known = find(m, region);
    if (known != NULL)
        return &m->partitions[known->partition];
    for (uint32_t i = 0; i < m->partition_count; i++)
        if (br_region_syntax_ok(region) && matches(&m->partitions[i], region))
            return &m->partitions[i];
    for (uint32_t i = 0; i < m->partition_count; i++)
        if (strcmp(m->partitions[i].id, "aws") == 0)
            return &m->partitions[i];
    return &m->partitions[0];
}

const br_partition *br_region_partition(br_slice region)
{
    return partition_of(&br_model_builtin, region);
}

void br_region_suggest(br_suggest *s)
{
    for (uint32_t i = 0; i < br_model_builtin.region_count; i++)
        br_suggest_try(s, br_slice_of(br_model_builtin.regions[i].name));
}

static bool check_partition(const br_partition *p, bool fips, bool dualstack, br_error *error)
{
    bool no_fips = fips && !p->fips, no_dualstack = dualstack && !p->dualstack;
    if (!no_fips && !no_dualstack)
        return true;
    return br_error_set(error, BR_ERR_CONFIG, "ConfigError",
                        "partition %s has no %s endpoints; switch %s off, or set an endpoint",
                        p->id, no_fips ? "FIPS" : "dual-stack",
                        no_fips ? "use_fips" : "use_dualstack");
}

/* The plain STS endpoints of GovCloud are the FIPS ones. */
static bool fips_is_plain(const br_model *m, unsigned service, const br_partition *p,
                          bool dualstack)
{
    return !dualstack && strcmp(p->id, "aws-us-gov") == 0 &&
           br_slice_eqs(br_model_name(m, m->services[service].id), "sts");
}

/*
** Services of a domain of their own have one endpoint a region, for IPv4 and IPv6, without FIPS.
** Those without a model are not known in partitions that have another domain for both.
*/
static bool own_domain(const br_model *model, const br_service *service, br_slice region, bool fips,
                       br_url *out, br_error *error)
{
    br_slice prefix = br_model_name(model, service->prefix);
    br_slice domain = br_model_name(model, service->domain);
    const br_partition *partition = br_region_partition(region);
    if (service->protocol == BR_ROUTES_ONLY && !br_slice_eqs(domain, partition->dualstack_suffix))
        return br_error_set(
            error, BR_ERR_CONFIG, "ConfigError",
            "%.*s has no known endpoint in %.*s, which is of partition %s; if there "
            "is one, set endpoint = { [\"%.*s\"] = URL }",
            (int)prefix.n, prefix.p, (int)region.n, region.p, partition->id, (int)prefix.n,
            prefix.p);
    if (fips)
        return br_error_set(error, BR_ERR_CONFIG, "ConfigError",
                            "this service has no FIPS endpoints; switch use_fips off, or set an "
                            "endpoint");
    *out = (br_url){.https = true, .port = 443};
    int n = snprintf(out->host, sizeof(out->host), "%.*s.%.*s.%.*s", (int)prefix.n, prefix.p,
                     (int)region.n, region.p, (int)domain.n, domain.p);
    if (n < 0 || (size_t)n >= sizeof(out->host))
        return br_error_set(error, BR_ERR_CONFIG, "ConfigError", "the endpoint's host is too long");
    return true;
}

bool br_endpoint_resolve(const br_model *model, unsigned service, br_slice region, bool fips,
                         bool dualstack, br_url *out, br_error *error)
{
    if (!br_region_syntax_ok(region))
        return br_error_set(error, BR_ERR_CONFIG, "ConfigError",
                            "the region is not a host label (lower-case letters, digits and single "
                            "dashes, at most %d); give one such as us-east-1",
                            BR_REGION_MAX);
    const br_service *chosen = &model->services[service];
    if (chosen->domain != BR_NONE)
        return own_domain(model, chosen, region, fips, out, error);
    const br_partition *partition = partition_of(model, region);
    if (!check_partition(partition, fips, dualstack, error))
        return false;
    bool suffixed = fips && !fips_is_plain(model, service, partition, dualstack);
    br_slice prefix = br_model_name(model, chosen->prefix);
    *out = (br_url){.https = true, .port = 443};
    int n = snprintf(out->host, sizeof(out->host), "%.*s%s.%.*s.%s", (int)prefix.n, prefix.p,
                     suffixed ? "-fips" : "", (int)region.n, region.p,
                     dualstack ? partition->dualstack_suffix : partition->dns_suffix);
    if (n < 0 || (size_t)n >= sizeof(out->host))
        return br_error_set(error, BR_ERR_CONFIG, "ConfigError", "the endpoint's host is too long");
    return true;
}

static bool is_clean(br_slice text)
{
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] <= ' ' || text.p[i] == 0x7F)
            return false;
    return true;
}

static bool take_part(br_slice *rest, br_slice *part)
{
    const char *colon = memchr(rest->p, ':', rest->n);
    if (colon == NULL)
        return false;
    *part = (br_slice){rest->p, (size_t)(colon - rest->p)};
    *rest = (br_slice){colon + 1, rest->n - part->n - 1};
    return true;
}

bool br_arn_parse(br_slice text, br_arn *out)
{
    br_slice scheme;
    if (text.n == 0 || text.n > BR_ARN_MAX || !is_clean(text))
        return false;
    if (!take_part(&text, &scheme) || !br_slice_eqs(scheme, "arn") ||
        !take_part(&text, &out->partition) || !take_part(&text, &out->service) ||
        !take_part(&text, &out->region) || !take_part(&text, &out->account))
        return false;
    out->resource = text;
    return out->partition.n > 0 && out->service.n > 0 && out->resource.n > 0;
}
