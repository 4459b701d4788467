#include "core/pattern_code.h"

#include <stdlib.h>
#include <string.h>

#define COUNT_MAX 100000
#define UNLIMITED UINT32_MAX
#define NESTING_MAX 40
#define CODE_POINT_MAX 0x10FFFFu

typedef struct parser {
    br_pattern_code *out;
    const char *p, *end;
    unsigned nesting;
    bool ahead; /* inside (?!…) */
} parser;

static bool grow(void **items, size_t *cap, size_t count, size_t size, size_t max)
{
    if (count < *cap)
        return true;
    size_t wanted = *cap == 0 ? 64 : *cap * 2;
    if (count >= max)
        return false;
    void *fresh = realloc(*items, wanted * size);
    if (fresh == NULL)
        return false;
    *items = fresh;
    *cap = wanted;
    return true;
}

void br_pattern_free(br_pattern_code *c)
{
    free(c->code);
    free(c->sets);
    free(c->ranges);
    memset(c, 0, sizeof *c);
}

static bool emit(parser *s, br_pattern_op op, size_t x, size_t y)
{
    br_pattern_code *c = s->out;
    void *code = c->code;
    bool ok = grow(&code, &c->cap, c->count, sizeof *c->code, BR_PATTERN_CODE_MAX);
    c->code = code;
    if (ok)
        c->code[c->count++] = (br_pattern_inst){(uint8_t)op, (uint16_t)x, (uint16_t)y};
    return ok;
}

/* Makes room for one instruction at `at` by moving the code behind it; its jumps move along. */
static bool insert(parser *s, size_t at)
{
    br_pattern_code *c = s->out;
    if (!emit(s, BR_PAT_JUMP, 0, 0))
        return false;
    memmove(c->code + at + 1, c->code + at, (c->count - 1 - at) * sizeof *c->code);
    for (size_t i = at + 1; i < c->count; i++) {
        br_pattern_inst *inst = &c->code[i];
        bool jumps =
            inst->op == BR_PAT_SPLIT || inst->op == BR_PAT_JUMP || inst->op == BR_PAT_NOT_AHEAD;
        inst->x = (uint16_t)(inst->x + (jumps && inst->x >= at));
        inst->y = (uint16_t)(inst->y + (inst->op == BR_PAT_SPLIT && inst->y >= at));
    }
    return true;
}

static void set_inst(parser *s, size_t at, br_pattern_op op, size_t x, size_t y)
{
    s->out->code[at] = (br_pattern_inst){(uint8_t)op, (uint16_t)x, (uint16_t)y};
}

static bool add_range(parser *s, uint32_t low, uint32_t high)
{
    br_pattern_code *c = s->out;
    void *ranges = c->ranges;
    bool ok = grow(&ranges, &c->range_cap, c->range_count, sizeof *c->ranges, UINT16_MAX);
    c->ranges = ranges;
    if (ok)
        c->ranges[c->range_count++] = (br_pattern_range){low, high};
    return ok;
}

static bool open_set(parser *s)
{
    br_pattern_code *c = s->out;
    void *sets = c->sets;
    bool ok = grow(&sets, &c->set_cap, c->set_count, sizeof *c->sets, UINT16_MAX);
    c->sets = sets;
    if (ok)
        c->sets[c->set_count++] = (br_pattern_set){.first = (uint16_t)c->range_count};
    return ok;
}

/* Ends the set that was opened last, and emits the instruction that matches it. */
static bool close_set(parser *s)
{
    br_pattern_set *set = &s->out->sets[s->out->set_count - 1];
    set->count = (uint16_t)(s->out->range_count - set->first);
    return emit(s, BR_PAT_SET, s->out->set_count - 1, 0);
}

/* The pattern is UTF-8 of our own tables. */
static uint32_t next_char(parser *s)
{
    unsigned char lead = (unsigned char)*s->p++;
    unsigned more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
    uint32_t c = more == 0 ? lead : lead & (0x3Fu >> more);
    while (more-- > 0 && s->p < s->end)
        c = c << 6 | ((unsigned char)*s->p++ & 0x3F);
    return c;
}

static bool take(parser *s, const char *text)
{
    size_t n = strlen(text);
    if ((size_t)(s->end - s->p) < n || memcmp(s->p, text, n) != 0)
        return false;
    s->p += n;
    return true;
}

static bool hex(parser *s, unsigned digits, uint32_t *value)
{
    *value = 0;
    for (unsigned i = 0; i < digits; i++) {
        char c = s->p < s->end ? *s->p++ : '\0';
        unsigned v = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                     : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                     : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                            : 16;
        if (v == 16)
            return false;
        *value = *value * 16 + v;
    }
    return true;
}

/* \d \s \w into the open set, or what lies between their ranges. */
static bool add_ranges(parser *s, const br_pattern_range *ranges, size_t n, bool complement)
{
    uint32_t from = 0;
    for (size_t i = 0; i < n; i++) {
        if (!complement && !add_range(s, ranges[i].low, ranges[i].high))
            return false;
        if (complement && !add_range(s, from, ranges[i].low - 1))
            return false;
        from = ranges[i].high + 1;
    }
    return !complement || add_range(s, from, CODE_POINT_MAX);
}

