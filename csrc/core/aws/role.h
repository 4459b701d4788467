/*
** A role to assume, as options or a profile name it, and the request that assumes it: the form of
** STS's AssumeRole (AWS STS API Reference, version 2011-06-15), whose limits are checked here.
*/
#ifndef BR_CORE_AWS_ROLE_H
#define BR_CORE_AWS_ROLE_H

#include "core/aws/way.h"
#include "core/base/problems.h"

#define BR_ROLE_DURATION_MIN 900
#define BR_ROLE_DURATION_MAX 43200
#define BR_ROLE_CHAINED_MAX 3600 /* of a role assumed with a role's credentials */
#define BR_ROLE_POLICY_ARNS_MAX 10
#define BR_ROLE_TAGS_MAX 50
#define BR_ROLE_PATH_MAX 48 /* "assume_role[2].policy_arns" */

typedef enum br_role_text {
    BR_ROLE_ARN,
    BR_ROLE_SESSION_NAME,
    BR_ROLE_EXTERNAL_ID,
    BR_ROLE_POLICY,
    BR_ROLE_SOURCE_IDENTITY,
    BR_ROLE_TEXT_COUNT
} br_role_text;

typedef struct br_role_list {
    char *items[BR_ROLE_TAGS_MAX];
    size_t count;
} br_role_list;

typedef struct br_role {
    char path[BR_ROLE_PATH_MAX]; /* where it stands, for problems: "assume_role[2]" */
    char *text[BR_ROLE_TEXT_COUNT];
    int64_t duration_s; /* 0: not given */
    br_role_list policy_arns, tags, tag_values, transitive_tag_keys;
} br_role;

void br_role_init(br_role *r, const char *path);
void br_role_free(br_role *r); /* idempotent */

/* By the option's name ("role_arn"). Each takes the value as given; false: it was reported. */
bool br_role_set_text(br_role *r, br_slice field, br_slice value, br_problems *p);
bool br_role_set_number(br_role *r, br_slice field, double value, br_problems *p);
/* One of policy_arns or transitive_tag_keys, in order. */
bool br_role_add(br_role *r, br_slice field, br_slice value, br_problems *p);
bool br_role_add_tag(br_role *r, br_slice name, br_slice value, br_problems *p);
/* Of no such type ("a table"), or of no such name. */
bool br_role_wrong_type(const br_role *r, br_slice field, const char *given, br_problems *p);
bool br_role_is_list(br_slice field);

/*
** Everything together; then the layer of kind ASSUME_ROLE that it makes, on top of the way.
** `chained`: what lies below are a role's credentials. false: reported.
*/
bool br_role_build(const br_role *r, bool chained, br_way *way, br_problems *p);

#endif
