#include "engine/bridge/bridge_private.h"

#include <stdlib.h>

void br_queue_init(br_queue *q)
{
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->settled, NULL);
}

static void free_channel(br_channel *p)
{
    br_call_free(p->call);
    br_credentials_unref(p->credentials);
    free(p);
}

static void free_list(br_channel *list)
{
    for (br_channel *next; list != NULL; list = next) {
        next = list->next;
        free_channel(list);
    }
}

void br_queue_free(br_queue *q)
{
    for (size_t i = 0; i < BR_PARKED_SLOTS; i++)
        free_list(q->parked[i]);
    free_list(q->dropped);
    pthread_cond_destroy(&q->settled);
    pthread_mutex_destroy(&q->lock);
}

void br_queue_settle(br_queue *q)
{
    pthread_mutex_lock(&q->lock);
    while (q->dropping > 0)
        pthread_cond_wait(&q->settled, &q->lock);
    pthread_mutex_unlock(&q->lock);
}

static br_channel **slot_of(br_queue *q, const uint8_t *id)
{
    return &q->parked[id[0] % BR_PARKED_SLOTS];
}

/* Under the lock. */
static bool take_id(br_queue *q, uint8_t id[BR_CHANNEL_ID_SIZE])
{
    if (q->ids_left == 0) {
        if (!br_platform_system.random(NULL, q->ids, sizeof q->ids))
            return false;
        q->ids_left = BR_CHANNEL_IDS;
    }
    memcpy(id, q->ids[--q->ids_left], BR_CHANNEL_ID_SIZE);
    return true;
}

bool br_queue_add(br_queue *q, br_channel *p)
{
    pthread_mutex_lock(&q->lock);
    bool ok = take_id(q, p->id);
    if (ok) {
        br_channel **slot = slot_of(q, p->id);
        p->next = *slot;
        *slot = p;
    }
    pthread_mutex_unlock(&q->lock);
    return ok;
}

/* Under the lock. false: it is not parked (any more). */
static bool unpark(br_queue *q, const br_channel *p)
{
    br_channel **at = slot_of(q, p->id);
    while (*at != NULL && *at != p)
        at = &(*at)->next;
    if (*at == NULL)
        return false;
    *at = p->next;
    return true;
}

bool br_queue_drop(br_queue *q, br_channel *p)
{
    pthread_mutex_lock(&q->lock);
    while (p->reading)
        pthread_cond_wait(&q->settled, &q->lock);
    bool on_thread = !unpark(q, p) && !p->done;
    if (on_thread) {
        p->next = q->dropped;
        q->dropped = p;
        q->dropping++;
    }
    pthread_mutex_unlock(&q->lock);
    if (on_thread)
        return true;
    free_channel(p);
    return false;
}

br_channel *br_queue_claim(br_queue *q, const uint8_t id[BR_CHANNEL_ID_SIZE])
{
    pthread_mutex_lock(&q->lock);
    br_channel *p = *slot_of(q, id);
    while (p != NULL && memcmp(p->id, id, BR_CHANNEL_ID_SIZE) != 0)
        p = p->next;
    if (p != NULL) {
        unpark(q, p);
        p->reading = true;
    }
    pthread_mutex_unlock(&q->lock);
    return p;
}

void br_queue_has_read(br_queue *q, br_channel *p)
{
    pthread_mutex_lock(&q->lock);
    p->reading = false;
    pthread_cond_broadcast(&q->settled);
    pthread_mutex_unlock(&q->lock);
}

void br_queue_done(br_queue *q, br_channel *p)
{
    pthread_mutex_lock(&q->lock);
    p->done = true;
    pthread_mutex_unlock(&q->lock);
}

br_channel *br_queue_dropped(br_queue *q)
{
    pthread_mutex_lock(&q->lock);
    br_channel *list = q->dropped;
    q->dropped = NULL;
    pthread_mutex_unlock(&q->lock);
    return list;
}

void br_queue_lend(br_queue *q, br_channel *p, const br_credentials *credentials)
{
    pthread_mutex_lock(&q->lock);
    br_credentials_unref(p->credentials);
    p->credentials = br_credentials_ref(credentials);
    pthread_mutex_unlock(&q->lock);
}

const br_credentials *br_queue_lent(br_queue *q, const br_channel *p)
{
    pthread_mutex_lock(&q->lock);
    const br_credentials *credentials = br_credentials_ref(p->credentials);
    pthread_mutex_unlock(&q->lock);
    return credentials;
}

void br_queue_forgot(br_queue *q, br_channel *p)
{
    free_channel(p);
    pthread_mutex_lock(&q->lock);
    if (--q->dropping == 0)
        pthread_cond_broadcast(&q->settled);
    pthread_mutex_unlock(&q->lock);
}
