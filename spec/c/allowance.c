#include "allowance.h"

#include <stdlib.h>

#include "check.h"

void *allowance_allocate(void *state, void *block, size_t old, size_t size)
{
    allowance *a = state;
    (void)old;
    if (size == 0) {
        free(block);
        return NULL;
    }
    if (a->left == 0)
        return NULL;
    if (a->left > 0)
        a->left--;
    return realloc(block, size);
}

void allowance_try_all(long (*run)(long limit, int *status), int out_of_memory)
{
    int status;
    long total = ALLOWANCE_PLENTY - run(ALLOWANCE_PLENTY, &status);
    CHECK_INT(status, 0);
    CHECK(total > 100);
    for (long i = 0; i < total; i++) {
        run(i, &status);
        CHECK(status == 0 || status == out_of_memory);
    }
}
