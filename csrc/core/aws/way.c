#include "core/aws/way.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/owned_text.h"

#define FORM_MAX ((size_t)64 * 1024)

static const char *const names[] = {
    [BR_LAYER_ROLES_ANYWHERE] = "roles_anywhere",
    [BR_LAYER_KEYS] = "access_keys",
    [BR_LAYER_ENVIRONMENT] = "environment",
    [BR_LAYER_CUSTOM] = "custom",
    [BR_LAYER_WEB_IDENTITY] = "web_identity",
    [BR_LAYER_SSO] = "sso",
    [BR_LAYER_PROCESS] = "process",
    [BR_LAYER_CONTAINER] = "container",
    [BR_LAYER_INSTANCE] = "instance",
    [BR_LAYER_NOTHING] = "nothing",
    [BR_LAYER_ASSUME_ROLE] = "assume_role",
};

void br_way_init(br_way *w)
{
    memset(w, 0, sizeof *w);
}

void br_way_free(br_way *w)
{
    for (size_t i = 0; i < w->count; i++) {
        for (int which = 0; which < BR_LAYER_TEXT_COUNT; which++)
            br_text_free(w->layers[i].text[which]);
        br_buf_free(&w->layers[i].form);
    }
    free(w->layers);
    free(w->looked);
    br_way_init(w);
}

br_layer *br_way_add(br_way *w, br_layer_kind kind)
{
    br_layer *layers =
        w->count < BR_WAY_LAYERS_MAX ? realloc(w->layers, (w->count + 1) * sizeof *layers) : NULL;
    if (layers == NULL)
        return NULL;
    w->layers = layers;
    br_layer *l = &layers[w->count++];
    memset(l, 0, sizeof *l);
    l->kind = kind;
    br_buf_init_secret(&l->form, FORM_MAX);
    return l;
}

bool br_layer_set(br_layer *l, br_layer_text which, br_slice value)
{
    char *copy = NULL;
    if (value.n > 0) {
        copy = br_text_copy(value);
        if (copy == NULL)
            return false;
    }
    br_text_free(l->text[which]);
    l->text[which] = copy;
    return true;
}

br_slice br_layer_get(const br_layer *l, br_layer_text which)
{
    const char *text = l->text[which];
    return text == NULL ? (br_slice){NULL, 0} : br_slice_of(text);
}

bool br_way_gives_role(const br_way *w)
{
    br_layer_kind top = w->count > 0 ? w->layers[w->count - 1].kind : BR_LAYER_KEYS;
    return top == BR_LAYER_ROLES_ANYWHERE || top == BR_LAYER_WEB_IDENTITY ||
           top == BR_LAYER_ASSUME_ROLE;
}

const char *br_layer_name(br_layer_kind kind)
{
    return names[kind];
}
