#include "core/pattern.h"
#include "core/pattern_code.h"

#include <stdlib.h>

#define NO_CHAR UINT32_MAX

/* Instructions waiting for the next character, each at most once. */
typedef struct thread_list {
    uint16_t *pcs;
    uint32_t *seen; /* by instruction: the generation that added it last */
    size_t count;
    uint32_t generation;
} thread_list;

typedef struct machine {
    const br_pattern_code *code;
    thread_list lists[2];
    uint16_t *stack;
    br_slice text;
    bool inner; /* runs a look-ahead */
} machine;

static bool is_word(uint32_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool in_ranges(uint32_t c, const br_pattern_range *ranges, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (c >= ranges[i].low && c <= ranges[i].high)
            return true;
    }
    return false;
}

static bool is_separator(uint32_t c)
{
    return c == ' ' || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
           c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

/* Blocks that hold neither letters nor numbers: controls, punctuation, symbols, pictures. */
static bool is_symbol(uint32_t c)
{
    static const br_pattern_range blocks[] = {
        {0x80, 0xA9},     {0xAB, 0xB1},       {0xB4, 0xB4},       {0xB6, 0xB8},
        {0xBB, 0xBB},     {0xBF, 0xBF},       {0xD7, 0xD7},       {0xF7, 0xF7},
        {0x2000, 0x206F}, {0x20A0, 0x20FF},   {0x2190, 0x245F},   {0x2500, 0x2775},
        {0x2794, 0x2BFF}, {0x3000, 0x3004},   {0x3008, 0x3020},   {0xD800, 0xF8FF},
        {0xFE00, 0xFE6F}, {0x1F000, 0x1F0FF}, {0x1F110, 0x1FAFF}, {0xE0000, 0x10FFFF}};
    return in_ranges(c, blocks, sizeof blocks / sizeof blocks[0]);
}

static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0xAD || (c >= 0x200B && c <= 0x200F) ||
           (c >= 0xD800 && c <= 0xF8FF) || c == 0xFEFF || c >= 0xE0000;
}

static bool in_kinds(uint32_t c, unsigned kinds)
{
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    bool digit = c >= '0' && c <= '9';
    bool wide = c >= 0x80 && !is_symbol(c);
    return ((kinds & BR_PAT_LETTERS) != 0 && (letter || wide)) ||
           ((kinds & BR_PAT_NUMBERS) != 0 && (digit || wide)) ||
           ((kinds & BR_PAT_SEPARATORS) != 0 && is_separator(c)) ||
           ((kinds & BR_PAT_NO_CONTROLS) != 0 && !is_control(c));
}

static bool in_set(const br_pattern_code *code, unsigned index, uint32_t c)
{
    const br_pattern_set *set = &code->sets[index];
    bool found = in_ranges(c, code->ranges + set->first, set->count) ||
                 (set->kinds != 0 && in_kinds(c, set->kinds));
    return found != set->negated;
}

static uint32_t decode(br_slice text, size_t *at)
{
    unsigned char lead = (unsigned char)text.p[(*at)++];
    unsigned more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
    uint32_t c = more == 0 ? lead : lead & (0x3Fu >> more);
    while (more-- > 0 && *at < text.n)
        c = c << 6 | ((unsigned char)text.p[(*at)++] & 0x3F);
    return c;
}

static bool at_boundary(br_slice text, size_t at)
{
    bool before = at > 0 && is_word((unsigned char)text.p[at - 1]);
    bool after = at < text.n && is_word((unsigned char)text.p[at]);
    return before != after;
}

static br_pattern_result run(const br_pattern_code *code, size_t start, br_slice text, size_t at,
                             bool inner);

