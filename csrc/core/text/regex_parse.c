#include <string.h>

#include "core/text/regex_internal.h"

static unsigned parse_choice(br_regex_draft *draft);

bool br_regex_fail(br_regex_draft *draft, const char *why)
{
    if (draft->why == NULL)
        draft->why = why;
    return false;
}

bool br_regex_accept(br_regex_draft *draft, char c)
{
    if (draft->at == draft->end || *draft->at != c)
        return false;
    draft->at++;
    return true;
}

static bool accept_text(br_regex_draft *draft, const char *text)
{
    size_t n = strlen(text);
    if ((size_t)(draft->end - draft->at) < n || memcmp(draft->at, text, n) != 0)
        return false;
    draft->at += n;
    return true;
}

static unsigned add_node(br_regex_draft *draft, br_regex_node_kind kind, unsigned arg,
                         unsigned first)
{
    if (draft->node_count == BR_REGEX_NODES_MAX) {
        br_regex_fail(draft, "it has too many parts");
        return 0;
    }
    draft->nodes[draft->node_count] = (br_regex_node){.kind = (uint16_t)kind,
                                                      .arg = (uint16_t)arg,
                                                      .first = (uint16_t)first,
                                                      .next = BR_NODE_NONE};
    return draft->node_count++;
}

/* After the opening parenthesis and what follows it. */
static unsigned parse_inside(br_regex_draft *draft)
{
    if (draft->depth == BR_REGEX_DEPTH_MAX) {
        br_regex_fail(draft, "its groups are too deep");
        return 0;
    }
    draft->depth++;
    unsigned inside = parse_choice(draft);
    draft->depth--;
    if (!br_regex_accept(draft, ')'))
        br_regex_fail(draft, "a group is not closed");
    return inside;
}

/*
** A look-ahead in the middle would have to be asked at every place of the text; at the start it is
** asked once.
*/
static unsigned parse_look(br_regex_draft *draft, bool negated, bool leading)
{
    unsigned number = draft->look_count;
    if (!leading || draft->depth > 0)
        br_regex_fail(draft, "a look-ahead is supported at its start only");
    if (number == BR_REGEX_LOOKAHEADS_MAX)
        br_regex_fail(draft, "it has too many look-aheads");
    if (draft->why != NULL)
        return 0;
    draft->looks[draft->look_count++] = (br_regex_look){.negated = negated};
    return add_node(draft, BR_NODE_LOOK, number, parse_inside(draft));
}

static unsigned parse_group(br_regex_draft *draft, bool leading)
{
    if (accept_text(draft, "?!"))
        return parse_look(draft, true, leading);
    if (accept_text(draft, "?="))
        return parse_look(draft, false, leading);
    if (!accept_text(draft, "?:") && br_regex_accept(draft, '?'))
        br_regex_fail(draft, "a kind of group in it is not supported");
    return parse_inside(draft);
}

static unsigned parse_atom(br_regex_draft *draft, bool leading)
{
    if (br_regex_accept(draft, '('))
        return parse_group(draft, leading);
    if (br_regex_accept(draft, '^'))
        return add_node(draft, BR_NODE_EDGE, BR_EDGE_START, BR_NODE_NONE);
    if (br_regex_accept(draft, '$'))
        return add_node(draft, BR_NODE_EDGE, BR_EDGE_END, BR_NODE_NONE);
    if (accept_text(draft, "\\b"))
        return add_node(draft, BR_NODE_EDGE, BR_EDGE_WORD, BR_NODE_NONE);
    if (accept_text(draft, "\\B"))
        return add_node(draft, BR_NODE_EDGE, BR_EDGE_NOT_WORD, BR_NODE_NONE);
    if (memchr("?*+{", *draft->at, 4) != NULL)
        br_regex_fail(draft, "there is nothing to repeat before a ?, *, + or {");
    return add_node(draft, BR_NODE_SET, br_regex_parse_set(draft), BR_NODE_NONE);
}

