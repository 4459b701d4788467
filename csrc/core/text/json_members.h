/*
** Some members of a JSON object, as texts; all others are passed over. For answers that hold
** credentials: each text is cleansed when it is freed.
*/
#ifndef BR_CORE_TEXT_JSON_MEMBERS_H
#define BR_CORE_TEXT_JSON_MEMBERS_H

#include "core/text/json.h"

typedef struct br_json_member {
    const char *name; /* of two of a name the later counts */
    size_t max;       /* the longest text; a longer one sets text.failed */
    bool number;      /* it is to be a number, whose text is as it was written; else a string */
    bool found;       /* of that type */
    br_buf text;
} br_json_member;

/*
** within: the way from the text's object to the one that holds them, by members with dots between
** ("a.b"); a list on it stands for its first element. NULL: that object itself. Where there is no
** such object nothing is found. false: the text is no JSON object. To be freed in any case.
*/
bool br_json_members_read(br_slice text, const char *within, br_json_member *members, size_t count);
void br_json_members_free(br_json_member *members, size_t count);

#endif
