#include "core/aws/container_uri.h"

#include <string.h>

bool br_container_host_allowed(const br_url *endpoint)
{
    static const char *const known[] = {"169.254.170.2", "169.254.170.23", "fd00:ec2::23"};
    if (endpoint->https || endpoint->loopback)
        return true;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(endpoint->host, known[i]) == 0)
            return true;
    return false;
}

/* How much of it is scheme and authority. */
static size_t origin_length(br_slice uri)
{
    size_t at = 0;
    while (at + 3 <= uri.n && memcmp(uri.p + at, "://", 3) != 0)
        at++;
    for (at += 3; at < uri.n; at++)
        if (memchr("/?#", uri.p[at], 3) != NULL)
            return at;
    return uri.n;
}

static bool target_ok(br_slice target)
{
    for (size_t i = 0; i < target.n; i++)
        if (target.p[i] <= ' ' || target.p[i] > '~' || target.p[i] == '#')
            return false;
    return target.n <= BR_CONTAINER_TARGET_MAX - 1;
}

bool br_container_uri_parse(br_slice uri, br_url *endpoint, br_buf *target, br_error *error)
{
    size_t n = origin_length(uri);
    br_slice rest = {uri.p + n, uri.n - n};
    if (!br_url_parse(endpoint, (br_slice){uri.p, n}, error))
        return false;
    if (!br_container_host_allowed(endpoint))
        return br_error_set(error, BR_ERR_CONFIG, "ConfigError",
                            "host %s is not allowed over http: use https, this machine's own "
                            "addresses, or those of ECS and EKS (169.254.170.2, 169.254.170.23, "
                            "fd00:ec2::23)",
                            endpoint->host);
    if (!target_ok(rest))
        return br_error_set(error, BR_ERR_CONFIG, "ConfigError",
                            "has a path that is too long or has blanks, a fragment or bytes that "
                            "are to be written as %%XX");
    if (rest.n == 0 || rest.p[0] != '/')
        br_buf_addc(target, '/');
    return br_buf_add_slice(target, rest) ||
           br_error_set(error, BR_ERR_CONFIG, "ConfigError", "out of memory");
}
