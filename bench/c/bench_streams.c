/*
** The floor of many streams at once: what bare libcurl holds for each. "bench_streams COUNT URL CA_FILE" asks for so
** many ConverseStreams over TLS at once, reads each byte and keeps none, and prints as bench/streams.lua does: the most
** that were open at once, kB for each that the process grew by.
*/
#include <curl/curl.h>
#include <unistd.h>

#include "alone.h"

#define STREAMS_MAX 1000
#define PATH "/model/amazon.nova-lite-v1%3A0/converse-stream"
#define BODY "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"Hello there\"}]}]}"

typedef struct stream {
    CURL *easy;
    bool open;
} stream;

static int open_now, open_most;

static size_t take(char *bytes, size_t size, size_t n, void *user)
{
    stream *s = user;
    (void)bytes;
    if (!s->open)
        open_now++;
    s->open = true;
    if (open_now > open_most)
        open_most = open_now;
    return size * n;
}

static double resident_kb(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    must(f != NULL && fscanf(f, "%*d %ld", &pages) == 1, "/proc/self/statm");
    fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1024;
}

static void begin(CURLM *multi, stream *s, const char *url, const char *ca_file,
                  struct curl_slist *headers)
{
    s->easy = curl_easy_init();
    curl_easy_setopt(s->easy, CURLOPT_URL, url);
    curl_easy_setopt(s->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(s->easy, CURLOPT_CAINFO, ca_file);
    curl_easy_setopt(s->easy, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(s->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, BODY);
    curl_easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(s->easy, CURLOPT_WRITEDATA, s);
    curl_easy_setopt(s->easy, CURLOPT_PRIVATE, s);
    curl_multi_add_handle(multi, s->easy);
}

/* true: one ended. */
static bool end_one(CURLM *multi)
{
    int left;
    stream *s;
    CURLMsg *message = curl_multi_info_read(multi, &left);
    if (message == NULL)
        return false;
    must(message->data.result == CURLE_OK, curl_easy_strerror(message->data.result));
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&s);
    curl_multi_remove_handle(multi, s->easy);
    curl_easy_cleanup(s->easy);
    open_now--;
    return true;
}

/* The most kB that there were. */
static double read_all(CURLM *multi, int count)
{
    int running;
    double most = 0;
    while (count > 0) {
        curl_multi_perform(multi, &running);
        double now = resident_kb();
        most = now > most ? now : most;
        while (end_one(multi))
            count--;
        if (count > 0)
            curl_multi_poll(multi, NULL, 0, 100, NULL);
    }
    return most;
}

int main(int argc, char **argv)
{
    static stream streams[STREAMS_MAX];
    char url[512];
    must(argc == 4, "usage: bench_streams COUNT URL CA_FILE");
    int count = atoi(argv[1]);
    must(count > 0 && count <= STREAMS_MAX, "1 to 1,000 streams");
    snprintf(url, sizeof url, "%s%s", argv[2], PATH);
    CURLM *multi = curl_multi_init();
    struct curl_slist *headers = curl_slist_append(NULL, "content-type: application/json");
    begin(multi, &streams[0], url, argv[3], headers);
    read_all(multi, 1);
    double before = resident_kb();
    open_now = open_most = 0;
    for (int i = 0; i < count; i++) {
        streams[i].open = false;
        begin(multi, &streams[i], url, argv[3], headers);
    }
    double most = read_all(multi, count);
    printf("bare libcurl in C\t%d\t%.1f\n", open_most, (most - before) / count);
    curl_multi_cleanup(multi);
    curl_slist_free_all(headers);
    return 0;
}
