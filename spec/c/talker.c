#define _GNU_SOURCE
#include "talker.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define LAYERS 2
#define HEARD_MAX 65536

typedef struct peer {
    int fd;
    SSL *layers[LAYERS]; /* the outermost first */
    int count;
    char heard[HEARD_MAX + 1];
    size_t n;
    bool asked, left;
} peer;

struct talker {
    int listener, port;
    talker_options options;
    SSL_CTX *context[2]; /* at once, behind CONNECT */
    peer peers[TALKER_CONNECTIONS];
    int peer_count, requests;
    char *answers[TALKER_ANSWERS];
    int answer_count, answer_next;
};

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "talker: %s: %s\n", what, strerror(errno));
    ERR_print_errors_fp(stderr);
    abort();
}

static SSL_CTX *context_for(int version)
{
    char path[512];
    const char *pki = getenv("BEDROCK_TEST_PKI");
    if (version == 0)
        return NULL;
    must(pki != NULL, "BEDROCK_TEST_PKI");
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    int number = version == 12 ? TLS1_2_VERSION : TLS1_3_VERSION;
    must(SSL_CTX_set_min_proto_version(ctx, number) && SSL_CTX_set_max_proto_version(ctx, number),
         "TLS version");
    snprintf(path, sizeof path, "%s/tls-good.pem", pki);
    must(SSL_CTX_use_certificate_chain_file(ctx, path) == 1, path);
    snprintf(path, sizeof path, "%s/tls-good.key", pki);
    must(SSL_CTX_use_PrivateKey_file(ctx, path, SSL_FILETYPE_PEM) == 1, path);
    must(SSL_CTX_set_num_tickets(ctx, 0) == 1, "tickets");
    return ctx;
}

talker *talker_start(talker_options options)
{
    talker *t = calloc(1, sizeof *t);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    must(t != NULL, "memory");
    t->options = options;
    t->context[0] = context_for(options.tls);
    t->context[1] = context_for(options.behind_tls);
    t->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    must(bind(t->listener, (struct sockaddr *)&a, sizeof a) == 0 &&
             listen(t->listener, TALKER_CONNECTIONS) == 0 &&
             getsockname(t->listener, (struct sockaddr *)&a, &size) == 0,
         "listen");
    t->port = ntohs(a.sin_port);
    return t;
}

static void close_peer(peer *p)
{
    while (p->count > 0)
        SSL_free(p->layers[--p->count]);
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -1;
}

void talker_stop(talker *t)
{
    for (int i = 0; i < t->peer_count; i++)
        close_peer(&t->peers[i]);
    for (int i = 0; i < t->answer_count; i++)
        free(t->answers[i]);
    SSL_CTX_free(t->context[0]);
    SSL_CTX_free(t->context[1]);
    close(t->listener);
    free(t);
}

int talker_port(const talker *t)
{
    return t->port;
}

void talker_answer(talker *t, const char *text)
{
    must(t->answer_count < TALKER_ANSWERS, "too many answers");
    t->answers[t->answer_count++] = strdup(text);
}

static void add_layer(peer *p, SSL_CTX *ctx)
{
    if (ctx == NULL)
        return;
    must(p->count < LAYERS, "too many layers");
    SSL *ssl = SSL_new(ctx);
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(ssl);
    p->layers[p->count++] = ssl;
}

/* What the layer has to send, at most so many bytes; the rest is forgotten. */
static void send_from(peer *p, int layer, size_t most)
{
    char bytes[32768];
    for (int n; (n = BIO_read(SSL_get_wbio(p->layers[layer]), bytes, sizeof bytes)) > 0;) {
        size_t part = (size_t)n < most ? (size_t)n : most;
        most -= part;
        if (part == 0)
            continue;
        if (layer == 0) {
            if (send(p->fd, bytes, part, MSG_NOSIGNAL) < 0)
                p->left = true;
        } else {
            must(SSL_write(p->layers[layer - 1], bytes, (int)part) > 0, "write through");
            send_from(p, layer - 1, SIZE_MAX);
        }
    }
}

static void send_out(peer *p)
{
    if (p->count > 0)
        send_from(p, p->count - 1, SIZE_MAX);
}

static void say(peer *p, const char *text, size_t n, size_t most)
{
    if (p->count == 0)
        p->left |= send(p->fd, text, n, MSG_NOSIGNAL) < 0;
    else if (SSL_write(p->layers[p->count - 1], text, (int)n) > 0)
        send_from(p, p->count - 1, most);
    else
        p->left = true;
}

