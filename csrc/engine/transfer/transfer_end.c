#include "engine/transfer/transfer_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/loop/descriptors.h"

#define TOO_LARGE ((CURLcode)100) /* CURLE_TOO_LARGE, from 8.6.0 on */
#define DESCRIPTORS_NEEDED 4 /* what a connection with its name server and ca_file takes at once */
#define AUTHORITIES_HINT_MAX 1200

typedef struct ending {
    CURLcode curl;
    const char *code;
    const char *hint;
} ending;

static const char CA_HINT[] = "check that this is the right host; for a private authority set "
                              "ca_file to its PEM certificates; trusted here: ";
static const char BAD_CA_HINT[] =
    "ca_file must name a readable file of PEM certificates, and so must "
    "SSL_CERT_FILE; trusted here: ";
static const char IDENTITY_HINT[] = "client_certificate and client_key cannot be used";
static const char DESCRIPTORS_HINT[] =
    "too many open files: raise the limit (ulimit -n; in nginx worker_rlimit_nofile)";
static const char PROXY_HINT[] = "check the proxy option, or https_proxy and no_proxy in the "
                                 "environment; proxy = false uses none";

static const ending ENDINGS[] = {
    {CURLE_COULDNT_RESOLVE_HOST, "DnsFailed", "check the region or endpoint, and the name server"},
    {CURLE_COULDNT_RESOLVE_PROXY, "ProxyFailed", PROXY_HINT},
    {CURLE_PROXY, "ProxyFailed", PROXY_HINT},
    {CURLE_COULDNT_CONNECT, "ConnectFailed", "check endpoint, port, firewall and proxy"},
    {CURLE_OPERATION_TIMEDOUT, "ConnectFailed", "check endpoint, port, firewall and proxy"},
    {CURLE_SSL_CONNECT_ERROR, "TlsFailed", "the peer must speak TLS 1.2 or newer on this port"},
    {CURLE_PEER_FAILED_VERIFICATION, "TlsFailed", CA_HINT},
    {CURLE_SSL_CACERT_BADFILE, "TlsFailed", BAD_CA_HINT},
    {CURLE_SSL_CERTPROBLEM, "TlsFailed", IDENTITY_HINT},
    {CURLE_SSL_CIPHER, "TlsFailed", CA_HINT},
    {CURLE_SSL_ISSUER_ERROR, "TlsFailed", CA_HINT},
    {CURLE_SEND_ERROR, "SendFailed", "the connection broke while the request was being sent"},
    {CURLE_OUT_OF_MEMORY, "NoMemory", "out of memory"},
};

static const ending *ending_of(CURLcode code)
{
    for (size_t i = 0; i < sizeof ENDINGS / sizeof ENDINGS[0]; i++) {
        if (ENDINGS[i].curl == code)
            return &ENDINGS[i];
    }
    return NULL;
}

static bool refused_by_proxy(br_transfer *t)
{
    long status = 0;
    return curl_easy_getinfo(t->curl, CURLINFO_HTTP_CONNECTCODE, &status) == CURLE_OK &&
           status >= 300;
}

/* Of a proxy that it cannot use, libcurl shows the whole URL, password and all. */
static const char *reason_of(const br_transfer *t, CURLcode code)
{
    static const char quoted[] = "Unsupported proxy";
    if (strncmp(t->reason, quoted, sizeof quoted - 1) == 0)
        return "the URL of the proxy cannot be used";
    if (t->left)
        return "the peer closed the connection";
    return t->reason[0] != '\0' ? t->reason : curl_easy_strerror(code);
}

static void say(br_transfer *t, br_error *error, const char *code, const char *what,
                const char *hint)
{
    const br_url *at = t->endpoint;
    br_error_set(error, BR_ERR_TRANSPORT, code, at->ipv6 ? "[%s]:%d: %s%s%s%s" : "%s:%d: %s%s%s%s",
                 at->host, (int)at->port, what, hint != NULL ? " (" : "", hint != NULL ? hint : "",
                 hint != NULL ? ")" : "");
}

