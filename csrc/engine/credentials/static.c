/* Keys that were given, and serve for good. */
#include <stdlib.h>

#include "core/base/times.h"
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

/* Those of the options stand in the settings, all others in the layer. */
static br_slice text_of(const br_source_input *in, br_layer_text which, br_option option)
{
    return in->layer->text[BR_LAYER_ACCESS_KEY_ID] != NULL
               ? br_layer_get(in->layer, which)
               : br_settings_text(&in->config->settings, option);
}

static int64_t expiration_of(const br_layer *l)
{
    int64_t ms = BR_NEVER_EXPIRES;
    br_slice text = br_layer_get(l, BR_LAYER_EXPIRATION);
    return text.n > 0 && br_time_parse_iso(text, &ms) ? ms : BR_NEVER_EXPIRES;
}

br_source *br_static_new(const br_source_input *in, br_problems *problems)
{
    static const br_source_ops ops = {.fixed = fixed, .free = release};
    if (br_problems_any(problems))
        return NULL;
    static_source *source = calloc(1, sizeof *source);
    if (source != NULL) {
        br_source_init(&source->base, &ops, in->config);
        source->set = br_credentials_new(
            text_of(in, BR_LAYER_ACCESS_KEY_ID, BR_OPT_ACCESS_KEY_ID),
            text_of(in, BR_LAYER_SECRET_ACCESS_KEY, BR_OPT_SECRET_ACCESS_KEY),
            text_of(in, BR_LAYER_SESSION_TOKEN, BR_OPT_SESSION_TOKEN), expiration_of(in->layer));
        if (source->set != NULL)
            return &source->base;
        br_source_unref(&source->base);
    }
    br_problems_add(problems, "file", (br_slice){"", 0}, "out of memory");
    return NULL;
}
