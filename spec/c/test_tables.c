/*
** What the tables of the API cost: their size, and that they are read-only as they lie in the
** file, shared by all processes, with nothing for the dynamic loader to fill in.
*/
#define _GNU_SOURCE /* dl_iterate_phdr */
#include <link.h>

#include "model/model.h"

#include "check.h"

#define TABLES_BYTES_MAX 250000

typedef struct table {
    const void *at;
    size_t size;
} table;

/* Its versions differ here. */
/* clang-format off */
#define TABLE(field, count) {m->field, (count) * sizeof(*m->field)}
/* clang-format on */
#define TABLES 18

static size_t list_tables(table all[TABLES])
{
    const br_model *m = &br_model_builtin;
    const table tables[TABLES] = {
        TABLE(names, m->names_size),
        TABLE(name_places, m->name_count),
        TABLE(shapes, m->shape_count),
        TABLE(members, m->member_count),
        TABLE(ops, m->op_count),
        TABLE(flat, m->op_count),
        TABLE(services, m->service_count),
        TABLE(limits, m->limit_count),
        TABLE(enums, m->enum_count),
        TABLE(error_lists, m->error_list_count),
        TABLE(wires, m->wire_count),
        TABLE(patterns, m->pattern_count),
        TABLE(fragments, m->fragment_count),
        TABLE(paginators, m->paginator_count),
        TABLE(waiters, m->waiter_count),
        TABLE(acceptors, m->acceptor_count),
        TABLE(partitions, m->partition_count),
        TABLE(regions, m->region_count),
    };
    size_t bytes = 0;
    for (size_t i = 0; i < TABLES; i++) {
        all[i] = tables[i];
        bytes += tables[i].size;
    }
    return bytes;
}

typedef struct search {
    table table;
    bool read_only;
} search;

/*
** Whether all of the table is in a segment that is never writable. What needs relocations the
** linker puts into one that is writable until the loader is done.
*/
static int look_into(struct dl_phdr_info *object, size_t size, void *user)
{
    search *s = user;
    (void)size;
    for (unsigned i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        uintptr_t from = object->dlpi_addr + segment->p_vaddr, at = (uintptr_t)s->table.at;
        if (segment->p_type == PT_LOAD && (segment->p_flags & PF_W) == 0 && at >= from &&
            at + s->table.size <= from + segment->p_filesz)
            s->read_only = true;
    }
    return s->read_only;
}

/* The directory of pointers to them is the only part that has any, and shows that it is seen. */
static void test_no_relocations(void)
{
    table all[TABLES];
    list_tables(all);
    for (size_t i = 0; i < TABLES; i++) {
        search s = {all[i], false};
        dl_iterate_phdr(look_into, &s);
        CHECK(s.read_only);
    }
    search directory = {{&br_model_builtin, sizeof br_model_builtin}, false};
    dl_iterate_phdr(look_into, &directory);
    CHECK(!directory.read_only);
}

static void test_size(void)
{
    table all[TABLES];
    size_t bytes = list_tables(all);
    CHECK(bytes > 100000 && bytes < TABLES_BYTES_MAX);
}

int main(void)
{
    test_no_relocations();
    test_size();
    return check_done();
}
