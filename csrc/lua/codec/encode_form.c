/*
** Forms of the query protocol. A key is the path to the value: names of members, list elements as
** member.N, entries of maps as entry.N.key and entry.N.value; a flattened one has no name of its own.
*/
#include "core/base/digest.h"
#include "core/http/uri.h"
#include "core/text/base64.h"
#include "lua/codec/encode.h"

/* The key as far as it is written. */
typedef struct form_key {
    const br_model *m;
    br_buf *out;
    size_t last; /* where its last part begins */
} form_key;

static void add_part(form_key *k, br_slice name)
{
    if (k->out->len > 0)
        br_buf_addc(k->out, '.');
    k->last = k->out->len;
    br_buf_add_slice(k->out, name);
}

static void add_number(form_key *k, lua_Integer number)
{
    add_part(k, BR_SLICE(""));
    br_buf_addf(k->out, "%lld", (long long)number);
}

static br_slice given_or(br_slice given, const char *usual)
{
    return given.p != NULL ? given : br_slice_of(usual);
}

/* The name of a flattened list's elements stands in the place of its own. */
static const br_shape *into_list(form_key *k, const br_shape *s, lua_Integer index)
{
    br_slice name = br_model_element_name(k->m, s, 0);
    if ((s->flags & BR_SHAPE_FLATTENED) == 0) {
        add_part(k, given_or(name, "member"));
    } else if (name.p != NULL && !k->out->failed) {
        k->out->len = k->last;
        br_buf_add_slice(k->out, name);
    }
    add_number(k, index);
    return &k->m->shapes[s->a];
}

static const br_shape *into_map(form_key *k, const br_shape *s, lua_Integer index, bool of_key)
{
    if ((s->flags & BR_SHAPE_FLATTENED) == 0)
        add_part(k, BR_SLICE("entry"));
    add_number(k, index);
    br_slice name = br_model_element_name(k->m, s, of_key ? 0 : 1);
    add_part(k, given_or(name, of_key ? "key" : "value"));
    return &k->m->shapes[of_key ? s->a : s->b];
}

static const br_shape *into_member(form_key *k, const br_shape *s, br_slice name)
{
    int member = br_model_member(k->m, s, name);
    if (member < 0)
        return s;
    add_part(k, br_model_wire_name(k->m, (unsigned)member));
    return &k->m->shapes[k->m->members[member].shape];
}

static void write_key(const br_encoder *e, br_buf *out, bool of_key)
{
    form_key k = {e->model, out, 0};
    const br_shape *s = e->input;
    for (unsigned i = 0; i < e->depth; i++) {
        const br_step *step = &e->path[i];
        if (s->kind == BR_SHAPE_LIST)
            s = into_list(&k, s, step->index);
        else if (s->kind == BR_SHAPE_MAP)
            s = into_map(&k, s, step->index, of_key && i + 1 == e->depth);
        else
            s = into_member(&k, s, step->name);
    }
}

/* Nothing here calls Lua, so the buffer cannot leak. */
static void put_pair(br_encoder *e, br_slice text, bool of_key)
{
    br_buf key;
    br_buf_init(&key, BR_QUERY_MAX);
    write_key(e, &key, of_key);
    if (key.failed)
        e->out->failed = true;
    if (e->out->len > 0)
        br_emit_char(e->out, '&');
    br_uri_encode(e->out, br_buf_slice(&key), false);
    br_emit_char(e->out, '=');
    br_uri_encode(e->out, text, false);
    br_buf_free(&key);
}

void br_encode_form_value(br_encoder *e, br_slice text)
{
    put_pair(e, text, false);
}

void br_encode_form_key(br_encoder *e, br_slice text)
{
    put_pair(e, text, true);
}

void br_encode_form_bytes(br_encoder *e, br_slice bytes)
{
    br_buf text;
    br_buf_init(&text, BR_BODY_MAX);
    br_base64_encode(&text, bytes);
    if (text.failed)
        e->out->failed = true;
    put_pair(e, br_buf_slice(&text), false);
    br_buf_free(&text);
}
