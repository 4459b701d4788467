/*
** Answers of the query protocol: <OpResponse><OpResult>members</OpResult>…</OpResponse>. A reader
** of just the XML that such answers hold: elements, text, entities, CDATA, comments; a DOCTYPE is
** refused, so no entity can be declared. Attributes and namespaces say nothing and are skipped.
*/
#include <string.h>

#include "lua/decode.h"

#define DEPTH_MAX 64
#define STACK_PER_LEVEL 6

typedef struct xml {
    br_decoder *d;
    const char *p, *end;
    unsigned depth;
} xml;

typedef struct tag {
    br_slice name; /* without a namespace prefix */
    bool closing;  /* </name> */
    bool empty;    /* <name/> */
} tag;

static bool fail(xml *x, const char *why)
{
    return br_decode_fail(x->d, why);
}

static bool starts(const xml *x, const char *text)
{
    return br_slice_starts((br_slice){x->p, (size_t)(x->end - x->p)}, text);
}

/* Moves behind the next occurrence of text. */
static bool skip_past(xml *x, const char *text)
{
    size_t n = strlen(text);
    for (; (size_t)(x->end - x->p) >= n; x->p++) {
        if (memcmp(x->p, text, n) == 0) {
            x->p += n;
            return true;
        }
    }
    return fail(x, "the XML ends too early");
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static br_slice local_name(br_slice name)
{
    const char *colon = memchr(name.p, ':', name.n);
    if (colon == NULL)
        return name;
    size_t prefix = (size_t)(colon - name.p) + 1;
    return (br_slice){name.p + prefix, name.n - prefix};
}

/* Attributes, with quotes in which '>' may stand, up to the '>' that ends the tag. */
static bool skip_attributes(xml *x, tag *t)
{
    char quote = '\0';
    for (; x->p < x->end; x->p++) {
        char c = *x->p;
        if (quote != '\0') {
            quote = c == quote ? '\0' : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '>') {
            t->empty = x->p[-1] == '/';
            x->p++;
            return true;
        }
    }
    return fail(x, "the XML ends inside a tag");
}

/* At '<' of an element's tag. */
static bool read_tag(xml *x, tag *t)
{
    x->p++;
    *t = (tag){.closing = x->p < x->end && *x->p == '/'};
    x->p += t->closing;
    const char *from = x->p;
    while (x->p < x->end && !is_space(*x->p) && *x->p != '>' && *x->p != '/')
        x->p++;
    t->name = local_name((br_slice){from, (size_t)(x->p - from)});
    return t->name.n > 0 ? skip_attributes(x, t) : fail(x, "an XML tag has no name");
}

/* The next element's tag; what lies before it is skipped. */
static bool next_tag(xml *x, tag *t)
{
    *t = (tag){.closing = false};
    while (x->p < x->end) {
        const char *open = memchr(x->p, '<', (size_t)(x->end - x->p));
        if (open == NULL)
            break;
        x->p = open;
        bool ok = true;
        if (starts(x, "<?"))
            ok = skip_past(x, "?>");
        else if (starts(x, "<!--"))
            ok = skip_past(x, "-->");
        else if (starts(x, "<![CDATA["))
            ok = skip_past(x, "]]>");
        else if (starts(x, "<!"))
            return fail(x, "the XML has a DOCTYPE");
        else
            return read_tag(x, t);
        if (!ok)
            return false;
    }
    return fail(x, "the XML ends too early");
}

static void add_utf8(br_buf *out, uint32_t c)
{
    if (c < 0x80) {
        br_buf_addc(out, (char)c);
    } else if (c < 0x800) {
        br_buf_addc(out, (char)(0xC0 | c >> 6));
        br_buf_addc(out, (char)(0x80 | (c & 0x3F)));
    } else if (c < 0x10000) {
        br_buf_addc(out, (char)(0xE0 | c >> 12));
        br_buf_addc(out, (char)(0x80 | (c >> 6 & 0x3F)));
        br_buf_addc(out, (char)(0x80 | (c & 0x3F)));
    } else {
        br_buf_addc(out, (char)(0xF0 | c >> 18));
        br_buf_addc(out, (char)(0x80 | (c >> 12 & 0x3F)));
        br_buf_addc(out, (char)(0x80 | (c >> 6 & 0x3F)));
        br_buf_addc(out, (char)(0x80 | (c & 0x3F)));
    }
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

static bool add_reference(xml *x, br_slice digits)
{
    int base = digits.n > 0 && digits.p[0] == 'x' ? 16 : 10;
    uint32_t c = 0;
    size_t i = base == 16;
    if (digits.n == i || digits.n > 8)
        return fail(x, "a bad character reference in XML");
    for (; i < digits.n; i++) {
        int value = digit_value(digits.p[i]);
        if (value >= base)
            return fail(x, "a bad character reference in XML");
        c = c * (uint32_t)base + (uint32_t)value;
    }
    if (c == 0 || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        return fail(x, "a bad character reference in XML");
    add_utf8(&x->d->scratch, c);
    return true;
}

/* At '&'. */
static bool add_entity(xml *x)
{
    static const struct {
        char name[5];
        char c;
    } entities[] = {{"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}};
    const char *semicolon = memchr(x->p, ';', (size_t)(x->end - x->p));
    if (semicolon == NULL)
        return fail(x, "an XML entity does not end");
    br_slice name = {x->p + 1, (size_t)(semicolon - x->p) - 1};
    x->p = semicolon + 1;
    if (name.n > 0 && name.p[0] == '#')
        return add_reference(x, (br_slice){name.p + 1, name.n - 1});
    for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++) {
        if (br_slice_eqs(name, entities[i].name))
            return br_buf_addc(&x->d->scratch, entities[i].c);
    }
    return fail(x, "an unknown XML entity");
}

static bool add_cdata(xml *x)
{
    const char *from = x->p + sizeof "<![CDATA[" - 1;
    if (!skip_past(x, "]]>"))
        return false;
    return br_buf_add(&x->d->scratch, from, (size_t)(x->p - 3 - from));
}

/* Text up to the next tag, into scratch. */
static bool read_text(xml *x)
{
    br_buf_clear(&x->d->scratch);
    while (x->p < x->end) {
        bool ok = true;
        if (starts(x, "<![CDATA["))
            ok = add_cdata(x);
        else if (starts(x, "<!--"))
            ok = skip_past(x, "-->");
        else if (*x->p == '<')
            return true;
        else if (*x->p == '&')
            ok = add_entity(x);
        else
            ok = br_buf_addc(&x->d->scratch, *x->p++);
        if (!ok)
            return fail(x, "out of memory");
    }
    return fail(x, "the XML ends too early");
}

static bool decode_element(xml *x, const br_shape *s, const tag *open);

static bool closes(xml *x, const tag *t, br_slice name)
{
    return br_slice_eq(t->name, name) || fail(x, "an XML element is closed by another's tag");
}

static const br_shape *member_shape(const xml *x, const br_shape *s, br_slice name)
{
    const br_model *m = x->d->model;
    if (s == NULL || (s->kind != BR_SHAPE_STRUCTURE && s->kind != BR_SHAPE_UNION))
        return NULL;
    int member = br_model_member(m, s, name);
    return member >= 0 ? &m->shapes[m->members[member].shape] : NULL;
}

/* Child elements, up to the closing tag, into the table on top: by name, or in order for a list. */
static bool decode_children(xml *x, const br_shape *s, br_slice name)
{
    lua_State *L = x->d->L;
    bool list = s != NULL && s->kind == BR_SHAPE_LIST;
    int n = 0;
    tag t;
    while (next_tag(x, &t)) {
        if (t.closing)
            return closes(x, &t, name);
        if (!list)
            lua_pushlstring(L, t.name.p, t.name.n);
        const br_shape *child = list ? &x->d->model->shapes[s->a] : member_shape(x, s, t.name);
        if (!decode_element(x, child, &t))
            return false;
        if (list)
            lua_rawseti(L, -2, ++n);
        else
            lua_rawset(L, -3);
    }
    return false;
}

static bool decode_container(xml *x, const br_shape *s, const tag *open)
{
    if (x->depth >= DEPTH_MAX || !lua_checkstack(x->d->L, STACK_PER_LEVEL))
        return fail(x, "the XML is nested too deep");
    lua_newtable(x->d->L);
    if (open->empty)
        return true;
    x->depth++;
    bool ok = decode_children(x, s, open->name);
    x->depth--;
    return ok;
}

static bool push_scratch(xml *x, const br_shape *s)
{
    static const br_shape string = {BR_SHAPE_STRING, 0, BR_NONE, BR_NONE, BR_NONE};
    br_slice text = br_buf_slice(&x->d->scratch);
    if (!br_utf8_valid(text))
        return fail(x, "the XML is not valid UTF-8");
    return br_decode_text(x->d, s != NULL ? s : &string, text);
}

/* An element that the model does not know is a table if it has children, else its text. */
static bool decode_leaf(xml *x, const br_shape *s, const tag *open)
{
    tag t;
    br_buf_clear(&x->d->scratch);
    if (open->empty)
        return push_scratch(x, s);
    const char *from = x->p;
    if (!read_text(x) || !next_tag(x, &t))
        return false;
    if (t.closing)
        return closes(x, &t, open->name) && push_scratch(x, s);
    if (s != NULL)
        return fail(x, "an XML element holds others where text belongs");
    x->p = from;
    return decode_container(x, NULL, open);
}

static bool decode_element(xml *x, const br_shape *s, const tag *open)
{
    if (s != NULL &&
        (s->kind == BR_SHAPE_STRUCTURE || s->kind == BR_SHAPE_UNION || s->kind == BR_SHAPE_LIST))
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
    xml x = {.d = d, .p = body.p, .end = body.p != NULL ? body.p + body.n : NULL};
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
