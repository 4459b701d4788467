#include "core/base/ascii.h"
#include "engine/transfer/transfer_private.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/text/printable.h"
#include "engine/loop/silence.h"

#define WRITES 65536L /* libcurl's own size of its buffer for writing */
#define ABORT 0       /* what header and data callbacks return to make libcurl give up */

static void touch(br_transfer *t)
{
    t->since_ms = br_engine_waited_ms(t->engine);
}

static void first_byte(br_transfer *t)
{
    t->answered = true;
    t->sent = true;
    br_transfer_watch_silence(t);
}

static size_t refuse(br_transfer *t, const char *why)
{
    snprintf(t->bad, sizeof t->bad, "%s", why);
    return ABORT;
}

/* "HTTP/1.1 200 OK"; 0: not that. */
static int read_status(br_slice line)
{
    const char *blank = memchr(line.p, ' ', line.n);
    if (blank == NULL)
        return 0;
    const char *p = blank + 1, *end = line.p + line.n;
    if (end - p < 3 || !br_is_digit(p[0]) || !br_is_digit(p[1]) || !br_is_digit(p[2]) ||
        (end - p > 3 && p[3] != ' '))
        return 0;
    return (p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0');
}

static bool begin_head(br_transfer *t, br_slice line)
{
    t->status = br_slice_starts(line, "HTTP/") ? read_status(line) : 0;
    br_headers_clear(&t->answer);
    return t->status >= 100 && t->status != 101;
}

/* The list itself refuses bad names, control characters, and too much of everything. */
static bool add_header(br_transfer *t, br_slice line)
{
    const char *colon = memchr(line.p, ':', line.n);
    if (colon == NULL)
        return false;
    br_slice name = {line.p, (size_t)(colon - line.p)};
    br_slice value = {colon + 1, line.n - name.n - 1};
    return br_headers_add(&t->answer, name, value);
}

/*
** What comes behind the end of an answer in one read, libcurl drops and keeps the connection, unless
** the answer has a Content-Length: it only says so, in words.
*/
static bool may_have_leftovers(const br_transfer *t)
{
    br_slice length = br_headers_get(&t->answer, "content-length");
    while (length.n > 0 && *length.p == '0')
        length = (br_slice){length.p + 1, length.n - 1};
    return length.n == 0 || t->bodiless || t->status == 204 || t->status == 304 ||
           br_headers_get(&t->answer, "transfer-encoding").p != NULL;
}

/* RFC 9112, section 7.4: none but chunked is sent unasked. libcurl unpacks some, and misses their end. */
static bool plainly_framed(br_transfer *t)
{
    unsigned chunked = 0;
    for (size_t i = 0; i < t->answer.count; i++) {
        br_slice value = br_headers_value(&t->answer, i);
        if (!br_slice_eqs(br_headers_name(&t->answer, i), "transfer-encoding") ||
            br_slice_eq_nocase(value, BR_SLICE("identity")) ||
            (br_slice_eq_nocase(value, BR_SLICE("chunked")) && chunked++ == 0))
            continue;
        snprintf(t->bad, sizeof t->bad, "its transfer coding \"%s\" was not asked for",
                 br_print(value).text);
        return false;
    }
    return true;
}

/*
** Interim answers are forgotten; the next status line begins anew. After a refusal libcurl sends no
** more of the body, but it would wait for one that it holds back.
*/
static bool end_head(br_transfer *t)
{
    int status = t->status;
    if (status >= 200 && !plainly_framed(t))
        return false;
    if (status >= 200 && may_have_leftovers(t))
        br_transfer_overhear(t, true);
    t->status = 0;
    if (status < 200)
        return true;
    t->head_done = true;
    if (status >= 300)
        br_transfer_pull(t);
    t->ops.head(t->user, status, &t->answer);
    return true;
}

static br_slice without_line_end(char *line, size_t n)
{
    if (n > 0 && line[n - 1] == '\n')
        n--;
    if (n > 0 && line[n - 1] == '\r')
        n--;
    return (br_slice){line, n};
}

size_t br_transfer_on_header(char *bytes, size_t size, size_t n, void *user)
{
    br_transfer *t = user;
    if (t->cancelled)
        return ABORT;
    touch(t);
    if (!t->answered)
        first_byte(t);
    t->head_lines += size * n;
    if (t->head_lines > BR_HEAD_LINES_MAX)
        return refuse(t, "its interim answers, head or trailers do not end");
    if (t->head_done)
        return size * n;
    br_slice line = without_line_end(bytes, size * n);
    if (t->status == 0) {
        if (!begin_head(t, line))
            return refuse(t, "its first line is not a valid HTTP status line");
    } else if (line.n == 0) {
        if (!end_head(t))
            return ABORT;
    } else if (!add_header(t, line)) {
        return refuse(t, "a header line is malformed, or the headers are too many or too long");
    }
    return t->cancelled ? ABORT : size * n;
}

/*
** A data callback that asks for a pause has taken its bytes; so the pause is only told to libcurl,
** which then keeps the bytes, when more come.
*/
size_t br_transfer_on_data(char *bytes, size_t size, size_t n, void *user)
{
    br_transfer *t = user;
    if (t->cancelled)
        return ABORT;
    touch(t);
    if (t->paused) {
        t->held |= CURLPAUSE_RECV;
        return CURL_WRITEFUNC_PAUSE;
    }
    if (!t->ops.data(t->user, (br_slice){bytes, size * n}))
        t->paused = true;
    return t->cancelled ? ABORT : size * n;
}

/* libcurl wants bytes of a body that is pulled. Only those that are there break the silence. */
size_t br_transfer_on_pull(char *to, size_t size, size_t n, void *user)
{
    br_transfer *t = user;
    size_t pulled = 0;
    if (t->cancelled)
        return CURL_READFUNC_ABORT;
    t->pulled = t->pull(t->user, to, size * n, &pulled);
    if (t->cancelled || t->pulled == BR_PULL_FAILED)
        return CURL_READFUNC_ABORT;
    if (t->pulled == BR_PULL_WAIT) {
        t->starved = true;
        t->held |= CURLPAUSE_SEND;
        return CURL_READFUNC_PAUSE;
    }
    touch(t);
    return t->pulled == BR_PULLED ? pulled : 0;
}

static bool all_sent(br_transfer *t, curl_off_t body_bytes)
{
    long head_bytes = 0;
    if (t->pull != NULL)
        return t->pulled == BR_PULL_END;
    if (t->body.n > 0)
        return body_bytes >= (curl_off_t)t->body.n;
    return curl_easy_getinfo(t->curl, CURLINFO_REQUEST_SIZE, &head_bytes) == CURLE_OK &&
           head_bytes > 0;
}

static void free_tls_buffers(const br_transfer *t)
{
    const br_sockets *s = &t->engine->sockets;
    if (t->fd >= 0 && t->fd < s->cap && s->of[t->fd].holder == t)
        br_silence_free_buffers(s->of[t->fd].tls);
}

/*
** libcurl reads headers only while it writes a request. It frees the buffer for writing when it hears
** of its size, which otherwise it holds until the answer is over.
*/
bool br_transfer_let_go(br_transfer *t)
{
    curl_off_t body = 0;
    if (curl_easy_getinfo(t->curl, CURLINFO_SIZE_UPLOAD_T, &body) != CURLE_OK || !all_sent(t, body))
        return false;
    free_tls_buffers(t);
    return curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, NULL) == CURLE_OK &&
           curl_easy_setopt(t->curl, CURLOPT_UPLOAD_BUFFERSIZE, WRITES) == CURLE_OK;
}

/* libcurl waits for a body that it holds back even when the peer has closed the connection. */
static bool has_left(const br_transfer *t)
{
    char byte;
    return t->starved && t->fd >= 0 && recv(t->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

int br_transfer_on_progress(void *user, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                            curl_off_t up)
{
    (void)down_total;
    (void)down;
    (void)up_total;
    br_transfer *t = user;
    t->left = has_left(t);
    if (t->left)
        return 1;
    if (t->cancelled || t->sent || t->requests == 0 || !all_sent(t, up))
        return 0;
    t->sent = true;
    touch(t);
    br_transfer_watch_silence(t);
    return 0;
}
