/* The connection of a transfer: whether a request may go out on it, and whether it is kept. */
#include "engine/transfer/transfer_private.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_https(const char *url)
{
    return url != NULL && strncasecmp(url, "https:", 6) == 0;
}

/* Whether it may be one that is spoken to in TLS: libcurl does not tell which it takes. */
static bool proxied_by_tls(const br_transfer *t)
{
    static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy",
                                        "ALL_PROXY"};
    if (!t->proxied || t->proxy != NULL)
        return is_https(t->proxy);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (is_https(getenv(names[i])))
            return true;
    return false;
}

/* Whether libcurl uses the library that this is linked with. */
static bool same_openssl(void)
{
    char own[64];
    const char *its = curl_version_info(CURLVERSION_NOW)->ssl_version;
    snprintf(own, sizeof own, "OpenSSL/%s", OpenSSL_version(OPENSSL_VERSION_STRING));
    return its != NULL && strcmp(its, own) == 0;
}

/*
** The SSL of a new connection; NULL: it has none. false: bytes may wait in one that cannot be looked
** into. A proxy that is spoken to in TLS has its own around it.
*/
static bool find_tls(const br_transfer *t, void **tls)
{
    const struct curl_tlssessioninfo *info = NULL;
    *tls = NULL;
    if (proxied_by_tls(t))
        return false;
    if (!t->endpoint->https)
        return true;
    if (!same_openssl() || curl_easy_getinfo(t->curl, CURLINFO_TLS_SSL_PTR, &info) != CURLE_OK ||
        info == NULL || info->backend != CURLSSLBACKEND_OPENSSL)
        return false;
    *tls = info->internals;
    return *tls != NULL;
}

/* false: the request must not go out on it. */
static bool take_connection(br_transfer *t, const br_ends *ends)
{
    br_sockets *sockets = &t->engine->sockets;
    void *tls;
    if (t->reused) {
        t->fd = br_kept_take(sockets, t->fd, ends, t);
        return t->fd >= 0;
    }
    bool seen = find_tls(t, &tls);
    t->fd = br_kept_begin(sockets, t->fd, ends, tls, t);
    return (seen && t->fd >= 0) || br_transfer_set_not_kept(t, true);
}

/*
** Called when a connection is there and the request is about to go out. libcurl repeats requests of
** its own accord when a reused connection turns out dead; a second time is refused here, and a
** new connection for it in br_transfer_open_socket: the retry rules are the call's.
*/
int br_transfer_on_request(void *user, char *peer, char *local, int peer_port, int local_port)
{
    br_transfer *t = user;
    br_ends ends = {peer, local, peer_port, local_port};
    if (t->cancelled || t->requests > 0)
        return CURL_PREREQFUNC_ABORT;
    long connections = 0;
    t->reused = curl_easy_getinfo(t->curl, CURLINFO_NUM_CONNECTS, &connections) == CURLE_OK &&
                connections == 0;
    if (!take_connection(t, &ends)) {
        t->distrusts = t->reused;
        return CURL_PREREQFUNC_ABORT;
    }
    t->requests++;
    br_timer_stop(t->engine, &t->timer);
    return CURL_PREREQFUNC_OK;
}

curl_socket_t br_transfer_open_socket(void *user, curlsocktype purpose,
                                      struct curl_sockaddr *address)
{
    br_transfer *t = user;
    if (purpose != CURLSOCKTYPE_IPCXN || t->cancelled || t->requests > 0)
        return CURL_SOCKET_BAD;
    t->fd = br_sockets_open(&t->engine->sockets, address);
    return t->fd;
}

/* Of an answer with leftovers: its peer has said more than was asked for. */
int br_transfer_on_word(CURL *curl, curl_infotype type, char *text, size_t n, void *user)
{
    (void)curl;
    br_slice word = {text, n};
    if (type == CURLINFO_TEXT &&
        (br_slice_starts(word, "Leftovers after") || br_slice_starts(word, "Excess found")))
        br_transfer_set_not_kept(user, true);
    return 0;
}

static int64_t reached_us(const br_transfer *t, CURLINFO info, int64_t before_us)
{
    curl_off_t us = 0;
    return curl_easy_getinfo(t->curl, info, &us) == CURLE_OK && us > before_us ? us : before_us;
}

void br_transfer_connect_times(const br_transfer *t, br_connect_times *times)
{
    *times = (br_connect_times){.kept = t->reused};
    if (t->reused)
        return;
    int64_t named = reached_us(t, CURLINFO_NAMELOOKUP_TIME_T, 0);
    int64_t connected = reached_us(t, CURLINFO_CONNECT_TIME_T, named);
    times->dns_us = named;
    times->connect_us = connected - named;
    times->tls_us = reached_us(t, CURLINFO_APPCONNECT_TIME_T, connected) - connected;
}
