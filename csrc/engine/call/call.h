/*
** A call: one operation with everything that belongs to it (credentials, signature, attempts,
** clock correction, renewal). NEW -> OBTAINING -> SENT -> BODY -> DONE, FAILED or
** CANCELLED; SENT -> RETRY_WAIT -> OBTAINING or SENT. It copies or takes over its inputs and
** yields items.
*/
#ifndef BR_ENGINE_CALL_CALL_H
#define BR_ENGINE_CALL_CALL_H

#include "core/aws/eventstream.h"
#include "core/base/trace.h"
#include "core/http/request.h"
#include "engine/client/client.h"
#include "engine/credentials/provider.h"

#define BR_ANSWER_MAX ((size_t)256 * 1024 * 1024) /* a collected body */
#define BR_STREAM_HIGH ((size_t)256 * 1024)       /* held bytes at which the peer is paused */
#define BR_STREAM_LOW ((size_t)64 * 1024)         /* … and at which it goes on */
#define BR_ERROR_BODY_MAX ((size_t)1024 * 1024)   /* an error answer's body */
#define BR_FEED_MAX ((size_t)256 * 1024)          /* fed bytes that wait to be sent */
#define BR_FEED_LOW (BR_FEED_MAX / 2)             /* … at which more is asked for */

/* An error answer is any but 2xx. */
typedef enum br_call_mode {
    BR_CALL_UNARY,       /* items: HEAD, DATA (the whole body, at most one), END */
    BR_CALL_EVENTS,      /* HEAD, EVENT …, END; an error answer: HEAD, DATA, END. Each try that is
                            made since the first event was an exception has a HEAD of its own */
    BR_CALL_BYTES,       /* HEAD, DATA (pieces) …, END; an error answer: HEAD, DATA, END */
    BR_CALL_PREPARE,     /* PREPARED, END: signed, not sent */
    BR_CALL_CREDENTIALS, /* CREDENTIALS, END */
    BR_CALL_EARLY,       /* likewise; those that end soon are renewed (BR_OBTAIN_EARLY) */
    BR_CALL_REFRESH      /* likewise, after a fresh exchange */
} br_call_mode;

/* Is nothing sent but for credentials? */
static inline bool br_call_is_bare(br_call_mode mode)
{
    return mode >= BR_CALL_CREDENTIALS;
}

typedef struct br_call_opts {
    br_call_mode mode;
    const br_model *model;
    br_timeouts timeouts; /* start from the client's */
    int max_attempts;     /* likewise */
    bool retry_timeouts;
    br_slice authorization; /* n > 0: sent as Authorization, and nothing is signed; copied */
    size_t answer_max;      /* 0: BR_ANSWER_MAX */
    bool fed;               /* the request's body comes by br_call_feed */
    br_trace_level trace;   /* what happens is written down; see br_call_trace */
} br_call_opts;

typedef enum br_item_kind {
    BR_WAIT, /* nothing yet: step, then ask again */
    BR_HEAD,
    BR_DATA,
    BR_EVENT,
    BR_PREPARED,
    BR_CREDENTIALS,
    BR_END,  /* the proper end; repeated for ever */
    BR_ERROR /* repeated for ever; retryable and attempts are in br_call_info */
} br_item_kind;

/* What is sent: method, whole URL, headers (content-length and user-agent apart), body. */
typedef struct br_prepared {
    const char *method;
    br_slice url;
    const br_headers *headers;
    br_slice body;
    bool has_body;
} br_prepared;

/* Valid until the next br_call_next or br_call_free. */
typedef struct br_item {
    br_item_kind kind;
    int status;                 /* HEAD */
    const br_headers *headers;  /* HEAD; lives as long as the call */
    br_slice data;              /* DATA */
    const br_es_message *event; /* EVENT: framing checked, not yet told apart by type */
    const br_prepared *prepared;
    const br_credentials *credentials;
    br_origin origin; /* CREDENTIALS */
    const br_error *error;
} br_item;

/*
** Where a call's time goes. Connection and first byte are of the last attempt; the first byte counts
** from its beginning.
*/
typedef enum br_call_time {
    BR_TIME_QUEUE,       /* until the engine began with it */
    BR_TIME_CREDENTIALS, /* waited for them */
    BR_TIME_DNS,
    BR_TIME_CONNECT,
    BR_TIME_TLS,
    BR_TIME_FIRST_BYTE,
    BR_TIME_TOTAL, /* from the making of the call; of a stream that runs: until its head came */
    BR_TIME_COUNT
} br_call_time;

/* In microseconds, 0 where there was none. */
typedef struct br_call_times {
    int64_t us[BR_TIME_COUNT];
} br_call_times;

#define BR_TIME_NAME_SIZE 12
extern const char br_call_time_names[BR_TIME_COUNT][BR_TIME_NAME_SIZE]; /* "queue", … */

typedef struct br_call_info {
    int attempts;              /* requests of its own sent, or tried; not those for credentials */
    int status;                /* of the last head; 0: none came */
    bool retryable;            /* of the error: the same call may succeed later */
    const br_headers *headers; /* of the last head; NULL: none came */
    int64_t bytes;             /* of the last answer's body that came */
    br_call_times times;
} br_call_info;

typedef struct br_call br_call;

/*
** Takes the contents of *request (left empty, with memory for another one; may be NULL for
** those that are bare) and a reference of the client. What is attached to it is borrowed until
** br_call_own, or br_call_start. NULL: out of memory or refused, error set. Nothing runs yet.
*/
br_call *br_call_new(br_client *client, br_request *request, const br_call_opts *opts,
                     br_error *error);
/* Copies what is attached to its request. Start does so, too. false: no memory. */
bool br_call_own(br_call *c, br_error *error);
bool br_call_start(br_call *c, br_engine *e, br_error *error);
/*
** `ready` is called inside br_engine_step, or br_call_start, when next may give something new, or
** the credit of one that had used it up is BR_FEED_LOW or more again. It must not use the call.
*/
void br_call_listen(br_call *c, void (*ready)(void *user), void *user);
br_item_kind br_call_next(br_call *c, br_item *item);

/*
** A body that goes down while items may come up, in any state of the call, also before its start. It
** is sent chunked as it comes. How many bytes may be fed now is the credit; who has more feeds that
** much, and goes on when `ready` was called. Bytes are gone once the transfer took some: from then
** on there is no other attempt, whatever failed. SigV4 needs the whole body, so such a call must be
** one with an API key, an authorization of its own, or none; it fails with config NotSupported.
*/
bool br_call_is_fed(const br_call *c);
size_t br_call_credit(const br_call *c); /* 0: also when it is over, or not fed, or has its end */
/* Copies them. false: more than the credit, nothing was taken; or no memory, the call fails. */
bool br_call_feed(br_call *c, br_slice bytes);
void br_call_feed_end(br_call *c); /* the body is whole; idempotent */

void br_call_info_get(const br_call *c, br_call_info *info);
/*
** What has happened to it and was not yet taken: to be read, and emptied, before an item is. `ready`
** is called when there is something. NULL: it was not asked for.
*/
br_trace *br_call_trace(const br_call *c);
/* Stops it in any state; next() gives ERROR cancelled with that code ("Cancelled", "Closed"). */
void br_call_cancel(br_call *c, const char *code);
void br_call_free(br_call *c); /* in any state; cancels; NULL is fine */

#endif