static bool add_property(parser *s)
{
    static const struct {
        char name[4];
        uint8_t kind;
    } properties[] = {{"{L}", BR_PAT_LETTERS}, {"{N}", BR_PAT_NUMBERS}, {"{Z}", BR_PAT_SEPARATORS}};
    for (size_t i = 0; i < sizeof properties / sizeof properties[0]; i++) {
        if (take(s, properties[i].name)) {
            s->out->sets[s->out->set_count - 1].kinds |= properties[i].kind;
            return true;
        }
    }
    return false;
}

static bool add_no_controls(parser *s)
{
    s->out->sets[s->out->set_count - 1].kinds |= BR_PAT_NO_CONTROLS;
    return take(s, "{C}");
}

typedef enum escape { ESCAPE_CHAR, ESCAPE_CLASS, ESCAPE_BAD } escape;

/* Behind a backslash: one character, or a class, which goes into the open set. */
static escape read_escape(parser *s, uint32_t *c)
{
    static const br_pattern_range digits[] = {{'0', '9'}};
    static const br_pattern_range spaces[] = {{'\t', '\r'}, {' ', ' '}};
    static const br_pattern_range words[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
    static const char controls[] = "tnrfv", meanings[] = "\t\n\r\f\v";
    if (s->p == s->end)
        return ESCAPE_BAD;
    char kind = *s->p++;
    const char *control = strchr(controls, kind);
    bool ok = true;
    switch (kind) {
    case 'd':
    case 'D':
        ok = add_ranges(s, digits, 1, kind == 'D');
        break;
    case 's':
    case 'S':
        ok = add_ranges(s, spaces, 2, kind == 'S');
        break;
    case 'w':
    case 'W':
        ok = add_ranges(s, words, 4, kind == 'W');
        break;
    case 'p':
        ok = add_property(s);
        break;
    case 'P':
        ok = add_no_controls(s);
        break;
    case 'x':
        return hex(s, 2, c) ? ESCAPE_CHAR : ESCAPE_BAD;
    case 'u':
        return hex(s, 4, c) ? ESCAPE_CHAR : ESCAPE_BAD;
    default:
        if (control == NULL && ((kind >= 'a' && kind <= 'z') || (kind >= 'A' && kind <= 'Z') ||
                                (kind >= '0' && kind <= '9')))
            return ESCAPE_BAD;
        *c = control != NULL ? (unsigned char)meanings[control - controls] : (unsigned char)kind;
        return ESCAPE_CHAR;
    }
    return ok ? ESCAPE_CLASS : ESCAPE_BAD;
}

static escape read_set_item(parser *s, uint32_t *c)
{
    if (take(s, "\\"))
        return read_escape(s, c);
    *c = next_char(s);
    return ESCAPE_CHAR;
}

static bool parse_set_items(parser *s)
{
    bool first = true;
    while (s->p < s->end && (first || *s->p != ']')) {
        uint32_t low, high;
        escape kind = read_set_item(s, &low);
        first = false;
        if (kind == ESCAPE_BAD)
            return false;
        if (kind == ESCAPE_CLASS)
            continue;
        high = low;
        if (s->end - s->p >= 2 && s->p[0] == '-' && s->p[1] != ']') {
            s->p++;
            if (read_set_item(s, &high) != ESCAPE_CHAR || high < low)
                return false;
        }
        if (!add_range(s, low, high))
            return false;
    }
    return take(s, "]");
}

static bool parse_set(parser *s)
{
    if (!open_set(s))
        return false;
    s->out->sets[s->out->set_count - 1].negated = take(s, "^");
    return parse_set_items(s) && close_set(s);
}

static bool parse_escape(parser *s)
{
    uint32_t c;
    if (take(s, "b"))
        return emit(s, BR_PAT_BOUNDARY, 0, 0);
    if (!open_set(s))
        return false;
    escape kind = read_escape(s, &c);
    if (kind == ESCAPE_BAD || (kind == ESCAPE_CHAR && !add_range(s, c, c)))
        return false;
    return close_set(s);
}

static bool parse_literal(parser *s, uint32_t low, uint32_t high)
{
    return open_set(s) && add_range(s, low, high) && close_set(s);
}

static bool parse_dot(parser *s)
{
    return open_set(s) && add_range(s, 0, '\n' - 1) && add_range(s, '\n' + 1, CODE_POINT_MAX) &&
           close_set(s);
}

static bool parse_alternatives(parser *s);

static bool parse_not_ahead(parser *s)
{
    size_t at = s->out->count;
    if (s->ahead || !emit(s, BR_PAT_NOT_AHEAD, 0, 0))
        return false;
    s->ahead = true;
    if (!parse_alternatives(s) || !take(s, ")") || !emit(s, BR_PAT_MATCH, 0, 0))
        return false;
    s->ahead = false;
    set_inst(s, at, BR_PAT_NOT_AHEAD, s->out->count, 0);
    return true;
}

static bool parse_group(parser *s)
{
    if (take(s, "?!"))
        return parse_not_ahead(s);
    if (s->p < s->end && *s->p == '?' && !take(s, "?:"))
        return false;
    return parse_alternatives(s) && take(s, ")");
}

static bool parse_atom(parser *s)
{
    if (take(s, "("))
        return parse_group(s);
    if (take(s, "["))
        return parse_set(s);
    if (take(s, "\\"))
        return parse_escape(s);
    if (take(s, "."))
        return parse_dot(s);
    if (take(s, "^"))
        return emit(s, BR_PAT_START, 0, 0);
    if (take(s, "$"))
        return emit(s, BR_PAT_END, 0, 0);
    if (*s->p == '*' || *s->p == '+' || *s->p == '?')
        return false;
    uint32_t c = next_char(s);
    return parse_literal(s, c, c);
}

static bool number(parser *s, uint32_t *value)
{
    const char *start = s->p;
    *value = 0;
    for (; s->p < s->end && *s->p >= '0' && *s->p <= '9'; s->p++) {
        *value = *value * 10 + (uint32_t)(*s->p - '0');
        if (*value > COUNT_MAX)
            return false;
    }
    return s->p > start;
}

/* {m}, {m,} or {m,n}; anything else is a literal brace (false, nothing taken). */
static bool parse_braces(parser *s, uint32_t *min, uint32_t *max)
{
    const char *start = s->p;
    if (take(s, "{") && number(s, min)) {
        *max = *min;
        if (take(s, ",") && !number(s, max))
            *max = UNLIMITED;
        if (take(s, "}"))
            return true;
    }
    s->p = start;
    return false;
}

static bool parse_count(parser *s, uint32_t *min, uint32_t *max)
{
    *min = 0;
    *max = UNLIMITED;
    if (take(s, "*"))
        return true;
    if (take(s, "+")) {
        *min = 1;
        return true;
    }
    if (take(s, "?")) {
        *max = 1;
        return true;
    }
    return parse_braces(s, min, max);
}

/* Parses the atom's text once more, for another copy of its code. */
static bool copy_atom(parser *s, const char *atom)
{
    const char *back = s->p;
    s->p = atom;
    bool ok = parse_atom(s);
    s->p = back;
    return ok;
}

static bool emit_star(parser *s, const char *atom)
{
    size_t split = s->out->count;
    if (!emit(s, BR_PAT_SPLIT, split + 1, 0) || !copy_atom(s, atom) ||
        !emit(s, BR_PAT_JUMP, split, 0))
        return false;
    set_inst(s, split, BR_PAT_SPLIT, split + 1, s->out->count);
    return true;
}

/* n optional copies, each only behind the one before: (x(x(x)?)?)?; all leave to the same end. */
static bool emit_optional(parser *s, const char *atom, uint32_t n)
{
    size_t first = s->out->count;
    size_t length = 0;
    for (uint32_t i = 0; i < n; i++) {
        size_t split = s->out->count;
        if (!emit(s, BR_PAT_SPLIT, split + 1, 0) || !copy_atom(s, atom))
            return false;
        length = s->out->count - split;
    }
    for (uint32_t i = 0; i < n; i++)
        s->out->code[first + i * length].y = (uint16_t)s->out->count;
    return true;
}

static bool parse_repeat(parser *s)
{
    const char *atom = s->p;
    size_t at = s->out->count;
    uint32_t min, max;
    if (!parse_atom(s))
        return false;
    if (!parse_count(s, &min, &max))
        return true;
    take(s, "?");
    s->out->count = at;
    if (max != UNLIMITED && max < min)
        return false;
    for (uint32_t i = 0; i < min; i++) {
        if (!copy_atom(s, atom))
            return false;
    }
    return max == UNLIMITED ? emit_star(s, atom) : emit_optional(s, atom, max - min);
}

static bool parse_sequence(parser *s)
{
    while (s->p < s->end && *s->p != '|' && *s->p != ')') {
        if (!parse_repeat(s))
            return false;
    }
    return true;
}

/* a|b: SPLIT to a and b; a ends in a JUMP behind b. */
static bool parse_rest(parser *s, size_t start)
{
    if (!insert(s, start) || !emit(s, BR_PAT_JUMP, 0, 0))
        return false;
    size_t jump = s->out->count - 1;
    set_inst(s, start, BR_PAT_SPLIT, start + 1, s->out->count);
    if (!parse_alternatives(s))
        return false;
    set_inst(s, jump, BR_PAT_JUMP, s->out->count, 0);
    return true;
}

static bool parse_alternatives(parser *s)
{
    size_t start = s->out->count;
    if (++s->nesting > NESTING_MAX)
        return false;
    bool ok = parse_sequence(s) && (!take(s, "|") || parse_rest(s, start));
    s->nesting--;
    return ok;
}

bool br_pattern_compile(br_pattern_code *c, br_slice pattern)
{
    parser s = {.out = c, .p = pattern.p, .end = pattern.p + pattern.n};
    memset(c, 0, sizeof *c);
    return parse_alternatives(&s) && s.p == s.end && emit(&s, BR_PAT_MATCH, 0, 0);
}
