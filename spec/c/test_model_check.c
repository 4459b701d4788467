#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/check.h"

/* A model whose arrays are the test's own, each exactly as long as it says, so that reading past
** an end is seen by sanitizers and valgrind. */
typedef struct copy {
    br_model m;
    br_shape *shapes;
    br_member *members;
    br_op *ops;
    uint16_t *flat, *enums, *error_lists, *patterns, *fragments;
    uint32_t *name_places;
    uint16_t (*wires)[2];
    br_service *services;
    br_limits *limits;
    br_paginator *paginators;
    br_waiter *waiters;
    br_acceptor *acceptors;
} copy;

static void *copied(const void *from, size_t n)
{
    void *to = malloc(n > 0 ? n : 1);
    if (to == NULL)
        abort();
    memcpy(to, from, n);
    return to;
}

#define COPY(field, count) c->m.field = c->field = copied(b->field, b->count * sizeof *b->field)

static void copy_model(copy *c)
{
    const br_model *b = &br_model_builtin;
    c->m = *b;
    COPY(shapes, shape_count);
    COPY(members, member_count);
    COPY(ops, op_count);
    COPY(flat, op_count);
    COPY(enums, enum_count);
    COPY(error_lists, error_list_count);
    COPY(patterns, pattern_count);
    COPY(fragments, fragment_count);
    COPY(name_places, name_count);
    COPY(services, service_count);
    COPY(limits, limit_count);
    COPY(paginators, paginator_count);
    COPY(waiters, waiter_count);
    COPY(acceptors, acceptor_count);
    c->wires = copied(b->wires, b->wire_count * sizeof *b->wires);
    c->m.wires = (const uint16_t(*)[2])c->wires;
}

static void free_copy(copy *c)
{
    free(c->shapes);
    free(c->members);
    free(c->ops);
    free(c->flat);
    free(c->enums);
    free(c->error_lists);
    free(c->patterns);
    free(c->fragments);
    free(c->name_places);
    free(c->wires);
    free(c->services);
    free(c->limits);
    free(c->paginators);
    free(c->waiters);
    free(c->acceptors);
}

static const char *refused(const copy *c)
{
    br_model_fault fault;
    return br_model_check(&c->m, &fault) ? "accepted" : fault.why;
}

/* One value is changed, the model must be refused for that reason, and the value is put back. */
#define REFUSED(place, value, reason)                                                              \
    do {                                                                                           \
        __typeof__(place) kept = (place);                                                          \
        (place) = (__typeof__(place))(value);                                                      \
        CHECK_STR(refused(&c), reason);                                                            \
        (place) = kept;                                                                            \
    } while (0)

static unsigned shape_of_kind(const copy *c, int kind, unsigned least)
{
    for (unsigned i = 0; i < c->m.shape_count; i++) {
        bool structure = kind <= BR_SHAPE_UNION;
        if (c->shapes[i].kind == kind && (!structure || c->shapes[i].b >= least))
            return i;
    }
    abort();
}

static void the_built_in_model_is_sound(void)
{
    br_model_fault fault;
    CHECK(br_model_check(&br_model_builtin, &fault));
    CHECK(fault.why == NULL);
}

static void bad_shapes(void)
{
    copy c;
    copy_model(&c);
    br_shape *structure = &c.shapes[shape_of_kind(&c, BR_SHAPE_STRUCTURE, 2)];
    br_shape *list = &c.shapes[shape_of_kind(&c, BR_SHAPE_LIST, 0)];
    br_shape *map = &c.shapes[shape_of_kind(&c, BR_SHAPE_MAP, 0)];
    br_shape *string = &c.shapes[shape_of_kind(&c, BR_SHAPE_STRING, 0)];
    br_shape *integer = &c.shapes[shape_of_kind(&c, BR_SHAPE_INTEGER, 0)];
    br_shape *timestamp = &c.shapes[shape_of_kind(&c, BR_SHAPE_TIMESTAMP, 0)];
    REFUSED(structure->kind, 13, "a shape's kind is unknown");
    REFUSED(structure->a, c.m.member_count, "a structure's members are out of range");
    REFUSED(structure->b, BR_MEMBERS_MAX + 1, "a structure's members are out of range");
    REFUSED(structure->c, c.m.name_count, "an error has no name");
    REFUSED(c.members[structure->a].name, c.members[structure->a + 1].name,
            "a structure's members are not sorted");
    REFUSED(c.members[structure->a].rank, structure->b,
            "the order of a structure's members is invalid");
    REFUSED(c.members[structure->a].at, c.members[structure->a].at ^ 1,
            "the order of a structure's members is invalid");
    REFUSED(c.members[structure->a].name, c.m.name_count, "a member is out of range");
    REFUSED(c.members[structure->a].shape, c.m.shape_count, "a member is out of range");
    REFUSED(c.members[structure->a].bits, 7, "a member is out of range");
    REFUSED(list->a, c.m.shape_count, "an element's shape is out of range");
    REFUSED(list->a, list - c.shapes, "lists and maps are nested too deeply");
    REFUSED(list->b, c.m.limit_count, "a limit is out of range");
    REFUSED(list->flags, BR_SHAPE_EVENTSTREAM, "an error or a stream of events is not a structure");
    REFUSED(map->a, map - c.shapes, "a map's key is not a string");
    REFUSED(map->b, map - c.shapes, "lists and maps are nested too deeply");
    REFUSED(string->a, c.m.limit_count, "a limit is out of range");
    REFUSED(string->b, c.m.enum_count, "an enumeration is out of range");
    REFUSED(string->c, c.m.pattern_count, "a pattern is out of range");
    REFUSED(integer->a, c.m.limit_count, "a limit is out of range");
    REFUSED(timestamp->a, 3, "a timestamp's format is unknown");
    REFUSED(c.limits[0].max, NAN, "a limit is not a number");
    REFUSED(c.enums[0], UINT16_MAX, "an enumeration is out of range");
    REFUSED(c.wires[1][0], c.wires[0][0], "the names on the wire are not sorted");
    REFUSED(string->flags, BR_SHAPE_FLATTENED,
            "a shape that is flattened is neither a list nor a map");
    uint16_t elements[][3] = {{(uint16_t)(list - c.shapes), BR_NONE, BR_NONE}};
    c.m.elements = (const uint16_t(*)[3])elements;
    c.m.element_count = 1;
    CHECK_STR(refused(&c), "accepted");
    REFUSED(elements[0][0], string - c.shapes, "the names of elements are out of range");
    REFUSED(elements[0][0], c.m.shape_count, "the names of elements are out of range");
    REFUSED(elements[0][1], c.m.name_count, "the names of elements are out of range");
    c.m.element_count = 0;
    REFUSED(c.patterns[0], c.m.name_count, "a pattern is out of range");
    REFUSED(c.fragments[0], c.m.name_count, "a fragment is out of range");
    REFUSED(c.m.fragment_count, BR_FRAGMENTS_MAX + 1, "a fragment is out of range");
    REFUSED(c.name_places[0], c.m.names_size << BR_NAME_LENGTH_BITS | 1, "a name is out of range");
    CHECK_STR(refused(&c), "accepted");
    free_copy(&c);
}

