#include "core/text/regex.h"

#include <stdlib.h>
#include <string.h>

#include "core/text/regex_internal.h"

static void emit(br_regex_draft *draft, unsigned number);

/*
** Adds an instruction that goes on at the one after it, and returns its place. Every node adds one
** at least, so that the maximum also ends repetitions of nothing.
*/
static unsigned put(br_regex_draft *draft, br_regex_op op, unsigned arg)
{
    unsigned place = draft->code_count;
    if (place == BR_REGEX_INSTRUCTIONS_MAX) {
        br_regex_fail(draft, "its repetitions make it too large");
        return place - 1;
    }
    draft->code[place] = (br_regex_instruction){
        .op = (uint16_t)op, .next = (uint16_t)(place + 1), .arg = (uint16_t)arg};
    draft->code_count++;
    return place;
}

/* Splits whose other way is not known yet wait in a chain through `arg`; this is its new head. */
static unsigned chain_split(br_regex_draft *draft, unsigned head)
{
    return put(draft, BR_CODE_SPLIT, head);
}

static void land_splits(br_regex_draft *draft, unsigned head)
{
    while (draft->why == NULL && head != BR_NODE_NONE) {
        unsigned rest = draft->code[head].arg;
        draft->code[head].arg = (uint16_t)draft->code_count;
        head = rest;
    }
}

static void emit_sequence(br_regex_draft *draft, const br_regex_node *node)
{
    for (unsigned i = node->first; i != BR_NODE_NONE; i = draft->nodes[i].next)
        emit(draft, i);
}

/* Jumps to the end wait in a chain through `next`. */
static void emit_alternate(br_regex_draft *draft, const br_regex_node *node)
{
    unsigned jumps = BR_NODE_NONE, i = node->first;
    for (; draft->nodes[i].next != BR_NODE_NONE; i = draft->nodes[i].next) {
        unsigned split = chain_split(draft, BR_NODE_NONE);
        emit(draft, i);
        unsigned jump = put(draft, BR_CODE_JUMP, 0);
        draft->code[jump].next = (uint16_t)jumps;
        jumps = jump;
        land_splits(draft, split);
    }
    emit(draft, i);
    while (draft->why == NULL && jumps != BR_NODE_NONE) {
        unsigned rest = draft->code[jumps].next;
        draft->code[jumps].next = (uint16_t)draft->code_count;
        jumps = rest;
    }
}

static void emit_star(br_regex_draft *draft, unsigned body)
{
    unsigned split = chain_split(draft, BR_NODE_NONE);
    emit(draft, body);
    unsigned jump = put(draft, BR_CODE_JUMP, 0);
    draft->code[jump].next = (uint16_t)split;
    land_splits(draft, split);
}

static void emit_optional(br_regex_draft *draft, unsigned body, unsigned most)
{
    unsigned skips = BR_NODE_NONE;
    for (unsigned i = 0; i < most && draft->why == NULL; i++) {
        skips = chain_split(draft, skips);
        emit(draft, body);
    }
    land_splits(draft, skips);
}

static void emit_copies(br_regex_draft *draft, const br_regex_node *repeat)
{
    unsigned last = 0;
    for (unsigned i = 0; i < repeat->min && draft->why == NULL; i++) {
        last = draft->code_count;
        emit(draft, repeat->first);
    }
    if (repeat->max == 0)
        put(draft, BR_CODE_JUMP, 0);
    else if (repeat->max != BR_REGEX_FOREVER)
        emit_optional(draft, repeat->first, repeat->max - repeat->min);
    else if (repeat->min == 0)
        emit_star(draft, repeat->first);
    else
        put(draft, BR_CODE_SPLIT, last);
}

static void emit_counter(br_regex_draft *draft, unsigned set, unsigned min, unsigned max)
{
    br_regex_counter counter = {.set = (uint16_t)set,
                                .min = (uint16_t)min,
                                .max = (uint16_t)max,
                                .first_word = (uint16_t)draft->word_count};
    unsigned number = draft->counter_count;
    put(draft, BR_CODE_ENTER, number);
    put(draft, BR_CODE_COUNT, number);
    if (draft->why != NULL)
        return;
    draft->word_count += br_regex_words(&counter);
    if (draft->word_count > BR_REGEX_COUNTER_WORDS_MAX) {
        br_regex_fail(draft, "its repetitions are too long");
        return;
    }
    draft->counters[draft->counter_count++] = counter;
}

static void emit_counted_set(br_regex_draft *draft, const br_regex_node *repeat)
{
    unsigned set = draft->nodes[repeat->first].arg, skip = BR_NODE_NONE;
    if (repeat->max == BR_REGEX_FOREVER) {
        emit_counter(draft, set, repeat->min, repeat->min);
        emit_star(draft, repeat->first);
        return;
    }
    if (repeat->min == 0)
        skip = chain_split(draft, BR_NODE_NONE);
    emit_counter(draft, set, repeat->min == 0 ? 1 : repeat->min, repeat->max);
    land_splits(draft, skip);
}

