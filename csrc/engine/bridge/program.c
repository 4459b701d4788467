#define _GNU_SOURCE
#include "engine/bridge/bridge_private.h"

#include <dlfcn.h>

#ifdef __APPLE__
#include <mach-o/dyld.h>

bool br_program_defines(const char *symbol)
{
    Dl_info where;
    const void *address = dlsym(RTLD_DEFAULT, symbol);
    return address != NULL && dladdr(address, &where) != 0 &&
           where.dli_fbase == (const void *)_dyld_get_image_header(0);
}

#else
#include <link.h>

typedef struct program_search {
    uintptr_t address;
    bool found;
} program_search;

/* The main program comes first. */
static int look_into_program(struct dl_phdr_info *program, size_t size, void *user)
{
    program_search *s = user;
    (void)size;
    for (unsigned i = 0; i < program->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &program->dlpi_phdr[i];
        uintptr_t start = program->dlpi_addr + part->p_vaddr;
        if (part->p_type == PT_LOAD && s->address >= start && s->address - start < part->p_memsz)
            s->found = true;
    }
    return 1;
}

bool br_program_defines(const char *symbol)
{
    program_search s = {.address = (uintptr_t)dlsym(RTLD_DEFAULT, symbol)};
    if (s.address != 0)
        dl_iterate_phdr(look_into_program, &s);
    return s.found;
}

#endif
