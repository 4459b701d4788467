#include "core/x509/internal.h"

#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#define DATA_SHOWN 200

static bool contains(const char *text, br_slice part)
{
    for (; part.n > 0 && *text != '\0'; text++)
        if (strncmp(text, part.p, part.n) == 0)
            return true;
    return false;
}

/* A provider's words; not those that may hold the password. */
static void note_reason(char out[BR_REASON_MAX], unsigned long code, const char *data,
                        br_slice password)
{
    const char *reason = ERR_GET_LIB(code) == ERR_LIB_SYS ? strerror(ERR_GET_REASON(code))
                                                          : ERR_reason_error_string(code);
    bool told = data != NULL && data[0] != '\0' && !contains(data, password) &&
                !contains(data, BR_SLICE("pin-"));
    snprintf(out, BR_REASON_MAX, "%s%s%.*s", reason != NULL ? reason : "no reason is known",
             told ? ": " : "", told ? DATA_SHOWN : 0, told ? data : "");
    for (char *c = out; *c != '\0'; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
}

/*
** How much it says; 0: nothing, as that a URI is no path, which is tried first, or that a form of
** many is not the one.
*/
static int rank_of(unsigned long code, const char *data)
{
    int lib = ERR_GET_LIB(code);
    if (lib >= ERR_LIB_USER)
        return 4;
    if (lib == ERR_LIB_PROV)
        return 3;
    if (lib == ERR_LIB_SYS)
        return data != NULL && strstr(data, "stat(/") != NULL ? 2 : 0;
    return lib == ERR_LIB_OSSL_STORE || lib == ERR_LIB_OSSL_DECODER ? 0 : 1;
}

void br_openssl_reason(char out[BR_REASON_MAX], bool clean, br_slice password)
{
    const char *data = NULL;
    int flags = 0, best = 0;
    unsigned long code = ERR_peek_last_error_all(NULL, NULL, NULL, &data, &flags);
    out[0] = '\0';
    while (code != 0 &&
           (!clean || (code = ERR_get_error_all(NULL, NULL, NULL, &data, &flags)) != 0)) {
        const char *text = (flags & ERR_TXT_STRING) != 0 ? data : NULL;
        if (rank_of(code, text) > best) {
            best = rank_of(code, text);
            note_reason(out, code, text, password);
        }
        if (!clean)
            break;
    }
}
