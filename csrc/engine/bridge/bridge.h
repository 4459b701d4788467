/*
** The bridge: an engine on a thread of its own, for hosts that can only watch sockets they opened
** themselves (nginx). A call is handed over and gives the id of a channel; the host connects to the
** bridge's address, sends the id, and receives the call's items as frames (frames.h).
**
** One bridge for a process, made by the first who asks and counted. Its thread never sees a signal
** and never touches a Lua state. It listens on a unix socket whose name is removed again at once:
** connecting goes through /proc/self/fd, so nothing is left on disk whatever happens and nobody
** else can connect; where there is no /proc, the name stays in a directory of our own (0700) until
** the bridge ends. A peer that is not this process is refused.
**
**   host -> bridge   a channel id (BR_CHANNEL_ID_SIZE bytes); nothing more until END was received.
**                    Then another id may follow on the same connection.
**                    Of a call that is fed (br_call_feed): DATA frames as far as there is credit,
**                    and an END where its body ends; such a connection is closed after END.
**   bridge -> host   frames, the last being END or ERROR. After ERROR, or when something is wrong,
**                    the connection is closed. What is not read holds up the peer of the call.
**   closing it       cancels the call.
*/
#ifndef BR_ENGINE_BRIDGE_BRIDGE_H
#define BR_ENGINE_BRIDGE_BRIDGE_H

#include "engine/call/call.h"

#define BR_CHANNEL_ID_SIZE 16
#define BR_ADDRESS_MAX 128

typedef struct br_bridge br_bridge;
typedef struct br_channel br_channel; /* a call that was handed over */

/*
** The bridge of this process. NULL: error set (config NotSupported where the program has an OpenSSL
** of its own linked in; else transport NoBridge). After a fork the child gets a new one.
*/
br_bridge *br_bridge_ref(br_error *error);
/*
** Returns when nothing is left on the thread of the channels that were dropped before. The last one
** ends all that runs, joins the thread and closes everything. Nothing happens in a child.
*/
void br_bridge_unref(br_bridge *b);
bool br_bridge_inherited(const br_bridge *b); /* it stayed with the parent */

const char *br_bridge_address(const br_bridge *b); /* "unix:…" */
/* Tells it from an earlier bridge of this process, which may have had the same address. */
unsigned br_bridge_number(const br_bridge *b);

/*
** Takes the call, which was not started; it starts when its id comes. NULL: error set, and the
** call is freed. Each channel is dropped once, before the bridge is given up.
*/
br_channel *br_bridge_submit(br_bridge *b, br_call *call, br_error *error);
const uint8_t *br_channel_id(const br_channel *p);
/*
** The whole set that the call's item of credentials is about, secrets included, which the frame leaves
** out. A counted reference; NULL: no such item was sent, or the bridge stayed with the parent.
*/
const br_credentials *br_channel_credentials(br_bridge *b, br_channel *p);
/*
** Cancels the call in whatever state, and forgets the channel. What was attached to its request is
** no longer read when this returns; that may take as long as the thread needs to copy it.
*/
void br_channel_drop(br_bridge *b, br_channel *p);

/*
** Does the main program itself define that symbol? An OpenSSL inside the program would be the one
** that libcurl finds, and mixing two is deadly.
*/
bool br_program_defines(const char *symbol);

#endif
