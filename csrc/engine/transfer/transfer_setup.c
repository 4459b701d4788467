#define _GNU_SOURCE
#include "engine/transfer/transfer_private.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/version.h"

#if LIBCURL_VERSION_NUM < 0x075500
#error "libcurl 7.85 or newer is needed"
#endif

#define KEEPALIVE_IDLE_S 60L
/* From this size on some versions of libcurl add "Expect: 100-continue". */
#define EXPECT_BODY 1024
#define STREAM_READS 4096L /* libcurl holds a buffer of that size as long as the answer comes */
#define USUAL_READS ((long)CURL_MAX_WRITE_SIZE)
#define EXTRA_LINES 5 /* user-agent, accept-encoding, expect, accept, content-type */

static bool set_long(CURL *curl, CURLoption option, long value)
{
    return curl_easy_setopt(curl, option, value) == CURLE_OK;
}

static bool set_text(CURL *curl, CURLoption option, const char *text)
{
    return curl_easy_setopt(curl, option, text) == CURLE_OK;
}

static int close_socket(void *user, curl_socket_t fd)
{
    br_engine *e = user;
    return br_sockets_close(&e->sockets, fd);
}

static bool set_callbacks(br_transfer *t)
{
    CURL *c = t->curl;
    return curl_easy_setopt(c, CURLOPT_PRIVATE, &t->base) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->reason) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, br_transfer_on_header) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_HEADERDATA, t) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, br_transfer_on_data) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_WRITEDATA, t) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_READFUNCTION, br_transfer_on_pull) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_READDATA, t) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, br_transfer_on_progress) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_XFERINFODATA, t) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_PREREQFUNCTION, br_transfer_on_request) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_PREREQDATA, t) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_DEBUGFUNCTION, br_transfer_on_word) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_DEBUGDATA, t) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, br_transfer_open_socket) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, t) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_CLOSESOCKETFUNCTION, close_socket) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_CLOSESOCKETDATA, t->engine) == CURLE_OK;
}

static bool set_constants(br_transfer *t)
{
    CURL *c = t->curl;
    bool ok = set_long(c, CURLOPT_NOSIGNAL, 1) && set_long(c, CURLOPT_PATH_AS_IS, 1) &&
              set_long(c, CURLOPT_FOLLOWLOCATION, 0) &&
              set_long(c, CURLOPT_NETRC, CURL_NETRC_IGNORED) &&
              set_long(c, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1) &&
              set_text(c, CURLOPT_PROTOCOLS_STR, "http,https") &&
              set_long(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1) &&
              set_long(c, CURLOPT_TCP_NODELAY, 1) && set_long(c, CURLOPT_TCP_KEEPALIVE, 1) &&
              set_long(c, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_IDLE_S) &&
              set_long(c, CURLOPT_MAXAGE_CONN, BR_CONNECTION_IDLE_S) &&
              set_long(c, CURLOPT_CONNECTTIMEOUT_MS, INT_MAX) &&
              curl_easy_setopt(c, CURLOPT_SHARE, t->engine->share) == CURLE_OK;
#if LIBCURL_VERSION_NUM >= 0x075700
    ok = ok && set_long(c, CURLOPT_QUICK_EXIT, 1);
#endif
    t->connect_ms = INT_MAX;
    return ok;
}

bool br_transfer_create_handle(br_transfer *t)
{
    t->base.finished = br_transfer_finished;
    t->curl = curl_easy_init();
    t->parsed = curl_url();
    return t->curl != NULL && t->parsed != NULL &&
           curl_easy_setopt(t->curl, CURLOPT_CURLU, t->parsed) == CURLE_OK && set_callbacks(t) &&
           br_transfer_start_tls(t) && set_constants(t);
}

static bool same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool remember(char **kept, const char *text)
{
    char *copy = text != NULL ? strdup(text) : NULL;
    if (text != NULL && copy == NULL)
        return false;
    free(*kept);
    *kept = copy;
    return true;
}

/*
** "" tells libcurl to use none, NULL to look into the environment. A URL that was given is not
** overruled by the environment's no_proxy.
*/
static bool set_proxy(br_transfer *t, const br_net *net)
{
    const char *proxy = net->proxy;
    if (net->no_proxy_at_all || (proxy == NULL && t->endpoint->loopback))
        proxy = "";
    t->proxied = proxy == NULL || *proxy != '\0';
    if (same(t->proxy, proxy))
        return true;
    return set_text(t->curl, CURLOPT_PROXY, proxy) &&
           set_text(t->curl, CURLOPT_NOPROXY, proxy != NULL && *proxy != '\0' ? "" : NULL) &&
           remember(&t->proxy, proxy);
}

