#include "core/aws/instance_metadata.h"

#include <stdio.h>
#include <string.h>

static const char *const paths[] = {
    [BR_INSTANCE_TOKEN] = "/latest/api/token",
    [BR_INSTANCE_ROLE] = "/latest/meta-data/iam/security-credentials/",
    [BR_INSTANCE_CREDENTIALS] = "/latest/meta-data/iam/security-credentials/",
};

bool br_instance_request(br_instance_step step, const br_url *endpoint, br_slice token,
                         br_slice role, br_request *out)
{
    bool first = step == BR_INSTANCE_TOKEN;
    snprintf(out->method, sizeof out->method, first ? "PUT" : "GET");
    br_buf_adds(&out->path, endpoint->path);
    br_buf_adds(&out->path, paths[step]);
    if (step == BR_INSTANCE_CREDENTIALS)
        br_buf_add_slice(&out->path, role);
    out->has_body = first;
    if (first)
        br_headers_add(&out->headers, BR_SLICE("x-aws-ec2-metadata-token-ttl-seconds"),
                       BR_SLICE(BR_INSTANCE_TOKEN_TTL));
    else
        br_headers_add(&out->headers, BR_SLICE("x-aws-ec2-metadata-token"), token);
    return !out->path.failed && !out->headers.failed;
}

br_slice br_instance_token(br_slice body)
{
    bool ok = body.n > 0 && body.n <= BR_INSTANCE_TOKEN_MAX;
    for (size_t i = 0; ok && i < body.n; i++)
        ok = body.p[i] > ' ' && body.p[i] <= '~';
    return ok ? body : (br_slice){NULL, 0};
}

static bool role_byte(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr("_+=,.@-", c) != NULL);
}

br_slice br_instance_role(br_slice body)
{
    size_t n = 0;
    while (n < body.n && role_byte(body.p[n]))
        n++;
    bool ends = n == body.n || body.p[n] == '\n' || body.p[n] == '\r';
    return n > 0 && n <= BR_INSTANCE_ROLE_MAX && ends ? (br_slice){body.p, n} : (br_slice){NULL, 0};
}

const br_credentials *br_instance_extended(const br_credentials *c, int64_t now_ms, double random01)
{
    if (br_credentials_fresh(c, now_ms))
        return br_credentials_ref(c);
    return br_credentials_new(c->access_key_id, c->secret_access_key, c->session_token,
                              now_ms + BR_INSTANCE_EXTENSION_MS +
                                  (int64_t)((double)BR_INSTANCE_EXTENSION_JITTER_MS * random01));
}
