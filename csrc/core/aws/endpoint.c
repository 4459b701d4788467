#include "core/aws/endpoint.h"

#include <stdio.h>
#include <string.h>

#include "core/aws/region.h"

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
        return br_error_set(error, BR_ERR_CONFIG, "ConfigError",
                            "%.*s has no known endpoint in %.*s, which is in partition %s; if "
                            "there is one, set endpoint = { [\"%.*s\"] = URL }",
                            (int)prefix.n, prefix.p, (int)region.n, region.p, partition->id,
                            (int)prefix.n, prefix.p);
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
                            "the region must be at most %d lower-case letters, digits and single "
                            "dashes, such as us-east-1",
                            BR_REGION_MAX);
    const br_service *chosen = &model->services[service];
    if (chosen->domain != BR_NONE)
        return own_domain(model, chosen, region, fips, out, error);
    const br_partition *partition = br_region_partition_in(model, region);
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
