#include "fuzz.h"

#include <stdio.h>

#define INPUT_MAX ((size_t)64 * 1024 * 1024)

static int run(const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data = f != NULL ? malloc(INPUT_MAX) : NULL;
    size_t n = data != NULL ? fread(data, 1, INPUT_MAX, f) : 0;
    uint8_t *exact = data != NULL ? realloc(data, n > 0 ? n : 1) : NULL;
    if (f != NULL)
        fclose(f);
    if (exact == NULL) {
        fprintf(stderr, "%s: cannot be read\n", path);
        free(data);
        return 1;
    }
    LLVMFuzzerTestOneInput(exact, n);
    free(exact);
    return 0;
}

int main(int argc, char **argv)
{
    int failures = 0;
    for (int i = 1; i < argc; i++)
        failures += run(argv[i]);
    printf("%d read, %d not readable\n", argc - 1 - failures, failures);
    return failures > 0;
}
