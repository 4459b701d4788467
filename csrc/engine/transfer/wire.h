/*
** A connection of bytes on the engine: by TCP, with TLS, or to a unix socket; libcurl resolves,
** connects and verifies without blocking. No proxy, no protocol.
*/
#ifndef BR_ENGINE_TRANSFER_WIRE_H
#define BR_ENGINE_TRANSFER_WIRE_H

#include <sys/types.h>

#include "engine/transfer/transfer.h"

typedef struct br_wire br_wire;

typedef struct br_wire_peer {
    const br_url *address; /* https: with TLS, the name of the host is checked */
    const char *unix_path; /* NULL: by the address */
    const br_net *net;     /* its ca_file and identity count */
    int connect_ms;        /* for all of its addresses together */
} br_wire_peer;

/* From br_engine_step, each as the last that is done with the wire there: it may be closed. */
typedef struct br_wire_ops {
    void (*opened)(void *user, bool ok); /* once */
    void (*ready)(void *user);           /* there is something to be read, or room to write */
} br_wire_ops;

/*
** Not inside a callback of libcurl's. What peer points to stands until it is opened or closed.
** NULL: no memory.
*/
br_wire *br_wire_open(br_engine *e, const br_wire_peer *peer, const br_wire_ops *ops, void *user);
/* Whether room to write is waited for; what can be read always is. false: no memory. */
bool br_wire_want(br_wire *w, bool room);
/* How many bytes went, were read; 0: none now; -1: it is closed or broken. */
ssize_t br_wire_send(br_wire *w, br_slice bytes);
ssize_t br_wire_recv(br_wire *w, char *to, size_t room);
void br_wire_close(br_wire *w); /* in any state; NULL is fine */
/* In a forked child: closes the descriptor; the rest stays the parent's. NULL is fine. */
void br_wire_abandon(br_wire *w);

#endif
