/*
** What the files of the engine share among themselves: its parts, and the clock of silence. Hosts and providers use engine.h.
*/
#ifndef BR_ENGINE_LOOP_INTERNAL_H
#define BR_ENGINE_LOOP_INTERNAL_H

#include <curl/curl.h>
#include <sys/types.h>

#include "engine/loop/poller.h"
#include "engine/loop/task.h"

#define BR_CONNECTIONS_MIN 256 /* kept open when idle, per engine; more where more were at work */
#define BR_CONNECTION_IDLE_S                                                                       \
    50L /* an older one is not reused: servers drop them after 60 s or more */
#define BR_TRANSFER_POOL_MAX 64 /* transfers kept for reuse, per engine */
#define BR_TIMERS_PER_TASK 4    /* heap places reserved with each task */
#define BR_STARTS_PER_TURN 16   /* transfers that begin in one turn of the engine */
#define BR_SLICE_MS 4           /* a turn that took so long leaves what else is ready to the next */

/* A binary heap by due time; heap[0] is not used, so that slot 0 can mean "not armed". */
typedef struct br_timers {
    br_timer **heap;
    size_t count, cap;
} br_timers;

bool br_timers_reserve(br_timers *h, size_t count);
bool br_timers_add(br_timers *h, br_timer *t);
void br_timers_remove(br_timers *h, br_timer *t);
br_timer *br_timers_first(const br_timers *h); /* NULL: none */
void br_timers_free(br_timers *h);

/*
** Which descriptors the poller watches, by number. Taking an idle connection out of it and putting it
** back would cost two system calls a request, so sockets that the engine opened for libcurl stay
** registered; one on which something happens while nobody wants it is then taken out. A slot may
** be out of date: libcurl closes a socket that never got connected (an aborted call, the slower of
** two addresses) without a word, and takes it back from us only afterwards, when the number may
** already be another thread's. So nothing is done to a descriptor that libcurl takes back, and what
** it watches next under that number is told to it anew, unless it was read from: that is
** connected, and closed only through us.
*/
typedef struct br_socket {
    uint8_t registered; /* BR_POLL bits that the poller knows of, if it was not closed since */
    uint8_t wanted;     /* BR_POLL bits that libcurl asked for */
    bool opened;        /* by br_sockets_open */
    bool connected;     /* libcurl wanted to read from it, and it still was that socket */
    uint64_t cookie;    /* of an opened one: is it still that socket? */
    void (*ready)(void *user, uint32_t events); /* of br_engine_watch: libcurl has no part in it */
    void *user;
    uint64_t ends;      /* of a connection that carried a request: which it is; 0: none of those */
    void *tls;          /* its SSL, libcurl's, which goes when the socket is closed; NULL: plain */
    const void *holder; /* whose request it carries; NULL: nobody's, it is kept for the next one */
} br_socket;

typedef struct br_sockets {
    br_poller poller;
    br_socket *of;
    int cap;
} br_sockets;

int br_sockets_open(br_sockets *s, const struct curl_sockaddr *address); /* -1: failed */
int br_sockets_close(br_sockets *s, int fd);
bool br_sockets_watch(br_sockets *s, int fd, int what); /* CURL_POLL_… */
/* Watches a descriptor of somebody else's; br_engine_watch says more. */
bool br_sockets_lend(br_sockets *s, int fd, uint32_t events,
                     void (*ready)(void *user, uint32_t events), void *user);
void br_sockets_return(br_sockets *s, int fd);
bool br_sockets_tell(br_sockets *s, int fd, uint32_t events); /* false: it is libcurl's */
/* What an event means to libcurl (CURL_CSELECT_… bits); 0: nothing, nobody wanted it. */
int br_sockets_event(br_sockets *s, int fd, uint32_t events);
void br_sockets_close_all(br_sockets *s); /* of an abandoned engine */
void br_sockets_free(br_sockets *s);
/* Tells the poller, unless it knows. */
bool br_sockets_register(br_sockets *s, int fd, uint8_t bits);
void br_sockets_unregister(br_sockets *s, int fd);

/*
** kept.c: connections from one request to the next. The peer of one that is kept has nothing to say:
** one that speaks is closed, and whether it did is looked at before a request goes out on it. libcurl
** tells which connection it chose only by the addresses of its ends.
*/
typedef struct br_ends {
    const char *peer, *local;
    int peer_port, local_port;
} br_ends;

/* A request goes out on a new one, maybe that with this descriptor. -1: which is not known. */
int br_kept_begin(br_sockets *s, int maybe, const br_ends *ends, void *tls, const void *holder);
/* A request is to go out on one that was kept. -1: not known, or not known to be silent. */
int br_kept_take(br_sockets *s, int maybe, const br_ends *ends, const void *holder);
/* The answer is whole. Nothing is done where the connection is closed, or another's by now. */
void br_kept_end(br_sockets *s, int fd, const void *holder);
bool br_kept_is(const br_socket *slot);
/* Something happened on one that is kept. */
void br_kept_event(br_sockets *s, int fd);

typedef struct br_transfer br_transfer;

/*
** SSL_CERT_FILE and SSL_CERT_DIR of the environment, as they were when the engine was made; NULL: not
** set. As with curl and OpenSSL, each takes the place of the system's file or directory, unless the
** settings have a ca_file.
*/
typedef struct br_authorities {
    char *file, *dir;
} br_authorities;

bool br_authorities_read(br_authorities *a); /* false: no memory; transfer_tls.c */
void br_authorities_free(br_authorities *a);

struct br_engine {
    br_platform platform;
    pid_t pid;
    bool abandoned;
    bool stepping;
    bool notified;
    CURLM *multi;
    CURLSH *share; /* TLS sessions, which libcurl would else keep per handle */
    br_authorities authorities;
    unsigned in_curl;
    br_timers timers;
    br_timer curl_timer;
    int64_t timer_due; /* what the poller's timer is set to; it has one once a host watches */
    br_sockets sockets;
    br_task *tasks;
    size_t running;
    br_transfer *pool, *doomed;
    size_t pooled;
    br_transfer *first_queued, *last_queued; /* those that begin in a later turn */
    unsigned begun;                          /* in this turn */
    size_t transfers, most_transfers;        /* now; and ever, but BR_CONNECTIONS_MIN at least */
    bool behind;                             /* sockets may be ready that were not looked at */
    int seen;                                /* events since that was last not so */
    int64_t left_ms;                         /* when the last step ended */
    int64_t unstepped_ms;                    /* sum of the times between steps */
    br_digest *crypto;
    br_signer *signer;
    br_engine *left_behind; /* the next of those that were abandoned */
};

/*
** The clock that silence is measured by. It stands still while a host that waits in br_engine_step
** is somewhere else. A host that watches the descriptor waits all the time.
*/
int64_t br_engine_waited_ms(const br_engine *e);

/* Around everything that may make libcurl call back into transfers. */
void br_engine_enter_curl(br_engine *e);
void br_engine_leave_curl(br_engine *e);

/* What CURLOPT_PRIVATE of each handle on the engine points to: whose it is. */
typedef struct br_curl_user {
    void (*finished)(struct br_curl_user *self, CURLcode result);
} br_curl_user;

/* Settles the descriptor's timer with the earliest of ours, or with now if there is more to do. */
void br_engine_arm(br_engine *e);

/* Of transfer.c, for the engine. */
void br_transfers_begin(br_engine *e); /* those that are due in this turn */
void br_transfers_reap(br_engine *e);
void br_transfers_free_pool(br_engine *e);

#endif
