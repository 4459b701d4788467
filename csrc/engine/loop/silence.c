#include "engine/loop/silence.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#define LOOKS_MAX 16 /* harmless messages at a time; a peer that sends more is not silent */

static bool socket_is_silent(int fd)
{
    char byte;
    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EWOULDBLOCK);
}

/* OpenSSL counts a record whose header alone has come as nothing pending. */
static bool within_record(const SSL *ssl)
{
    const char *state = SSL_rstate_string(ssl);
    return SSL_has_pending(ssl) == 1 || state[0] != 'R' || state[1] != 'H';
}

static br_silence look(SSL *ssl)
{
    char byte;
    ERR_clear_error();
    int n = SSL_peek(ssl, &byte, 1);
    if (n > 0 || SSL_get_error(ssl, n) != SSL_ERROR_WANT_READ || SSL_in_init(ssl) ||
        SSL_renegotiate_pending(ssl))
        return BR_SPOKE;
    return within_record(ssl) ? BR_HALF_SAID : BR_SILENT;
}

static br_silence look_at_all(int fd, SSL *ssl)
{
    br_silence found = BR_SPOKE;
    for (int i = 0; i < LOOKS_MAX; i++) {
        found = look(ssl);
        if (found != BR_SILENT || socket_is_silent(fd))
            return found;
    }
    return BR_SPOKE;
}

/*
** libcurl's own BIO reaches for a transfer, and there is none now: TLS reads from the socket itself
** for the while. What it writes meanwhile (an alert, a handshake) goes nowhere, and the connection
** with it. libcurl does not hear of tickets that come this way, so it does not resume with them.
*/
static br_silence look_inside(int fd, SSL *ssl)
{
    BIO *usual_in = SSL_get_rbio(ssl), *usual_out = SSL_get_wbio(ssl);
    BIO *in = BIO_new_socket(fd, BIO_NOCLOSE), *out = BIO_new(BIO_s_null());
    if (in == NULL || out == NULL || usual_in == NULL || usual_out == NULL) {
        BIO_free(in);
        BIO_free(out);
        return BR_SPOKE;
    }
    BIO_up_ref(usual_in);
    BIO_up_ref(usual_out);
    SSL_set0_rbio(ssl, in);
    SSL_set0_wbio(ssl, out);
    br_silence found = look_at_all(fd, ssl);
    if (BIO_number_written(out) > 0)
        found = BR_SPOKE;
    SSL_set0_rbio(ssl, usual_in);
    SSL_set0_wbio(ssl, usual_out);
    ERR_clear_error();
    return found;
}

bool br_silence_holds_back(void *tls)
{
    return tls != NULL && within_record(tls);
}

void br_silence_free_buffers(void *tls)
{
    if (tls != NULL && !within_record(tls))
        (void)SSL_free_buffers(tls);
}

br_silence br_silence_of(int fd, void *tls)
{
    if (socket_is_silent(fd) && !br_silence_holds_back(tls))
        return BR_SILENT;
    return tls != NULL ? look_inside(fd, tls) : BR_SPOKE;
}
