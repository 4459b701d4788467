#include "engine/transfer/transfer_private.h"

#include <stdlib.h>

static void connect_due(void *user);
static void silence_due(void *user);

static void destroy(br_transfer *t)
{
    if (t->curl != NULL)
        curl_easy_cleanup(t->curl);
    curl_url_cleanup(t->parsed);
    curl_slist_free_all(t->pins);
    br_buf_free(&t->url);
    br_buf_free(&t->known_url);
    br_headers_free(&t->answer);
    free(t->nodes);
    free(t->ca_file);
    free(t->proxy);
    free(t);
}

static br_transfer *create(br_engine *e)
{
    br_transfer *t = calloc(1, sizeof *t);
    if (t == NULL)
        return NULL;
    t->engine = e;
    br_buf_init(&t->url, BR_URL_TEXT_MAX);
    br_buf_init(&t->known_url, BR_URL_TEXT_MAX);
    br_headers_init(&t->answer);
    t->fd = -1;
    if (br_transfer_create_handle(t))
        return t;
    destroy(t);
    return NULL;
}

static br_transfer *obtain(br_engine *e)
{
    br_transfer *t = e->pool;
    if (t == NULL)
        return create(e);
    e->pool = t->next;
    e->pooled--;
    t->next = NULL;
    return t;
}

static void reset(br_transfer *t)
{
    t->requests = 0;
    t->reused = t->distrusts = false;
    t->sent = t->proxied = t->answered = t->head_done = false;
    t->paused = t->left = t->starved = t->cancelled = t->over = false;
    t->held = 0;
    t->pulled = BR_PULLED;
    t->status = 0;
    t->head_lines = 0;
    t->bad[0] = t->reason[0] = '\0';
    br_headers_clear(&t->answer);
}

static void recycle(br_transfer *t)
{
    br_engine *e = t->engine;
    if (e->pooled >= BR_TRANSFER_POOL_MAX) {
        destroy(t);
        return;
    }
    reset(t);
    br_transfer_set_identity(t, NULL);
    t->next = e->pool;
    e->pool = t;
    e->pooled++;
}

void br_transfers_free_pool(br_engine *e)
{
    while (e->pool != NULL) {
        br_transfer *t = e->pool;
        e->pool = t->next;
        destroy(t);
    }
    e->pooled = 0;
}

static void enqueue(br_transfer *t)
{
    br_engine *e = t->engine;
    t->queued = true;
    t->before = e->last_queued;
    t->after = NULL;
    *(t->before != NULL ? &t->before->after : &e->first_queued) = t;
    e->last_queued = t;
    br_engine_arm(e);
}

static void dequeue(br_transfer *t)
{
    br_engine *e = t->engine;
    t->queued = false;
    *(t->before != NULL ? &t->before->after : &e->first_queued) = t->after;
    *(t->after != NULL ? &t->after->before : &e->last_queued) = t->before;
}

/* From here on no timer and no engine's end reaches it. */
static void detach(br_transfer *t)
{
    t->over = true;
    t->engine->transfers--;
    if (t->queued)
        dequeue(t);
    br_timer_stop(t->engine, &t->timer);
    br_timer_stop(t->engine, &t->resume);
    br_task_leave(t->engine, &t->task);
}

void br_transfers_reap(br_engine *e)
{
    while (e->doomed != NULL) {
        br_transfer *t = e->doomed;
        e->doomed = t->next;
        curl_multi_remove_handle(e->multi, t->curl);
        recycle(t);
    }
}

/* The engine ends under it. The owner still holds the pointer, and frees it by cancelling. */
static void engine_gone(void *user)
{
    br_transfer *t = user;
    br_engine *e = t->engine;
    detach(t);
    if (!e->abandoned) {
        curl_multi_remove_handle(e->multi, t->curl);
        curl_easy_cleanup(t->curl);
    }
    t->curl = NULL;
    t->engine = NULL;
}

static void arm(br_transfer *t, int limit_ms, void (*due)(void *user))
{
    int64_t left = t->since_ms + limit_ms - br_engine_waited_ms(t->engine);
    br_timer_limit(t->engine, &t->timer, left > 0 ? left : 0, due, t);
}

/*
** libcurl closes the connection that rested longest when it has more than this, and counts those at
** work among them. One that rested for BR_CONNECTION_IDLE_S it closes anyway.
*/
static void count(br_engine *e)
{
    if (++e->transfers <= e->most_transfers)
        return;
    e->most_transfers = e->transfers;
    curl_multi_setopt(e->multi, CURLMOPT_MAXCONNECTS, (long)e->most_transfers);
}

static bool begin(br_transfer *t)
{
    br_engine *e = t->engine;
    t->since_ms = br_engine_waited_ms(e);
    e->begun++;
    if (t->timeouts.connect_ms >= 0)
        arm(t, t->timeouts.connect_ms, connect_due);
    return curl_multi_add_handle(e->multi, t->curl) == CURLM_OK;
}

