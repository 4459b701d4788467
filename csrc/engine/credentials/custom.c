/*
** Credentials that a function of the host's gives (also API keys, as session tokens). Engines call no
** functions: the host looks before each call whether some are wanted (br_custom_wanted), calls its
** function in its own thread, and gives what that gave. An exchange takes it. One that finds nothing,
** as the service called a set expired in the midst of a call, fails with a code that the host knows.
*/
#include <stdlib.h>

#include "engine/credentials/provider.h"
#include "engine/credentials/registry.h"
#include "engine/credentials/sources.h"

typedef struct custom {
    br_source base;
    const br_credentials *given; /* and not yet taken; under the mutex */
} custom;

typedef struct acquisition {
    br_source_order order;
    br_timer timer;
    const br_credentials *set;
} acquisition;

static void pass_on(void *user)
{
    acquisition *a = user;
    br_source_result result = {.credentials = a->set};
    a->order.done(a->order.user, &result);
}

static const br_credentials *take(custom *s)
{
    br_registry_enter();
    const br_credentials *set = s->given;
    s->given = NULL;
    br_registry_leave();
    return set;
}

static void stop(void *acquired)
{
    acquisition *a = acquired;
    br_timer_stop(a->order.engine, &a->timer);
    br_credentials_unref(a->set);
    free(a);
}

static void *begin(br_source *base, const br_source_order *order, br_error *error)
{
    const br_credentials *set = take((custom *)base);
    acquisition *a = set != NULL ? calloc(1, sizeof *a) : NULL;
    if (a != NULL) {
        a->order = *order;
        a->set = set;
        if (br_timer_start(order->engine, &a->timer, 0, pass_on, a))
            return a;
        free(a);
    }
    if (set == NULL)
        br_error_set(error, BR_ERR_CREDENTIALS, BR_CUSTOM_WANTED,
                     "the function that gives credentials has not been asked for new ones");
    else
        br_error_set(error, BR_ERR_TRANSPORT, "NoMemory", "out of memory");
    br_credentials_unref(set);
    return NULL;
}

static void release(br_source *base)
{
    br_credentials_unref(((custom *)base)->given);
    free(base);
}

static const br_source_ops ops = {.begin = begin, .stop = stop, .free = release};

br_source *br_custom_new(const br_source_input *in, br_problems *problems)
{
    custom *s = calloc(1, sizeof *s);
    if (s == NULL) {
        br_problems_add(problems, "file", (br_slice){"", 0}, "out of memory");
        return NULL;
    }
    br_source_init(&s->base, &ops, in->config);
    return &s->base;
}

static bool is_fresh(const br_principal *who, int64_t now_ms)
{
    br_origin origin;
    const br_credentials *held = br_provider_peek(who->provider, now_ms, &origin);
    br_credentials_unref(held);
    return held != NULL;
}

/* The layer that is a function's; NULL: there is none, or one above it needs nothing. */
static custom *find(const br_principal *who, int64_t now_ms)
{
    for (; who != NULL && who->source != NULL; who = who->source->below) {
        if (now_ms != 0 && is_fresh(who, now_ms))
            return NULL;
        if (who->source->ops == &ops)
            return (custom *)who->source;
    }
    return NULL;
}

bool br_custom_wanted(const br_principal *who, int64_t now_ms)
{
    custom *s = find(who, now_ms);
    if (s == NULL)
        return false;
    br_registry_enter();
    bool wanted = s->given == NULL || br_credentials_life_ms(s->given, now_ms) <= 0;
    br_registry_leave();
    return wanted;
}

void br_custom_give(const br_principal *who, const br_credentials *set)
{
    custom *s = find(who, 0);
    if (s == NULL)
        return;
    br_registry_enter();
    const br_credentials *old = s->given;
    s->given = br_credentials_ref(set);
    br_registry_leave();
    br_credentials_unref(old);
}
