/* No credentials: none of what was looked for was there. Files may change that (engine/ways.h). */
#include <stdlib.h>

#include "engine/credentials/sources.h"

typedef struct nothing {
    br_source base;
    const char *looked;
} nothing;

static void *begin(br_source *base, const br_source_order *order, br_error *error)
{
    (void)order;
    br_error_set(error, BR_ERR_CREDENTIALS, "NoCredentials", "no credentials: %s",
                 ((nothing *)base)->looked);
    return NULL;
}

static void stop(void *acquisition)
{
    (void)acquisition;
}

static void release(br_source *base)
{
    free(base);
}

br_source *br_nothing_new(const br_source_input *in, br_problems *problems)
{
    static const br_source_ops ops = {.begin = begin, .stop = stop, .free = release};
    nothing *source = calloc(1, sizeof *source);
    if (source == NULL) {
        br_problems_add(problems, "file", (br_slice){"", 0}, "out of memory");
        return NULL;
    }
    br_source_init(&source->base, &ops, in->config);
    source->looked = in->way->looked != NULL ? in->way->looked : "nothing was found";
    return &source->base;
}
