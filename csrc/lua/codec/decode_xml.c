/*
** Answers of the query protocol: <OpResponse><OpResult>members</OpResult>…</OpResponse>.
*/
#include <string.h>

#include "core/text/utf8.h"
#include "core/text/xml.h"
#include "lua/codec/decode.h"

#define DEPTH_MAX 64
#define STACK_PER_LEVEL 8

typedef struct xml {
    br_xml in;
    br_decoder *d;
    unsigned depth;
} xml;

typedef br_xml_tag tag;

static bool fail(xml *x, const char *why)
{
    return br_decode_fail(x->d, x->in.error != NULL ? x->in.error : why);
}

static bool next_tag(xml *x, tag *t)
{
    return br_xml_next_tag(&x->in, t) || fail(x, "");
}

static bool decode_element(xml *x, const br_shape *s, const tag *open);

static bool closes(xml *x, const tag *t, br_slice name)
{
    return br_slice_eq(t->name, name) || fail(x, "an XML element is closed by another's tag");
}

static bool push_scratch(xml *x, const br_shape *s)
{
    static const br_shape string = {BR_SHAPE_STRING, 0, BR_NONE, BR_NONE, BR_NONE};
    br_slice text = br_buf_slice(&x->d->scratch);
    if (!br_utf8_valid(text))
        return fail(x, "the XML is not valid UTF-8");
    return br_decode_text(x->d, s != NULL ? s : &string, text);
}

static const br_shape *shape_at(const xml *x, unsigned shape)
{
    return &x->d->model->shapes[shape];
}

static bool is_collection(const br_shape *s)
{
    return s->kind == BR_SHAPE_LIST || s->kind == BR_SHAPE_MAP;
}

static bool is_structure(const br_shape *s)
{
    return s->kind == BR_SHAPE_STRUCTURE || s->kind == BR_SHAPE_UNION;
}

/* A list whose elements stand where it would stand itself; they may have a name of their own. */
static br_slice flat_name(const xml *x, unsigned member)
{
    const br_model *m = x->d->model;
    const br_shape *s = shape_at(x, m->members[member].shape);
    br_slice name = {NULL, 0};
    if (s->kind == BR_SHAPE_LIST && (s->flags & BR_SHAPE_FLATTENED) != 0)
        name = br_model_element_name(m, s, 0);
    return name.p != NULL ? name : br_model_wire_name(m, member);
}

/* The member whose element has that name; -1: none. */
static int member_of(const xml *x, const br_shape *s, br_slice name)
{
    const br_model *m = x->d->model;
    for (unsigned i = s->a; i < (unsigned)s->a + s->b; i++) {
        bool attribute = (m->members[i].bits & BR_MEMBER_LOC_MASK) == BR_MEMBER_ATTRIBUTE;
        if (!attribute && br_slice_eq(flat_name(x, i), name))
            return (int)i;
    }
    return -1;
}

/* Members that stand in the tag of the structure, into the table on top. */
static bool decode_attributes(xml *x, const br_shape *s, const tag *open)
{
    const br_model *m = x->d->model;
    for (unsigned i = s->a; i < (unsigned)s->a + s->b; i++) {
        bool found;
        if ((m->members[i].bits & BR_MEMBER_LOC_MASK) != BR_MEMBER_ATTRIBUTE)
            continue;
        if (!br_xml_attribute(&x->in, open, br_model_wire_name(m, i), &found))
            return fail(x, "");
        if (!found)
            continue;
        br_decoder_name(x->d, m->members[i].name);
        if (!push_scratch(x, shape_at(x, m->members[i].shape)))
            return false;
        lua_rawset(x->d->L, -3);
    }
    return true;
}

/* One of a map, <entry><key>…</key><value>…</value></entry>, into the table on top. */
static bool decode_entry(xml *x, const br_shape *s, const tag *open)
{
    lua_State *L = x->d->L;
    br_slice key = br_model_element_name(x->d->model, s, 0);
    br_slice value = br_model_element_name(x->d->model, s, 1);
    key = key.p != NULL ? key : BR_SLICE("key");
    value = value.p != NULL ? value : BR_SLICE("value");
    tag t = {.closing = open->empty, .name = open->name};
    lua_pushnil(L);
    lua_pushnil(L);
    while (!t.closing) {
        if (!next_tag(x, &t) || (t.closing && !closes(x, &t, open->name)))
            return false;
        if (t.closing)
            break;
        bool is_key = br_slice_eq(t.name, key), is_value = br_slice_eq(t.name, value);
        const br_shape *shape = is_key ? shape_at(x, s->a) : is_value ? shape_at(x, s->b) : NULL;
        if (!decode_element(x, shape, &t))
            return false;
        if (is_key || is_value)
            lua_replace(L, is_key ? -3 : -2);
        else
            lua_pop(L, 1);
    }
    if (lua_isnil(L, -2) || lua_isnil(L, -1))
        return fail(x, "an entry of an XML map has no key or no value");
    lua_rawset(L, -3);
    return true;
}

