#define _GNU_SOURCE
#include "ra_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_MAX 65536

typedef struct peer {
    ra_server *s;
    int fd;
    char text[REQUEST_MAX + 1];
    size_t n;
} peer;

static int64_t server_ms(const ra_server *s)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    int64_t now = atomic_load(&s->now_ms);
    return now != 0 ? now : (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct tm calendar(int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    return tm;
}

/* How many bytes the whole request has; 0 if its head is not there yet. */
static size_t request_size(const peer *p)
{
    const char *end = strstr(p->text, "\r\n\r\n"), *length = strcasestr(p->text, "content-length:");
    if (end == NULL)
        return 0;
    size_t body = length != NULL && length < end ? strtoul(length + 15, NULL, 10) : 0;
    return (size_t)(end - p->text) + 4 + body;
}

static bool read_request(peer *p)
{
    p->n = 0;
    p->text[0] = '\0';
    for (size_t want = 0; want == 0 || p->n < want; want = request_size(p)) {
        ssize_t n = recv(p->fd, p->text + p->n, REQUEST_MAX - p->n, 0);
        if (n <= 0)
            return false;
        p->n += (size_t)n;
        p->text[p->n] = '\0';
        want = request_size(p);
    }
    return true;
}

static ra_step next_step(ra_server *s)
{
    ra_step step = {0};
    int at = atomic_load(&s->step_next);
    if (at < atomic_load(&s->step_count)) {
        step = s->steps[at];
        atomic_store(&s->step_next, at + 1);
    }
    return step;
}

static ra_step note(peer *p, int *number)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    int at = atomic_load(&p->s->requests);
    const char *date = strcasestr(p->text, "x-amz-date:");
    if (at < RA_REQUESTS) {
        p->s->seen[at].named = strstr(p->text, "roleSessionName") != NULL;
        snprintf(p->s->seen[at].text, RA_TEXT, "%.*s", RA_TEXT - 1, p->text);
        snprintf(p->s->seen[at].amz_date, 17, "%s", date != NULL ? date + 12 : "");
    }
    ra_step step = next_step(p->s);
    atomic_store(&p->s->requests, at + 1);
    pthread_mutex_unlock(&lock);
    *number = at + 1;
    return step;
}

static void make_body(const ra_server *s, ra_step *step, int number, char *out, size_t size)
{
    char expiration[32];
    int64_t life_ms = (step->life_s != 0 ? step->life_s : 3600) * (int64_t)1000;
    struct tm end = calendar(server_ms(s) + life_ms);
    strftime(expiration, sizeof(expiration), "%Y-%m-%dT%H:%M:%SZ", &end);
    if (step->body[0] != '\0')
        snprintf(out, size, "%s", step->body);
    else if (step->status != 201)
        snprintf(out, size, "{\"message\":\"no\"}");
    else
        snprintf(out, size,
                 "{\"credentialSet\":[{\"credentials\":{\"accessKeyId\":\"ASIATEST%08d\","
                 "\"secretAccessKey\":\"very-secret-%d\",\"sessionToken\":\"token-%d\","
                 "\"expiration\":\"%s\"}}],\"subjectArn\":\"arn\"}",
                 number, number, number, expiration);
}

static bool answer(peer *p, ra_step *step, int number)
{
    char body[1024], date[64], text[2048];
    if (step->status == -1)
        return false;
    if (step->status == 0)
        step->status = 201;
    make_body(p->s, step, number, body, sizeof(body));
    struct tm now = calendar(server_ms(p->s) + step->skew_s * (int64_t)1000);
    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &now);
    int n = snprintf(text, sizeof(text),
                     "HTTP/1.1 %d X\r\nDate: %s\r\nContent-Type: application/json\r\n"
                     "Content-Length: %zu\r\n%s\r\n%s",
                     step->status, date, strlen(body), step->headers, body);
    return send(p->fd, text, (size_t)n, MSG_NOSIGNAL) == n;
}

static void *serve(void *user)
{
    peer *p = user;
    bool open = true;
    while (open && read_request(p)) {
        int number;
        ra_step step = note(p, &number);
        while (atomic_load(&p->s->hold))
            usleep(500);
        usleep((useconds_t)step.delay_ms * 1000);
        open = answer(p, &step, number);
        atomic_fetch_add(&p->s->answers, 1);
    }
    close(p->fd);
    free(p);
    return NULL;
}

static void accept_all(ra_server *s, int listener)
{
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        peer *p = fd >= 0 ? calloc(1, sizeof(*p)) : NULL;
        pthread_t thread;
        if (p == NULL)
            continue;
        p->s = s;
        p->fd = fd;
        if (pthread_create(&thread, NULL, serve, p) == 0)
            pthread_detach(thread);
    }
}

static int listen_on_loopback(int *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 || listen(fd, 256) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &size) != 0)
        return -1;
    *port = ntohs(a.sin_port);
    return fd;
}

ra_server *ra_server_start(void)
{
    ra_server *s =
        mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (s == MAP_FAILED)
        return NULL;
    int listener = listen_on_loopback(&s->port);
    if (listener < 0)
        return NULL;
    pid_t pid = fork();
    if (pid == 0)
        accept_all(s, listener);
    close(listener);
    s->pid = pid;
    return pid > 0 ? s : NULL;
}

void ra_server_stop(ra_server *s)
{
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
    munmap(s, sizeof(*s));
}

void ra_server_say(ra_server *s, ra_step step)
{
    int at = atomic_load(&s->step_count);
    if (at >= RA_STEPS)
        abort();
    s->steps[at] = step;
    atomic_store(&s->step_count, at + 1);
}

void ra_server_reset(ra_server *s)
{
    atomic_store(&s->hold, false);
    atomic_store(&s->step_count, 0);
    atomic_store(&s->step_next, 0);
    atomic_store(&s->requests, 0);
    atomic_store(&s->answers, 0);
}
