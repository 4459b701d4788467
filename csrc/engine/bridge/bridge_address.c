#define _GNU_SOURCE
#include "engine/bridge/bridge_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "engine/loop/process.h"

#define BACKLOG 4096
#define NAME "socket"

static bool name_in(char *out, const char *dir, const char *name)
{
    int n = snprintf(out, BR_ADDRESS_MAX, "%s/%s", dir, name);
    return n > 0 && (size_t)n < sizeof((struct sockaddr_un *)0)->sun_path;
}

static struct sockaddr_un address_of(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    memcpy(a.sun_path, path, strnlen(path, sizeof a.sun_path - 1));
    return a;
}

static void remove_name(br_door *d)
{
    if (d->path[0] != '\0')
        unlink(d->path);
    if (d->dir[0] != '\0')
        rmdir(d->dir);
    d->path[0] = d->dir[0] = '\0';
}

void br_door_forget(br_door *d)
{
    if (d->listener >= 0)
        close(d->listener);
    if (d->path_fd >= 0)
        close(d->path_fd);
    d->listener = d->path_fd = -1;
}

void br_door_close(br_door *d)
{
    remove_name(d);
    br_door_forget(d);
}

/* A directory of our own in that one, and the socket in it. errno says why not. */
static bool bind_in(br_door *d, const char *parent)
{
    if (parent == NULL || parent[0] != '/' || !name_in(d->dir, parent, "lua-bedrock-XXXXXX") ||
        strlen(d->dir) + sizeof "/" NAME > sizeof((struct sockaddr_un *)0)->sun_path) {
        d->dir[0] = '\0';
        errno = ENOTDIR;
        return false;
    }
    if (mkdtemp(d->dir) == NULL) {
        d->dir[0] = '\0';
        return false;
    }
    if (name_in(d->path, d->dir, NAME)) {
        struct sockaddr_un a = address_of(d->path);
        if (bind(d->listener, (struct sockaddr *)&a, sizeof a) == 0)
            return true;
    }
    int why = errno;
    remove_name(d);
    errno = why;
    return false;
}

br_places br_places_usual(void)
{
    return (br_places){
        .fds = "/proc/self/fd",
        .parents = {"/tmp", secure_getenv("TMPDIR"), "/dev/shm", secure_getenv("XDG_RUNTIME_DIR")},
    };
}

static bool bind_somewhere(br_door *d, const br_places *places)
{
    int why = ENOENT;
    for (size_t i = 0; i < BR_PLACES; i++) {
        if (bind_in(d, places->parents[i]))
            return true;
        if (places->parents[i] != NULL)
            why = errno;
    }
    errno = why;
    return false;
}

/* One attempt to connect shows whether the address works here. What was accepted is closed. */
static bool reachable(br_door *d, const char *path)
{
    struct sockaddr_un a = address_of(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    bool ok = connect(fd, (struct sockaddr *)&a, sizeof a) == 0;
    if (ok) {
        int peer = br_door_accept(d);
        ok = peer >= 0;
        if (ok)
            close(peer);
    }
    close(fd);
    return ok;
}

/* The name can go, if the way through /proc is open. */
static bool detach_name(br_door *d, const char *fds)
{
    char path[64];
    d->path_fd = open(d->path, O_PATH | O_CLOEXEC | O_NOFOLLOW);
    if (d->path_fd < 0)
        return false;
    snprintf(path, sizeof path, "%s/%d", fds, d->path_fd);
    if (!reachable(d, path)) {
        close(d->path_fd);
        d->path_fd = -1;
        return false;
    }
    snprintf(d->address, sizeof d->address, "unix:%s", path);
    remove_name(d);
    return true;
}

static bool keep_name(br_door *d)
{
    if (!reachable(d, d->path))
        return false;
    int n = snprintf(d->address, sizeof d->address, "unix:%s", d->path);
    return n > 0 && (size_t)n < sizeof d->address;
}

bool br_door_open(br_door *d, const br_places *places, char *why, size_t why_size)
{
    *d = (br_door){.listener = -1, .path_fd = -1};
    d->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (d->listener < 0) {
        snprintf(why, why_size, "no unix socket could be opened: %s", strerror(errno));
    } else if (!bind_somewhere(d, places)) {
        snprintf(why, why_size,
                 "no directory for a unix socket (/tmp, $TMPDIR, /dev/shm, $XDG_RUNTIME_DIR): %s",
                 strerror(errno));
    } else if (listen(d->listener, BACKLOG) == 0 && (detach_name(d, places->fds) || keep_name(d))) {
        return true;
    } else {
        snprintf(why, why_size, "cannot connect to our own unix socket: %s", strerror(errno));
    }
    br_door_close(d);
    return false;
}

static bool is_ourselves(int fd)
{
    struct ucred peer;
    socklen_t n = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0 && peer.pid == br_process_id() &&
           peer.uid == geteuid();
}

int br_door_accept(br_door *d)
{
    int fd = accept4(d->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0 || is_ourselves(fd))
        return fd;
    close(fd);
    errno = EPERM;
    return -1;
}
