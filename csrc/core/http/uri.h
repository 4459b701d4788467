/*
** Percent-encoding (RFC 3986 as SigV4 wants it), canonical paths and queries.
*/
#ifndef BR_CORE_HTTP_URI_H
#define BR_CORE_HTTP_URI_H

#include "core/base/buffer.h"

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

/*
** The same pairs in the order they have: a query that is sent as SigV4 signs it. As in a form, '+' is
** a space here, and becomes %20.
*/
void br_uri_encode_query(br_buf *out, br_slice query);

#endif
