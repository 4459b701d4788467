/*
** URLs of a Redis or Valkey server:
**
**   redis://[user:password@]host[:port][/db]       rediss:// with TLS
**   redis+unix://[user:password@]/path[?db=N]
**
** User, password and path are percent-encoded. ":password@" is a password alone.
*/
#ifndef BR_CORE_HTTP_REDIS_URL_H
#define BR_CORE_HTTP_REDIS_URL_H

#include "core/http/url.h"

#define BR_REDIS_WORD_MAX 512
#define BR_REDIS_PATH_MAX 107 /* of a unix socket (sockaddr_un) */

/* Cleansed by its owner: it holds a password. */
typedef struct br_redis_url {
    br_url address;                   /* https: with TLS; not of a unix socket */
    char path[BR_REDIS_PATH_MAX + 1]; /* of a unix socket; "": none */
    char user[BR_REDIS_WORD_MAX + 1]; /* "": none */
    char password[BR_REDIS_WORD_MAX + 1];
    bool has_password;
    int db;
} br_redis_url;

/* Whether it is meant to be one, by its scheme. */
bool br_redis_url_like(br_slice text);
/* NULL: *out is filled. Else what is wrong with it, which never shows what was given. */
const char *br_redis_url_parse(br_redis_url *out, br_slice text);

#endif
