/*
** Errors as values.
**
** A br_error is what becomes `err` in Lua: a kind, a code that is never empty, one message. A
** message never holds a secret: who writes one names options and limits, not secret values.
*/
#ifndef BR_CORE_BASE_ERROR_H
#define BR_CORE_BASE_ERROR_H

#include "core/base/slice.h"

#include <stdint.h>

typedef enum br_err_kind {
    BR_OK = 0,
    BR_ERR_CONFIG,
    BR_ERR_VALIDATION,
    BR_ERR_CREDENTIALS,
    BR_ERR_TRANSPORT,
    BR_ERR_TIMEOUT,
    BR_ERR_SERVICE,
    BR_ERR_STREAM,
    BR_ERR_CANCELLED
} br_err_kind;

#define BR_ERROR_CODE_MAX 128
#define BR_ERROR_MESSAGE_MAX 2048
#define BR_ERROR_REQUEST_ID_MAX 128
/* Room for one whole sequence beyond the maximum, so that a cut one is seen as cut. */
#define BR_ERROR_FORMATTED_SIZE (BR_ERROR_MESSAGE_MAX + 4)

typedef struct br_error {
    br_err_kind kind;
    int status; /* HTTP status of the answer that it came with; 0: none */
    char request_id[BR_ERROR_REQUEST_ID_MAX]; /* of that answer; "": none */
    bool told_to_wait;                        /* by that answer: for retry_after_ms */
    int64_t retry_after_ms;
    char code[BR_ERROR_CODE_MAX];
    char message[BR_ERROR_MESSAGE_MAX];
} br_error;

void br_error_clear(br_error *e);
/*
** Longer codes and messages are cut (at a UTF-8 boundary); what an answer said is emptied.
** Always returns false, to be returned.
*/
bool br_error_set(br_error *e, br_err_kind kind, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
const char *br_err_kind_name(br_err_kind kind); /* "config", "validation", … as in Lua */

#endif
