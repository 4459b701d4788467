/*
** AWS's two shared files as one: the config file, whose sections are "default", "profile NAME",
** "sso-session NAME" and "services NAME" (names may be quoted as in a shell), and the credentials file,
** whose sections are profiles by their bare names. Both may hold anything of a profile; where both do,
** the credentials file counts. "profile default" takes the place of "default".
*/
#ifndef BR_CORE_WAYS_SHARED_FILES_H
#define BR_CORE_WAYS_SHARED_FILES_H

#include "core/base/buffer.h"
#include "core/base/problems.h"
#include "core/ways/ini.h"

typedef enum br_section_kind {
    BR_SECTION_OTHER,
    BR_SECTION_PROFILE,
    BR_SECTION_SSO_SESSION,
    BR_SECTION_SERVICES
} br_section_kind;

typedef struct br_section {
    br_section_kind kind;
    bool plain_default; /* "default" of the config file */
    size_t at, n;       /* its name, in `names` */
} br_section;

typedef struct br_shared_file {
    const char *path; /* borrowed; for messages */
    const char
        *state; /* static text of why it is as if empty (" (no such file)"); NULL: it was read */
    br_ini ini;
    br_section *sections; /* for each of the ini's */
    br_buf names;
} br_shared_file;

typedef struct br_shared {
    br_shared_file config, credentials;
} br_shared;

/*
** Of a zero-filled one, with path and state set: the texts, "" where there is no file. false: a fault,
** reported with file and line under `option`. To be freed in any case.
*/
bool br_shared_read_config(br_shared *s, br_slice text, br_problems *p);
bool br_shared_read_credentials(br_shared *s, br_slice text, br_problems *p);
void br_shared_free(br_shared *s); /* of a zero-filled one, too */

bool br_shared_has(const br_shared *s, br_section_kind kind, br_slice name);
/* {NULL, 0}: not there. It may be there and empty: {"", 0}. */
br_slice br_shared_get(const br_shared *s, br_section_kind kind, br_slice name, const char *key);
/* The same, in one of the two. */
br_slice br_shared_file_get(const br_shared_file *f, br_section_kind kind, br_slice name,
                            const char *key);

#endif
