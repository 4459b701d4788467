#include "model/model.h"

#include <string.h>

br_slice br_model_name(const br_model *m, unsigned name)
{
    if (name >= m->name_count)
        return (br_slice){NULL, 0};
    uint32_t place = m->name_places[name];
    return (br_slice){m->names + (place >> BR_NAME_LENGTH_BITS), place & BR_NAME_MAX};
}

#define FRAGMENT 0x80
#define ITSELF 0xFF

/* What the front of a packed text stands for, which is taken off. */
static br_slice take_fragment(const br_model *m, br_slice *text)
{
    unsigned byte = (unsigned char)text->p[0];
    size_t escape = byte == ITSELF && text->n > 1 ? 1 : 0;
    br_slice taken = {text->p + escape, 1};
    if (byte >= FRAGMENT && byte - FRAGMENT < m->fragment_count)
        taken = br_model_name(m, m->fragments[byte - FRAGMENT]);
    *text = (br_slice){text->p + 1 + escape, text->n - 1 - escape};
    return taken;
}

br_slice br_model_pattern(const br_model *m, unsigned pattern, char room[BR_PATTERN_MAX])
{
    br_slice text = br_model_name(m, m->patterns[pattern]);
    size_t n = 0;
    if (m->fragment_count == 0)
        return text;
    while (text.n > 0) {
        br_slice part = take_fragment(m, &text);
        if (part.n > BR_PATTERN_MAX - n)
            break;
        memcpy(room + n, part.p, part.n);
        n += part.n;
    }
    return (br_slice){room, n};
}

br_slice br_model_element_name(const br_model *m, const br_shape *s, unsigned which)
{
    size_t shape = (size_t)(s - m->shapes);
    for (uint32_t i = 0; i < m->element_count && m->elements[i][0] <= shape; i++) {
        unsigned name = m->elements[i][1 + which];
        if (m->elements[i][0] == shape && name != BR_NONE)
            return br_model_name(m, name);
    }
    return (br_slice){NULL, 0};
}

br_slice br_model_wire_name(const br_model *m, unsigned member)
{
    size_t low = 0, high = m->wire_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        unsigned found = m->wires[middle][0];
        if (found == member)
            return br_model_name(m, m->wires[middle][1]);
        if (found < member)
            low = middle + 1;
        else
            high = middle;
    }
    return br_model_name(m, m->members[member].name);
}

static int compare(const br_model *m, unsigned name, br_slice wanted)
{
    br_slice have = br_model_name(m, name);
    int order = memcmp(have.p, wanted.p, have.n < wanted.n ? have.n : wanted.n);
    if (order != 0)
        return order;
    return (have.n > wanted.n) - (have.n < wanted.n);
}

static inline bool is_named(const br_model *m, unsigned member, br_slice name)
{
    br_slice have = br_member_name(m, &m->members[member]);
    return have.n == name.n && memcmp(have.p, name.p, name.n) == 0;
}

/* Few members: a scan that compares lengths first needs hardly a look at any text. */
static int member_by_scan(const br_model *m, const br_shape *structure, br_slice name)
{
    for (int i = structure->a; i < structure->a + structure->b; i++) {
        if (is_named(m, (unsigned)i, name))
            return i;
    }
    return -1;
}

#define SCAN_MAX 16

int br_model_member(const br_model *m, const br_shape *structure, br_slice name)
{
    if (structure->b <= SCAN_MAX)
        return member_by_scan(m, structure, name);
    int low = 0, high = structure->b;
    while (low < high) {
        int middle = (low + high) / 2;
        int order = compare(m, m->members[structure->a + middle].name, name);
        if (order == 0)
            return structure->a + middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

int br_model_body_member(const br_model *m, const br_shape *structure, br_slice key)
{
    int member = br_model_member(m, structure, key);
    if (member >= 0 && !br_member_is_renamed(&m->members[member]))
        return member;
    for (unsigned i = 0; i < structure->b; i++) {
        unsigned renamed = structure->a + i;
        if (br_member_is_renamed(&m->members[renamed]) &&
            br_slice_eq(br_model_wire_name(m, renamed), key))
            return (int)renamed;
    }
    return -1;
}

int br_model_service(const br_model *m, br_slice id_or_namespace)
{
    for (unsigned i = 0; i < m->service_count; i++) {
        const br_service *s = &m->services[i];
        if (compare(m, s->id, id_or_namespace) == 0 || compare(m, s->space, id_or_namespace) == 0)
            return (int)i;
    }
    return -1;
}

int br_model_op(const br_model *m, unsigned service, br_slice snake)
{
    if (service >= m->service_count)
        return -1;
    int low = m->services[service].first_op, high = low + m->services[service].op_count;
    while (low < high) {
        int middle = (low + high) / 2;
        int order = compare(m, m->ops[middle].snake, snake);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

int br_model_op_by_name(const br_model *m, unsigned service, br_slice upper_camel)
{
    if (service >= m->service_count)
        return -1;
    int first = m->services[service].first_op;
    for (int i = first; i < first + m->services[service].op_count; i++) {
        if (compare(m, m->ops[i].name, upper_camel) == 0)
            return i;
    }
    return -1;
}

/* The first place in `flat` whose operation's name is not below `snake`. */
static size_t flat_lower_bound(const br_model *m, br_slice snake)
{
    size_t low = 0, high = m->op_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(m, m->ops[m->flat[middle]].snake, snake) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

unsigned br_model_flat(const br_model *m, br_slice snake, uint16_t ops[BR_FLAT_MAX])
{
    unsigned count = 0;
    for (size_t i = flat_lower_bound(m, snake); i < m->op_count; i++) {
        if (compare(m, m->ops[m->flat[i]].snake, snake) != 0)
            break;
        if (m->ops[m->flat[i]].flags & BR_OP_FLAT) {
            ops[0] = m->flat[i];
            return 1;
        }
        if (count < BR_FLAT_MAX)
            ops[count] = m->flat[i];
        count++;
    }
    return count;
}

static bool is_error_named(const br_model *m, unsigned shape, br_slice name)
{
    const br_shape *s = &m->shapes[shape];
    return (s->flags & BR_SHAPE_ERROR) != 0 && s->c != BR_NONE && compare(m, s->c, name) == 0;
}

int br_model_error_shape(const br_model *m, unsigned op, br_slice name)
{
    if (op < m->op_count && m->ops[op].errors != BR_NONE) {
        const uint16_t *list = m->error_lists + m->ops[op].errors;
        for (unsigned i = 1; i <= list[0]; i++) {
            if (is_error_named(m, list[i], name))
                return list[i];
        }
    }
    for (unsigned i = 0; i < m->shape_count; i++) {
        if (is_error_named(m, i, name))
            return (int)i;
    }
    return -1;
}

const br_paginator *br_model_paginator(const br_model *m, unsigned op)
{
    size_t low = 0, high = m->paginator_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const br_paginator *p = &m->paginators[middle];
        if (p->op == op)
            return p;
        if (p->op < op)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
