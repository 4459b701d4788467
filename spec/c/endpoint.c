#define _GNU_SOURCE
#include "endpoint.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define TEXTS_MAX 32

static void give_up(const char *what, const char *detail)
{
    fprintf(stderr, "%s: %s; start one with spec/endpoint/cli.lua\n", what, detail);
    exit(1);
}

static const char *description(void)
{
    static char *text;
    const char *dir = getenv("BEDROCK_TEST_ENDPOINT");
    char path[4096];
    size_t n;
    if (text != NULL)
        return text;
    snprintf(path, sizeof path, "%s/endpoint.json", dir != NULL ? dir : "build/endpoint");
    text = slurp(path, &n);
    if (text == NULL)
        give_up("no local endpoint", path);
    return text;
}

/* Of the outermost object: a key within an inner one may have the same name. */
static const char *find_key(const char *json, const char *key)
{
    int depth = 0;
    for (const char *at = json; *at != '\0'; at++) {
        depth += (*at == '{') - (*at == '}');
        if (depth == 1 && strncmp(at, key, strlen(key)) == 0)
            return at;
    }
    return NULL;
}

/* Enough of JSON for "name":"text"; the only escape that comes is that of a slash. */
static char *text_of(const char *json, const char *name)
{
    char key[64];
    snprintf(key, sizeof key, "\"%s\":\"", name);
    const char *at = find_key(json, key);
    if (at == NULL)
        give_up("endpoint.json lacks", name);
    at += strlen(key);
    char *text = malloc(strlen(at) + 1), *to = text;
    for (; *at != '"' && *at != '\0'; at++) {
        if (*at != '\\')
            *to++ = *at;
    }
    *to = '\0';
    return text;
}

const char *endpoint_text(const char *name)
{
    static struct {
        const char *name;
        char *text;
    } known[TEXTS_MAX];
    for (size_t i = 0; i < TEXTS_MAX; i++) {
        if (known[i].name != NULL && strcmp(known[i].name, name) == 0)
            return known[i].text;
        if (known[i].name == NULL) {
            known[i].name = name;
            known[i].text = text_of(description(), name);
            return known[i].text;
        }
    }
    give_up("too many texts", name);
    return NULL;
}

br_url endpoint_url(const char *name)
{
    br_url url;
    br_error error;
    if (!br_url_parse(&url, br_slice_of(endpoint_text(name)), &error))
        give_up("no URL", name);
    return url;
}

static size_t keep(char *bytes, size_t size, size_t n, void *user)
{
    return br_buf_add(user, bytes, size * n) ? size * n : 0;
}

static const char *ask(const char *path, const char *body)
{
    static br_buf answer = {.max = (size_t)64 * 1024 * 1024};
    char url[256];
    long status = 0;
    snprintf(url, sizeof url, "%s%s", endpoint_text("control"), path);
    br_buf_clear(&answer);
    CURL *curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    if (body != NULL)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    if (code != CURLE_OK || status != 200)
        give_up("the endpoint refused", code != CURLE_OK ? curl_easy_strerror(code) : answer.data);
    return answer.data;
}

void endpoint_reset(void)
{
    ask("/reset", "{}");
}

void endpoint_config(const char *json)
{
    ask("/config", json);
}

void endpoint_script(const char *json)
{
    ask("/script", json);
}

void endpoint_expire(void)
{
    ask("/expire", "{}");
}

long endpoint_counter(const char *name)
{
    char key[64];
    snprintf(key, sizeof key, "\"%s\":", name);
    const char *at = strstr(ask("/counters", NULL), key);
    return at != NULL ? strtol(at + strlen(key), NULL, 10) : 0;
}

const char *endpoint_requests(void)
{
    return ask("/requests", NULL);
}