static void emit_repeat(br_regex_draft *draft, const br_regex_node *repeat)
{
    unsigned most = repeat->max == BR_REGEX_FOREVER ? repeat->min : repeat->max;
    if (draft->nodes[repeat->first].kind == BR_NODE_SET && most > 1)
        emit_counted_set(draft, repeat);
    else
        emit_copies(draft, repeat);
}

static void emit(br_regex_draft *draft, unsigned number)
{
    const br_regex_node *node = &draft->nodes[number];
    if (draft->why != NULL)
        return;
    switch ((br_regex_node_kind)node->kind) {
    case BR_NODE_EMPTY:
        put(draft, BR_CODE_JUMP, 0);
        break;
    case BR_NODE_SET:
        put(draft, BR_CODE_SET, node->arg);
        break;
    case BR_NODE_EDGE:
        put(draft, BR_CODE_EDGE, node->arg);
        break;
    case BR_NODE_LOOK:
        put(draft, BR_CODE_LOOK, node->arg);
        break;
    case BR_NODE_SEQUENCE:
        emit_sequence(draft, node);
        break;
    case BR_NODE_ALTERNATE:
        emit_alternate(draft, node);
        break;
    case BR_NODE_REPEAT:
        emit_repeat(draft, node);
        break;
    }
}

/* The pattern's program, then those of its look-aheads; each ends with its own match. */
static void emit_programs(br_regex_draft *draft, unsigned root)
{
    emit(draft, root);
    put(draft, BR_CODE_MATCH, 0);
    for (unsigned i = 0; i < draft->node_count && draft->why == NULL; i++) {
        const br_regex_node *node = &draft->nodes[i];
        if (node->kind != BR_NODE_LOOK)
            continue;
        draft->looks[node->arg].start = (uint16_t)draft->code_count;
        emit(draft, node->first);
        put(draft, BR_CODE_MATCH, 0);
    }
}

/* A way through a loop meets a split at least, so no jumps go in circles. */
static uint16_t jump_target(const br_regex_draft *draft, uint16_t place)
{
    while (draft->code[place].op == BR_CODE_JUMP)
        place = draft->code[place].next;
    return place;
}

/* Nothing then leads to a jump, which would be a step for each code point. */
static void shorten_jumps(br_regex_draft *draft)
{
    for (unsigned i = 0; i < draft->code_count; i++) {
        br_regex_instruction *code = &draft->code[i];
        if (code->op != BR_CODE_MATCH)
            code->next = jump_target(draft, code->next);
        if (code->op == BR_CODE_SPLIT)
            code->arg = jump_target(draft, code->arg);
    }
}

/* Copies an array to *room and moves that past it. Arrays come in falling order of alignment. */
static const void *place(char **room, const void *from, size_t bytes)
{
    char *to = *room;
    memcpy(to, from, bytes);
    *room += bytes;
    return to;
}

static br_regex *pack(const br_regex_draft *draft)
{
    size_t sets = draft->set_count * sizeof(br_regex_set);
    size_t ranges = draft->range_count * sizeof(br_regex_range);
    size_t counters = draft->counter_count * sizeof(br_regex_counter);
    size_t code = draft->code_count * sizeof(br_regex_instruction);
    br_regex *regex = malloc(sizeof(br_regex) + sets + ranges + counters + code);
    if (regex == NULL)
        return NULL;
    char *room = (char *)(regex + 1);
    *regex = (br_regex){.word_count = (uint16_t)draft->word_count,
                        .look_count = (uint16_t)draft->look_count};
    memcpy(regex->looks, draft->looks, sizeof(regex->looks));
    regex->sets = place(&room, draft->sets, sets);
    regex->ranges = place(&room, draft->ranges, ranges);
    regex->counters = place(&room, draft->counters, counters);
    regex->code = place(&room, draft->code, code);
    return regex;
}

static br_regex *compile(br_regex_draft *draft, br_slice pattern)
{
    draft->at = pattern.n > 0 ? pattern.p : "";
    draft->end = draft->at + pattern.n;
    unsigned root = br_regex_parse(draft);
    if (draft->why == NULL)
        emit_programs(draft, root);
    if (draft->why != NULL)
        return NULL;
    shorten_jumps(draft);
    br_regex *regex = pack(draft);
    if (regex == NULL)
        br_regex_fail(draft, "out of memory");
    return regex;
}

br_regex *br_regex_compile(br_slice pattern, const char **why)
{
    const char *unused = NULL;
    const char **reason = why != NULL ? why : &unused;
    if (pattern.n > BR_REGEX_TEXT_MAX) {
        *reason = "it is too long";
        return NULL;
    }
    br_regex_draft *draft = calloc(1, sizeof(*draft));
    if (draft == NULL) {
        *reason = "out of memory";
        return NULL;
    }
    br_regex *regex = compile(draft, pattern);
    *reason = draft->why;
    free(draft);
    return regex;
}

void br_regex_free(br_regex *regex)
{
    free(regex);
}