/* Where the thread goes on from an instruction that takes no character; false: it ends here. */
static bool passes(machine *m, size_t pc, size_t at)
{
    switch ((br_pattern_op)m->code->code[pc].op) {
    case BR_PAT_START:
        return at == 0;
    case BR_PAT_END:
        return at == m->text.n;
    case BR_PAT_BOUNDARY:
        return at_boundary(m->text, at);
    case BR_PAT_NOT_AHEAD:
        return run(m->code, pc + 1, m->text, at, true) == BR_PATTERN_NO;
    default:
        return true;
    }
}

static void push(machine *m, thread_list *list, size_t *depth, size_t pc)
{
    if (list->seen[pc] == list->generation)
        return;
    list->seen[pc] = list->generation;
    m->stack[(*depth)++] = (uint16_t)pc;
}

/* Adds the thread and all it leads to without a character. */
static void add(machine *m, thread_list *list, size_t pc, size_t at)
{
    size_t depth = 0;
    push(m, list, &depth, pc);
    while (depth > 0) {
        pc = m->stack[--depth];
        const br_pattern_inst *inst = &m->code->code[pc];
        if (inst->op == BR_PAT_SET || inst->op == BR_PAT_MATCH)
            list->pcs[list->count++] = (uint16_t)pc;
        else if (!passes(m, pc, at))
            continue;
        else if (inst->op == BR_PAT_JUMP || inst->op == BR_PAT_NOT_AHEAD)
            push(m, list, &depth, inst->x);
        else if (inst->op == BR_PAT_SPLIT) {
            push(m, list, &depth, inst->y);
            push(m, list, &depth, inst->x);
        } else {
            push(m, list, &depth, pc + 1);
        }
    }
}

static bool has_match(const machine *m, const thread_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (m->code->code[list->pcs[i]].op == BR_PAT_MATCH)
            return true;
    }
    return false;
}

static bool step_through(machine *m, size_t start, size_t at)
{
    thread_list *now = &m->lists[0], *next = &m->lists[1];
    now->generation = 1;
    add(m, now, start, at);
    while (at < m->text.n && now->count > 0) {
        if (m->inner && has_match(m, now))
            return true;
        uint32_t c = decode(m->text, &at);
        next->count = 0;
        next->generation++;
        for (size_t i = 0; i < now->count; i++) {
            const br_pattern_inst *inst = &m->code->code[now->pcs[i]];
            if (inst->op == BR_PAT_SET && in_set(m->code, inst->x, c))
                add(m, next, now->pcs[i] + (size_t)1, at);
        }
        thread_list *swap = now;
        now = next;
        next = swap;
    }
    return has_match(m, now);
}

static bool allocate(machine *m, size_t n)
{
    for (int i = 0; i < 2; i++) {
        m->lists[i].pcs = calloc(n, sizeof *m->lists[i].pcs);
        m->lists[i].seen = calloc(n, sizeof *m->lists[i].seen);
        if (m->lists[i].pcs == NULL || m->lists[i].seen == NULL)
            return false;
    }
    m->stack = calloc(n, sizeof *m->stack);
    return m->stack != NULL;
}

static void release(machine *m)
{
    for (int i = 0; i < 2; i++) {
        free(m->lists[i].pcs);
        free(m->lists[i].seen);
    }
    free(m->stack);
}

/* From the instruction and offset on; an inner run need not reach the end of the text. */
static br_pattern_result run(const br_pattern_code *code, size_t start, br_slice text, size_t at,
                             bool inner)
{
    machine m = {.code = code, .text = text, .inner = inner};
    br_pattern_result result = BR_PATTERN_UNKNOWN;
    if (allocate(&m, code->count))
        result = step_through(&m, start, at) ? BR_PATTERN_YES : BR_PATTERN_NO;
    release(&m);
    return result;
}

br_pattern_result br_pattern_match(br_slice pattern, br_slice text)
{
    br_pattern_code code;
    br_pattern_result result = BR_PATTERN_UNKNOWN;
    if (br_pattern_compile(&code, pattern))
        result = run(&code, 0, text, 0, false);
    br_pattern_free(&code);
    return result;
}
