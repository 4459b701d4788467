/*
** Private to the reader of JSON: what its files share.
*/
#ifndef BR_CORE_TEXT_JSON_READER_H
#define BR_CORE_TEXT_JSON_READER_H

#include "core/base/ascii.h"
#include "core/text/json.h"

/*
** After an error the text ends where it was found: whatever is read next fails as at the end of
** the text, and the offset stays. Always false.
*/
bool br_json_fail(br_json_reader *r, const char *error);
/* The same, where there may be no byte that is wrong: the text ends. */
bool br_json_fail_at(br_json_reader *r, const char *error);

/* Skips white space, of which services send none; false at the end of the text. */
static inline bool br_json_at_token(br_json_reader *r)
{
    const char *p = r->p, *end = r->end;
    if (p < end && p[0] > ' ')
        return true;
    while (p < end && br_is_space(*p))
        p++;
    r->p = p;
    return p < end;
}

#endif
