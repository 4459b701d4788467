#include "engine/loop/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ucred.h>
#include <sys/un.h>
#include <unistd.h>

#include "engine/loop/process.h"

static bool close_on_exec(int fd)
{
    return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

static bool do_not_block(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

/* That, or closed. */
static int if_ok(int fd, bool ok)
{
    if (ok || fd < 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

static bool raise_no_signal(int fd)
{
#ifdef SO_NOSIGPIPE
    int yes = 1;
    return setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &yes, sizeof yes) == 0;
#else
    return fd >= 0;
#endif
}

int br_open_socket(int family, int type, int protocol)
{
    int fd = socket(family, type, protocol);
    return if_ok(fd, fd >= 0 && close_on_exec(fd));
}

int br_open_local_socket(void)
{
    int fd = br_open_socket(AF_UNIX, SOCK_STREAM, 0);
    return if_ok(fd, fd >= 0 && do_not_block(fd));
}

int br_accept(int listener)
{
    int fd = accept(listener, NULL, NULL);
    return if_ok(fd, fd >= 0 && close_on_exec(fd) && do_not_block(fd) && raise_no_signal(fd));
}

bool br_open_pipe(int ends[2])
{
    if (pipe(ends) != 0)
        return false;
    if (close_on_exec(ends[0]) && close_on_exec(ends[1]))
        return true;
    close(ends[0]);
    close(ends[1]);
    return false;
}

bool br_peer_is_ourselves(int fd)
{
    uid_t user;
    gid_t group;
    pid_t peer = 0;
    socklen_t n = sizeof peer;
    return getsockopt(fd, SOL_LOCAL, LOCAL_PEERPID, &peer, &n) == 0 && peer == br_process_id() &&
           getpeereid(fd, &user, &group) == 0 && user == geteuid();
}

bool br_alarm_open(br_alarm *a)
{
    int ends[2];
    *a = (br_alarm){-1, -1};
    if (!br_open_pipe(ends))
        return false;
    *a = (br_alarm){ends[0], ends[1]};
    if (do_not_block(ends[0]) && do_not_block(ends[1]))
        return true;
    br_alarm_close(a);
    return false;
}

void br_alarm_close(br_alarm *a)
{
    if (a->fd >= 0) {
        close(a->fd);
        close(a->ring_fd);
    }
    a->fd = a->ring_fd = -1;
}

/* A pipe that is full rings already. */
void br_alarm_ring(const br_alarm *a)
{
    (void)!write(a->ring_fd, "", 1);
}

void br_alarm_hush(const br_alarm *a)
{
    char scrap[64];
    while (read(a->fd, scrap, sizeof scrap) == (ssize_t)sizeof scrap)
        continue;
}
