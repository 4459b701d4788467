/*
** A transfer's inside, shared by transfer.c (life), transfer_setup.c (options),
** transfer_tls.c (whom it trusts and who it is), transfer_connection.c (what it goes out on), transfer_answer.c (what comes back) and
** transfer_end.c (how it ended).
*/
#ifndef BR_ENGINE_TRANSFER_TRANSFER_PRIVATE_H
#define BR_ENGINE_TRANSFER_TRANSFER_PRIVATE_H

#include "engine/loop/internal.h"
#include "engine/transfer/transfer.h"

#define BR_REASON_MAX 160 /* why an answer is unusable */
/* Lines of one answer: of its interim (1xx) heads, its head and its trailers. */
#define BR_HEAD_LINES_MAX ((size_t)2 * BR_HEADERS_BYTES_MAX)

struct br_transfer {
    br_curl_user base;
    br_engine *engine;
    br_transfer *next;           /* in the pool, or among the doomed */
    bool queued;                 /* it has not begun */
    br_transfer *before, *after; /* then: in the queue */
    br_task task;
    CURL *curl;
    br_transfer_ops ops;
    void *user;

    /* the request */
    const br_url *endpoint;
    br_slice body;
    br_pull *pull; /* instead of it; NULL: none */
    br_timeouts timeouts;
    bool posts;    /* sends a body, be it an empty one */
    bool bodiless; /* HEAD: the answer has none */
    br_buf url;
    size_t origin_len;        /* of its part before the target */
    br_buf known_url;         /* the one that the handle knows: the last request's */
    CURLU *parsed;            /* the same, taken apart */
    struct curl_slist *nodes; /* point into the request's headers; libcurl borrows them */
    size_t node_cap;
    struct curl_slist *pins; /* where "localhost" is */

    /* what the handle was last told, so that it is only told again when that changes */
    char *ca_file;
    const br_tls_identity *identity; /* NULL while it is not at work */
    char *proxy;
    long connect_ms;
    bool watches_progress;
    bool fresh;
    bool not_kept;  /* its connection is closed after it */
    bool overhears; /* what libcurl says in passing */
    bool streams;   /* with smaller buffers */

    /* progress */
    unsigned requests; /* how often libcurl began to send it */
    bool reused;       /* on a connection that was there before */
    bool distrusts;    /* one that was not silent: nothing goes out on it, a new one is made */
    int fd;            /* of the connection, or of what may become it; -1: not known */
    bool sent;         /* the last request byte has left */
    bool proxied;
    bool answered; /* an answer byte came */
    bool head_done;
    bool paused;      /* data asked for it */
    bool left;        /* the peer has closed, while pull had nothing */
    bool starved;     /* pull asked for it */
    int held;         /* CURLPAUSE_… bits: what libcurl holds back since then */
    br_pulled pulled; /* what pull said last */
    bool cancelled;
    bool over;      /* done is being told, or was */
    br_timer timer; /* connecting, then silence */
    br_timer resume;
    int64_t since_ms; /* br_engine_waited_ms of the start, then of the last byte */

    /* the answer's head; status 0 = no status line yet */
    int status;
    size_t head_lines; /* bytes */
    br_headers answer;
    char bad[BR_REASON_MAX]; /* "" = usable */
    char reason[CURL_ERROR_SIZE];
};

/* transfer_tls.c: of any handle, then of a transfer's */
bool br_tls_start(CURL *curl);
bool br_tls_set_authorities(CURL *curl, const br_authorities *given, const char *ca_file);
bool br_tls_set_identity(CURL *curl, const br_tls_identity *identity);
bool br_transfer_start_tls(br_transfer *t); /* of a new handle */
bool br_transfer_set_authorities(br_transfer *t, const char *ca_file);
/* Borrowed until it is set to NULL. libcurl reuses connections of the same certificate only. */
bool br_transfer_set_identity(br_transfer *t, const br_tls_identity *identity);
/* Which authorities are trusted, for people. */
void br_transfer_say_authorities(const br_transfer *t, char *out, size_t size);

/* transfer_setup.c */
bool br_transfer_create_handle(br_transfer *t);
bool br_transfer_set_up(br_transfer *t, const br_transfer_request *request);
bool br_transfer_set_fresh(br_transfer *t, bool fresh);
bool br_transfer_set_not_kept(br_transfer *t, bool not_kept);
bool br_transfer_overhear(br_transfer *t, bool overhear);

/* transfer_connection.c and transfer_answer.c: libcurl's callbacks */
size_t br_transfer_on_header(char *line, size_t size, size_t n, void *user);
size_t br_transfer_on_pull(char *to, size_t size, size_t n, void *user);
size_t br_transfer_on_data(char *bytes, size_t size, size_t n, void *user);
int br_transfer_on_progress(void *user, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                            curl_off_t up);
int br_transfer_on_request(void *user, char *peer, char *local, int peer_port, int local_port);
int br_transfer_on_word(CURL *curl, curl_infotype type, char *text, size_t n, void *user);
curl_socket_t br_transfer_open_socket(void *user, curlsocktype purpose,
                                      struct curl_sockaddr *address);

/* transfer.c */
void br_transfer_finished(br_curl_user *user, CURLcode code);
/* (re)starts the measurement of silence that is due in this state */
void br_transfer_watch_silence(br_transfer *t);

/* transfer_end.c */
void br_transfer_judge(br_transfer *t, CURLcode code, br_transfer_result *result, br_error *error);
void br_transfer_judge_timeout(br_transfer *t, br_transfer_result *result, br_error *error);

#endif
