#include "core/http/request.h"

#include "core/text/base64.h"

#include <stdlib.h>
#include <string.h>

void br_request_init(br_request *r)
{
    memset(r, 0, sizeof *r);
    br_buf_init(&r->path, BR_PATH_MAX);
    br_buf_init(&r->query, BR_QUERY_MAX);
    br_headers_init(&r->headers);
    br_buf_init(&r->body, BR_BODY_MAX);
}

void br_request_clear(br_request *r, size_t body_max)
{
    br_buf_clear(&r->path);
    br_buf_clear(&r->query);
    br_headers_clear(&r->headers);
    br_buf_clear(&r->body);
    if (r->body.cap > body_max)
        br_buf_free(&r->body);
    *r = (br_request){.path = r->path,
                      .query = r->query,
                      .headers = r->headers,
                      .body = r->body,
                      .attached = r->attached};
}

void br_request_free(br_request *r)
{
    br_buf_free(&r->path);
    br_buf_free(&r->query);
    br_headers_free(&r->headers);
    br_buf_free(&r->body);
    free(r->attached);
    r->attached = NULL;
    r->attached_count = 0;
    r->attached_bytes = 0;
}

static size_t size_in_body(br_slice bytes, bool base64)
{
    return base64 ? (bytes.n + 2) / 3 * 4 : bytes.n;
}

bool br_request_attach(br_request *r, br_slice bytes, bool base64)
{
    size_t used = r->body.len + r->attached_bytes;
    if (bytes.n < BR_ATTACHED_BYTES_MIN || bytes.n > r->body.max || used > r->body.max ||
        size_in_body(bytes, base64) > r->body.max - used || r->attached_count >= BR_ATTACHED_MAX)
        return false;
    if (r->attached == NULL)
        r->attached = malloc(BR_ATTACHED_MAX * sizeof *r->attached);
    if (r->attached == NULL)
        return false;
    r->attached[r->attached_count++] = (br_attached){bytes, r->body.len, base64};
    r->attached_bytes += size_in_body(bytes, base64);
    return true;
}

static void put_all(const br_request *r, br_buf *joined)
{
    const char *body = br_buf_slice(&r->body).p;
    size_t from = 0;
    for (unsigned i = 0; i < r->attached_count; i++) {
        const br_attached *a = &r->attached[i];
        br_buf_add(joined, body + from, a->at - from);
        if (a->base64)
            br_base64_encode(joined, a->bytes);
        else
            br_buf_add_slice(joined, a->bytes);
        from = a->at;
    }
    br_buf_add(joined, body + from, r->body.len - from);
}

bool br_request_join(br_request *r)
{
    br_buf joined;
    if (r->attached_count == 0)
        return !r->body.failed;
    br_buf_init(&joined, r->body.max);
    br_buf_reserve(&joined, r->body.len + r->attached_bytes);
    put_all(r, &joined);
    r->attached_count = 0;
    r->attached_bytes = 0;
    if (joined.failed) {
        br_buf_free(&joined);
        r->body.failed = true;
        return false;
    }
    br_buf_free(&r->body);
    r->body = joined;
    return true;
}
