#include "engine/loop/internal.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "engine/loop/silence.h"

#define SCRAP 4096
#define SCRAPS_MAX 16

/* FNV-1a. */
static uint64_t mix(uint64_t hash, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ p[i]) * 0x100000001b3U;
    return hash;
}

static uint64_t name_of(const br_ends *ends)
{
    uint64_t hash = mix(0xcbf29ce484222325U, ends->local, strlen(ends->local) + 1);
    hash = mix(hash, ends->peer, strlen(ends->peer) + 1);
    hash = mix(hash, &ends->local_port, sizeof ends->local_port);
    hash = mix(hash, &ends->peer_port, sizeof ends->peer_port);
    return hash != 0 ? hash : 1;
}

static bool begins_at(int fd, const br_ends *ends)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } at;
    char text[INET6_ADDRSTRLEN];
    socklen_t n = sizeof at;
    if (getsockname(fd, &at.any, &n) != 0)
        return false;
    bool v6 = at.any.sa_family == AF_INET6;
    const void *address = v6 ? (const void *)&at.v6.sin6_addr : &at.v4.sin_addr;
    return (v6 || at.any.sa_family == AF_INET) &&
           ntohs(v6 ? at.v6.sin6_port : at.v4.sin_port) == ends->local_port &&
           inet_ntop(at.any.sa_family, address, text, sizeof text) != NULL &&
           strcmp(text, ends->local) == 0;
}

static bool is_new(const br_sockets *s, int fd, const br_ends *ends)
{
    return fd >= 0 && fd < s->cap && s->of[fd].opened && s->of[fd].ends == 0 && begins_at(fd, ends);
}

int br_kept_begin(br_sockets *s, int maybe, const br_ends *ends, void *tls, const void *holder)
{
    int fd = maybe;
    if (!is_new(s, fd, ends))
        for (fd = s->cap - 1; fd >= 0 && !is_new(s, fd, ends);)
            fd--;
    if (fd < 0)
        return -1;
    s->of[fd].ends = name_of(ends);
    s->of[fd].tls = tls;
    s->of[fd].holder = holder;
    return fd;
}

static int find(const br_sockets *s, int maybe, uint64_t name)
{
    if (maybe >= 0 && maybe < s->cap && s->of[maybe].ends == name)
        return maybe;
    for (int fd = s->cap - 1; fd >= 0; fd--)
        if (s->of[fd].ends == name)
            return fd;
    return -1;
}

int br_kept_take(br_sockets *s, int maybe, const br_ends *ends, const void *holder)
{
    int fd = find(s, maybe, name_of(ends));
    if (fd < 0 || br_silence_of(fd, s->of[fd].tls) != BR_SILENT)
        return -1;
    s->of[fd].holder = holder;
    return fd;
}

/* libcurl has it, and drops it when it finds the end: nothing that came must stand before that. */
static void hang_up(br_sockets *s, int fd)
{
    char scrap[SCRAP];
    br_sockets_unregister(s, fd);
    s->of[fd].ends = 0;
    s->of[fd].tls = NULL;
    for (int i = 0; i < SCRAPS_MAX && recv(fd, scrap, sizeof scrap, MSG_DONTWAIT) > 0; i++)
        continue;
    shutdown(fd, SHUT_RDWR);
}

void br_kept_end(br_sockets *s, int fd, const void *holder)
{
    if (fd < 0 || fd >= s->cap || s->of[fd].ends == 0 || s->of[fd].holder != holder)
        return;
    br_socket *slot = &s->of[fd];
    slot->holder = NULL;
    if (br_silence_holds_back(slot->tls) || !br_sockets_register(s, fd, BR_POLL_IN))
        br_kept_event(s, fd);
}

bool br_kept_is(const br_socket *slot)
{
    return slot->ends != 0 && slot->holder == NULL;
}

void br_kept_event(br_sockets *s, int fd)
{
    if (br_silence_of(fd, s->of[fd].tls) == BR_SPOKE)
        hang_up(s, fd);
    else
        br_sockets_register(s, fd, BR_POLL_IN);
}
