#include "model/check.h"

#include <math.h>
#include <string.h>

typedef struct checker {
    const br_model *m;
    br_model_fault fault;
} checker;

static bool fail(checker *c, const char *why)
{
    c->fault.why = why;
    return false;
}

/* Where a fault will be that is found next. */
static void look_at(checker *c, const char *table, uint32_t index)
{
    c->fault.table = table;
    c->fault.index = index;
}

static bool is_name(const br_model *m, unsigned name)
{
    return name < m->name_count;
}

static bool is_name_or_none(const br_model *m, unsigned name)
{
    return name == BR_NONE || is_name(m, name);
}

static bool is_structure(const br_shape *s)
{
    return s->kind == BR_SHAPE_STRUCTURE || s->kind == BR_SHAPE_UNION;
}

static bool is_collection(const br_shape *s)
{
    return s->kind == BR_SHAPE_LIST || s->kind == BR_SHAPE_MAP;
}

static bool is_scalar(const br_shape *s)
{
    return !is_structure(s) && !is_collection(s) && s->kind != BR_SHAPE_DOCUMENT;
}

/* As br_model's searches compare. */
static int order(const br_model *m, unsigned a, unsigned b)
{
    br_slice x = br_model_name(m, a), y = br_model_name(m, b);
    int first = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);
    return first != 0 ? first : (x.n > y.n) - (x.n < y.n);
}

static bool check_counts(checker *c)
{
    const br_model *m = c->m;
    const uint32_t counts[] = {
        m->name_count,    m->shape_count,  m->member_count,     m->op_count,
        m->limit_count,   m->enum_count,   m->error_list_count, m->wire_count,
        m->pattern_count, m->waiter_count, m->paginator_count,  m->acceptor_count,
        m->element_count,
    };
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        if (counts[i] > BR_NONE)
            return fail(c, "a table has more than 65535 entries");
    }
    return m->service_count <= 256 || fail(c, "there are more than 256 services");
}

static bool check_names(checker *c)
{
    const br_model *m = c->m;
    for (uint32_t i = 0; i < m->name_count; i++) {
        br_slice name = br_model_name(m, i);
        if ((size_t)(name.p - m->names) + name.n > m->names_size)
            return fail(c, "a name is out of range");
    }
    return true;
}

static bool check_limits(checker *c)
{
    for (uint32_t i = 0; i < c->m->limit_count; i++) {
        if (isnan(c->m->limits[i].min) || isnan(c->m->limits[i].max))
            return fail(c, "a limit is not a number");
    }
    return true;
}

/* A list of {count, entries...}, each entry below `end`. */
static bool is_list(const uint16_t *lists, uint32_t size, unsigned at, uint32_t end)
{
    if (at == BR_NONE)
        return true;
    if (at >= size || lists[at] >= size - at)
        return false;
    for (unsigned i = 1; i <= lists[at]; i++) {
        if (lists[at + i] >= end)
            return false;
    }
    return true;
}

static bool check_members(checker *c, const br_shape *s)
{
    const br_model *m = c->m;
    if (s->b > BR_MEMBERS_MAX || (uint32_t)s->a + s->b > m->member_count)
        return fail(c, "a structure's members are out of range");
    for (unsigned i = s->a + 1u; i < (unsigned)s->a + s->b; i++) {
        if (order(m, m->members[i - 1].name, m->members[i].name) >= 0)
            return fail(c, "a structure's members are not sorted");
    }
    for (unsigned i = 0; i < s->b; i++) {
        const br_member *of = m->members + s->a;
        if (of[i].rank >= s->b || of[of[i].rank].at != i)
            return fail(c, "the order of a structure's members is invalid");
    }
    if (!is_name_or_none(m, s->c) || ((s->flags & BR_SHAPE_ERROR) && s->c == BR_NONE))
        return fail(c, "an error has no name");
    return true;
}

