/*
** A bridge's inside, shared by
**
**   bridge.c             one for a process: its start and its end; on
**   bridge_connection.c  connections, served on its thread; on
**   bridge_feed.c        what hosts feed to their calls
**   bridge_queue.c       what is handed over, between the threads
**   bridge_listener.c    where it listens
*/
#ifndef BR_ENGINE_BRIDGE_BRIDGE_PRIVATE_H
#define BR_ENGINE_BRIDGE_BRIDGE_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "engine/bridge/bridge.h"
#include "engine/bridge/frames.h"
#include "engine/loop/descriptors.h"
#include "engine/loop/task.h"

/*
** Bytes of frames: unsent, beyond which no more items are taken; one PREPARED of the largest
** request; memory that an idle connection keeps.
*/
#define BR_CONNECTION_HIGH ((size_t)64 * 1024)
#define BR_CONNECTION_OUT_MAX ((size_t)512 * 1024 * 1024)
#define BR_CONNECTION_KEPT ((size_t)256 * 1024)
#define BR_PARKED_SLOTS 256
#define BR_ACCEPT_PAUSE_MS 100 /* when descriptors are short */
/*
** Of the thread. Calls took 72 KB of it when that was measured; musl would give 128 KB in all. What
** is not used takes no memory.
*/
#define BR_BRIDGE_STACK ((size_t)1024 * 1024)
#define BR_CHANNEL_IDS 64 /* made at once, as asking for random numbers costs a system call */

typedef struct br_connection br_connection;

struct br_channel {
    uint8_t id[BR_CHANNEL_ID_SIZE];
    /* under the lock */
    br_call *call;                     /* until its id comes */
    br_channel *next;                  /* parked, or dropped */
    bool done;                         /* nothing of it is left on the thread */
    bool reading;                      /* the thread reads what is attached to its request */
    const br_credentials *credentials; /* counted; that the call gave, for whom it is lent to */
    /* the thread's */
    br_connection *connection;
};

/* Frames of a host that feeds its call, as they come. Zero-filled for each call. */
typedef struct br_feed_reader {
    uint8_t header[BR_FRAME_HEADER];
    size_t header_len;
    size_t left;   /* bytes of the frame's contents that are still to come */
    size_t credit; /* bytes of later frames that were granted */
    bool ended;
} br_feed_reader;

/* A connection. After its id came it serves that call until the last frame is sent. */
struct br_connection {
    br_bridge *bridge;
    int fd; /* -1: closed */
    size_t id_len;
    uint8_t id[BR_CHANNEL_ID_SIZE];
    br_channel *channel;
    br_call *call;
    bool fed; /* the call is, or was, as long as the connection lasts */
    br_feed_reader feed;
    br_buf out;
    size_t sent;   /* bytes of out */
    br_slice tail; /* follows out; borrowed from the call */
    uint32_t key;  /* of the last frames; odd */
    bool closing;  /* when all is sent */
    bool blocked;  /* the host does not read */
    bool dirty;
    br_connection *next_dirty;
    br_connection *prev, *next;
};

/* Where it listens. */
typedef struct br_listener {
    int fd;
    int path_fd;               /* what /proc/self/fd shows; -1: the name stays */
    char dir[BR_ADDRESS_MAX];  /* "" once it is removed */
    char path[BR_ADDRESS_MAX]; /* likewise */
    char address[BR_ADDRESS_MAX];
} br_listener;

/* Channels on their way from the hosts to the thread, and back. All under the lock. */
typedef struct br_queue {
    pthread_mutex_t lock;
    br_channel *parked[BR_PARKED_SLOTS]; /* by the first byte of the id */
    uint8_t ids[BR_CHANNEL_IDS][BR_CHANNEL_ID_SIZE];
    size_t ids_left;        /* none is given out twice */
    br_channel *dropped;    /* the thread has not seen them yet */
    unsigned dropping;      /* … or is not done with them */
    pthread_cond_t settled; /* likewise, of what dropping waits for */
} br_queue;

struct br_bridge {
    pid_t pid;
    unsigned number;
    unsigned users;   /* under the registry's lock */
    br_bridge *older; /* likewise; of those left behind by forks */
    pthread_t thread;
    br_listener listener;
    br_alarm wake; /* something was dropped, or stop */
    atomic_bool stop;
    br_engine *engine; /* the thread's, once that runs */
    br_task task;
    br_queue queue;
    /* the thread's */
    br_connection *connections, *dirty, *dead;
    br_timer accept_pause;
};

/* Where a listener may be, in order, and where open descriptors have names. NULL: no such place. */
#define BR_PLACES 4
typedef struct br_places {
    const char *fds;
    const char *parents[BR_PLACES];
} br_places;

/* With raised privileges the environment is not looked at. */
br_places br_places_usual(void);

/* bridge_listener.c. false: *why says what went wrong, with errno's text. */
bool br_listener_open(br_listener *l, const br_places *places, char *why, size_t why_size);
void br_listener_close(br_listener *l);  /* also removes what is on disk */
void br_listener_forget(br_listener *l); /* closes descriptors only: in a forked child */
/* A descriptor of this very process; -1: errno, EPERM: refused. */
int br_listener_accept(br_listener *l);

/* bridge_connection.c, all on the thread */
bool br_connections_open(br_bridge *b); /* watches the listener and the wake-up */
void br_connections_serve(br_bridge *b);
void br_connections_close(br_bridge *b);

/* bridge_feed.c. How many bytes more the host may send; 0: not worth a frame. */
size_t br_feed_grant(br_feed_reader *r, const br_call *call);
/* false: no frames that a host may send, or more than was granted. */
bool br_feed_take(br_feed_reader *r, br_call *call, br_slice bytes);

/* bridge_queue.c. Zero-filled, then init. */
void br_queue_init(br_queue *q);
void br_queue_free(br_queue *q);
bool br_queue_add(br_queue *q, br_channel *p); /* gives it its id; false: no random numbers */
/* Forgets it, at once or (true) once the thread, to be woken for that, is done with it. */
bool br_queue_drop(br_queue *q, br_channel *p);
/* Until the thread is done with all that was dropped: what they point to may go with who did. */
void br_queue_settle(br_queue *q);
/* … for the thread */
br_channel *br_queue_claim(br_queue *q, const uint8_t id[BR_CHANNEL_ID_SIZE]);
void br_queue_has_read(br_queue *q, br_channel *p); /* what is attached to its request */
void br_queue_done(br_queue *q, br_channel *p);     /* its call is over */
br_channel *br_queue_dropped(br_queue *q);          /* takes the list; for each of it: */
void br_queue_forgot(br_queue *q, br_channel *p);
void br_queue_lend(br_queue *q, br_channel *p, const br_credentials *credentials);
const br_credentials *br_queue_lent(br_queue *q, const br_channel *p); /* counted */

#endif
