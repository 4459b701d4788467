/*
** Times whole processes side by side: processes [-p PORT] ROUNDS NAME COMMAND [NAME COMMAND …]
** Each round runs every command once, in turn, by /bin/sh -c "exec …"; after one round that does
** not count, prints for each: name, median CPU ms, median wall ms, median peak kB, tab-separated.
** With a port, each is over (and killed) with the first byte that it sends to 127.0.0.1:PORT.
*/
#define _DEFAULT_SOURCE
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COMMANDS_MAX 16
#define ROUNDS_MAX 1000
#define FIRST_BYTE_MS 30000

typedef struct sample {
    double cpu_ms, wall_ms, peak_kb;
} sample;

static double ms(struct timeval t)
{
    return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int listen_on(int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof to) != 0 || listen(fd, 16) != 0) {
        perror("port");
        exit(1);
    }
    return fd;
}

/* Ends the process with its first byte; false: none came. */
static bool ends_at_first_byte(int listener, pid_t pid)
{
    char byte;
    struct pollfd wait = {.fd = listener, .events = POLLIN};
    int fd = poll(&wait, 1, FIRST_BYTE_MS) == 1 ? accept(listener, NULL, NULL) : -1;
    bool came = fd >= 0 && read(fd, &byte, 1) == 1;
    kill(pid, SIGKILL);
    close(fd);
    return came;
}

/* listener: -1 for none */
static sample run(const char *command, int listener)
{
    struct rusage use;
    int status;
    bool came = false;
    double begin = now_ms();
    pid_t pid = fork();
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    if (pid > 0 && listener >= 0)
        came = ends_at_first_byte(listener, pid);
    if (pid < 0 || wait4(pid, &status, 0, &use) != pid || (status != 0 && !came)) {
        fprintf(stderr, "failed: %s\n", command);
        exit(1);
    }
    return (sample){ms(use.ru_utime) + ms(use.ru_stime), now_ms() - begin, (double)use.ru_maxrss};
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const sample *all, int n, size_t offset)
{
    static double values[ROUNDS_MAX];
    for (int i = 0; i < n; i++)
        memcpy(&values[i], (const char *)&all[i] + offset, sizeof(double));
    qsort(values, (size_t)n, sizeof(double), by_value);
    return values[n / 2];
}

int main(int argc, char **argv)
{
    static sample samples[COMMANDS_MAX][ROUNDS_MAX];
    int listener = -1;
    if (argc > 2 && strcmp(argv[1], "-p") == 0) {
        listener = listen_on(atoi(argv[2]));
        argc -= 2;
        argv += 2;
    }
    int rounds = argc > 1 ? atoi(argv[1]) : 0, commands = (argc - 2) / 2;
    if (rounds < 1 || rounds > ROUNDS_MAX || commands < 1 || commands > COMMANDS_MAX)
        return fprintf(stderr, "usage: processes [-p PORT] ROUNDS NAME COMMAND …\n"), 2;
    for (int r = -1; r < rounds; r++)
        for (int c = 0; c < commands; c++)
            samples[c][r < 0 ? 0 : r] = run(argv[3 + 2 * c], listener);
    for (int c = 0; c < commands; c++)
        printf("%s\t%.2f\t%.2f\t%.0f\n", argv[2 + 2 * c],
               median(samples[c], rounds, offsetof(sample, cpu_ms)),
               median(samples[c], rounds, offsetof(sample, wall_ms)),
               median(samples[c], rounds, offsetof(sample, peak_kb)));
    return 0;
}
