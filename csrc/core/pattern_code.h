/*
** Private to the pattern matcher: what the compiler makes and the machine runs.
*/
#ifndef BR_CORE_PATTERN_CODE_H
#define BR_CORE_PATTERN_CODE_H

#include "core/pattern.h"

typedef enum br_pattern_op {
    BR_PAT_SET,       /* one code point of set x */
    BR_PAT_SPLIT,     /* go on at x and at y */
    BR_PAT_JUMP,      /* go on at x */
    BR_PAT_START,     /* ^ */
    BR_PAT_END,       /* $ */
    BR_PAT_BOUNDARY,  /* \b */
    BR_PAT_NOT_AHEAD, /* what the code from here on matches must not follow; go on at x */
    BR_PAT_MATCH
} br_pattern_op;

typedef struct br_pattern_inst {
    uint8_t op;
    uint16_t x, y;
} br_pattern_inst;

/* Kinds of characters that ranges would not say briefly; ORed. */
#define BR_PAT_LETTERS 0x01
#define BR_PAT_NUMBERS 0x02
#define BR_PAT_SEPARATORS 0x04
#define BR_PAT_NO_CONTROLS 0x08

typedef struct br_pattern_range {
    uint32_t low, high;
} br_pattern_range;

typedef struct br_pattern_set {
    uint16_t first, count; /* in ranges */
    uint8_t kinds;
    bool negated;
} br_pattern_set;

typedef struct br_pattern_code {
    br_pattern_inst *code;
    br_pattern_set *sets;
    br_pattern_range *ranges;
    size_t count, set_count, range_count;
    size_t cap, set_cap, range_cap;
} br_pattern_code;

/* false: not supported, too large or no memory. Free in either case. */
bool br_pattern_compile(br_pattern_code *c, br_slice pattern);
void br_pattern_free(br_pattern_code *c);

#endif