static bool has_limits(checker *c, unsigned limits)
{
    return limits == BR_NONE || limits < c->m->limit_count || fail(c, "a limit is out of range");
}

static bool check_string(checker *c, const br_shape *s)
{
    const br_model *m = c->m;
    if (!is_list(m->enums, m->enum_count, s->b, m->name_count))
        return fail(c, "an enumeration is out of range");
    if (s->c != BR_NONE && s->c >= m->pattern_count)
        return fail(c, "a pattern is out of range");
    return has_limits(c, s->a);
}

/* Encoders and describe follow these by recursion, so there must be an end. */
static bool check_nesting(checker *c, const br_shape *s)
{
    for (int depth = 0; is_collection(s); depth++) {
        unsigned inner = s->kind == BR_SHAPE_LIST ? s->a : s->b;
        if (depth == BR_SHAPE_NEST_MAX)
            return fail(c, "lists and maps are nested too deeply");
        if (inner >= c->m->shape_count)
            return fail(c, "an element's shape is out of range");
        s = &c->m->shapes[inner];
    }
    return true;
}

static bool check_collection(checker *c, const br_shape *s)
{
    if (s->kind == BR_SHAPE_MAP &&
        (s->a >= c->m->shape_count || c->m->shapes[s->a].kind != BR_SHAPE_STRING))
        return fail(c, "a map's key is not a string");
    return has_limits(c, s->kind == BR_SHAPE_LIST ? s->b : s->c) && check_nesting(c, s);
}

static bool check_shape(checker *c, const br_shape *s)
{
    if ((s->flags & BR_SHAPE_FLATTENED) && !is_collection(s))
        return fail(c, "a shape that is flattened is neither a list nor a map");
    if ((s->flags & (BR_SHAPE_ERROR | BR_SHAPE_EVENTSTREAM)) && !is_structure(s))
        return fail(c, "an error or a stream of events is not a structure");
    switch ((br_shape_kind)s->kind) {
    case BR_SHAPE_STRUCTURE:
    case BR_SHAPE_UNION:
        return check_members(c, s);
    case BR_SHAPE_LIST:
    case BR_SHAPE_MAP:
        return check_collection(c, s);
    case BR_SHAPE_STRING:
        return check_string(c, s);
    case BR_SHAPE_TIMESTAMP:
        return s->a <= BR_TIME_HTTP || fail(c, "a timestamp's format is unknown");
    case BR_SHAPE_BLOB:
    case BR_SHAPE_INTEGER:
    case BR_SHAPE_LONG:
    case BR_SHAPE_FLOAT:
    case BR_SHAPE_DOUBLE:
        return has_limits(c, s->a);
    case BR_SHAPE_BOOLEAN:
    case BR_SHAPE_DOCUMENT:
        return true;
    }
    return fail(c, "a shape's kind is unknown");
}

/* What goes outside the body is text. */
static bool fits_location(const br_model *m, const br_member *member)
{
    const br_shape *s = &m->shapes[member->shape];
    unsigned location = member->bits & BR_MEMBER_LOC_MASK;
    if (location == BR_MEMBER_BODY || is_scalar(s))
        return true;
    return location != BR_MEMBER_URI && location != BR_MEMBER_ATTRIBUTE &&
           s->kind == BR_SHAPE_LIST && is_scalar(&m->shapes[s->a]);
}

static bool check_locations(checker *c, const br_shape *s)
{
    for (unsigned i = 0; is_structure(s) && i < s->b; i++) {
        if (!fits_location(c->m, &c->m->members[s->a + i]))
            return fail(c, "a member outside the body is not a scalar");
    }
    return true;
}

static bool check_member_records(checker *c)
{
    const br_model *m = c->m;
    for (uint32_t i = 0; i < m->member_count; i++) {
        const br_member *member = &m->members[i];
        if (!is_name(m, member->name) || member->shape >= m->shape_count ||
            (member->bits & BR_MEMBER_LOC_MASK) > BR_MEMBER_ATTRIBUTE)
            return fail(c, "a member is out of range");
    }
    return true;
}