/* No resolver is asked where "localhost" is. */
static bool pin_localhost(br_transfer *t)
{
    bool pinned = t->pins != NULL;
    curl_slist_free_all(t->pins);
    t->pins = NULL;
    if (strcmp(t->endpoint->host, "localhost") == 0) {
        char pin[48];
        snprintf(pin, sizeof pin, "localhost:%d:127.0.0.1,[::1]", (int)t->endpoint->port);
        t->pins = curl_slist_append(NULL, pin);
        if (t->pins == NULL)
            return false;
    }
    return (!pinned && t->pins == NULL) ||
           curl_easy_setopt(t->curl, CURLOPT_RESOLVE, t->pins) == CURLE_OK;
}

/*
** Our own timer judges; libcurl's is longer by a quarter. It has to know a limit, because it gives
** the first of several addresses half of it. 0 would be libcurl's 300 s.
*/
static bool set_connect_timeout(br_transfer *t, int ms)
{
    long limit = ms < 0 || ms > INT_MAX / 2 ? INT_MAX : ms + ms / 4 + 1;
    if (t->connect_ms == limit)
        return true;
    t->connect_ms = limit;
    return set_long(t->curl, CURLOPT_CONNECTTIMEOUT_MS, limit);
}

/*
** Progress is only watched where a timer has to know when the last request byte left,
** or a body may wait while the peer leaves.
*/
static bool set_progress(br_transfer *t)
{
    bool watch = t->pull != NULL || t->timeouts.read_ms >= 0 || t->timeouts.first_byte_ms >= 0;
    if (watch == t->watches_progress)
        return true;
    t->watches_progress = watch;
    return set_long(t->curl, CURLOPT_NOPROGRESS, watch ? 0 : 1);
}

static bool set_flag(br_transfer *t, CURLoption option, bool *told, bool value)
{
    if (*told == value)
        return true;
    *told = value;
    return set_long(t->curl, option, value ? 1 : 0);
}

bool br_transfer_set_fresh(br_transfer *t, bool fresh)
{
    return set_flag(t, CURLOPT_FRESH_CONNECT, &t->fresh, fresh);
}

bool br_transfer_set_not_kept(br_transfer *t, bool not_kept)
{
    return set_flag(t, CURLOPT_FORBID_REUSE, &t->not_kept, not_kept);
}

static bool set_buffer(br_transfer *t, bool streams)
{
    if (t->streams == streams)
        return true;
    t->streams = streams;
    return set_long(t->curl, CURLOPT_BUFFERSIZE, streams ? STREAM_READS : USUAL_READS);
}

bool br_transfer_overhear(br_transfer *t, bool overhear)
{
    return set_flag(t, CURLOPT_VERBOSE, &t->overhears, overhear);
}

/* libcurl would cut at a '#' and refuse the rest. */
static bool target_ok(br_slice target)
{
    if (target.n == 0 || target.p[0] != '/')
        return false;
    for (size_t i = 0; i < target.n; i++) {
        unsigned char c = (unsigned char)target.p[i];
        if (c <= ' ' || c >= 0x7f || c == '#')
            return false;
    }
    return true;
}

/*
** Of a URL in both forms libcurl neither reads nor writes one for each request; that is as much work
** as it has with all of its headers but the longest.
*/
static bool learn_url(br_transfer *t)
{
    br_buf_clear(&t->known_url);
    if (curl_url_set(t->parsed, CURLUPART_URL, t->url.data, CURLU_PATH_AS_IS) != CURLUE_OK ||
        !set_text(t->curl, CURLOPT_URL, t->url.data))
        return false;
    br_buf_add_slice(&t->known_url, br_buf_slice(&t->url));
    return true;
}

static bool set_url(br_transfer *t, br_slice target)
{
    br_buf_clear(&t->url);
    br_url_origin(&t->url, t->endpoint);
    t->origin_len = t->url.len;
    br_buf_add_slice(&t->url, target);
    return target_ok(target) && !t->url.failed &&
           (br_slice_eq(br_buf_slice(&t->url), br_buf_slice(&t->known_url)) || learn_url(t));
}

/* These three announce a body by their nature, so none at all is sent as an empty one. */
static bool method_posts(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
           strcmp(method, "PATCH") == 0;
}

