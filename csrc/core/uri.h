/*
** Percent-encoding (RFC 3986 as SigV4 wants it), canonical paths and queries, and the URLs that
** a user may give as an endpoint.
*/
#ifndef BR_CORE_URI_H
#define BR_CORE_URI_H

#include "core/buffer.h"
#include "core/error.h"

/* All but A-Z a-z 0-9 - . _ ~ becomes %XX (upper-case hex); '/' stays when keep_slash. */
void br_uri_encode(br_buf *out, br_slice text, bool keep_slash);

/*
** Whether one of the segments between slashes is "." or "..", or, `escaped`, has its dots written as
** %2e: what is on the way to a service may resolve them (RFC 3986, 6.2.2), which makes another path.
*/
bool br_uri_has_dot_segment(br_slice path, bool escaped);

/*
** The canonical URI of SigV4. `path` is the wire path (already encoded once). normalise: dot
** segments and repeated slashes are removed first; encode: the path is encoded once more (every
** service but S3). An empty path gives "/".
*/
void br_uri_canonical_path(br_buf *out, br_slice path, bool normalise, bool encode);

/*
** The canonical query string: pairs decoded (percent only; '+' stays '+'), encoded again, sorted
** by encoded name then encoded value; a name without '=' gets an empty value. At most
** BR_QUERY_PAIRS_MAX pairs; more set out->failed.
*/
#define BR_QUERY_PAIRS_MAX 1024
void br_uri_canonical_query(br_buf *out, br_slice query);

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
