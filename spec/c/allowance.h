/*
** An allocator for Lua states whose memory runs out after a number of allocations, and the test
** that every number of them is survived.
*/
#ifndef BR_SPEC_ALLOWANCE_H
#define BR_SPEC_ALLOWANCE_H

#include <stddef.h>

#define ALLOWANCE_PLENTY 1000000L

typedef struct allowance {
    long left; /* allocations that succeed; < 0: no limit */
} allowance;

/* For lua_newstate, with an allowance as state. */
void *allowance_allocate(void *state, void *block, size_t old, size_t size);

/*
** Runs with plenty, then with 0, 1, … allocations up to what that took. run: sets its allowance's
** `left` to `limit` around what is tested, returns what is left of it, and puts Lua's status into
** *status: success with plenty, success or `out_of_memory` otherwise.
*/
void allowance_try_all(long (*run)(long limit, int *status), int out_of_memory);

#endif
