#include "core/aws/arn.h"

#include <string.h>

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