static unsigned parse_count(br_regex_draft *draft)
{
    const char *start = draft->at;
    unsigned count = 0;
    while (draft->at < draft->end && *draft->at >= '0' && *draft->at <= '9') {
        count = count * 10 + (unsigned)(*draft->at++ - '0');
        if (count > BR_REGEX_REPEAT_MAX) {
            br_regex_fail(draft, "a repetition is too long");
            return 0;
        }
    }
    if (draft->at == start)
        br_regex_fail(draft, "after { a count is needed");
    return count;
}

/* After the opening brace. */
static void parse_counts(br_regex_draft *draft, unsigned *min, unsigned *max)
{
    *min = *max = parse_count(draft);
    if (br_regex_accept(draft, ',')) {
        bool open = draft->at < draft->end && *draft->at == '}';
        *max = open ? BR_REGEX_FOREVER : parse_count(draft);
    }
    if (!br_regex_accept(draft, '}'))
        br_regex_fail(draft, "a { is not closed");
    if (*min > *max)
        br_regex_fail(draft, "the counts of a repetition are backwards");
}

static bool parse_quantifier(br_regex_draft *draft, unsigned *min, unsigned *max)
{
    *min = 0;
    *max = BR_REGEX_FOREVER;
    if (br_regex_accept(draft, '?'))
        *max = 1;
    else if (br_regex_accept(draft, '+'))
        *min = 1;
    else if (br_regex_accept(draft, '{'))
        parse_counts(draft, min, max);
    else if (!br_regex_accept(draft, '*'))
        return false;
    br_regex_accept(draft, '?');
    return true;
}

static bool is_zero_width(const br_regex_draft *draft, unsigned node)
{
    return draft->nodes[node].kind == BR_NODE_EDGE || draft->nodes[node].kind == BR_NODE_LOOK;
}

static unsigned parse_item(br_regex_draft *draft, bool leading)
{
    unsigned min, max, atom = parse_atom(draft, leading);
    if (draft->why != NULL || !parse_quantifier(draft, &min, &max))
        return atom;
    if (is_zero_width(draft, atom))
        br_regex_fail(draft, "a repetition of ^, $, \\b or a look-ahead is not supported");
    unsigned repeat = add_node(draft, BR_NODE_REPEAT, 0, atom);
    draft->nodes[repeat].min = (uint16_t)min;
    draft->nodes[repeat].max = (uint16_t)max;
    return repeat;
}

static bool at_item(const br_regex_draft *draft)
{
    return draft->why == NULL && draft->at < draft->end && *draft->at != '|' && *draft->at != ')';
}

static unsigned parse_sequence(br_regex_draft *draft)
{
    bool leading = true;
    uint16_t last = BR_NODE_NONE;
    unsigned sequence = add_node(draft, BR_NODE_EMPTY, 0, BR_NODE_NONE);
    while (at_item(draft)) {
        unsigned item = parse_item(draft, leading);
        leading = leading && is_zero_width(draft, item);
        if (last == BR_NODE_NONE)
            draft->nodes[sequence].first = (uint16_t)item;
        else
            draft->nodes[last].next = (uint16_t)item;
        draft->nodes[sequence].kind = BR_NODE_SEQUENCE;
        last = (uint16_t)item;
    }
    return sequence;
}

static unsigned parse_choice(br_regex_draft *draft)
{
    unsigned last = parse_sequence(draft);
    unsigned choice = add_node(draft, BR_NODE_ALTERNATE, 0, last);
    while (draft->why == NULL && br_regex_accept(draft, '|')) {
        unsigned sequence = parse_sequence(draft);
        draft->nodes[last].next = (uint16_t)sequence;
        last = sequence;
    }
    return choice;
}

unsigned br_regex_parse(br_regex_draft *draft)
{
    unsigned root = parse_choice(draft);
    if (draft->why == NULL && draft->at < draft->end)
        br_regex_fail(draft, "a ) closes no group");
    return root;
}
