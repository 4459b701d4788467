#include <stdarg.h>
#include <stdio.h>

#include "core/base/ascii.h"
#include "core/base/suggest.h"
#include "core/text/printable.h"
#include "lua/codec/encode.h"
#include "lua/codec/literal.h"

#define PATH_MAX_BYTES 4096
#define MESSAGE_MAX 512
#define NAMES_SHOWN 12

static bool is_identifier(br_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!br_is_alnum_or(s.p[i], "_"))
            return false;
    return s.n > 0 && !br_is_digit(s.p[0]);
}

static void add_quoted(br_buf *out, br_slice name)
{
    br_buf_adds(out, "[\"");
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];
        if (c == '"' || c == '\\')
            br_buf_addf(out, "\\%c", c);
        else if (c == '\n' || c == '\r' || c == '\t')
            br_buf_addf(out, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
        else if (c < 0x20 || c == 0x7F)
            br_buf_addf(out, "\\%03d", c);
        else
            br_buf_addc(out, (char)c);
    }
    br_buf_adds(out, "\"]");
}

static void add_step(br_buf *out, const br_step *step)
{
    if (step->name.p == NULL) {
        br_buf_addf(out, "[%lld]", (long long)step->index);
    } else if (is_identifier(step->name)) {
        if (out->len > 0)
            br_buf_addc(out, '.');
        br_buf_add_slice(out, step->name);
    } else {
        add_quoted(out, step->name);
    }
}

/*
** No Lua call lies between the first and the last line of this function, so the local buffer cannot
** leak.
*/
__attribute__((format(printf, 4, 0))) static void
report(br_encoder *e, const char *kind, const br_step *last, const char *format, va_list args)
{
    char message[MESSAGE_MAX];
    vsnprintf(message, sizeof message, format, args);
    br_buf path;
    br_buf_init(&path, PATH_MAX_BYTES);
    for (unsigned i = 0; i < e->depth; i++)
        add_step(&path, &e->path[i]);
    if (last != NULL)
        add_step(&path, last);
    br_problems_add(e->problems, kind, br_buf_slice(&path), "%s", message);
    br_buf_free(&path);
}

void br_encode_problem(br_encoder *e, const char *kind, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    report(e, kind, NULL, format, args);
    va_end(args);
}

void br_encode_problem_at(br_encoder *e, const char *kind, br_slice member, const char *format, ...)
{
    br_step step = {member, 0, 0};
    va_list args;
    va_start(args, format);
    report(e, kind, &step, format, args);
    va_end(args);
}

void br_encode_wrong_type(br_encoder *e, const br_shape *wanted, const char *expected)
{
    const br_literal *literal = br_literal_at(e->L, -1);
    const char *given = br_lua_is_null(e->L, -1) ? "null" : br_lua_kind(lua_type(e->L, -1));
    if (literal != NULL)
        given = literal->is_number ? "a number" : "raw JSON";
    br_encode_problem(e, "type", "expected %s, got %s%s", expected, given,
                      br_encode_hint(e, wanted).text);
}

/* "a, b, c", of those members whose ranks are in `only` (NULL: of all). */
static void list_names(const br_encoder *e, const br_shape *s, const uint64_t *only, char *to,
                       size_t size)
{
    unsigned shown = 0;
    size_t len = 0;
    to[0] = '\0';
    for (unsigned i = 0; i < s->b && len < size; i++) {
        const br_member *m = &e->model->members[s->a + i];
        if (only != NULL && (only[m->rank / 64] >> (m->rank % 64) & 1) == 0)
            continue;
        br_slice name = br_model_name(e->model, m->name);
        const char *comma = shown > 0 ? ", " : "";
        if (shown++ == NAMES_SHOWN) {
            snprintf(to + len, size - len, "%s…", comma);
            return;
        }
        len += (size_t)snprintf(to + len, size - len, "%s%.*s", comma, (int)name.n, name.p);
    }
}

static void report_no_choice(br_encoder *e, const br_shape *s, br_slice name, const char *shown)
{
    char all[MESSAGE_MAX - 200];
    list_names(e, s, NULL, all, sizeof all);
    br_encode_problem_at(e, "unknown", name, "unknown member \"%s\": set one of %s", shown, all);
}

void br_encode_unknown(br_encoder *e, const br_shape *structure, br_slice name)
{
    br_printable shown = br_print(name);
    br_suggest near;
    br_suggest_init(&near, name);
    for (unsigned i = 0; i < structure->b; i++)
        br_suggest_try(&near, br_model_name(e->model, e->model->members[structure->a + i].name));
    br_hint hint = br_encode_unknown_hint(e, structure, name);
    bool same = near.best.p != NULL && br_name_alike(name, near.best);
    if (hint.text[0] != '\0' && !same)
        br_encode_problem_at(e, "unknown", name, "unknown member \"%s\" (%s)", shown.text,
                             hint.text);
    else if (near.best.p != NULL)
        br_encode_problem_at(e, "unknown", name, "unknown member \"%s\" (did you mean %.*s?)",
                             shown.text, (int)near.best.n, near.best.p);
    else if (structure->kind == BR_SHAPE_UNION)
        report_no_choice(e, structure, name, shown.text);
    else
        br_encode_problem_at(e, "unknown", name, "unknown member \"%s\"", shown.text);
}

void br_encode_union_count(br_encoder *e, const br_shape *s, const uint64_t *seen, unsigned count)
{
    char all[MESSAGE_MAX / 2 - 40], got[MESSAGE_MAX / 2 - 40];
    list_names(e, s, NULL, all, sizeof all);
    list_names(e, s, seen, got, sizeof got);
    if (count == 0)
        br_encode_problem(e, "union-empty", "exactly one of %s must be set, got none", all);
    else
        br_encode_problem(e, "union-many", "exactly one of %s may be set, got %s", all, got);
}
