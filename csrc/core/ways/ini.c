#include "core/ways/ini.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

typedef struct reader {
    br_ini *ini;
    br_ini_fault *fault;
    const char *p, *end;
    size_t line, indent;
    size_t used; /* of the memory */
    size_t section_room, setting_room;
    bool open; /* the last setting's value may go on; it ends where `used` does */
} reader;

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || (c >= '\x1c' && c <= '\x1f');
}

static br_slice trim(br_slice s)
{
    while (s.n > 0 && is_space(s.p[s.n - 1]))
        s.n--;
    while (s.n > 0 && is_space(*s.p)) {
        s.p++;
        s.n--;
    }
    return s;
}

static bool fail(reader *r, const char *what)
{
    r->fault->what = what;
    r->fault->line = r->line;
    return false;
}

static char *put(reader *r, br_slice text)
{
    char *to = r->ini->memory + r->used;
    if (text.n > 0)
        memcpy(to, text.p, text.n);
    r->used += text.n;
    return to;
}

/* The items, with room for one more of `size` bytes. NULL: no memory. */
static void *grown(void *items, size_t *room, size_t count, size_t size)
{
    if (count < *room)
        return items;
    size_t more = *room == 0 ? 16 : *room * 2;
    void *larger = realloc(items, more * size);
    if (larger != NULL)
        *room = more;
    return larger;
}

/* The last value, without the empty lines after it. */
static void close_value(reader *r)
{
    if (!r->open)
        return;
    br_slice *value = &r->ini->settings[r->ini->setting_count - 1].value;
    while (value->n > 0 && is_space(value->p[value->n - 1]))
        value->n--;
    r->open = false;
}

static void continue_value(reader *r, br_slice text)
{
    put(r, BR_SLICE("\n"));
    put(r, text);
    r->ini->settings[r->ini->setting_count - 1].value.n += 1 + text.n;
}

/* A nested value is a list of settings in itself. */
static bool nested_ok(const reader *r)
{
    const br_ini *ini = r->ini;
    if (ini->setting_count == 0)
        return true;
    br_slice value = ini->settings[ini->setting_count - 1].value;
    if (value.n == 0 || value.p[0] != '\n')
        return true;
    for (const char *p = value.p, *end = value.p + value.n; p < end;) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        size_t n = (size_t)((stop == NULL ? end : stop) - p);
        if (trim((br_slice){p, n}).n > 0 && memchr(p, '=', n) == NULL)
            return false;
        p += n + 1;
    }
    return true;
}

static bool finish_value(reader *r)
{
    bool was_open = r->open;
    close_value(r);
    return !was_open || nested_ok(r) ||
           fail(r, "the nested settings above it must be lines of \"key = value\"");
}

static bool add_section(reader *r, br_slice text)
{
    br_ini *ini = r->ini;
    size_t end = text.n;
    while (end > 0 && text.p[end - 1] != ']')
        end--;
    if (ini->section_count == BR_INI_SECTIONS_MAX)
        return fail(r, "there are too many sections");
    br_slice *sections =
        grown(ini->sections, &r->section_room, ini->section_count, sizeof *sections);
    if (sections == NULL)
        return fail(r, "out of memory");
    ini->sections = sections;
    br_slice name = trim((br_slice){text.p + 1, end - 2});
    ini->sections[ini->section_count++] = (br_slice){put(r, name), name.n};
    return true;
}

static bool is_section(br_slice text)
{
    return text.p[0] == '[' && text.n > 2 && memchr(text.p + 2, ']', text.n - 2) != NULL;
}

static void lower(char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text[i] >= 'A' && text[i] <= 'Z')
            text[i] = (char)(text[i] - 'A' + 'a');
}

