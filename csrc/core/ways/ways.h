/*
** From environment variables and AWS's shared files to a way (core/aws/way.h), as AWS's SDKs go it:
** botocore's create_credential_resolver is the measure. Pure: what is needed from outside comes in.
*/
#ifndef BR_CORE_WAYS_WAYS_H
#define BR_CORE_WAYS_WAYS_H

#include "core/aws/settings.h"
#include "core/ways/shared_files.h"
#include "core/ways/variables.h"

#define BR_LOOKED_MAX 1600 /* bytes of a way's `looked` */
#define BR_LOGIN_TOKEN_MAX ((size_t)64 * 1024)

typedef enum br_found {
    BR_FOUND,     /* layers were added */
    BR_NOT_THERE, /* not configured; what was looked for is noted */
    BR_BROKEN     /* configured, but it cannot be used: reported */
} br_found;

typedef struct br_ways {
    br_variables variables;
    br_shared files;
    br_slice profile;   /* its name, never empty; borrowed */
    bool profile_given; /* by an option: then credentials of the environment are passed over */
    bool profile_named; /* by an option or a variable: then it must be there */
    /* Appends the token that `aws login` keeps of that session. false: there is none. */
    bool (*login_token)(void *user, br_slice session, br_buf *out);
    void *user;
    int64_t now_ms; /* to see whether that has expired */
    br_buf looked;  /* what was not there */
} br_ways;

void br_ways_init(br_ways *w); /* before the rest is set */
void br_ways_free(br_ways *w); /* what it owns: files, looked */
/* The option's profile, else AWS_PROFILE's, AWS_DEFAULT_PROFILE's, or "default". */
void br_ways_name_profile(br_ways *w, br_slice option);

/*
** The bases of an `auth` alone. Each gives the way its layer, with the options' texts (`own`, may be
** empty) before variables.
*/
br_found br_ways_environment(br_ways *w, br_way *out, br_problems *p);
br_found br_ways_web_identity(br_ways *w, const br_layer *own, br_way *out, br_problems *p);
br_found br_ways_container(br_ways *w, const br_layer *own, br_way *out, br_problems *p);
br_found br_ways_instance(br_ways *w, const br_layer *own, br_way *out, br_problems *p);
/*
** A line of credential_process: a layer PROCESS, or ROLES_ANYWHERE, whose options go into s (NULL:
** nowhere).
*/
br_found br_ways_process(br_slice line, br_way *out, br_settings *s, const br_model *m,
                         br_problems *p);

/*
** The profile alone, and everything in its order. own: as above; s and m: as for br_ways_process.
*/
br_found br_ways_profile(br_ways *w, br_way *out, br_settings *s, const br_model *m,
                         br_problems *p);
br_found br_ways_chain(br_ways *w, const br_layer *own, br_way *out, br_settings *s,
                       const br_model *m, br_problems *p);

/*
** The settings beside credentials: each that the options leave open, from variables, else the profile.
** false: reported.
*/
bool br_ways_settings(const br_ways *w, br_settings *s, const br_model *m, br_problems *p);

/* For those above. A source that is not there: what was looked for, in one clause. */
void br_ways_note(br_ways *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Of the profile: its settings, {NULL, 0} where there is none. */
br_slice br_ways_get(const br_ways *w, br_slice profile, const char *key);
/* The cached token of `aws login`, as a layer of keys. */
br_found br_ways_login(br_ways *w, br_slice profile, br_slice session, br_way *out, br_problems *p);

#endif
