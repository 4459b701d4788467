/*
** URLs that a user may give as an endpoint.
*/
#ifndef BR_CORE_HTTP_URL_H
#define BR_CORE_HTTP_URL_H

#include "core/base/buffer.h"
#include "core/base/error.h"

#define BR_HOST_MAX 253
#define BR_URL_PATH_MAX 1024

typedef struct br_url {
    bool https;
    bool ipv6;                      /* host is an IPv6 literal, kept without brackets */
    bool loopback;                  /* 127.0.0.0/8, ::1 or localhost, literally */
    uint16_t port;                  /* effective port */
    char host[BR_HOST_MAX + 1];     /* lower-case */
    char path[BR_URL_PATH_MAX + 1]; /* prefix without a trailing slash: "" or "/vpc" */
} br_url;

/*
** Reads http(s)://host[:port][/path]. Refuses userinfo, query, fragment, control characters,
** spaces, port 0 or above 65535, bad host labels, dot segments in the path, and every other scheme.
*/
bool br_url_parse(br_url *url, br_slice text, br_error *error);
void br_url_copy(br_url *to, const br_url *from);
/* scheme://host[:port], the port only if not the scheme's default, IPv6 in brackets. */
void br_url_origin(br_buf *out, const br_url *url);
/* The Host header: host[:port] by the same rule. */
void br_url_host(br_buf *out, const br_url *url);

#endif