static bool check_elements(checker *c)
{
    const br_model *m = c->m;
    for (uint32_t i = 0; i < m->element_count; i++) {
        const uint16_t *names = m->elements[i];
        if (names[0] >= m->shape_count || !is_collection(&m->shapes[names[0]]) ||
            !is_name_or_none(m, names[1]) || !is_name_or_none(m, names[2]) ||
            (i > 0 && m->elements[i - 1][0] >= names[0]))
            return fail(c, "the names of elements are out of range");
    }
    return true;
}

typedef bool shape_check(checker *c, const br_shape *s);

static bool check_each_shape(checker *c, shape_check *check)
{
    for (uint32_t i = 0; i < c->m->shape_count; i++) {
        look_at(c, "shapes", i);
        if (!check(c, &c->m->shapes[i]))
            return false;
    }
    look_at(c, NULL, 0);
    return true;
}

static bool check_shapes(checker *c)
{
    const br_model *m = c->m;
    if (!check_member_records(c) || !check_each_shape(c, check_shape) ||
        !check_each_shape(c, check_locations))
        return false;
    for (uint32_t i = 0; i < m->wire_count; i++) {
        if (!is_name(m, m->wires[i][1]) || (i > 0 && m->wires[i - 1][0] >= m->wires[i][0]))
            return fail(c, "the names on the wire are not sorted");
    }
    for (uint32_t i = 0; i < m->pattern_count; i++) {
        if (!is_name(m, m->patterns[i]))
            return fail(c, "a pattern is out of range");
    }
    for (uint32_t i = 0; i < m->fragment_count; i++) {
        if (i >= BR_FRAGMENTS_MAX || !is_name(m, m->fragments[i]))
            return fail(c, "a fragment is out of range");
    }
    return check_elements(c);
}

static bool is_side(const br_model *m, unsigned shape)
{
    return shape == BR_NONE ||
           (shape < m->shape_count && m->shapes[shape].kind == BR_SHAPE_STRUCTURE);
}

static bool check_stream(checker *c, const br_op *op)
{
    const br_model *m = c->m;
    if (op->stream == BR_NONE)
        return !(op->flags & BR_OP_EVENT_OUT) || fail(c, "a stream has no member");
    int member = -1;
    if (is_name(m, op->stream) && op->out != BR_NONE)
        member = br_model_member(m, &m->shapes[op->out], br_model_name(m, op->stream));
    return (member >= 0 && (m->shapes[m->members[member].shape].flags & BR_SHAPE_EVENTSTREAM)) ||
           fail(c, "a stream has no member");
}

static bool check_errors(checker *c, const br_op *op)
{
    const br_model *m = c->m;
    if (!is_list(m->error_lists, m->error_list_count, op->errors, m->shape_count))
        return fail(c, "the errors of an operation are out of range");
    for (unsigned i = 1; op->errors != BR_NONE && i <= m->error_lists[op->errors]; i++) {
        if (!(m->shapes[m->error_lists[op->errors + i]].flags & BR_SHAPE_ERROR))
            return fail(c, "an error of an operation is not an error");
    }
    return true;
}

static bool check_op(checker *c, const br_op *op)
{
    const br_model *m = c->m;
    if (!is_name(m, op->name) || !is_name(m, op->snake) || !is_name(m, op->uri) ||
        op->service >= m->service_count || op->method > BR_HEAD_METHOD || op->code > 99)
        return fail(c, "an operation is out of range");
    br_slice uri = br_model_name(m, op->uri);
    if (uri.n == 0 || uri.p[0] != '/')
        return fail(c, "the path of an operation does not begin with /");
    if (!is_side(m, op->in) || !is_side(m, op->out))
        return fail(c, "the input or output of an operation is not a structure");
    return check_stream(c, op) && check_errors(c, op);
}

