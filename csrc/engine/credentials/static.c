/* Keys that were given, and serve for good. */
#include <stdlib.h>

#include "engine/credentials/sources.h"

typedef struct static_source {
    br_source base;
    const br_credentials *set;
} static_source;

static const br_credentials *fixed(const br_source *s)
{
    return ((const static_source *)s)->set;
}

static void release(br_source *s)
{
    br_credentials_unref(((static_source *)s)->set);
    free(s);
}

br_source *br_static_new(br_config *config, const br_model *model, const br_platform *platform,
                         br_problems *problems)
{
    static const br_source_ops ops = {.fixed = fixed, .free = release};
    const br_settings *s = &config->settings;
    (void)model;
    (void)platform;
    if (br_problems_any(problems))
        return NULL;
    static_source *source = calloc(1, sizeof *source);
    if (source != NULL) {
        br_source_init(&source->base, &ops, config);
        source->set =
            br_credentials_new(br_settings_text(s, BR_OPT_ACCESS_KEY_ID),
                               br_settings_text(s, BR_OPT_SECRET_ACCESS_KEY),
                               br_settings_text(s, BR_OPT_SESSION_TOKEN), BR_NEVER_EXPIRES);
        if (source->set != NULL)
            return &source->base;
        br_source_unref(&source->base);
    }
    br_problems_add(problems, "file", (br_slice){"", 0}, "out of memory");
    return NULL;
}
