#include "core/text/unicode.h"

#define CATEGORY_BITS 5
#define CATEGORY_MASK 31u

/* In the order of tools/unicode_categories.py. */
static const char names[] = "LuLlLtLmLoMnMcMeNdNlNoPcPdPsPePiPfPoSmScSkSoZsZlZpCcCfCsCoCn";

unsigned br_unicode_category(uint32_t point)
{
    size_t low = 0, high = br_unicode_run_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (br_unicode_runs[middle] >> CATEGORY_BITS <= point)
            low = middle;
        else
            high = middle;
    }
    return br_unicode_runs[low] & CATEGORY_MASK;
}

uint32_t br_unicode_categories(br_slice name)
{
    uint32_t found = 0;
    if (name.n != 1 && name.n != 2)
        return 0;
    for (unsigned i = 0; i < BR_UNICODE_CATEGORIES; i++) {
        const char *category = names + 2 * i;
        if (category[0] == name.p[0] && (name.n == 1 || category[1] == name.p[1]))
            found |= UINT32_C(1) << i;
    }
    return found;
}
