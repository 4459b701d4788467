/*
** The other side of the bridge, as nginx is it, for tests: makes calls for the local endpoint, hands them
** over, and reads their frames. What goes wrong here is a failed check.
*/
#ifndef BR_SPEC_BRIDGE_CLIENT_H
#define BR_SPEC_BRIDGE_CLIENT_H

#include "engine/bridge/bridge.h"

#define BRIDGE_UNARY "/model/amazon.nova-lite-v1%3A0/converse"
#define BRIDGE_STREAM "/model/amazon.nova-lite-v1%3A0/converse-stream"

/* What came, as letters: H D V P C E X; V and D are not repeated. */
typedef struct bridge_outcome {
    char items[16];
    size_t bytes;
    int events;
    br_error error;
    br_call_info info;
    char key[64];
} bridge_outcome;

br_client *bridge_client(const char *url); /* with access keys */
br_call *bridge_call(br_client *c, br_call_mode mode, const char *path);
/* A unary one, with these bytes attached to its request as base64. */
br_call *bridge_call_with(br_client *c, const void *bytes, size_t n);
br_bridge *bridge_open(void);
br_channel *bridge_hand_over(br_bridge *b, br_call *call);
int bridge_dial(const char *address);
void bridge_open_channel(int fd, const br_channel *p);
/* To the last frame; false: the connection was closed before. */
bool bridge_receive(int fd, bridge_outcome *o);
bridge_outcome bridge_run_on(br_bridge *b, int fd, br_call *call); /* on that connection */
bridge_outcome bridge_run(br_bridge *b, br_call *call);
bool bridge_closed(int fd); /* waits until something comes */

#endif
