#define _GNU_SOURCE
#include "engine/loop/descriptors.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "engine/loop/process.h"

int br_open_socket(int family, int type, int protocol)
{
    return socket(family, type | SOCK_CLOEXEC, protocol);
}

int br_open_local_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

int br_accept(int listener)
{
    return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

bool br_open_pipe(int ends[2])
{
    return pipe2(ends, O_CLOEXEC) == 0;
}

bool br_peer_is_ourselves(int fd)
{
    struct ucred peer;
    socklen_t n = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0 && peer.pid == br_process_id() &&
           peer.uid == geteuid();
}

bool br_alarm_open(br_alarm *a)
{
    a->fd = a->ring_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return a->fd >= 0;
}

void br_alarm_close(br_alarm *a)
{
    if (a->fd >= 0)
        close(a->fd);
    a->fd = a->ring_fd = -1;
}

void br_alarm_ring(const br_alarm *a)
{
    eventfd_write(a->ring_fd, 1);
}

void br_alarm_hush(const br_alarm *a)
{
    eventfd_t count;
    eventfd_read(a->fd, &count);
}
