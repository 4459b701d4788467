/* Keys that were given: they serve for good, or until a time that was given with them. */
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

/* Of keys that end: handed over as long as they last. */

typedef struct handover {
    br_source_order order;
    br_timer timer;
    const br_credentials *set; /* the source's */
} handover;

static void hand_over(void *user)
{
    handover *h = user;
    br_source_result result = {.credentials = h->set};
    h->order.done(h->order.user, &result);
}

static void stop(void *acquisition)
{
    handover *h = acquisition;
    br_timer_stop(h->order.engine, &h->timer);
    free(h);
}

static bool lasts(const br_credentials *set, const br_source *s, br_engine *engine)
{
    return br_credentials_fresh(set, br_skew_now_ms(&s->config->skew, engine));
}

static void *begin(br_source *s, const br_source_order *order, br_error *error)
{
    const br_credentials *set = fixed(s);
    handover *h = lasts(set, s, order->engine) ? calloc(1, sizeof *h) : NULL;
    br_error_set(
        error, BR_ERR_CREDENTIALS, "CredentialsExpired",
        "the keys that were given have expired (AWS_CREDENTIAL_EXPIRATION, or the token of "
        "aws login): get new ones, and connect again");
    if (h == NULL)
        return NULL;
    h->order = *order;
    h->set = set;
    if (br_timer_start(order->engine, &h->timer, 0, hand_over, h))
        return h;
    free(h);
    br_error_set(error, BR_ERR_TRANSPORT, "NoMemory", "out of memory");
    return NULL;
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
    static const br_source_ops for_good = {.fixed = fixed, .free = release};
    static const br_source_ops for_now = {.begin = begin, .stop = stop, .free = release};
    int64_t expiration_ms = expiration_of(in->layer);
    if (br_problems_any(problems))
        return NULL;
    static_source *source = calloc(1, sizeof *source);
    if (source != NULL) {
        br_source *base = &source->base;
        br_source_init(base, expiration_ms == BR_NEVER_EXPIRES ? &for_good : &for_now, in->config);
        source->set = br_credentials_new(
            text_of(in, BR_LAYER_ACCESS_KEY_ID, BR_OPT_ACCESS_KEY_ID),
            text_of(in, BR_LAYER_SECRET_ACCESS_KEY, BR_OPT_SECRET_ACCESS_KEY),
            text_of(in, BR_LAYER_SESSION_TOKEN, BR_OPT_SESSION_TOKEN), expiration_ms);
        if (source->set != NULL)
            return base;
        br_source_unref(base);
    }
    br_problems_add(problems, "file", (br_slice){"", 0}, "out of memory");
    return NULL;
}
