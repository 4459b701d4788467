#include "engine/ways.h"

static const struct {
    br_layer_kind kind;
    bool based; /* on one layer */
} bases[] = {
    [BR_AUTH_ROLES_ANYWHERE] = {BR_LAYER_ROLES_ANYWHERE, true},
    [BR_AUTH_ACCESS_KEYS] = {BR_LAYER_KEYS, true},
    [BR_AUTH_CUSTOM] = {BR_LAYER_CUSTOM, true},
    [BR_AUTH_ENVIRONMENT] = {BR_LAYER_ENVIRONMENT, true},
    [BR_AUTH_WEB_IDENTITY] = {BR_LAYER_WEB_IDENTITY, true},
    [BR_AUTH_PROCESS] = {BR_LAYER_PROCESS, true},
    [BR_AUTH_CONTAINER] = {BR_LAYER_CONTAINER, true},
    [BR_AUTH_INSTANCE] = {BR_LAYER_INSTANCE, true},
    [BR_AUTH_CHAIN] = {0, false},
};

/* What the options have for it. */
static bool take_own(br_settings *s, br_layer *layer)
{
    bool ok = true;
    for (int which = 0; which < BR_LAYER_TEXT_COUNT; which++)
        ok &=
            br_layer_set(layer, (br_layer_text)which, br_layer_get(&s->own, (br_layer_text)which));
    return ok &&
           br_layer_set(layer, BR_LAYER_COMMAND, br_settings_text(s, BR_OPT_CREDENTIAL_PROCESS));
}

bool br_ways_find(br_settings *s, br_problems *problems)
{
    bool function = s->auth == BR_AUTH_API_KEY && s->has_function[BR_OPT_API_KEY];
    if (!bases[s->auth].based && !function)
        return true;
    br_layer *layer = br_way_add(&s->way, function ? BR_LAYER_CUSTOM : bases[s->auth].kind);
    return (layer != NULL && take_own(s, layer)) ||
           br_problems_add(problems, "file", (br_slice){"", 0}, "out of memory");
}
