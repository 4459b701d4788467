#define _GNU_SOURCE
#include "engine/loop/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/loop/descriptors.h"

static br_socket *slot_of(br_sockets *s, int fd)
{
    if (fd < 0 || fd > INT32_MAX / 4)
        return NULL;
    if (fd >= s->cap) {
        int cap = (fd + 32) * 2;
        br_socket *of = realloc(s->of, (size_t)cap * sizeof *of);
        if (of == NULL)
            return NULL;
        memset(of + s->cap, 0, (size_t)(cap - s->cap) * sizeof *of);
        s->of = of;
        s->cap = cap;
    }
    return &s->of[fd];
}

static void unregister(br_sockets *s, br_socket *slot, int fd)
{
    br_poller_set(&s->poller, fd, slot->registered, 0);
    slot->registered = 0;
}

static bool registered(br_sockets *s, br_socket *slot, int fd, uint8_t bits)
{
    bool ok = br_poller_set(&s->poller, fd, slot->registered, bits);
    if (ok)
        slot->registered = bits;
    return ok;
}

bool br_sockets_register(br_sockets *s, int fd, uint8_t bits)
{
    br_socket *slot = slot_of(s, fd);
    return slot != NULL && (slot->registered == bits || registered(s, slot, fd, bits));
}

void br_sockets_unregister(br_sockets *s, int fd)
{
    br_socket *slot = slot_of(s, fd);
    if (slot != NULL)
        unregister(s, slot, fd);
}

/* Tells a socket from all others there ever were, whatever their number; 0: no socket, or unknown. */
static uint64_t cookie_of(int fd)
{
    uint64_t cookie = 0;
#ifdef SO_COOKIE
    socklen_t n = sizeof cookie;
    if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &n) != 0)
        return 0;
#else
    (void)fd;
#endif
    return cookie;
}

static bool still_there(const br_socket *slot, int fd)
{
    return slot->cookie == cookie_of(fd);
}

int br_sockets_open(br_sockets *s, const struct curl_sockaddr *address)
{
    int fd = br_open_socket(address->family, address->socktype, address->protocol);
    if (fd < 0)
        return -1;
    br_socket *slot = slot_of(s, fd);
    if (slot == NULL) {
        close(fd);
        return -1;
    }
    *slot = (br_socket){.opened = true, .cookie = cookie_of(fd)};
    return fd;
}

int br_sockets_close(br_sockets *s, int fd)
{
    br_socket *slot = slot_of(s, fd);
    if (slot != NULL) {
        unregister(s, slot, fd);
        *slot = (br_socket){0};
    }
    return close(fd);
}

bool br_sockets_watch(br_sockets *s, int fd, int what)
{
    br_socket *slot = slot_of(s, fd);
    if (slot == NULL)
        return false;
    uint8_t bits = 0;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
        bits |= BR_POLL_IN;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
        bits |= BR_POLL_OUT;
    bool known = slot->registered == bits && (slot->wanted == bits || slot->connected);
    slot->wanted = bits;
    if ((bits & BR_POLL_IN) != 0 && !slot->connected)
        slot->connected = slot->opened && still_there(slot, fd);
    if (bits == 0 && !slot->opened)
        unregister(s, slot, fd);
    return bits == 0 || known || registered(s, slot, fd, bits);
}

bool br_sockets_lend(br_sockets *s, int fd, uint32_t events,
                     void (*ready)(void *user, uint32_t events), void *user)
{
    br_socket *slot = slot_of(s, fd);
    if (slot == NULL)
        return false;
    if (slot->ready == NULL)
        *slot = (br_socket){0};
    if (!registered(s, slot, fd, (uint8_t)events))
        return false;
    slot->ready = ready;
    slot->user = user;
    return true;
}

void br_sockets_return(br_sockets *s, int fd)
{
    br_socket *slot = slot_of(s, fd);
    if (slot == NULL)
        return;
    unregister(s, slot, fd);
    *slot = (br_socket){0};
}

bool br_sockets_tell(br_sockets *s, int fd, uint32_t events)
{
    if (fd >= s->cap || s->of[fd].ready == NULL)
        return false;
    s->of[fd].ready(s->of[fd].user, events);
    return true;
}

int br_sockets_event(br_sockets *s, int fd, uint32_t events)
{
    br_socket *slot = slot_of(s, fd);
    if (slot == NULL)
        return 0;
    if (slot->wanted == 0 && br_kept_is(slot)) {
        br_kept_event(s, fd);
        return 0;
    }
    if (slot->wanted == 0) {
        if (!slot->opened || still_there(slot, fd))
            unregister(s, slot, fd);
        return 0;
    }
    if (events & BR_POLL_LOST)
        events |= slot->wanted;
    return (events & BR_POLL_IN ? CURL_CSELECT_IN : 0) |
           (events & BR_POLL_OUT ? CURL_CSELECT_OUT : 0);
}

void br_sockets_close_all(br_sockets *s)
{
    for (int fd = 0; fd < s->cap; fd++) {
        if (s->of[fd].opened && still_there(&s->of[fd], fd))
            close(fd);
    }
    br_sockets_free(s);
}

void br_sockets_free(br_sockets *s)
{
    free(s->of);
    s->of = NULL;
    s->cap = 0;
}
