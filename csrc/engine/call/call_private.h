/*
** A call's inside, shared by
**
**   call.c          its life: from new to free, and every way to end
**   call_send.c     credentials, signature, one attempt
**   call_answer.c   what comes back from an attempt
**   call_first.c    whether a stream begins with an exception that is worth another attempt
**   call_feed.c     a body that comes piece by piece
**   call_retry.c    whether there is another one
**   call_items.c    what the host gets
**   call_trace.c    what happens, for those who listen
*/
#ifndef BR_ENGINE_CALL_CALL_PRIVATE_H
#define BR_ENGINE_CALL_CALL_PRIVATE_H

#include "engine/call/call.h"
#include "engine/loop/task.h"
#include "engine/transfer/transfer.h"

/* What a Content-Length alone makes us allocate. */
#define BR_PRESIZE_MAX ((size_t)4 * 1024 * 1024)
#define BR_CLOCK_SAMPLE_MAX_MS 900000 /* the Date of an answer that took longer says nothing */
#define BR_AUTHORIZATION_MAX 65536
#define BR_FIRST_EVENT_MAX ((size_t)64 * 1024) /* what is longer is no exception */
#define BR_SPARE_CALLS 16                      /* of a client */
#define BR_SPARE_BODY_MAX 65536                /* a spare call keeps no larger buffer for a body */

typedef enum br_call_state {
    BR_STATE_NEW,
    BR_STATE_OBTAINING, /* credentials */
    BR_STATE_SENT,      /* until the head is there */
    BR_STATE_BODY,
    BR_STATE_RETRY_WAIT,
    BR_STATE_DONE,
    BR_STATE_FAILED,
    BR_STATE_CANCELLED
} br_call_state;

/* Bytes of a streamed body: they come into one buffer while the host reads from the other. */
typedef struct br_stream {
    bool open;   /* the head of a stream came: no error answer */
    bool passed; /* the first event: bytes are given out, and nothing is retried any more */
    bool faulty; /* that is an exception which could have been retried */
    bool paused; /* the peer */
    bool begun;  /* the decoder has had bytes */
    bool dry;    /* it has given all that it can make of them */
    br_buf incoming, reading;
    br_es_decoder *decoder; /* EVENTS */
    br_es_message *message;
} br_stream;

/* A body that is fed: bytes from `at` on wait for the transfer to pull them. */
typedef struct br_feed {
    bool fed;
    bool ended;
    bool taken; /* a byte was pulled: there is no other attempt */
    br_buf bytes;
    size_t at;
} br_feed;

struct br_call {
    br_client *client;
    br_principal *who; /* counted; the client's when credentials were last obtained */
    const br_model *model;
    br_engine *engine; /* NULL before the start, and when the engine is gone */
    br_call_mode mode;
    br_call_state state;
    br_task task;

    /* the inputs */
    br_timeouts timeouts;
    int max_attempts;
    bool retry_timeouts;
    size_t answer_max;
    bool authorized; /* `authorization` is the caller's own */
    br_feed feed;

    /* credentials */
    br_obtain obtain;
    const br_credentials *credentials;
    br_origin origin;
    bool obtained; /* by this call; then they serve it to its end */
    bool renewed;  /* after the service called them expired */

    /* the attempt */
    br_slice path, query; /* in target */
    br_buf url;           /* PREPARE */
    br_prepared prepared;
    br_transfer *transfer;
    bool in_callback; /* of the transfer, with libcurl on the stack */
    br_clock clock;

    /* what is told of it; monotonic, in microseconds */
    int64_t made_us, obtaining_us;
    int64_t started_us; /* the attempt */
    br_call_times times;
    int64_t received; /* bytes of the answer's body */
    br_trace *trace;  /* NULL: nobody listens */
    br_buf unshown;   /* WIRE: the end of a streamed body, which has no line end as yet */

    /* retries */
    br_timer retry, total;
    int attempts;
    int retries;
    int taken; /* from the quota, by the last retry */
    bool fresh_connection;

    /* the answer */
    int status;     /* of the last head; 0: none came */
    bool head_came; /* in this attempt */
    bool is_error;
    bool coded; /* though nobody asked for that: what follows the head is refused */
    br_stream stream;

    /* items */
    int given;
    bool retryable;
    void (*ready)(void *user); /* NULL: nobody listens */
    void *ready_user;

    /*
    ** From here on nothing is zeroed for a call that is made of a spare one: memory worth keeping,
    ** and what is always written before it is read.
    */
    br_call *next_spare;
    unsigned spares;      /* from this one on */
    br_request request;   /* the caller's */
    br_buf authorization; /* the caller's own; later what signing made */
    br_headers sent;
    br_buf target;
    br_headers headers; /* the answer's */
    br_buf body;        /* likewise */
    br_error error;
    br_url endpoint;
    bool endpoint_known; /* resolved for that service, of the model built in */
    uint8_t endpoint_service;
};

/* call.c */
void br_call_notify(br_call *c);               /* there is something for the host */
void br_call_settle(br_call *c);               /* stops and releases all that runs for it */
void br_call_finish(br_call *c);               /* -> DONE */
void br_call_fail(br_call *c, bool retryable); /* -> FAILED; `error` is set */
void br_call_no_memory(br_call *c);

/* call_send.c: begins the next attempt; also the first */
void br_call_attempt(br_call *c);

/*
** call_trace.c: each only where there is a trace.
*/
bool br_call_trace_open(br_call *c, br_trace_level level);
void br_call_trace_close(br_call *c);
void br_call_trace_attempt(br_call *c);
void br_call_trace_connection(br_call *c, bool kept);
/* The last answer, or what became of it: the head of a stream, a whole answer, an error. */
void br_call_trace_response(br_call *c, const br_error *error);
void br_call_trace_retry(br_call *c, br_failure f, int delay_ms);
/* error == NULL: there they are */
void br_call_trace_credentials(br_call *c, const br_error *error, int64_t us);
/* Likewise, with what has happened for them. */
void br_call_trace_obtained(br_call *c, const br_obtained *result, int64_t us);
void br_call_trace_stream_end(br_call *c);
/* WIRE: what a stream brought. */
void br_call_trace_message(br_call *c, const br_es_message *m);
void br_call_trace_piece(br_call *c, br_slice bytes);

/* call_feed.c: gives the transfer what was fed; user is the call */
br_pull br_call_pull;

/* call_answer.c */
extern const br_transfer_ops br_call_transfer_ops;

/*
** call_first.c: whether what came may be given out. Not before the first event is whole, which could
** not be given out sooner anyway; and not if that leads to another attempt, which then is under way.
*/
bool br_call_first_passes(br_call *c);

/* call_retry.c */
bool br_call_may_pass(br_failure f); /* the same call may succeed later */
/* Arranges for another attempt, if there is to be one; hint_ms: see br_retry_hint_ms. */
bool br_call_try_again(br_call *c, br_failure f, int64_t hint_ms);
void br_call_succeeded(br_call *c); /* for the quota */

/*
** call_secrets.c: overwrites what the text says of the secrets that the call was made with, escaped
** or not. AWS shows what should have been signed when a signature is wrong: with the session token
** in it; and gateways show headers. The text is in a buffer of the call's own.
*/
void br_call_hide_secrets(const br_call *c, br_slice text);
/* Likewise in the values of the answer's headers: they become a part of errors and metadata. */
void br_call_hide_secrets_in_headers(const br_call *c);

#endif