/* libcurl does not tell it from a host that is not there, and a resolver neither: so it is tried. */
static bool out_of_descriptors(void)
{
    int held[DESCRIPTORS_NEEDED], count = 0;
    while (count < DESCRIPTORS_NEEDED &&
           (held[count] = br_open_socket(AF_UNIX, SOCK_STREAM, 0)) >= 0)
        count++;
    bool out = count < DESCRIPTORS_NEEDED && (errno == EMFILE || errno == ENFILE);
    while (count > 0)
        close(held[--count]);
    return out;
}

/* Why the process may not read it, which libcurl does not tell: "" if it may. */
static void say_unreadable(const char *file, char *out, size_t size)
{
    out[0] = '\0';
    if (file != NULL && faccessat(AT_FDCWD, file, R_OK, AT_EACCESS) != 0)
        snprintf(out, size, "; the user %lu cannot read it: %s", (unsigned long)geteuid(),
                 strerror(errno));
}

/* With which authorities are trusted, where that is what it is about. */
static void say_found(br_transfer *t, const ending *found, CURLcode code, br_error *error)
{
    char hint[AUTHORITIES_HINT_MAX], trusted[AUTHORITIES_HINT_MAX / 2], unreadable[128] = "";
    if (found->hint != CA_HINT && found->hint != BAD_CA_HINT) {
        say(t, error, found->code, reason_of(t, code), found->hint);
        return;
    }
    br_transfer_say_authorities(t, trusted, sizeof trusted);
    if (found->hint == BAD_CA_HINT)
        say_unreadable(t->ca_file, unreadable, sizeof unreadable);
    snprintf(hint, sizeof hint, "%s%s%s", found->hint, trusted, unreadable);
    say(t, error, found->code, reason_of(t, code), hint);
}

static void say_unsent(br_transfer *t, CURLcode code, br_error *error)
{
    const ending *found = ending_of(code);
    const char *usual = t->requests == 0 ? "ConnectFailed" : "SendFailed";
    if (t->requests == 0 && refused_by_proxy(t))
        say(t, error, "ProxyFailed", reason_of(t, code), PROXY_HINT);
    else if (t->requests == 0 && out_of_descriptors())
        say(t, error, found != NULL ? found->code : usual, reason_of(t, code), DESCRIPTORS_HINT);
    else if (found != NULL)
        say_found(t, found, code, error);
    else
        say(t, error, usual, reason_of(t, code), NULL);
}

/* Where it cannot be told, the last byte counts as sent: what may have run is not run twice. */
static bool all_left(br_transfer *t)
{
    curl_off_t body = 0;
    long head = 0;
    if (t->sent || t->requests == 0)
        return t->sent;
    if (curl_easy_getinfo(t->curl, CURLINFO_SIZE_UPLOAD_T, &body) != CURLE_OK ||
        curl_easy_getinfo(t->curl, CURLINFO_REQUEST_SIZE, &head) != CURLE_OK)
        return true;
    if (t->pull != NULL)
        return t->pulled == BR_PULL_END;
    return head > 0 && body >= (curl_off_t)t->body.n;
}

/* What libcurl's versions say of a header line that is longer than they take. */
static bool endless_line(const br_transfer *t, CURLcode code)
{
    static const char said[] = "Too large response headers";
    bool too_long = code == CURLE_OUT_OF_MEMORY || code == TOO_LARGE ||
                    strncmp(t->reason, said, sizeof said - 1) == 0;
    return too_long && t->answered && !t->head_done;
}

static bool unreadable(const br_transfer *t, CURLcode code)
{
    return t->bad[0] != '\0' || code == CURLE_UNSUPPORTED_PROTOCOL ||
           code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_FILESIZE_EXCEEDED ||
           code == CURLE_BAD_CONTENT_ENCODING || endless_line(t, code);
}

