/*
** Who is at the other end of a unix socket, as BSDs tell it.
*/
#ifndef BR_SPEC_KQUEUE_UCRED_H
#define BR_SPEC_KQUEUE_UCRED_H

#include <asm/socket.h>
#include <sys/socket.h>
#include <sys/types.h>

/* What Linux tells begins with the number of the process. */
#define SOL_LOCAL SOL_SOCKET
#define LOCAL_PEERPID SO_PEERCRED

int getpeereid(int fd, uid_t *user, gid_t *group);

#endif
