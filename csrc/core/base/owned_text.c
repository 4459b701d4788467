#include "core/base/owned_text.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

char *br_text_copy(br_slice text)
{
    char *copy = malloc(text.n + 1);
    if (copy == NULL)
        return NULL;
    if (text.n > 0)
        memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    return copy;
}

void br_text_free(char *text)
{
    if (text != NULL)
        OPENSSL_cleanse(text, strlen(text));
    free(text);
}
