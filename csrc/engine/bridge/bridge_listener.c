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

#include "core/base/variable.h"

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

static void remove_name(br_listener *l)
{
    if (l->path[0] != '\0')
        unlink(l->path);
    if (l->dir[0] != '\0')
        rmdir(l->dir);
    l->path[0] = l->dir[0] = '\0';
}

void br_listener_forget(br_listener *l)
{
    if (l->fd >= 0)
        close(l->fd);
    if (l->path_fd >= 0)
        close(l->path_fd);
    l->fd = l->path_fd = -1;
}

void br_listener_close(br_listener *l)
{
    remove_name(l);
    br_listener_forget(l);
}

/* A directory of our own in that one, and the socket in it. errno says why not. */
static bool bind_in(br_listener *l, const char *parent)
{
    if (parent == NULL || parent[0] != '/' || !name_in(l->dir, parent, "lua-bedrock-XXXXXX") ||
        strlen(l->dir) + sizeof "/" NAME > sizeof((struct sockaddr_un *)0)->sun_path) {
        l->dir[0] = '\0';
        errno = ENOTDIR;
        return false;
    }
    if (mkdtemp(l->dir) == NULL) {
        l->dir[0] = '\0';
        return false;
    }
    if (name_in(l->path, l->dir, NAME)) {
        struct sockaddr_un a = address_of(l->path);
        if (bind(l->fd, (struct sockaddr *)&a, sizeof a) == 0)
            return true;
    }
    int why = errno;
    remove_name(l);
    errno = why;
    return false;
}

br_places br_places_usual(void)
{
    return (br_places){
        .fds = "/proc/self/fd",
        .parents = {"/tmp", br_variable("TMPDIR"), "/dev/shm", br_variable("XDG_RUNTIME_DIR")},
    };
}

static bool bind_somewhere(br_listener *l, const br_places *places)
{
    int why = ENOENT;
    for (size_t i = 0; i < BR_PLACES; i++) {
        if (bind_in(l, places->parents[i]))
            return true;
        if (places->parents[i] != NULL)
            why = errno;
    }
    errno = why;
    return false;
}

/* One attempt to connect shows whether the address works here. What was accepted is closed. */
static bool reachable(br_listener *l, const char *path)
{
    struct sockaddr_un a = address_of(path);
    int fd = br_open_local_socket();
    if (fd < 0)
        return false;
    bool ok = connect(fd, (struct sockaddr *)&a, sizeof a) == 0;
    if (ok) {
        int peer = br_listener_accept(l);
        ok = peer >= 0;
        if (ok)
            close(peer);
    }
    close(fd);
    return ok;
}

/* The name can go, if the way through /proc is open. */
static bool detach_name(br_listener *l, const char *fds)
{
    char path[64];
#ifdef O_PATH
    l->path_fd = open(l->path, O_PATH | O_CLOEXEC | O_NOFOLLOW);
#endif
    if (l->path_fd < 0)
        return false;
    snprintf(path, sizeof path, "%s/%d", fds, l->path_fd);
    if (!reachable(l, path)) {
        close(l->path_fd);
        l->path_fd = -1;
        return false;
    }
    snprintf(l->address, sizeof l->address, "unix:%s", path);
    remove_name(l);
    return true;
}

static bool keep_name(br_listener *l)
{
    if (!reachable(l, l->path))
        return false;
    int n = snprintf(l->address, sizeof l->address, "unix:%s", l->path);
    return n > 0 && (size_t)n < sizeof l->address;
}

bool br_listener_open(br_listener *l, const br_places *places, char *why, size_t why_size)
{
    *l = (br_listener){.fd = -1, .path_fd = -1};
    l->fd = br_open_local_socket();
    if (l->fd < 0) {
        snprintf(why, why_size, "no unix socket could be opened: %s", strerror(errno));
    } else if (!bind_somewhere(l, places)) {
        snprintf(why, why_size,
                 "no directory for a unix socket (/tmp, $TMPDIR, /dev/shm, $XDG_RUNTIME_DIR): %s",
                 strerror(errno));
    } else if (listen(l->fd, BACKLOG) == 0 && (detach_name(l, places->fds) || keep_name(l))) {
        return true;
    } else {
        snprintf(why, why_size, "cannot connect to our own unix socket: %s", strerror(errno));
    }
    br_listener_close(l);
    return false;
}

int br_listener_accept(br_listener *l)
{
    int fd = br_accept(l->fd);
    if (fd < 0 || br_peer_is_ourselves(fd))
        return fd;
    close(fd);
    errno = EPERM;
    return -1;
}