static void bad_operations(void)
{
    copy c;
    copy_model(&c);
    int stream = br_model_service(&c.m, BR_SLICE("runtime"));
    stream = br_model_op(&c.m, (unsigned)stream, BR_SLICE("converse_stream"));
    br_op *op = &c.ops[stream];
    unsigned scalar = shape_of_kind(&c, BR_SHAPE_STRING, 0);
    REFUSED(op->name, c.m.name_count, "an operation is out of range");
    REFUSED(op->service, c.m.service_count, "an operation is out of range");
    REFUSED(op->service, op->service + 1, "an operation is among those of another service");
    REFUSED(op->method, BR_HEAD_METHOD + 1, "an operation is out of range");
    REFUSED(op->uri, op->name, "the path of an operation does not begin with /");
    REFUSED(op->in, scalar, "the input or output of an operation is not a structure");
    REFUSED(op->out, c.m.shape_count, "the input or output of an operation is not a structure");
    REFUSED(op->stream, BR_NONE, "a stream has no member");
    REFUSED(op->stream, op->name, "a stream has no member");
    REFUSED(op->errors, c.m.error_list_count, "the errors of an operation are out of range");
    REFUSED(c.error_lists[op->errors], UINT16_MAX, "the errors of an operation are out of range");
    REFUSED(c.error_lists[op->errors + 1], scalar, "an error of an operation is not an error");
    REFUSED(c.flat[0], c.m.op_count, "a flat name is out of range");
    REFUSED(c.flat[0], c.flat[c.m.op_count - 1], "the flat names are not sorted");
    REFUSED(c.ops[1].snake, c.ops[0].snake, "the flat names are not sorted");
    REFUSED(c.services[0].id, c.m.name_count, "a service is out of range");
    REFUSED(c.services[0].protocol, 3, "a service is out of range");
    REFUSED(c.services[0].protocol, BR_JSON_11, "a service has no target prefix");
    REFUSED(c.services[0].op_count, UINT16_MAX, "the operations of a service are out of range");
    REFUSED(c.paginators[1].op, c.paginators[0].op, "a paginator is out of range");
    REFUSED(c.paginators[0].result, BR_NONE, "a paginator is out of range");
    REFUSED(c.waiters[0].op, c.m.op_count, "a waiter is out of range");
    REFUSED(c.waiters[5].count, 30, "a waiter is out of range");
    REFUSED(c.acceptors[0].state, 3, "an acceptor is out of range");
    REFUSED(c.acceptors[0].expected, BR_NONE, "an acceptor is out of range");
    REFUSED(c.m.format_version, 1, "its format is not the one of this version");
    REFUSED(c.m.shape_count, 65536, "a table has more than 65535 entries");
    CHECK_STR(refused(&c), "accepted");
    free_copy(&c);
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Random damage is refused or harmless; sanitizers see what is not. */
static void damaged_models_do_no_harm(void)
{
    uint32_t random = 1;
    unsigned accepted = 0;
    for (int round = 0; round < 300; round++) {
        copy c;
        copy_model(&c);
        struct {
            void *at;
            size_t n;
        } parts[] = {
            {c.shapes, c.m.shape_count * sizeof *c.shapes},
            {c.members, c.m.member_count * sizeof *c.members},
            {c.ops, c.m.op_count * sizeof *c.ops},
            {c.enums, c.m.enum_count * sizeof *c.enums},
            {c.error_lists, c.m.error_list_count * sizeof *c.error_lists},
            {c.services, c.m.service_count * sizeof *c.services},
            {c.paginators, c.m.paginator_count * sizeof *c.paginators},
            {c.waiters, c.m.waiter_count * sizeof *c.waiters},
        };
        size_t part = next_random(&random) % (sizeof parts / sizeof parts[0]);
        size_t at = next_random(&random) % parts[part].n;
        ((uint8_t *)parts[part].at)[at] = (uint8_t)next_random(&random);
        br_model_fault fault;
        bool ok = br_model_check(&c.m, &fault);
        accepted += ok;
        CHECK(ok == (fault.why == NULL));
        free_copy(&c);
    }
    CHECK(accepted > 10 && accepted < 290);
}

int main(void)
{
    the_built_in_model_is_sound();
    bad_shapes();
    bad_operations();
    damaged_models_do_no_harm();
    return check_done();
}
