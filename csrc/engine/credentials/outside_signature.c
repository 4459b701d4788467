#include "engine/credentials/outside_signature.h"

#include <string.h>

#include "engine/credentials/provider.h"
#include "engine/credentials/registry.h"

#define SESSION_NAME_REFUSED_MS ((int64_t)24 * 3600 * 1000)
#define JUST_REFUSED_MS 60000 /* in what refresh() has begun */

static bool no_memory(br_error *error)
{
    return br_error_set(error, BR_ERR_TRANSPORT, "NoMemory", "out of memory");
}

static bool prepare(const br_outside *o, const br_signature_order *order, br_request *request,
                    br_ra_signing *signing, br_error *error)
{
    br_ra_params params = *o->params;
    br_digest *digest = br_digest_new();
    if (digest == NULL)
        return no_memory(error);
    if (!order->named)
        params.session_name = (br_slice){NULL, 0};
    bool ok = br_ra_prepare(digest, &params, o->x509, o->endpoint, order->now_ms + order->clock_ms,
                            request, signing, NULL, error);
    br_digest_free(digest);
    return ok;
}

bool br_outside_data(const br_outside *o, const br_signature_order *order, br_buf *data,
                     br_error *error)
{
    br_ra_signing signing;
    br_request request;
    br_ra_signing_init(&signing);
    br_request_init(&request);
    bool ok = prepare(o, order, &request, &signing, error) &&
              (br_buf_add_slice(data, br_buf_slice(&signing.to_sign)) || no_memory(error));
    br_request_free(&request);
    br_ra_signing_free(&signing);
    return ok;
}

bool br_outside_request(const br_outside *o, const br_signature_order *order, br_slice signature,
                        br_request *out, br_error *error)
{
    br_ra_signing signing;
    br_ra_signing_init(&signing);
    bool ok = prepare(o, order, out, &signing, error) &&
              br_ra_complete(&signing, o->x509, signature, out, error);
    br_ra_signing_free(&signing);
    return ok;
}

bool br_outside_wanted(br_error *error)
{
    return br_error_set(error, BR_ERR_CREDENTIALS, BR_SIGNATURE_WANTED,
                        "credentials are due, and what asks IAM Roles Anywhere for them is to be "
                        "signed by the function given as sign");
}

bool br_outside_put(br_outside_desk *d, const br_outside *o, const br_signature_order *order,
                    br_slice signature, br_error *error)
{
    br_request request;
    br_request_init(&request);
    bool fits = br_outside_request(o, order, signature, &request, error);
    br_request_free(&request);
    if (!fits)
        return false;
    br_registry_enter();
    d->signature.order = *order;
    d->signature.n = signature.n;
    memcpy(d->signature.bytes, signature.p, signature.n);
    br_registry_leave();
    return true;
}

static bool usable(const br_outside_signature *s, int64_t now_ms)
{
    return s->n > 0 && br_clock_recent(s->order.now_ms, now_ms, BR_SIGNATURE_LIFE_MS);
}

bool br_outside_ready(const br_outside_desk *d, int64_t now_ms)
{
    br_registry_enter();
    bool ready = usable(&d->signature, now_ms);
    br_registry_leave();
    return ready;
}

bool br_outside_take(br_outside_desk *d, int64_t now_ms, br_outside_signature *out)
{
    br_registry_enter();
    *out = d->signature;
    d->signature.n = 0;
    br_registry_leave();
    return usable(out, now_ms);
}

void br_outside_suspect(br_outside_desk *d, int64_t skew_ms)
{
    br_registry_enter();
    d->suspected = true;
    d->skew_ms = skew_ms;
    br_registry_leave();
}

static bool suspected(const br_outside_desk *d, int64_t *skew_ms)
{
    br_registry_enter();
    bool found = d->suspected;
    *skew_ms = d->skew_ms;
    br_registry_leave();
    return found;
}

int64_t br_outside_clock_ms(const br_outside_desk *d, const br_skew *skew)
{
    int64_t skew_ms;
    return suspected(d, &skew_ms) ? skew_ms - atomic_load(&skew->ms) : 0;
}

void br_outside_judge(br_outside_desk *d, bool accepted, br_skew *skew)
{
    int64_t skew_ms;
    if (suspected(d, &skew_ms) && accepted)
        br_skew_learn(skew, skew_ms);
    br_registry_enter();
    d->suspected = false;
    br_registry_leave();
}

bool br_session_name_ordered(const br_ra_params *params, bool fresh, int64_t note_ms,
                             int64_t now_ms)
{
    return params->session_name.n > 0 &&
           (fresh || note_ms == 0 ||
            !br_clock_recent(note_ms, now_ms, SESSION_NAME_REFUSED_MS - 1));
}

static bool is_fresh(const br_principal *who, int64_t now_ms)
{
    br_origin origin;
    const br_credentials *held = br_provider_peek(who->provider, now_ms, &origin);
    br_credentials_unref(held);
    return held != NULL;
}

/* The layer that is signed outside; NULL: there is none, or one above it needs nothing (now_ms). */
static const br_principal *find(const br_principal *who, int64_t now_ms, br_outside *what,
                                br_outside_desk **desk)
{
    for (; who != NULL && who->source != NULL; who = who->source->below) {
        if (now_ms != 0 && is_fresh(who, now_ms))
            return NULL;
        *desk = br_roles_anywhere_desk(who->source, what);
        if (*desk != NULL)
            return who;
    }
    return NULL;
}

bool br_signature_wanted(const br_principal *who, int64_t now_ms)
{
    br_outside what;
    br_outside_desk *desk;
    return find(who, now_ms, &what, &desk) != NULL && !br_outside_ready(desk, now_ms);
}

static bool nothing_outside(br_error *error)
{
    return br_error_set(error, BR_ERR_CONFIG, "InvalidArgument",
                        "nothing is signed outside for this connection");
}

bool br_signature_order_new(const br_principal *who, int64_t now_ms, bool fresh,
                            br_signature_order *order, br_buf *data, br_error *error)
{
    br_outside what;
    br_outside_desk *desk;
    const br_principal *base = find(who, 0, &what, &desk);
    if (base == NULL)
        return nothing_outside(error);
    /* A refusal of the name ends what refresh() has begun, and counts in its next try. */
    int64_t note_ms = br_provider_note_ms(base->provider);
    bool just = note_ms != 0 && br_clock_recent(note_ms, now_ms, JUST_REFUSED_MS);
    *order = (br_signature_order){
        .now_ms = now_ms,
        .clock_ms = br_outside_clock_ms(desk, &base->source->config->skew),
        .named = br_session_name_ordered(what.params, fresh && !just, note_ms, now_ms),
        .algorithm = br_ra_signature_algorithm(what.x509),
    };
    return br_outside_data(&what, order, data, error);
}

bool br_signature_give(const br_principal *who, const br_signature_order *order, br_slice signature,
                       br_error *error)
{
    br_outside what;
    br_outside_desk *desk;
    return find(who, 0, &what, &desk) != NULL ? br_outside_put(desk, &what, order, signature, error)
                                              : nothing_outside(error);
}