/* One element of a list or entry of a map, into the table on top. */
static bool decode_item(xml *x, const br_shape *s, const tag *open)
{
    if (s->kind == BR_SHAPE_MAP)
        return decode_entry(x, s, open);
    if (!decode_element(x, shape_at(x, s->a), open))
        return false;
    lua_rawseti(x->d->L, -2, (int)lua_rawlen(x->d->L, -2) + 1);
    return true;
}

/* Into the member's own table, which the first one makes. */
static bool decode_flat_item(xml *x, unsigned member, const br_shape *s, const tag *open)
{
    lua_State *L = x->d->L;
    br_decoder_name(x->d, x->d->model->members[member].name);
    lua_rawget(L, -2);
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_newtable(L);
        br_decoder_name(x->d, x->d->model->members[member].name);
        lua_pushvalue(L, -2);
        lua_rawset(L, -4);
    }
    if (!decode_item(x, s, open))
        return false;
    lua_pop(L, 1);
    return true;
}

static bool decode_child(xml *x, const br_shape *s, const tag *t)
{
    lua_State *L = x->d->L;
    int member = s != NULL ? member_of(x, s, t->name) : -1;
    const br_shape *child = NULL;
    if (member >= 0)
        child = shape_at(x, x->d->model->members[member].shape);
    if (child != NULL && is_collection(child) && (child->flags & BR_SHAPE_FLATTENED) != 0)
        return decode_flat_item(x, (unsigned)member, child, t);
    if (member >= 0)
        br_decoder_name(x->d, x->d->model->members[member].name);
    else
        lua_pushlstring(L, t->name.p, t->name.n);
    if (!decode_element(x, child, t))
        return false;
    lua_rawset(L, -3);
    return true;
}

/* Child elements, up to the closing tag, into the table on top. */
static bool decode_children(xml *x, const br_shape *s, br_slice name)
{
    tag t;
    while (next_tag(x, &t)) {
        if (t.closing)
            return closes(x, &t, name);
        bool collection = s != NULL && is_collection(s);
        if (collection ? !decode_item(x, s, &t) : !decode_child(x, s, &t))
            return false;
    }
    return false;
}

static bool decode_container(xml *x, const br_shape *s, const tag *open)
{
    if (x->depth >= DEPTH_MAX || !lua_checkstack(x->d->L, STACK_PER_LEVEL))
        return fail(x, "the XML is nested too deeply");
    lua_newtable(x->d->L);
    if (s != NULL && is_structure(s) && !decode_attributes(x, s, open))
        return false;
    if (open->empty)
        return true;
    x->depth++;
    bool ok = decode_children(x, s, open->name);
    x->depth--;
    return ok;
}

/* An element that the model does not know is a table if it has children, else its text. */
static bool decode_leaf(xml *x, const br_shape *s, const tag *open)
{
    tag t;
    br_buf_clear(&x->d->scratch);
    if (open->empty)
        return push_scratch(x, s);
    const char *from = x->in.p;
    if (!br_xml_text(&x->in))
        return fail(x, "");
    if (!next_tag(x, &t))
        return false;
    if (t.closing)
        return closes(x, &t, open->name) && push_scratch(x, s);
    if (s != NULL)
        return fail(x, "an XML element contains elements where text belongs");
    x->in.p = from;
    return decode_container(x, NULL, open);
}

static bool decode_element(xml *x, const br_shape *s, const tag *open)
{
    if (s != NULL && (is_structure(s) || is_collection(s)))
        return decode_container(x, s, open);
    return decode_leaf(x, s, open);
}

static bool ends_with(br_slice name, br_slice start, const char *end)
{
    size_t n = strlen(end);
    return name.n == start.n + n && memcmp(name.p, start.p, start.n) == 0 &&
           memcmp(name.p + start.n, end, n) == 0;
}

bool br_decode_xml(br_decoder *d, const br_op *op, br_slice body)
{
    xml x = {.d = d};
    const char *end = body.p != NULL ? body.p + body.n : NULL;
    x.in = (br_xml){.p = body.p, .end = end, .text = &d->scratch};
    br_slice name = br_model_name(d->model, op->name);
    tag t;
    if (!next_tag(&x, &t))
        return false;
    if (t.closing || t.empty || !ends_with(t.name, name, "Response"))
        return fail(&x, "its XML is not that of this operation");
    if (!next_tag(&x, &t))
        return false;
    if (!ends_with(t.name, name, "Result") || t.empty || t.closing)
        return true;
    return decode_children(&x, op->out != BR_NONE ? &d->model->shapes[op->out] : NULL, t.name);
}
