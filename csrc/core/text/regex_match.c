#include <string.h>

#include "core/text/regex_internal.h"
#include "core/text/unicode.h"

/* Instructions to look at, each at most once; in any order, as only whether one matches counts. */
typedef struct work_list {
    unsigned count;
    uint16_t items[BR_REGEX_INSTRUCTIONS_MAX];
    uint64_t has[BR_REGEX_INSTRUCTIONS_MAX / 64];
} work_list;

typedef struct machine {
    const br_regex *regex;
    uint64_t steps;
    unsigned looks; /* bit i: look-ahead i holds */
    bool at_start, at_end, after_word, before_word;
    work_list *here, *after;
    work_list lists[2];
    uint64_t counts[BR_REGEX_COUNTER_WORDS_MAX];
} machine;

static void add(work_list *list, unsigned instruction)
{
    uint64_t bit = UINT64_C(1) << (instruction & 63);
    if (list->has[instruction >> 6] & bit)
        return;
    list->has[instruction >> 6] |= bit;
    list->items[list->count++] = (uint16_t)instruction;
}

static void empty(work_list *list)
{
    for (unsigned i = 0; i < list->count; i++)
        list->has[list->items[i] >> 6] = 0;
    list->count = 0;
}

static bool in_ranges(const br_regex *regex, const br_regex_set *set, uint32_t point)
{
    const br_regex_range *range = regex->ranges + set->first_range;
    for (unsigned i = 0; i < set->range_count; i++)
        if (point >= range[i].low && point <= range[i].high)
            return true;
    return false;
}

static bool in_set(const br_regex *regex, unsigned number, uint32_t point)
{
    const br_regex_set *set = &regex->sets[number];
    if (point < 0x80)
        return set->ascii[point >> 6] >> (point & 63) & 1;
    bool found = in_ranges(regex, set, point) ||
                 (set->categories != 0 && set->categories >> br_unicode_category(point) & 1);
    return found != set->negated;
}

static bool is_word(uint32_t point)
{
    return (point >= '0' && point <= '9') || (point >= 'A' && point <= 'Z') || point == '_' ||
           (point >= 'a' && point <= 'z');
}

static bool at_edge(const machine *m, br_regex_edge edge)
{
    switch (edge) {
    case BR_EDGE_START:
        return m->at_start;
    case BR_EDGE_END:
        return m->at_end;
    case BR_EDGE_WORD:
        return m->after_word != m->before_word;
    case BR_EDGE_NOT_WORD:
        return m->after_word == m->before_word;
    }
    return false;
}

/* Whether a way has met the set `min` times or more. */
static bool count_reached(const machine *m, const br_regex_counter *counter)
{
    const uint64_t *words = m->counts + counter->first_word;
    unsigned i = counter->min / 64;
    uint64_t found = words[i] >> (counter->min & 63);
    for (i++; i < br_regex_words(counter); i++)
        found |= words[i];
    return found != 0;
}

/* One code point of the set: every count goes up, those beyond the maximum are lost. */
static bool count_up(machine *m, const br_regex_counter *counter)
{
    uint64_t *words = m->counts + counter->first_word, found = 0;
    unsigned last = counter->max / 64;
    for (unsigned i = last; i > 0; i--) {
        words[i] = words[i] << 1 | words[i - 1] >> 63;
        found |= words[i];
    }
    words[0] <<= 1;
    words[last] &= UINT64_MAX >> (63 - (counter->max & 63));
    m->steps += last;
    return (found | words[0]) != 0;
}

static void count_none(machine *m, const br_regex_counter *counter)
{
    memset(m->counts + counter->first_word, 0, br_regex_words(counter) * sizeof(m->counts[0]));
}

/* Adds to the list what an instruction leads to without a code point. True at a match. */
static bool follow(machine *m, unsigned at)
{
    const br_regex_instruction *code = &m->regex->code[at];
    switch ((br_regex_op)code->op) {
    case BR_CODE_SET:
        break;
    case BR_CODE_SPLIT:
        add(m->here, code->arg);
        add(m->here, code->next);
        break;
    case BR_CODE_JUMP:
        add(m->here, code->next);
        break;
    case BR_CODE_EDGE:
        if (at_edge(m, (br_regex_edge)code->arg))
            add(m->here, code->next);
        break;
    case BR_CODE_LOOK:
        if (m->looks >> code->arg & 1)
            add(m->here, code->next);
        break;
    case BR_CODE_ENTER:
        m->counts[m->regex->counters[code->arg].first_word] |= 1;
        add(m->here, code->next);
        break;
    case BR_CODE_COUNT:
        if (count_reached(m, &m->regex->counters[code->arg]))
            add(m->here, code->next);
        break;
    case BR_CODE_MATCH:
        return true;
    }
    return false;
}

/* The list grows on the way. */
static bool follow_all(machine *m)
{
    bool matched = false;
    for (unsigned i = 0; i < m->here->count; i++)
        matched |= follow(m, m->here->items[i]);
    m->steps += m->here->count;
    return matched;
}

static void consume(machine *m, unsigned at, uint32_t point)
{
    const br_regex_instruction *code = &m->regex->code[at];
    if (code->op == BR_CODE_SET && in_set(m->regex, code->arg, point))
        add(m->after, code->next);
    if (code->op != BR_CODE_COUNT)
        return;
    const br_regex_counter *counter = &m->regex->counters[code->arg];
    if (!in_set(m->regex, counter->set, point))
        count_none(m, counter);
    else if (count_up(m, counter))
        add(m->after, at);
}

static void consume_all(machine *m, uint32_t point)
{
    work_list *done = m->here;
    for (unsigned i = 0; i < done->count; i++)
        consume(m, done->items[i], point);
    empty(done);
    m->here = m->after;
    m->after = done;
}

static void begin(machine *m, unsigned start)
{
    empty(m->here);
    empty(m->after);
    memset(m->counts, 0, m->regex->word_count * sizeof(m->counts[0]));
    m->at_start = true;
    m->after_word = false;
    add(m->here, start);
}

/* Whether the program at `start` matches the whole text, or only some first part of it. */
static bool run(machine *m, unsigned start, br_slice text, bool whole)
{
    size_t at = 0;
    begin(m, start);
    while (m->here->count > 0) {
        uint32_t point = 0;
        m->at_end = at == text.n;
        size_t n = m->at_end ? 0 : br_regex_decode(text.p + at, text.p + text.n, &point);
        m->before_word = n > 0 && is_word(point);
        bool matched = follow_all(m);
        if (m->at_end || (matched && !whole))
            return matched;
        if (n == 0)
            return false;
        consume_all(m, point);
        m->at_start = false;
        m->after_word = m->before_word;
        at += n;
    }
    return false;
}

bool br_regex_match_counted(const br_regex *regex, br_slice text, uint64_t *steps)
{
    machine m;
    m.regex = regex;
    m.steps = 0;
    m.looks = 0;
    m.here = &m.lists[0];
    m.after = &m.lists[1];
    for (unsigned i = 0; i < 2; i++) {
        m.lists[i].count = 0;
        memset(m.lists[i].has, 0, sizeof(m.lists[i].has));
    }
    for (unsigned i = 0; i < regex->look_count; i++) {
        bool found = run(&m, regex->looks[i].start, text, false);
        m.looks |= (unsigned)(found != regex->looks[i].negated) << i;
    }
    bool matched = run(&m, 0, text, true);
    *steps = m.steps;
    return matched;
}

bool br_regex_match(const br_regex *regex, br_slice text)
{
    uint64_t steps;
    return br_regex_match_counted(regex, text, &steps);
}