/* libcurl's own retry on a second connection was refused, which is not what went wrong. */
static br_transfer_end judge_early(br_transfer *t, CURLcode code, bool sent, br_error *error)
{
    if (t->requests == 0) {
        say_unsent(t, code, error);
        return BR_DONE_UNSENT;
    }
    if (t->reused && !t->answered) {
        say(t, error, "ConnectionLost", "a connection kept open was closed by the peer", NULL);
        return BR_DONE_STALE;
    }
    if (!sent) {
        say_unsent(t, code, error);
        return BR_DONE_UNSENT;
    }
    say(t, error, "ConnectionLost", reason_of(t, code), "the request was sent, but no answer came");
    return BR_DONE_LOST;
}

static br_transfer_end judge(br_transfer *t, CURLcode code, bool sent, br_error *error)
{
    if (code == CURLE_OK && t->head_done)
        return BR_DONE_OK;
    if (t->pulled == BR_PULL_FAILED) {
        say(t, error, "BodyFailed", "the request was given up, as its body did not come whole",
            NULL);
        return BR_DONE_UNFED;
    }
    if (code == CURLE_OK && t->bad[0] == '\0') {
        say(t, error, "ConnectionLost", "the connection ended in the middle of the answer's head",
            "the request was sent, but no answer came");
        return BR_DONE_LOST;
    }
    if (code == CURLE_OK || (unreadable(t, code) && t->requests > 0)) {
        say(t, error, "BadResponse", t->bad[0] != '\0' ? t->bad : reason_of(t, code),
            "the answer cannot be read as HTTP");
        return BR_DONE_BAD;
    }
    if (!t->head_done)
        return judge_early(t, code, sent, error);
    say(t, error, "Truncated", reason_of(t, code), "the answer broke off");
    return BR_DONE_TRUNCATED;
}

void br_transfer_judge(br_transfer *t, CURLcode code, br_transfer_result *result, br_error *error)
{
    result->sent = code == CURLE_OK || all_left(t);
    result->end = judge(t, code, result->sent, error);
    result->error = result->end == BR_DONE_OK ? NULL : error;
}

void br_transfer_judge_timeout(br_transfer *t, br_transfer_result *result, br_error *error)
{
    const br_timeouts *limits = &t->timeouts;
    const br_url *at = t->endpoint;
    int port = at->port;
    if (t->requests == 0)
        br_error_set(error, BR_ERR_TIMEOUT, "ConnectTimeout",
                     "%s:%d: no connection within connect_timeout = %d ms", at->host, port,
                     limits->connect_ms);
    else if (!t->answered && limits->first_byte_ms >= 0)
        br_error_set(error, BR_ERR_TIMEOUT, "FirstByteTimeout",
                     "%s:%d: no answer within first_byte_timeout = %d ms", at->host, port,
                     limits->first_byte_ms);
    else
        br_error_set(error, BR_ERR_TIMEOUT, "ReadTimeout",
                     "%s:%d: nothing came for read_timeout = %d ms", at->host, port,
                     limits->read_ms);
    *result = (br_transfer_result){BR_DONE_TIMED_OUT, t->sent, error};
}

br_failure br_transfer_failure(const br_transfer_result *result)
{
    switch (result->end) {
    case BR_DONE_UNSENT:
        return BR_FAIL_UNSENT;
    case BR_DONE_STALE:
        return BR_FAIL_STALE;
    case BR_DONE_LOST:
    case BR_DONE_TRUNCATED:
        return BR_FAIL_LOST;
    case BR_DONE_TIMED_OUT:
        return result->sent ? BR_FAIL_TIMED_OUT : BR_FAIL_UNSENT;
    case BR_DONE_OK:
    case BR_DONE_UNFED:
    case BR_DONE_BAD:
        break;
    }
    return BR_FAIL_FINAL;
}
