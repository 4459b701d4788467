/*
** Whether the peer of a connection has said something that nobody asked for. What it says between
** two answers (a second answer, an early one, a 408, a farewell) would be taken for the next
** answer: RFC 9112, section 9.3, lets a client close such a connection, and section 11.2 says why.
**
** Under TLS bytes on the socket may be harmless: tickets and updates of keys come when the peer
** likes. So what has come is given to TLS, which keeps the harmless, and only the rest counts.
*/
#ifndef BR_ENGINE_LOOP_SILENCE_H
#define BR_ENGINE_LOOP_SILENCE_H

#include <stdbool.h>

typedef enum br_silence {
    BR_SILENT,
    BR_HALF_SAID, /* the beginning of a TLS record: what it will be is not known */
    BR_SPOKE      /* data, the end of the connection, an alert, or anything that wants an answer */
} br_silence;

/* tls: the connection's SSL; NULL: it has none. One system call where nothing has come. */
br_silence br_silence_of(int fd, void *tls);

/* Whether bytes that have left the socket wait within TLS. tls may be NULL. */
bool br_silence_holds_back(void *tls);
/*
** Frees the buffers that TLS has for records, unless one has begun: OpenSSL holds that for writing from
** the last handshake's message to the next request. They come back when they are needed.
*/
void br_silence_free_buffers(void *tls);

#endif
