/*
** What the files of settings share: settings.c (the options, and what holds them), settings_set.c (one
** option, as it was given), settings_check.c (all together, regions, endpoints, timeouts), settings_auth.c
** (which way to credentials, and its options), settings_roles_anywhere.c.
*/
#ifndef BR_CORE_AWS_SETTINGS_PRIVATE_H
#define BR_CORE_AWS_SETTINGS_PRIVATE_H

#include "core/aws/settings.h"

typedef enum br_option_type {
    BR_TYPE_TEXT,
    BR_TYPE_NUMBER,
    BR_TYPE_FLAG,
    BR_TYPE_ENDPOINT,
    BR_TYPE_PROXY,
    BR_TYPE_CACHE,
    BR_TYPE_HEADERS,
    BR_TYPE_PARTS,
    BR_TYPE_ROLES,
    BR_TYPE_FUNCTION
} br_option_type;

br_option_type br_option_type_of(br_option o);
const char *br_option_wants(br_option o); /* its type in words: "a string" */

/* What is checked, the facts, and where problems go. */
typedef struct br_checker {
    br_settings *s;
    const br_model *model;
    br_problems *p;
} br_checker;

static inline br_slice br_check_name(br_option o)
{
    return br_slice_of(br_option_name(o));
}

static inline br_slice br_check_text(const br_checker *c, br_option o)
{
    return br_settings_text(c->s, o);
}

static inline bool br_check_is_set(const br_checker *c, br_option o)
{
    return c->s->text[o] != NULL;
}

/* Only letters, digits, _ and those others? */
bool br_check_all_of(br_slice text, const char *others);
/* Of an integer; `unit` ends the message. */
void br_check_range(br_checker *c, br_option o, int64_t min, int64_t max, const char *unit);
/* Whether it is set; if not, it is reported as missing, with what it is. */
bool br_check_need(br_checker *c, br_option o, const char *what);

/* By s->auth and s->way: what that way needs, and what it would pass over in silence. */
void br_check_auth(br_checker *c);
void br_check_roles(br_checker *c); /* and puts them on top of the way */
void br_check_roles_anywhere(br_checker *c);

#endif
