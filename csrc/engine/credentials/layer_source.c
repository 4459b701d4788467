#include "engine/credentials/layer_source.h"

#include <stdlib.h>

#define TEXT_MAX ((size_t)1024 * 1024)

void *br_layer_source_new(size_t size, const br_source_ops *ops, const br_source_input *in,
                          br_problems *problems)
{
    br_layer_source *s = calloc(1, size);
    if (s == NULL) {
        br_problems_add(problems, "file", (br_slice){"", 0}, "out of memory");
        return NULL;
    }
    br_source_init(&s->base, ops, in->config);
    s->layer = in->layer;
    return s;
}

void br_layer_source_free(br_source *s)
{
    free(s);
}

static void add(br_buf *out, br_slice text)
{
    br_buf_add_u64(out, text.n);
    br_buf_addc(out, ':');
    br_buf_add_slice(out, text);
}

bool br_layer_source_identity(const br_layer_source *s, const br_slice *more, size_t count,
                              uint8_t out[BR_IDENTITY_SIZE])
{
    br_buf text;
    br_digest *crypto = br_digest_new();
    br_buf_init_secret(&text, TEXT_MAX);
    add(&text, br_slice_of(br_layer_name(s->layer->kind)));
    for (int i = 0; i < BR_LAYER_TEXT_COUNT; i++)
        add(&text, br_layer_get(s->layer, (br_layer_text)i));
    for (size_t i = 0; i < count; i++)
        add(&text, more[i]);
    bool ok = crypto != NULL && !text.failed && br_sha256(crypto, br_buf_slice(&text), out);
    br_digest_free(crypto);
    br_buf_free(&text);
    return ok;
}