br_transfer *br_transfer_start(br_engine *e, const br_transfer_request *request,
                               const br_transfer_ops *ops, void *user, br_error *error)
{
    br_transfer *t = e->abandoned ? NULL : obtain(e);
    if (t == NULL) {
        br_error_set(error, BR_ERR_TRANSPORT, "NoMemory", "out of memory");
        return NULL;
    }
    t->ops = *ops;
    t->user = user;
    if (!br_transfer_set_up(t, request) || !br_task_enter(e, &t->task, engine_gone, t)) {
        destroy(t); /* what its handle was told is not certain */
        br_error_set(
            error, BR_ERR_TRANSPORT, "BadRequest",
            "the request cannot be sent: memory ran out, or its target is malformed or too long");
        return NULL;
    }
    count(e);
    if (e->begun >= BR_STARTS_PER_TURN)
        enqueue(t);
    if (t->queued || begin(t))
        return t;
    detach(t);
    recycle(t);
    br_error_set(error, BR_ERR_TRANSPORT, "NoMemory", "libcurl did not accept the request");
    return NULL;
}

/* Inside a libcurl callback the handle cannot be removed; that waits until libcurl has returned. */
static void withdraw(br_transfer *t)
{
    br_engine *e = t->engine;
    detach(t);
    if (e->abandoned) {
        t->curl = NULL; /* libcurl knows it, and keeps it */
        destroy(t);
        return;
    }
    t->cancelled = true;
    t->next = e->doomed;
    e->doomed = t;
    if (e->in_curl == 0)
        br_transfers_reap(e);
}

void br_transfer_cancel(br_transfer *t)
{
    if (t != NULL && t->engine == NULL)
        destroy(t);
    else if (t != NULL && !t->over)
        withdraw(t);
}

static void finish(br_transfer *t, const br_transfer_result *result)
{
    detach(t);
    curl_multi_remove_handle(t->engine->multi, t->curl);
    if (result->end == BR_DONE_OK)
        br_kept_end(&t->engine->sockets, t->fd, t);
    t->ops.done(t->user, result);
    recycle(t);
}

/* Nothing of it was sent, and its time goes on. */
static bool begin_again(br_transfer *t)
{
    CURLM *multi = t->engine->multi;
    t->distrusts = false;
    t->reason[0] = '\0';
    curl_multi_remove_handle(multi, t->curl);
    return br_transfer_set_fresh(t, true) && curl_multi_add_handle(multi, t->curl) == CURLM_OK;
}

static void end_with(br_transfer *t, CURLcode code)
{
    br_transfer_result result;
    br_error error;
    if (t->distrusts && begin_again(t))
        return;
    br_transfer_judge(t, code, &result, &error);
    finish(t, &result);
}

void br_transfer_finished(br_curl_user *user, CURLcode code)
{
    end_with((br_transfer *)user, code);
}

/* Many that begin at once take long, and what else the host does waits for the end of a turn. */
void br_transfers_begin(br_engine *e)
{
    e->begun = 0;
    while (e->first_queued != NULL && e->begun < BR_STARTS_PER_TURN) {
        br_transfer *t = e->first_queued;
        dequeue(t);
        if (!begin(t))
            end_with(t, CURLE_OUT_OF_MEMORY);
    }
}

static void time_out(br_transfer *t)
{
    br_transfer_result result;
    br_error error;
    br_transfer_judge_timeout(t, &result, &error);
    finish(t, &result);
}

static void connect_due(void *user)
{
    br_transfer *t = user;
    if (br_engine_waited_ms(t->engine) - t->since_ms >= t->timeouts.connect_ms)
        time_out(t);
    else
        arm(t, t->timeouts.connect_ms, connect_due);
}

static int silence_limit(const br_transfer *t)
{
    const br_timeouts *limits = &t->timeouts;
    return !t->answered && limits->first_byte_ms >= 0 ? limits->first_byte_ms : limits->read_ms;
}

void br_transfer_watch_silence(br_transfer *t)
{
    int limit = silence_limit(t);
    if (limit >= 0 && !t->paused)
        arm(t, limit, silence_due);
    else
        br_timer_stop(t->engine, &t->timer);
}

/* Bytes only note their time; the timer is moved when it comes up, not with each byte. */
static void silence_due(void *user)
{
    br_transfer *t = user;
    int limit = silence_limit(t);
    if (t->paused || limit < 0)
        return;
    if (br_engine_waited_ms(t->engine) - t->since_ms >= limit)
        time_out(t);
    else
        arm(t, limit, silence_due);
}

static void resume_due(void *user)
{
    br_transfer *t = user;
    br_engine *e = t->engine;
    int hold = t->held & ((t->paused ? CURLPAUSE_RECV : 0) | (t->starved ? CURLPAUSE_SEND : 0));
    if (hold == t->held)
        return;
    t->held = hold;
    br_engine_enter_curl(e);
    CURLcode code = curl_easy_pause(t->curl, hold);
    bool broken = code != CURLE_OK && !t->cancelled;
    br_engine_leave_curl(e);
    if (broken)
        end_with(t, code);
}

/* libcurl hands out what it kept at once, and pulls; that has to wait for the next step. */
static void resume_soon(br_transfer *t, int what)
{
    if (t->held & what)
        br_timer_start(t->engine, &t->resume, 0, resume_due, t);
}

void br_transfer_resume(br_transfer *t)
{
    if (t->over || !t->paused)
        return;
    t->paused = false;
    t->since_ms = br_engine_waited_ms(t->engine);
    br_transfer_watch_silence(t);
    resume_soon(t, CURLPAUSE_RECV);
}

void br_transfer_pull(br_transfer *t)
{
    if (t->over || !t->starved)
        return;
    t->starved = false;
    resume_soon(t, CURLPAUSE_SEND);
}

bool br_transfer_date_trusted(const br_transfer *t)
{
    return t->endpoint->https || (t->endpoint->loopback && !t->proxied);
}