static bool set_body(br_transfer *t, const br_transfer_request *request)
{
    bool whole = request->has_body && request->pull == NULL;
    t->body = whole ? request->body : (br_slice){NULL, 0};
    t->pull = request->pull;
    t->posts = request->has_body || t->pull != NULL || method_posts(request->method);
    if (!t->posts)
        return set_long(t->curl, CURLOPT_HTTPGET, 1);
    const char *bytes = t->pull != NULL ? NULL : t->body.n > 0 ? t->body.p : "";
    curl_off_t size = t->pull != NULL ? -1 : (curl_off_t)t->body.n;
    return set_long(t->curl, CURLOPT_POST, 1) &&
           curl_easy_setopt(t->curl, CURLOPT_POSTFIELDSIZE_LARGE, size) == CURLE_OK &&
           curl_easy_setopt(t->curl, CURLOPT_POSTFIELDS, bytes) == CURLE_OK;
}

static bool set_method(br_transfer *t, const char *method)
{
    bool usual = strcmp(method, t->posts ? "POST" : "GET") == 0;
    t->bodiless = strcmp(method, "HEAD") == 0;
    return (!t->bodiless || set_long(t->curl, CURLOPT_NOBODY, 1)) &&
           set_text(t->curl, CURLOPT_CUSTOMREQUEST, usual || t->bodiless ? NULL : method);
}

static bool reserve_nodes(br_transfer *t, size_t count)
{
    if (count <= t->node_cap)
        return true;
    struct curl_slist *nodes = realloc(t->nodes, count * sizeof *nodes);
    if (nodes == NULL)
        return false;
    t->nodes = nodes;
    t->node_cap = count;
    return true;
}

/* libcurl's own Host, which it makes of the URL, is the same, and cheaper. */
static bool is_own_host(const br_transfer *t, br_slice name, br_slice value)
{
    size_t scheme = t->endpoint->https ? sizeof "https://" - 1 : sizeof "http://" - 1;
    br_slice own = {t->url.data + scheme, t->origin_len - scheme};
    return br_slice_eqs(name, "host") && !t->endpoint->ipv6 && br_slice_eq(value, own);
}

/* Where a message ends is libcurl's to say; another opinion would desynchronise the connection. */
static bool is_framing(br_slice name)
{
    return br_slice_eqs(name, "content-length") || br_slice_eqs(name, "transfer-encoding");
}

/* libcurl only reads the text, though its list does not say so. */
static void add_line(br_transfer *t, size_t *count, const char *line)
{
    t->nodes[*count] = (struct curl_slist){.data = (char *)(uintptr_t)line};
    if (*count > 0)
        t->nodes[*count - 1].next = &t->nodes[*count];
    ++*count;
}

/* A name with nothing after the colon stops libcurl from adding its own header of that name. */
static void add_refusals(br_transfer *t, const br_headers *headers, size_t *count)
{
    if (t->body.n >= EXPECT_BODY || t->pull != NULL)
        add_line(t, count, "expect:");
    if (br_headers_get(headers, "accept").p == NULL)
        add_line(t, count, "accept:");
    if (t->posts && br_headers_get(headers, "content-type").p == NULL)
        add_line(t, count, "content-type:");
}

static bool set_headers(br_transfer *t, const br_headers *headers)
{
    size_t count = 0;
    if (!reserve_nodes(t, headers->count + EXTRA_LINES))
        return false;
    for (size_t i = 0; i < headers->count; i++) {
        br_slice name = br_headers_name(headers, i);
        if (!is_own_host(t, name, br_headers_value(headers, i)) && !is_framing(name))
            add_line(t, &count, br_headers_line(headers, i));
    }
    if (br_headers_get(headers, "user-agent").p == NULL)
        add_line(t, &count, "user-agent: lua-bedrock/" BR_VERSION);
    if (br_headers_get(headers, "accept-encoding").p == NULL)
        add_line(t, &count, "accept-encoding: identity");
    add_refusals(t, headers, &count);
    return curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, count > 0 ? t->nodes : NULL) == CURLE_OK;
}

bool br_transfer_set_up(br_transfer *t, const br_transfer_request *request)
{
    t->endpoint = request->endpoint;
    t->timeouts = request->timeouts;
    return set_url(t, request->target) && set_body(t, request) && set_method(t, request->method) &&
           set_headers(t, request->headers) &&
           br_transfer_set_authorities(t, request->net.ca_file) &&
           br_transfer_set_identity(t, request->net.identity) && set_proxy(t, &request->net) &&
           pin_localhost(t) && set_connect_timeout(t, t->timeouts.connect_ms) && set_progress(t) &&
           br_transfer_set_fresh(t, request->fresh_connection) && set_buffer(t, request->streams) &&
           br_transfer_set_not_kept(t, false) && br_transfer_overhear(t, false);
}