/* How many bytes the whole request has; 0: its head is not there yet. */
static size_t request_size(const peer *p)
{
    const char *end = strstr(p->heard, "\r\n\r\n");
    const char *length = strcasestr(p->heard, "\r\ncontent-length:");
    if (end == NULL)
        return 0;
    size_t body = length != NULL && length < end ? strtoul(length + 17, NULL, 10) : 0;
    return (size_t)(end - p->heard) + 4 + body;
}

static bool to_proxy(talker *t, peer *p)
{
    static const char made[] = "HTTP/1.1 200 Made\r\n\r\n";
    if (strncmp(p->heard, "CONNECT ", 8) != 0)
        return false;
    say(p, made, sizeof made - 1, SIZE_MAX);
    add_layer(p, t->context[1]);
    return true;
}

static void answer(talker *t, peer *p)
{
    size_t size = request_size(p);
    if (size == 0 || p->n < size)
        return;
    bool proxied = to_proxy(t, p);
    memmove(p->heard, p->heard + size, p->n - size + 1);
    p->n -= size;
    if (proxied)
        return;
    p->asked = true;
    t->requests++;
    must(t->answer_next < t->answer_count, "a request without an answer");
    const char *text = t->answers[t->answer_next++];
    say(p, text, strlen(text), SIZE_MAX);
}

static void hear(peer *p, const char *bytes, size_t n)
{
    must(p->n + n <= HEARD_MAX, "a request that is too long");
    memcpy(p->heard + p->n, bytes, n);
    p->n += n;
    p->heard[p->n] = '\0';
}

/* Bytes for a layer; what is in them goes up. */
static void take(peer *p, int layer, const char *bytes, int n)
{
    char inner[16384];
    if (layer == p->count) {
        hear(p, bytes, (size_t)n);
        return;
    }
    BIO_write(SSL_get_rbio(p->layers[layer]), bytes, n);
    for (int got; (got = SSL_read(p->layers[layer], inner, sizeof inner)) > 0;)
        take(p, layer + 1, inner, got);
    p->left |= (SSL_get_shutdown(p->layers[layer]) & SSL_RECEIVED_SHUTDOWN) != 0;
    ERR_clear_error();
    for (int i = p->count - 1; i >= 0; i--)
        send_from(p, i, SIZE_MAX);
}

static void serve_peer(talker *t, peer *p)
{
    char bytes[16384];
    ssize_t n = 0;
    while (p->fd >= 0 && !p->left && (n = recv(p->fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0) {
        take(p, 0, bytes, (int)n);
        answer(t, p);
    }
    if (n == 0 || (n < 0 && errno != EAGAIN))
        p->left |= p->fd >= 0;
}

void talker_serve(talker *t)
{
    for (int fd; (fd = accept4(t->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0;) {
        must(t->peer_count < TALKER_CONNECTIONS, "too many connections");
        peer *p = &t->peers[t->peer_count++];
        p->fd = fd;
        add_layer(p, t->context[0]);
    }
    for (int i = 0; i < t->peer_count; i++)
        serve_peer(t, &t->peers[i]);
}

int talker_connections(const talker *t)
{
    int count = 0;
    for (int i = 0; i < t->peer_count; i++)
        count += t->peers[i].asked;
    return count;
}

int talker_requests(const talker *t)
{
    return t->requests;
}

bool talker_left(const talker *t, int connection)
{
    return t->peers[connection].left;
}

void talker_say(talker *t, int connection, const char *text)
{
    say(&t->peers[connection], text, strlen(text), SIZE_MAX);
}

void talker_say_half(talker *t, int connection, const char *text, size_t bytes)
{
    say(&t->peers[connection], text, strlen(text), bytes);
}

static SSL *innermost(talker *t, int connection)
{
    peer *p = &t->peers[connection];
    must(p->count > 0, "no TLS");
    return p->layers[p->count - 1];
}

static void do_handshake(talker *t, int connection)
{
    SSL_do_handshake(innermost(t, connection));
    ERR_clear_error();
    send_out(&t->peers[connection]);
}

void talker_ticket(talker *t, int connection)
{
    must(SSL_new_session_ticket(innermost(t, connection)) == 1, "ticket");
    do_handshake(t, connection);
}

void talker_key_update(talker *t, int connection, bool asks_for_one)
{
    int kind = asks_for_one ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED;
    must(SSL_key_update(innermost(t, connection), kind) == 1, "key update");
    do_handshake(t, connection);
}

void talker_ask_to_renegotiate(talker *t, int connection)
{
    must(SSL_renegotiate(innermost(t, connection)) == 1, "renegotiation");
    do_handshake(t, connection);
}

void talker_farewell(talker *t, int connection)
{
    SSL_shutdown(innermost(t, connection));
    send_out(&t->peers[connection]);
}

void talker_hang_up(talker *t, int connection)
{
    shutdown(t->peers[connection].fd, SHUT_WR);
}
