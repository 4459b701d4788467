#include "core/text/resp.h"

#ifdef HAVE_HIREDIS

#include <hiredis/hiredis.h>
#include <openssl/crypto.h>
#include <stdlib.h>

#define WORDS_MAX 16

/* hiredis tells what it reads to functions of ours, so that a reply is copied at most once. */
struct br_resp {
    redisReplyObjectFunctions functions;
    redisReader *reader;
    size_t fed; /* since the last reply */
    br_resp_reply reply;
    br_buf text;
};

bool br_resp_available(void)
{
    return true;
}

static void *read_text(const redisReadTask *task, char *text, size_t n)
{
    br_resp *r = task->privdata;
    r->reply.type = task->type == REDIS_REPLY_ERROR    ? BR_RESP_ERROR
                    : task->type == REDIS_REPLY_STATUS ? BR_RESP_STATUS
                                                       : BR_RESP_TEXT;
    br_buf_clear(&r->text);
    if (!br_buf_add(&r->text, text, n))
        return NULL;
    r->reply.text = br_buf_slice(&r->text);
    return &r->reply;
}

static void *read_integer(const redisReadTask *task, long long value)
{
    br_resp *r = task->privdata;
    r->reply = (br_resp_reply){.type = BR_RESP_INTEGER, .integer = value};
    return &r->reply;
}

static void *read_nil(const redisReadTask *task)
{
    br_resp *r = task->privdata;
    r->reply = (br_resp_reply){.type = BR_RESP_NIL};
    return &r->reply;
}

br_resp *br_resp_new(void)
{
    br_resp *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    br_buf_init(&r->text, BR_RESP_REPLY_MAX);
    r->functions.createString = read_text;
    r->functions.createInteger = read_integer;
    r->functions.createNil = read_nil;
    r->reader = redisReaderCreateWithFunctions(&r->functions);
    if (r->reader == NULL) {
        free(r);
        return NULL;
    }
    r->reader->privdata = r;
    return r;
}

void br_resp_free(br_resp *r)
{
    if (r == NULL)
        return;
    redisReaderFree(r->reader);
    br_buf_free(&r->text);
    free(r);
}

bool br_resp_feed(br_resp *r, br_slice bytes)
{
    r->fed += bytes.n;
    return r->fed <= BR_RESP_REPLY_MAX && redisReaderFeed(r->reader, bytes.p, bytes.n) == REDIS_OK;
}

/* What is no reply of ours is what hiredis puts in the place of an array. */
br_resp_state br_resp_next(br_resp *r, br_resp_reply *out)
{
    void *reply = NULL;
    if (redisReaderGetReply(r->reader, &reply) != REDIS_OK)
        return BR_RESP_BAD;
    if (reply == NULL)
        return BR_RESP_MORE;
    if (reply != &r->reply)
        return BR_RESP_BAD;
    r->fed = 0;
    *out = r->reply;
    return BR_RESP_GOT;
}

bool br_resp_add_command(br_buf *out, const br_slice *words, size_t count)
{
    const char *text[WORDS_MAX];
    size_t length[WORDS_MAX];
    char *command = NULL;
    if (count > WORDS_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        text[i] = words[i].p;
        length[i] = words[i].n;
    }
    long long n = redisFormatCommandArgv(&command, (int)count, text, length);
    if (n < 0)
        return false;
    bool ok = br_buf_add(out, command, (size_t)n);
    OPENSSL_cleanse(command, (size_t)n);
    redisFreeCommand(command);
    return ok;
}

#else

bool br_resp_available(void)
{
    return false;
}

bool br_resp_add_command(br_buf *out, const br_slice *words, size_t count)
{
    (void)out;
    (void)words;
    (void)count;
    return false;
}

br_resp *br_resp_new(void)
{
    return NULL;
}

void br_resp_free(br_resp *r)
{
    (void)r;
}

bool br_resp_feed(br_resp *r, br_slice bytes)
{
    (void)r;
    (void)bytes;
    return false;
}

br_resp_state br_resp_next(br_resp *r, br_resp_reply *out)
{
    (void)r;
    (void)out;
    return BR_RESP_BAD;
}

#endif
