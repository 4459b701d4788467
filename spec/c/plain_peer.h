/*
** Many transfers to a peer in the same program, which speaks plain HTTP: it is known what has arrived.
*/
#ifndef BR_SPEC_PLAIN_PEER_H
#define BR_SPEC_PLAIN_PEER_H

#include "engine/transfer/transfer.h"

#define PLAIN_READ_MS 60000 /* read_timeout */
#define PLAIN_GUARD 20000   /* rounds, and milliseconds, until what does not come is missed */

typedef struct plain_run {
    br_transfer *transfer;
    size_t bytes;
    bool done;
    br_transfer_end end;
    br_error error;
} plain_run;

int plain_listen(br_url *url, int backlog); /* does not block */
void plain_begin(br_engine *e, const br_url *url, plain_run *run);
bool plain_request_came(int peer); /* a whole one, which stays to be read */
void plain_answer(int peer);       /* reads what came, and answers it */
int plain_count(const plain_run *runs, int count, br_transfer_end end);

#endif