static bool check_ops(checker *c)
{
    const br_model *m = c->m;
    for (uint32_t i = 0; i < m->op_count; i++) {
        look_at(c, "ops", i);
        if (!check_op(c, &m->ops[i]))
            return false;
    }
    look_at(c, NULL, 0);
    for (uint32_t i = 0; i < m->op_count; i++) {
        if (m->flat[i] >= m->op_count)
            return fail(c, "a flat name is out of range");
    }
    for (uint32_t i = 1; i < m->op_count; i++) {
        if (order(m, m->ops[m->flat[i - 1]].snake, m->ops[m->flat[i]].snake) > 0)
            return fail(c, "the flat names are not sorted");
    }
    return true;
}

static bool check_service_ops(checker *c, unsigned service)
{
    const br_model *m = c->m;
    unsigned first = m->services[service].first_op, count = m->services[service].op_count;
    if (count > 0 && first + count > m->op_count)
        return fail(c, "the operations of a service are out of range");
    for (unsigned i = first; i < first + count; i++) {
        if (m->ops[i].service != service)
            return fail(c, "an operation is among those of another service");
        if (i > first && order(m, m->ops[i - 1].snake, m->ops[i].snake) >= 0)
            return fail(c, "the operations of a service are not sorted");
    }
    return true;
}

static bool check_services(checker *c)
{
    const br_model *m = c->m;
    for (uint32_t i = 0; i < m->service_count; i++) {
        const br_service *s = &m->services[i];
        if (!is_name(m, s->id) || !is_name(m, s->space) || !is_name(m, s->prefix) ||
            !is_name(m, s->signing) || !is_name(m, s->api_version) ||
            !is_name_or_none(m, s->target) || !is_name_or_none(m, s->domain) ||
            s->protocol > BR_QUERY_XML)
            return fail(c, "a service is out of range");
        if (s->protocol == BR_JSON_11 && s->target == BR_NONE)
            return fail(c, "a service has no target prefix");
        if (!check_service_ops(c, i))
            return false;
    }
    return true;
}

static bool check_paginators(checker *c)
{
    const br_model *m = c->m;
    for (uint32_t i = 0; i < m->paginator_count; i++) {
        const br_paginator *p = &m->paginators[i];
        if (p->op >= m->op_count || !is_name(m, p->in) || !is_name(m, p->out) ||
            !is_name(m, p->result) || !is_name_or_none(m, p->limit) ||
            !is_name_or_none(m, p->more) || (i > 0 && m->paginators[i - 1].op >= p->op))
            return fail(c, "a paginator is out of range");
    }
    return true;
}

static bool check_waiters(checker *c)
{
    const br_model *m = c->m;
    for (uint32_t i = 0; i < m->waiter_count; i++) {
        const br_waiter *w = &m->waiters[i];
        if (!is_name(m, w->name) || w->op >= m->op_count ||
            (uint32_t)w->first + w->count > m->acceptor_count)
            return fail(c, "a waiter is out of range");
    }
    for (uint32_t i = 0; i < m->acceptor_count; i++) {
        const br_acceptor *a = &m->acceptors[i];
        if (!is_name_or_none(m, a->path) || !is_name(m, a->expected) || a->state > BR_WAIT_RETRY)
            return fail(c, "an acceptor is out of range");
    }
    return true;
}

bool br_model_check(const br_model *m, br_model_fault *fault)
{
    checker c = {.m = m};
    bool ok = (m->format_version == BR_MODEL_FORMAT ||
               fail(&c, "its format is not the one of this version")) &&
              check_counts(&c) && check_names(&c) && check_limits(&c) && check_shapes(&c) &&
              check_ops(&c) && check_services(&c) && check_paginators(&c) && check_waiters(&c);
    *fault = c.fault;
    return ok;
}
