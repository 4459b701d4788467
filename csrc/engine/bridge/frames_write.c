#include "engine/bridge/frames.h"

#define NUMBER_MAX 8

static void put(br_buf *out, uint64_t value, size_t bytes)
{
    char text[NUMBER_MAX] = {0};
    for (size_t i = bytes; i > 0; i--, value >>= 8)
        text[i - 1] = (char)(value & 0xff);
    br_buf_add(out, text, bytes);
}

static void put_headers(br_buf *out, const br_headers *h)
{
    put(out, h->count, 2);
    for (size_t i = 0; i < h->count; i++) {
        br_slice name = br_headers_name(h, i), value = br_headers_value(h, i);
        put(out, name.n, 4);
        put(out, value.n, 4);
        br_buf_add_slice(out, name);
        br_buf_add_slice(out, value);
    }
}

static void put_measures(br_buf *out, const br_call_info *info)
{
    put(out, (uint64_t)info->bytes, 8);
    br_buf_add_slice(out, (br_slice){(const char *)&info->times, sizeof info->times});
}

static void put_info(br_buf *out, const br_call_info *info)
{
    put(out, (uint64_t)info->attempts, 4);
    put(out, (uint64_t)info->status, 2);
    put(out, info->retryable, 1);
    put_measures(out, info);
    put(out, info->headers != NULL, 1);
    if (info->headers != NULL)
        put_headers(out, info->headers);
}

static void put_event(br_buf *out, const br_es_message *m)
{
    put(out, m->header_count, 1);
    for (size_t i = 0; i < m->header_count; i++) {
        const br_es_header *h = &m->headers[i];
        put(out, h->type, 1);
        put(out, (uint64_t)h->i, 8);
        put(out, h->name.n, 1);
        put(out, h->bytes.n, 2);
        br_buf_add_slice(out, h->name);
        br_buf_add_slice(out, h->bytes);
    }
    br_buf_add_slice(out, m->payload);
}

static void put_prepared(br_buf *out, const br_prepared *p)
{
    br_slice method = br_slice_of(p->method);
    put(out, method.n, 1);
    br_buf_add_slice(out, method);
    put(out, p->url.n, 4);
    br_buf_add_slice(out, p->url);
    put_headers(out, p->headers);
    put(out, p->has_body, 1);
    br_buf_add_slice(out, p->body);
}

static void put_credentials(br_buf *out, const br_item *item)
{
    put(out, item->origin, 1);
    put(out, item->credentials != NULL, 1);
    if (item->credentials == NULL)
        return;
    put(out, (uint64_t)item->credentials->expiration_ms, 8);
    br_buf_add_slice(out, item->credentials->access_key_id);
}

static void put_error(br_buf *out, const br_error *error, const br_call_info *info)
{
    br_slice code = br_slice_of(error->code), message = br_slice_of(error->message);
    br_slice id = br_slice_of(error->request_id);
    put(out, error->kind, 1);
    put(out, (uint64_t)error->status, 2);
    put(out, error->told_to_wait, 1);
    put(out, (uint64_t)error->retry_after_ms, 8);
    put(out, id.n, 1);
    put(out, code.n, 1);
    put(out, message.n, 2);
    br_buf_add_slice(out, id);
    br_buf_add_slice(out, code);
    br_buf_add_slice(out, message);
    put_info(out, info);
}

static void put_contents(br_buf *out, const br_item *item, const br_call_info *info)
{
    switch (item->kind) {
    case BR_HEAD:
        put_info(out, info);
        break;
    case BR_DATA:
        br_buf_add_slice(out, item->data);
        break;
    case BR_EVENT:
        put_event(out, item->event);
        break;
    case BR_PREPARED:
        put_prepared(out, item->prepared);
        break;
    case BR_CREDENTIALS:
        put_credentials(out, item);
        break;
    case BR_END:
        put_measures(out, info);
        break;
    case BR_ERROR:
        put_error(out, item->error, info);
        break;
    default:
        break;
    }
}

static void put_length(br_buf *out, size_t at, size_t length)
{
    for (size_t i = 4; i > 0; i--, length >>= 8)
        out->data[at + i - 1] = (char)(length & 0xff);
}

void br_frame_write_credit(br_buf *out, uint32_t bytes)
{
    put(out, BR_FRAME_CREDIT, 1);
    put(out, BR_FRAME_CREDIT_SIZE, 4);
    put(out, bytes, BR_FRAME_CREDIT_SIZE);
}

void br_frame_write_trace(br_buf *out, br_slice bytes)
{
    put(out, BR_FRAME_TRACE, 1);
    put(out, bytes.n, 4);
    br_buf_add_slice(out, bytes);
}

bool br_frames_write_fed(br_frames *f, br_buf *out, br_slice bytes)
{
    if (bytes.n > f->credit)
        return false;
    f->credit -= bytes.n;
    put(out, BR_DATA, 1);
    put(out, bytes.n, 4);
    br_buf_add_slice(out, bytes);
    return true;
}

void br_frames_write_fed_end(br_buf *out)
{
    put(out, BR_END, 1);
    put(out, 0, 4);
}

void br_frame_write_key(br_buf *out, uint32_t key)
{
    put(out, BR_WAIT, 1);
    put(out, BR_FRAME_KEY_SIZE, 4);
    put(out, key, BR_FRAME_KEY_SIZE);
}

void br_frame_mask(br_item_kind kind, char *contents, size_t n, uint32_t key)
{
    const uint64_t step = 0x9e3779b97f4a7c15; /* Weyl's sequence of the golden ratio */
    uint64_t mask = key * step, word;
    if (key == 0 || (kind == BR_DATA && n >= BR_FRAME_TAIL_MIN))
        return;
    for (; n >= sizeof word; contents += sizeof word, n -= sizeof word, mask += step) {
        memcpy(&word, contents, sizeof word);
        word ^= mask;
        memcpy(contents, &word, sizeof word);
    }
    for (; n > 0; contents++, n--, mask >>= 8)
        *contents = (char)(*contents ^ (char)(mask & 0xff));
}

bool br_frame_write(br_buf *out, const br_item *item, const br_call_info *info, br_slice *tail)
{
    size_t start = out->len;
    bool apart = item->kind == BR_DATA && item->data.n >= BR_FRAME_TAIL_MIN;
    *tail = apart ? item->data : (br_slice){NULL, 0};
    put(out, item->kind, 1);
    put(out, 0, 4);
    if (!apart)
        put_contents(out, item, info);
    if (out->failed)
        return false;
    size_t length = out->len - start - BR_FRAME_HEADER + tail->n;
    if (length > br_frame_max(item->kind))
        return false;
    put_length(out, start + 1, length);
    return true;
}
