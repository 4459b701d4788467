/*
** A call as userdata: shared by call_new.c, which makes them, and call.c, which waits and takes.
*/
#ifndef BR_LUA_CALL_H
#define BR_LUA_CALL_H

#include "lua/binding.h"

struct br_lua_call {
    br_call *call;     /* NULL: over, or never begun */
    const char *gone;  /* then: the code of the error that it answers with */
    br_client *client; /* counted; NULL once it is over */
    br_lua_call *prev, *next;
    br_item item; /* what is taken next, when ready */
    bool ready;
    br_lua_waiter waiter;
    bool taking; /* its answer is being read: nothing of it may be freed */
    bool doomed; /* … and then it ends */
    br_call_mode mode;
    int op; /* -1: a raw request, or no request at all */
    int token_member;
    char token[BR_UUID_SIZE];
    br_request request;   /* while it is made */
    br_problems problems; /* likewise */
};

br_slice br_lua_call_name(const br_lua_call *c); /* of its operation, for messages */
/* Holds the call from now on; br_lua_call_end lets go. */
void br_lua_call_begin(br_lua_state *s, br_lua_call *c, br_call *call);
/*
** Frees all it holds; from then on it answers cancelled with that code. Idempotent. Put off while
** its answer is being read.
*/
void br_lua_call_end(br_lua_state *s, br_lua_call *c, const char *code);

#endif
