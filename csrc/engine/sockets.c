#define _GNU_SOURCE
#include "engine/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

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

static bool control(br_sockets *s, int op, int fd, uint8_t bits)
{
    struct epoll_event event = {.events = bits, .data.fd = fd};
    return epoll_ctl(s->epoll_fd, op, fd, &event) == 0;
}

static bool registered(br_sockets *s, br_socket *slot, int fd, uint8_t bits)
{
    if (slot->registered == bits)
        return true;
    bool ok = bits == 0 ? control(s, EPOLL_CTL_DEL, fd, 0)
                        : control(s, slot->registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, bits);
    if (ok || bits == 0)
        slot->registered = bits;
    return ok;
}

int br_sockets_open(br_sockets *s, const struct curl_sockaddr *address)
{
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0)
        return -1;
    br_socket *slot = slot_of(s, fd);
    if (slot == NULL) {
        close(fd);
        return -1;
    }
    *slot = (br_socket){.opened = true};
    return fd;
}

int br_sockets_close(br_sockets *s, int fd)
{
    br_socket *slot = slot_of(s, fd);
    if (slot != NULL) {
        registered(s, slot, fd, 0);
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
        bits |= EPOLLIN;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
        bits |= EPOLLOUT;
    slot->wanted = bits;
    if (bits == 0 && slot->opened && slot->registered == EPOLLIN)
        return true;
    return registered(s, slot, fd, bits) || bits == 0;
}

bool br_sockets_lend(br_sockets *s, int fd, uint32_t events,
                     void (*ready)(void *user, uint32_t events), void *user)
{
    br_socket *slot = slot_of(s, fd);
    if (slot == NULL || !registered(s, slot, fd, (uint8_t)events))
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
    registered(s, slot, fd, 0);
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
    if (slot->wanted == 0) {
        registered(s, slot, fd, 0);
        return 0;
    }
    if (events & (EPOLLERR | EPOLLHUP))
        events |= slot->wanted;
    return (events & EPOLLIN ? CURL_CSELECT_IN : 0) | (events & EPOLLOUT ? CURL_CSELECT_OUT : 0);
}

void br_sockets_close_all(br_sockets *s)
{
    for (int fd = 0; fd < s->cap; fd++) {
        if (s->of[fd].opened)
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
