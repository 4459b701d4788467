#include "core/aws/region.h"

#include <string.h>

#include "core/base/ascii.h"

bool br_region_syntax_ok(br_slice region)
{
    if (region.n == 0 || region.n > BR_REGION_MAX)
        return false;
    for (size_t i = 0; i < region.n; i++) {
        bool inner_dash = region.p[i] == '-' && i > 0 && i + 1 < region.n && region.p[i - 1] != '-';
        if (!br_is_lower(region.p[i]) && !br_is_digit(region.p[i]) && !inner_dash)
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

const br_partition *br_region_partition_in(const br_model *m, br_slice region)
{
    if (m->partition_count == 0)
        m = &br_model_builtin;
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
    return br_region_partition_in(&br_model_builtin, region);
}

void br_region_suggest(br_suggest *s)
{
    for (uint32_t i = 0; i < br_model_builtin.region_count; i++)
        br_suggest_try(s, br_slice_of(br_model_builtin.regions[i].name));
}
