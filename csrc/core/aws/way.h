/*
** A way to credentials, as layers: a base, such as an environment variable's keys or a certificate,
** and the roles assumed on top of it. What a user wrote as options and what stands in AWS's shared
** files become the same layers; each becomes a source (engine/credentials/source.h).
*/
#ifndef BR_CORE_AWS_WAY_H
#define BR_CORE_AWS_WAY_H

#include "core/base/buffer.h"

#define BR_WAY_LAYERS_MAX 16 /* roles that lie on roles; more is taken for a slip */

typedef enum br_layer_kind {
    BR_LAYER_ROLES_ANYWHERE, /* by the settings' own options; COMMAND: the line that they are of */
    BR_LAYER_KEYS,           /* ACCESS_KEY_ID, SECRET_ACCESS_KEY, SESSION_TOKEN, EXPIRATION */
    BR_LAYER_ENVIRONMENT,    /* likewise; as read by connect */
    BR_LAYER_CUSTOM,         /* a function of the host's; no texts */
    BR_LAYER_WEB_IDENTITY,   /* TOKEN_FILE, ROLE_ARN, SESSION_NAME */
    BR_LAYER_SSO,            /* SSO_* */
    BR_LAYER_PROCESS,        /* COMMAND */
    BR_LAYER_CONTAINER,      /* URI, AUTHORIZATION_TOKEN, AUTHORIZATION_TOKEN_FILE */
    BR_LAYER_INSTANCE,       /* ENDPOINT */
    BR_LAYER_NOTHING,        /* none of what was looked for was there: see `looked` of the way */
    BR_LAYER_ASSUME_ROLE     /* form, duration_s, ROLE_ARN; never the base */
} br_layer_kind;

typedef enum br_layer_text {
    BR_LAYER_ACCESS_KEY_ID,
    BR_LAYER_SECRET_ACCESS_KEY,
    BR_LAYER_SESSION_TOKEN,
    BR_LAYER_EXPIRATION, /* ISO 8601 */
    BR_LAYER_TOKEN_FILE,
    BR_LAYER_ROLE_ARN,
    BR_LAYER_SESSION_NAME,
    BR_LAYER_COMMAND,                  /* a line, as in credential_process */
    BR_LAYER_URI,                      /* absolute; allowed hosts only */
    BR_LAYER_AUTHORIZATION_TOKEN,      /* the header's value */
    BR_LAYER_AUTHORIZATION_TOKEN_FILE, /* read anew for each exchange */
    BR_LAYER_ENDPOINT,
    BR_LAYER_SSO_START_URL,
    BR_LAYER_SSO_REGION,
    BR_LAYER_SSO_SESSION, /* name of the sso_session; unset: the old form, keyed by the URL */
    BR_LAYER_SSO_ACCOUNT_ID,
    BR_LAYER_SSO_ROLE_NAME,
    BR_LAYER_PROFILE, /* the profile that it stands in, for messages */
    BR_LAYER_TEXT_COUNT
} br_layer_text;

typedef struct br_layer {
    br_layer_kind kind;
    char *text[BR_LAYER_TEXT_COUNT]; /* owned, cleansed; NULL: not set. None is "" */
    br_buf form;                     /* of a role: the body of AssumeRole but for what is fixed */
    bool name_is_ours;               /* of a role: no RoleSessionName is in the form yet */
    int duration_s;                  /* of a role; 0: the service's default */
} br_layer;

typedef struct br_way {
    br_layer *layers; /* owned; the base first */
    size_t count;
    bool from_profile; /* the base stands in a profile: `via` names that above it */
    /*
    ** Owned; NULL: nothing. What was looked for before the base and was not there, source by source, for
    ** the message of NoCredentials, which a base of kind NOTHING always gives, and INSTANCE may.
    */
    char *looked;
} br_way;

void br_way_init(br_way *w);
void br_way_free(br_way *w); /* cleanses; idempotent */
/* A new layer on top, empty; until the next is added. NULL: there are too many, or no memory. */
br_layer *br_way_add(br_way *w, br_layer_kind kind);
/* Copies; an empty text is not set. false: no memory. */
bool br_layer_set(br_layer *l, br_layer_text which, br_slice value);
br_slice br_layer_get(const br_layer *l, br_layer_text which); /* {NULL, 0}: not set */
/* Whether the topmost layer gives a role's credentials, with which others may be assumed for an hour. */
bool br_way_gives_role(const br_way *w);
/* As `auth` and `via` call it: "assume_role". */
const char *br_layer_name(br_layer_kind kind);

#endif
