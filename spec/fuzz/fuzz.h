/*
** A fuzz target reads bytes from outside with the code under test and aborts when something that
** must always hold does not. Built with clang's -fsanitize=fuzzer, or with standalone.c, which
** runs the target on the files it is given.
*/
#ifndef BR_SPEC_FUZZ_H
#define BR_SPEC_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

#endif
