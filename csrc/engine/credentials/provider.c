#include <stdlib.h>
#include <string.h>

#include "engine/credentials/provider_private.h"

static br_provider *new_provider(void)
{
    br_provider *p = calloc(1, sizeof(*p));
    if (p != NULL)
        p->refs = 1;
    return p;
}

static br_provider *new_fixed(const br_credentials *set)
{
    br_provider *p = new_provider();
    if (p == NULL)
        return NULL;
    p->fixed = true;
    p->held = br_credentials_ref(set);
    return p;
}

static br_provider *new_identity(const uint8_t identity[BR_IDENTITY_SIZE])
{
    br_provider *p = new_provider();
    if (p != NULL)
        memcpy(p->identity, identity, BR_IDENTITY_SIZE);
    return p;
}

static br_provider *find_identity(const br_registry *r, const uint8_t identity[BR_IDENTITY_SIZE])
{
    br_provider *p = r->providers;
    while (p != NULL && memcmp(p->identity, identity, BR_IDENTITY_SIZE) != 0)
        p = p->next;
    return p;
}

static br_provider *shared_identity(const uint8_t identity[BR_IDENTITY_SIZE])
{
    br_registry *r = br_registry_enter();
    br_provider *p = find_identity(r, identity);
    if (p != NULL) {
        p->refs++;
    } else if ((p = new_identity(identity)) != NULL) {
        p->registered = true;
        p->next = r->providers;
        r->providers = p;
    }
    br_registry_leave();
    return p;
}

br_provider *br_provider_for(const br_source *s)
{
    uint8_t identity[BR_IDENTITY_SIZE];
    if (s->ops->fixed != NULL)
        return new_fixed(s->ops->fixed(s));
    if (s->ops->identity == NULL)
        return new_provider();
    if (!s->ops->identity(s, identity))
        return NULL;
    if (s->config->settings.cache == BR_CACHE_NONE)
        return new_identity(identity);
    return shared_identity(identity);
}

static void unregister(br_registry *r, const br_provider *p)
{
    br_provider **at = &r->providers;
    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
}

void br_provider_unref(br_provider *p)
{
    if (p == NULL)
        return;
    br_registry *r = br_registry_enter();
    bool last = --p->refs == 0;
    if (last && p->registered)
        unregister(r, p);
    br_registry_leave();
    if (!last)
        return;
    br_credentials_unref(p->held);
    br_credentials_unref(p->rejected);
    free(p);
}

void br_provider_hold(br_provider *p, const br_credentials *c)
{
    const br_credentials *old = p->held;
    p->held = br_credentials_ref(c);
    br_credentials_unref(old);
}

bool br_provider_rejected(const br_provider *p, const br_credentials *c)
{
    return p->rejected != NULL && br_slice_eq(p->rejected->access_key_id, c->access_key_id);
}

void br_provider_reject(br_provider *p, const br_credentials *bad)
{
    if (bad == NULL || p->fixed)
        return;
    br_registry_enter();
    const br_credentials *old = p->rejected;
    p->rejected = br_credentials_ref(bad);
    if (p->held != NULL && br_provider_rejected(p, p->held))
        br_provider_hold(p, NULL);
    br_credentials_unref(old);
    br_registry_leave();
}

br_origin br_provider_memory(const br_provider *p)
{
    return p->fixed ? BR_FROM_NOWHERE : BR_FROM_MEMORY;
}

const br_credentials *br_provider_peek(br_provider *p, int64_t now_ms, br_origin *origin)
{
    const br_credentials *c = NULL;
    br_registry_enter();
    if (p->held != NULL && br_credentials_fresh(p->held, now_ms))
        c = br_credentials_ref(p->held);
    br_registry_leave();
    *origin = br_provider_memory(p);
    return c;
}

int64_t br_provider_note_ms(br_provider *p)
{
    br_registry_enter();
    int64_t note_ms = p->note_ms;
    br_registry_leave();
    return note_ms;
}
