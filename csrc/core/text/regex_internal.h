/*
** Between the parts of the matcher of regular expressions. regex_parse.c makes a tree from the text
** of a pattern, with regex_class.c for characters and classes; regex.c makes a program from the
** tree; regex_match.c runs it.
*/
#ifndef BR_CORE_TEXT_REGEX_INTERNAL_H
#define BR_CORE_TEXT_REGEX_INTERNAL_H

#include "core/text/regex.h"
#include "core/text/utf8.h"

#define BR_REGEX_FOREVER UINT16_MAX /* no upper bound of a repetition */

typedef struct br_regex_range {
    uint32_t low, high;
} br_regex_range;

/* A set of code points. `ascii` is final; `ranges` and `categories` tell of the others. */
typedef struct br_regex_set {
    uint64_t ascii[2];
    uint32_t categories; /* as br_unicode_categories */
    uint16_t first_range, range_count;
    bool negated;
} br_regex_set;

typedef enum br_regex_edge {
    BR_EDGE_START,
    BR_EDGE_END,
    BR_EDGE_WORD,
    BR_EDGE_NOT_WORD
} br_regex_edge;

typedef enum br_regex_op {
    BR_CODE_SET,   /* one code point of set `arg` */
    BR_CODE_JUMP,  /* nothing */
    BR_CODE_SPLIT, /* goes on at `next` and at `arg` */
    BR_CODE_EDGE,  /* the place must be a br_regex_edge `arg` */
    BR_CODE_LOOK,  /* look-ahead `arg` must hold; only ever reached at the start of the text */
    BR_CODE_ENTER, /* begins to count with counter `arg`; the next instruction is its COUNT */
    BR_CODE_COUNT, /* one code point of the counter's set, min to max times */
    BR_CODE_MATCH
} br_regex_op;

typedef struct br_regex_instruction {
    uint16_t op, next, arg;
} br_regex_instruction;

/*
** A repeated set needs no copies of the instruction: it is a row of max + 1 bits, of which bit i
** says that a way that has met the set i times is here. A code point moves all of them one up.
*/
typedef struct br_regex_counter {
    uint16_t set, min, max; /* 1 <= min <= max */
    uint16_t first_word;    /* of the bits */
} br_regex_counter;

static inline unsigned br_regex_words(const br_regex_counter *counter)
{
    return counter->max / 64u + 1;
}

typedef struct br_regex_look {
    uint16_t start; /* its program */
    bool negated;
} br_regex_look;

/* One block of memory: the arrays follow. */
struct br_regex {
    const br_regex_set *sets;
    const br_regex_range *ranges;
    const br_regex_counter *counters;
    const br_regex_instruction *code;
    uint16_t word_count, look_count;
    br_regex_look looks[BR_REGEX_LOOKAHEADS_MAX];
};

typedef enum br_regex_node_kind {
    BR_NODE_EMPTY,
    BR_NODE_SET,       /* arg = set */
    BR_NODE_EDGE,      /* arg = br_regex_edge */
    BR_NODE_LOOK,      /* arg = look-ahead, first = what it looks for */
    BR_NODE_SEQUENCE,  /* first = first of a chain of nodes */
    BR_NODE_ALTERNATE, /* the same */
    BR_NODE_REPEAT     /* first = what is repeated */
} br_regex_node_kind;

#define BR_NODE_NONE UINT16_MAX
/* A byte makes at most two nodes (a group: its choice, its first sequence); the whole, two more. */
#define BR_REGEX_NODES_MAX (2 * BR_REGEX_TEXT_MAX + 2)

typedef struct br_regex_node {
    uint16_t kind, arg, first, next, min, max;
} br_regex_node;

/* What compiling works on. `why` is NULL until something fails, and then stays. */
typedef struct br_regex_draft {
    const char *why;
    const char *at, *end; /* what is left of the text */
    unsigned depth;
    unsigned node_count, set_count, range_count, counter_count, code_count, word_count, look_count;
    br_regex_look looks[BR_REGEX_LOOKAHEADS_MAX];
    br_regex_node nodes[BR_REGEX_NODES_MAX];
    br_regex_set sets[BR_REGEX_SETS_MAX];
    br_regex_range ranges[BR_REGEX_RANGES_MAX];
    br_regex_counter counters[BR_REGEX_INSTRUCTIONS_MAX];
    br_regex_instruction code[BR_REGEX_INSTRUCTIONS_MAX];
} br_regex_draft;

/* Sets `why` unless something failed before. Always false. */
bool br_regex_fail(br_regex_draft *draft, const char *why);

/* The root of the tree; look at `why` before using it. */
unsigned br_regex_parse(br_regex_draft *draft);

/* If the next character is c, goes past it. */
bool br_regex_accept(br_regex_draft *draft, char c);

/* A set for what comes next: a class, an escape, a dot or a character. Its number. */
unsigned br_regex_parse_set(br_regex_draft *draft);

/* Matching, with the steps it took: instructions looked at and words of counters moved. */
bool br_regex_match_counted(const br_regex *regex, br_slice text, uint64_t *steps);

/* The length of the code point at p < end, 0 if it is not UTF-8. */
static inline size_t br_regex_decode(const char *p, const char *end, uint32_t *point)
{
    static const uint8_t lead_bits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    size_t n = (unsigned char)*p < 0x80 ? 1 : br_utf8_sequence(p, end);
    *point = (unsigned char)*p & lead_bits[n];
    for (size_t i = 1; i < n; i++)
        *point = *point << 6 | ((unsigned char)p[i] & 0x3F);
    return n;
}

#endif