static bool add_setting(reader *r, br_slice text)
{
    br_ini *ini = r->ini;
    size_t at = 0;
    while (at < text.n && text.p[at] != '=' && text.p[at] != ':')
        at++;
    br_slice key = trim((br_slice){text.p, at});
    if (at == text.n || key.n == 0)
        return fail(r, "must be a [section], \"key = value\", or a comment");
    if (ini->setting_count == BR_INI_SETTINGS_MAX)
        return fail(r, "there are too many settings");
    br_ini_setting *settings =
        grown(ini->settings, &r->setting_room, ini->setting_count, sizeof *settings);
    if (settings == NULL)
        return fail(r, "out of memory");
    ini->settings = settings;
    br_slice value = trim((br_slice){text.p + at + 1, text.n - at - 1});
    char *name = put(r, key);
    lower(name, key.n);
    ini->settings[ini->setting_count++] =
        (br_ini_setting){ini->section_count - 1, {name, key.n}, {put(r, value), value.n}};
    r->open = true;
    return true;
}

static bool read_line(reader *r, br_slice line)
{
    br_slice text = trim(line);
    if (text.n == 0) {
        if (r->open)
            continue_value(r, text);
        return true;
    }
    if (text.p[0] == '#' || text.p[0] == ';')
        return true;
    size_t indent = (size_t)(text.p - line.p);
    if (r->open && indent > r->indent) {
        continue_value(r, text);
        return true;
    }
    r->indent = indent;
    if (!finish_value(r))
        return false;
    if (is_section(text))
        return add_section(r, text);
    return r->ini->section_count > 0 ? add_setting(r, text)
                                     : fail(r, "stands before the first [section]");
}

/* Lines end in \n, \r\n or \r. */
static br_slice next_line(reader *r)
{
    const char *start = r->p;
    while (r->p < r->end && *r->p != '\n' && *r->p != '\r')
        r->p++;
    br_slice line = {start, (size_t)(r->p - start)};
    if (r->p < r->end && *r->p++ == '\r' && r->p < r->end && *r->p == '\n')
        r->p++;
    r->line++;
    return line;
}

/* No text that is kept is longer than the lines that it stands in. */
static bool begin(reader *r, br_slice text)
{
    if (text.n > BR_INI_TEXT_MAX)
        return fail(r, "it is larger than a mebibyte");
    if (text.n > 0 && memchr(text.p, '\0', text.n) != NULL)
        return fail(r, "it holds a NUL character");
    if (br_slice_starts(text, "\xEF\xBB\xBF"))
        r->p += 3;
    r->ini->memory_size = text.n + 1;
    r->ini->memory = malloc(r->ini->memory_size);
    return r->ini->memory != NULL || fail(r, "out of memory");
}

bool br_ini_read(br_ini *ini, br_slice text, br_ini_fault *fault)
{
    reader r = {.ini = ini, .fault = fault, .p = text.p, .end = text.p + text.n};
    memset(ini, 0, sizeof *ini);
    bool ok = begin(&r, text);
    while (ok && r.p < r.end)
        ok = read_line(&r, next_line(&r));
    if (!ok || !finish_value(&r)) {
        br_ini_free(ini);
        return false;
    }
    return true;
}

void br_ini_free(br_ini *ini)
{
    if (ini->memory != NULL)
        OPENSSL_cleanse(ini->memory, ini->memory_size);
    free(ini->memory);
    free(ini->sections);
    free(ini->settings);
    memset(ini, 0, sizeof *ini);
}

br_slice br_ini_nested(br_slice value, br_slice key)
{
    br_slice found = {NULL, 0};
    if (value.n == 0 || value.p[0] != '\n')
        return found;
    for (const char *p = value.p, *end = value.p + value.n; p < end;) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        size_t n = (size_t)((stop == NULL ? end : stop) - p);
        const char *equals = memchr(p, '=', n);
        if (equals != NULL && br_slice_eq(trim((br_slice){p, (size_t)(equals - p)}), key))
            found = trim((br_slice){equals + 1, n - (size_t)(equals - p) - 1});
        p += n + 1;
    }
    return found;
}
