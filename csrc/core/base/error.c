#include "core/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void copy_cut(char *to, size_t size, const char *from)
{
    size_t n = br_slice_cut(br_slice_of(from), size - 1).n;
    memmove(to, from, n);
    to[n] = '\0';
}

void br_error_clear(br_error *e)
{
    e->kind = BR_OK;
    e->code[0] = '\0';
    e->message[0] = '\0';
}

/* Formats beside the error first: the arguments may be the old code or message. */
bool br_error_set(br_error *e, br_err_kind kind, const char *code, const char *format, ...)
{
    char text[BR_ERROR_FORMATTED_SIZE];
    va_list args;
    va_start(args, format);
    if (vsnprintf(text, sizeof(text), format, args) < 0)
        text[0] = '\0';
    va_end(args);
    e->kind = kind;
    e->status = 0;
    e->request_id[0] = '\0';
    e->told_to_wait = false;
    copy_cut(e->code, sizeof(e->code), code != NULL && *code != '\0' ? code : "Unknown");
    copy_cut(e->message, sizeof(e->message), text);
    return false;
}

const char *br_err_kind_name(br_err_kind kind)
{
    static const char *const names[] = {
        [BR_OK] = "ok",
        [BR_ERR_CONFIG] = "config",
        [BR_ERR_VALIDATION] = "validation",
        [BR_ERR_CREDENTIALS] = "credentials",
        [BR_ERR_TRANSPORT] = "transport",
        [BR_ERR_TIMEOUT] = "timeout",
        [BR_ERR_SERVICE] = "service",
        [BR_ERR_STREAM] = "stream",
        [BR_ERR_CANCELLED] = "cancelled",
    };
    return (size_t)kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "unknown";
}
