/*
** A bridge's inside, shared by
**
**   bridge.c          one for a process: its start, its end, what is handed over
**   bridge_address.c  where it listens
**   bridge_link.c     connections, served on its thread
*/
#ifndef BR_ENGINE_BRIDGE_BRIDGE_PRIVATE_H
#define BR_ENGINE_BRIDGE_BRIDGE_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "engine/bridge/bridge.h"
#include "engine/loop/internal.h"

#define BR_LINK_HIGH ((size_t)64 * 1024) /* unsent bytes beyond which no more items are taken */
#define BR_LINK_OUT_MAX ((size_t)512 * 1024 * 1024) /* one PREPARED frame of the largest request */
#define BR_LINK_KEPT ((size_t)256 * 1024)           /* memory for frames that an idle link keeps */
#define BR_PARKED_SLOTS 256
#define BR_ACCEPT_PAUSE_MS 100 /* when descriptors are short */
#define BR_TICKETS 64          /* made at once, as asking for random numbers costs a system call */

typedef struct br_link br_link;

struct br_passage {
    uint8_t ticket[BR_TICKET_SIZE];
    /* under the lock */
    br_call *call;    /* until its ticket comes */
    br_passage *next; /* parked, or dropped */
    bool done;        /* nothing of it is left on the thread */
    bool reading;     /* the thread reads what is attached to its request */
    /* the thread's */
    br_link *link;
};

/* A connection. After its ticket came it serves that call until the last frame is sent. */
struct br_link {
    br_bridge *bridge;
    int fd; /* -1: closed */
    size_t ticket_len;
    uint8_t ticket[BR_TICKET_SIZE];
    br_passage *passage;
    br_call *call;
    br_buf out;
    size_t sent;   /* bytes of out */
    br_slice tail; /* follows out; borrowed from the call */
    uint32_t salt; /* of the last frames; odd */
    bool closing;  /* when all is sent */
    bool blocked;  /* the host does not read */
    bool dirty;
    br_link *next_dirty;
    br_link *prev, *next;
};

/* Where it listens. */
typedef struct br_door {
    int listener;
    int path_fd;               /* what /proc/self/fd shows; -1: the name stays */
    char dir[BR_ADDRESS_MAX];  /* "" once it is removed */
    char path[BR_ADDRESS_MAX]; /* likewise */
    char address[BR_ADDRESS_MAX];
} br_door;

struct br_bridge {
    pid_t pid;
    unsigned number;
    unsigned users;   /* under the registry's lock */
    br_bridge *older; /* likewise; of those left behind by forks */
    pthread_t thread;
    br_door door;
    int wake; /* eventfd: something was dropped, or stop */
    atomic_bool stop;
    br_engine *engine; /* the thread's, once that runs */
    br_task task;
    pthread_mutex_t lock;
    br_passage *parked[BR_PARKED_SLOTS]; /* by the first byte of the ticket */
    uint8_t tickets[BR_TICKETS][BR_TICKET_SIZE];
    size_t tickets_left;    /* none is given out twice */
    br_passage *dropped;    /* the thread has not seen them yet */
    unsigned dropping;      /* … or is not done with them */
    pthread_cond_t settled; /* likewise, of what dropping waits for */
    /* the thread's */
    br_link *links, *dirty, *dead;
    br_timer accept_pause;
};

/* Where a door may be, in order, and where open descriptors have names. NULL: no such place. */
#define BR_PLACES 4
typedef struct br_places {
    const char *fds;
    const char *parents[BR_PLACES];
} br_places;

/* With raised privileges the environment is not looked at. */
br_places br_places_usual(void);

/* bridge_address.c. false: *why says what went wrong, with errno's text. */
bool br_door_open(br_door *d, const br_places *places, char *why, size_t why_size);
void br_door_close(br_door *d);  /* also removes what is on disk */
void br_door_forget(br_door *d); /* closes descriptors only: in a forked child */
int br_door_accept(br_door *d);  /* a descriptor of this very process; -1: errno, EPERM: refused */

/* bridge_link.c, all on the thread */
bool br_links_open(br_bridge *b); /* watches the door and the wake-up */
void br_links_serve(br_bridge *b);
void br_links_close(br_bridge *b);

/* bridge.c, for the thread */
br_passage *br_bridge_claim(br_bridge *b, const uint8_t ticket[BR_TICKET_SIZE]);
void br_bridge_has_read(br_bridge *b, br_passage *p); /* what is attached to its request */
void br_bridge_passed(br_bridge *b, br_passage *p);   /* its call is over */
br_passage *br_bridge_dropped(br_bridge *b);          /* takes the list; for each of it: */
void br_bridge_forgot(br_bridge *b);

#endif
