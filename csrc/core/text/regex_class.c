#include <string.h>

#include "core/text/regex_internal.h"
#include "core/text/unicode.h"

/* What stands for one code point or for many. */
typedef enum member_kind { MEMBER_POINT, MEMBER_RANGES, MEMBER_CATEGORIES } member_kind;

typedef struct member {
    member_kind kind;
    uint32_t value;               /* a code point, or categories */
    const br_regex_range *ranges; /* ascending, then RANGES_END */
    bool negated;                 /* all but the ranges */
} member;

/* Its versions differ here. */
/* clang-format off */
#define RANGES_END {1, 0}
/* clang-format on */

static const br_regex_range digits[] = {{'0', '9'}, RANGES_END};
static const br_regex_range words[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}, RANGES_END};
static const br_regex_range spaces[] = {{'\t', '\r'},     {' ', ' '},       {0xA0, 0xA0},
                                        {0x1680, 0x1680}, {0x2000, 0x200A}, {0x2028, 0x2029},
                                        {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000},
                                        {0xFEFF, 0xFEFF}, RANGES_END};
static const br_regex_range line_ends[] = {
    {'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}, RANGES_END};

static void add_range(br_regex_draft *draft, br_regex_set *set, uint32_t low, uint32_t high)
{
    for (uint32_t c = low; c <= high && c < 0x80; c++)
        set->ascii[c >> 6] |= UINT64_C(1) << (c & 63);
    if (high < 0x80)
        return;
    if (draft->range_count == BR_REGEX_RANGES_MAX) {
        br_regex_fail(draft, "its classes have too many ranges");
        return;
    }
    draft->ranges[draft->range_count++] = (br_regex_range){low, high};
    set->range_count++;
}

static void add_ranges(br_regex_draft *draft, br_regex_set *set, const member *m)
{
    uint32_t gap = 0;
    for (const br_regex_range *r = m->ranges; r->low <= r->high; r++) {
        if (!m->negated)
            add_range(draft, set, r->low, r->high);
        else if (r->low > gap)
            add_range(draft, set, gap, r->low - 1);
        gap = r->high + 1;
    }
    if (m->negated)
        add_range(draft, set, gap, BR_UNICODE_MAX);
}

static void add_categories(br_regex_set *set, uint32_t categories)
{
    set->categories |= categories;
    for (uint32_t c = 0; c < 0x80; c++)
        if (categories >> br_unicode_category(c) & 1)
            set->ascii[c >> 6] |= UINT64_C(1) << (c & 63);
}

static void add_member(br_regex_draft *draft, br_regex_set *set, const member *m)
{
    switch (m->kind) {
    case MEMBER_POINT:
        add_range(draft, set, m->value, m->value);
        break;
    case MEMBER_RANGES:
        add_ranges(draft, set, m);
        break;
    case MEMBER_CATEGORIES:
        add_categories(set, m->value);
        break;
    }
}

static member point_member(uint32_t point)
{
    return (member){.kind = MEMBER_POINT, .value = point};
}

static member failed_member(br_regex_draft *draft, const char *why)
{
    br_regex_fail(draft, why);
    return point_member(0);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static member hex_member(br_regex_draft *draft, unsigned count)
{
    uint32_t point = 0;
    for (; count > 0; count--) {
        int value = draft->at < draft->end ? hex_value(*draft->at) : -1;
        if (value < 0)
            return failed_member(draft, "\\x needs two hexadecimal digits, \\u four");
        point = point << 4 | (uint32_t)value;
        draft->at++;
    }
    return point_member(point);
}

static member property_member(br_regex_draft *draft, bool negated)
{
    static const char why[] = "after \\p or \\P only a general category in braces is supported";
    if (!br_regex_accept(draft, '{'))
        return failed_member(draft, why);
    const char *close = memchr(draft->at, '}', (size_t)(draft->end - draft->at));
    if (close == NULL)
        return failed_member(draft, why);
    uint32_t categories = br_unicode_categories((br_slice){draft->at, (size_t)(close - draft->at)});
    if (categories == 0)
        return failed_member(draft, why);
    draft->at = close + 1;
    if (negated)
        categories = ~categories & ((UINT32_C(1) << BR_UNICODE_CATEGORIES) - 1);
    return (member){.kind = MEMBER_CATEGORIES, .value = categories};
}

static member ranges_member(const br_regex_range *ranges, bool negated)
{
    return (member){.kind = MEMBER_RANGES, .ranges = ranges, .negated = negated};
}

static bool is_ascii_punctuation(char c)
{
    return c > ' ' && c < 0x7F && !(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') &&
           !(c >= 'a' && c <= 'z');
}

/* After the backslash. */
static member escape_member(br_regex_draft *draft)
{
    static const char controls[] = "t\tn\nv\vf\fr\r";
    if (draft->at == draft->end)
        return failed_member(draft, "it ends with a backslash");
    char c = *draft->at++;
    switch (c) {
    case 'd':
    case 'D':
        return ranges_member(digits, c == 'D');
    case 'w':
    case 'W':
        return ranges_member(words, c == 'W');
    case 's':
    case 'S':
        return ranges_member(spaces, c == 'S');
    case 'p':
    case 'P':
        return property_member(draft, c == 'P');
    case 'x':
        return hex_member(draft, 2);
    case 'u':
        return hex_member(draft, 4);
    default:
        break;
    }
    for (const char *control = controls; *control != '\0'; control += 2)
        if (c == *control)
            return point_member((unsigned char)control[1]);
    if (!is_ascii_punctuation(c))
        return failed_member(draft, "an escape in it is not supported");
    return point_member((unsigned char)c);
}

static member next_member(br_regex_draft *draft)
{
    uint32_t point;
    if (br_regex_accept(draft, '\\'))
        return escape_member(draft);
    if (draft->at == draft->end)
        return failed_member(draft, "a class is not closed");
    size_t n = br_regex_decode(draft->at, draft->end, &point);
    if (n == 0)
        return failed_member(draft, "it is not UTF-8");
    draft->at += n;
    return point_member(point);
}

/* The next character is a - and there is something after it in the class. */
static bool accept_range(br_regex_draft *draft)
{
    if (draft->end - draft->at < 2 || draft->at[0] != '-' || draft->at[1] == ']')
        return false;
    draft->at++;
    return true;
}

static void class_member(br_regex_draft *draft, br_regex_set *set)
{
    member low = next_member(draft);
    if (low.kind != MEMBER_POINT || !accept_range(draft)) {
        add_member(draft, set, &low);
        return;
    }
    member high = next_member(draft);
    if (high.kind != MEMBER_POINT) {
        add_range(draft, set, '-', '-');
        add_member(draft, set, &low);
        add_member(draft, set, &high);
    } else if (low.value > high.value) {
        br_regex_fail(draft, "a range in a class is backwards");
    } else {
        add_range(draft, set, low.value, high.value);
    }
}

/* After the opening bracket. */
static void class_members(br_regex_draft *draft, br_regex_set *set)
{
    set->negated = br_regex_accept(draft, '^');
    if (draft->at < draft->end && *draft->at == ']')
        br_regex_fail(draft, "a class is empty");
    while (draft->why == NULL && !br_regex_accept(draft, ']'))
        class_member(draft, set);
    if (set->negated) {
        set->ascii[0] = ~set->ascii[0];
        set->ascii[1] = ~set->ascii[1];
    }
}

static bool same_set(const br_regex_draft *draft, const br_regex_set *a, const br_regex_set *b)
{
    return a->ascii[0] == b->ascii[0] && a->ascii[1] == b->ascii[1] &&
           a->categories == b->categories && a->negated == b->negated &&
           a->range_count == b->range_count &&
           memcmp(draft->ranges + a->first_range, draft->ranges + b->first_range,
                  a->range_count * sizeof(draft->ranges[0])) == 0;
}

/* The number of an equal set seen before, or of this one. */
static unsigned keep_set(br_regex_draft *draft, const br_regex_set *set)
{
    for (unsigned i = 0; i < draft->set_count; i++) {
        if (same_set(draft, &draft->sets[i], set)) {
            draft->range_count = set->first_range;
            return i;
        }
    }
    if (draft->set_count == BR_REGEX_SETS_MAX) {
        br_regex_fail(draft, "it has too many different characters and classes");
        return 0;
    }
    draft->sets[draft->set_count] = *set;
    return draft->set_count++;
}

unsigned br_regex_parse_set(br_regex_draft *draft)
{
    br_regex_set set = {.first_range = (uint16_t)draft->range_count};
    if (br_regex_accept(draft, '[')) {
        class_members(draft, &set);
    } else if (br_regex_accept(draft, '.')) {
        member dot = ranges_member(line_ends, true);
        add_member(draft, &set, &dot);
    } else {
        member only = next_member(draft);
        add_member(draft, &set, &only);
    }
    return keep_set(draft, &set);
}
