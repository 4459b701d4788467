#include "core/text/xml.h"

#include <string.h>

#include "core/base/ascii.h"

static bool fail(br_xml *x, const char *why)
{
    if (x->error == NULL)
        x->error = why;
    return false;
}

static bool starts(const br_xml *x, const char *text)
{
    return br_slice_starts((br_slice){x->p, (size_t)(x->end - x->p)}, text);
}

/* Moves behind the next occurrence of text. */
static bool skip_past(br_xml *x, const char *text)
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

static br_slice local_name(br_slice name)
{
    const char *colon = memchr(name.p, ':', name.n);
    if (colon == NULL)
        return name;
    size_t prefix = (size_t)(colon - name.p) + 1;
    return (br_slice){name.p + prefix, name.n - prefix};
}

/* Attributes, with quotes in which '>' may stand, up to the '>' that ends the tag. */
static bool read_attributes(br_xml *x, br_xml_tag *t)
{
    char quote = '\0';
    t->attributes = (br_slice){x->p, 0};
    for (; x->p < x->end; x->p++) {
        char c = *x->p;
        if (quote != '\0') {
            quote = c == quote ? '\0' : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '>') {
            t->empty = x->p[-1] == '/';
            t->attributes.n = (size_t)(x->p - t->attributes.p);
            x->p++;
            return true;
        }
    }
    return fail(x, "the XML ends inside a tag");
}

/* At '<' of an element's tag. */
static bool read_tag(br_xml *x, br_xml_tag *t)
{
    x->p++;
    *t = (br_xml_tag){.closing = x->p < x->end && *x->p == '/'};
    x->p += t->closing;
    const char *from = x->p;
    while (x->p < x->end && !br_is_space(*x->p) && *x->p != '>' && *x->p != '/')
        x->p++;
    t->name = local_name((br_slice){from, (size_t)(x->p - from)});
    return t->name.n > 0 ? read_attributes(x, t) : fail(x, "an XML tag has no name");
}

bool br_xml_next_tag(br_xml *x, br_xml_tag *t)
{
    *t = (br_xml_tag){.closing = false};
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

static bool add_reference(br_xml *x, br_slice digits)
{
    int base = digits.n > 0 && digits.p[0] == 'x' ? 16 : 10;
    uint32_t c = 0;
    size_t i = base == 16;
    if (digits.n == i || digits.n > 8)
        return fail(x, "a bad character reference in XML");
    for (; i < digits.n; i++) {
        int value = br_hex_value(digits.p[i]);
        if (value < 0 || value >= base)
            return fail(x, "a bad character reference in XML");
        c = c * (uint32_t)base + (uint32_t)value;
    }
    if (c == 0 || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        return fail(x, "a bad character reference in XML");
    add_utf8(x->text, c);
    return true;
}

/* At '&'. */
static bool read_entity(br_xml *x)
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
            return br_buf_addc(x->text, entities[i].c);
    }
    return fail(x, "an unknown XML entity");
}

static bool add_entity(br_xml *x)
{
    const char *from = x->p;
    if (read_entity(x))
        return true;
    if (!x->lenient || x->text->failed)
        return false;
    x->error = NULL;
    x->p = from + 1;
    return br_buf_addc(x->text, '&');
}

static bool add_cdata(br_xml *x)
{
    const char *from = x->p + sizeof "<![CDATA[" - 1;
    if (!skip_past(x, "]]>"))
        return false;
    return br_buf_add(x->text, from, (size_t)(x->p - 3 - from));
}

/* A piece of text that stands at p, which is not at '<' of a tag. */
static bool add_piece(br_xml *x)
{
    if (*x->p == '&')
        return add_entity(x);
    return br_buf_addc(x->text, *x->p++) || fail(x, "out of memory");
}

bool br_xml_text(br_xml *x)
{
    br_buf_clear(x->text);
    while (x->p < x->end) {
        bool ok = true;
        if (starts(x, "<![CDATA["))
            ok = add_cdata(x);
        else if (starts(x, "<!--"))
            ok = skip_past(x, "-->");
        else if (*x->p == '<')
            return true;
        else
            ok = add_piece(x);
        if (!ok)
            return fail(x, "out of memory");
    }
    return fail(x, "the XML ends too early");
}

static void skip_spaces(br_xml *x)
{
    while (x->p < x->end && br_is_space(*x->p))
        x->p++;
}

static br_slice attribute_name(br_xml *x)
{
    skip_spaces(x);
    const char *from = x->p;
    while (x->p < x->end && !br_is_space(*x->p) && *x->p != '=' && *x->p != '/')
        x->p++;
    return local_name((br_slice){from, (size_t)(x->p - from)});
}

/* From the '=' on; p == NULL where there is none, or no quotes. */
static br_slice attribute_value(br_xml *x)
{
    br_slice none = {NULL, 0};
    skip_spaces(x);
    if (x->p == x->end || *x->p != '=')
        return none;
    x->p++;
    skip_spaces(x);
    if (x->p == x->end || (*x->p != '"' && *x->p != '\''))
        return none;
    const char *from = x->p + 1;
    const char *to = memchr(from, *x->p, (size_t)(x->end - from));
    if (to == NULL)
        return none;
    x->p = to + 1;
    return (br_slice){from, (size_t)(to - from)};
}

static bool decode_value(br_xml *x, br_slice value)
{
    br_xml inner = {.p = value.p, .end = value.p + value.n, .text = x->text};
    br_buf_clear(x->text);
    while (inner.p < inner.end) {
        if (!add_piece(&inner))
            return fail(x, inner.error);
    }
    return true;
}

bool br_xml_attribute(br_xml *x, const br_xml_tag *t, br_slice name, bool *found)
{
    br_xml inner = {.p = t->attributes.p, .end = t->attributes.p + t->attributes.n};
    *found = false;
    while (inner.p < inner.end) {
        br_slice one = attribute_name(&inner);
        if (one.n == 0) {
            inner.p++;
            continue;
        }
        br_slice value = attribute_value(&inner);
        if (value.p == NULL || !br_slice_eq(one, local_name(name)))
            continue;
        *found = true;
        return decode_value(x, value);
    }
    return true;
}
