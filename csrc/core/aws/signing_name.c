#include "core/aws/signing_name.h"

#include <string.h>

static bool begins(br_slice text, const char *head)
{
    size_t n = strlen(head);
    return text.n >= n && br_slice_eq_nocase((br_slice){text.p, n}, (br_slice){head, n});
}

static bool is_aws(br_slice host)
{
    return br_slice_ends(host, ".amazonaws.com") || br_slice_ends(host, ".amazonaws.com.cn") ||
           br_slice_ends(host, ".api.aws");
}

/* A bucket may be called as it likes, but its host has S3's own label, too. */
static bool is_s3(br_slice label)
{
    return br_slice_eqs(label, "s3") || begins(label, "s3-") || begins(label, "s3express-");
}

/* Machines and gateways that anybody may have at AWS: what answers there is not known. */
static bool is_anybodys(br_slice label)
{
    return br_slice_eqs(label, "elb") || br_slice_eqs(label, "execute-api") ||
           begins(label, "compute") || begins(label, "vpce-svc-");
}

static bool is_bedrock(br_slice label)
{
    return begins(label, "bedrock") && !begins(label, "bedrock-agentcore") &&
           !begins(label, "bedrock-mantle");
}

bool br_may_sign_as_bedrock(br_slice host)
{
    bool found = false;
    if (!is_aws(host))
        return true;
    while (host.n > 0) {
        const char *dot = memchr(host.p, '.', host.n);
        br_slice label = {host.p, dot != NULL ? (size_t)(dot - host.p) : host.n};
        if (is_s3(label))
            return false;
        found = found || is_bedrock(label) || is_anybodys(label);
        host.p += label.n + (dot != NULL);
        host.n -= label.n + (dot != NULL);
    }
    return found;
}
