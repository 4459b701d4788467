/*
** From settings, the environment and AWS's shared files to a way (core/aws/way.h).
*/
#ifndef BR_ENGINE_WAYS_H
#define BR_ENGINE_WAYS_H

#include "core/aws/settings.h"
#include "engine/files/read_file.h"

#define BR_WAYS_FILES 2 /* the config file and the credentials file */

/* What the files were when a way was made of them. */
typedef struct br_ways_stamps {
    br_file_stamp file[BR_WAYS_FILES];
} br_ways_stamps;

/*
** The base of s->way, and whatever lies on it in a profile, by s->auth: from options, else from the
** variables and files that it means. With "profile" and "chain" also the settings that options leave
** open. Nothing of the environment is looked at for "roles_anywhere", "access_keys", "api_key", "none"
** and "custom". Before br_settings_check. false: problems say why.
*/
bool br_ways_find(br_settings *s, const br_model *m, int64_t now_ms, br_problems *problems);

/* Do the files of that auth count, so that a way may have to be found anew? */
bool br_ways_has_files(const br_settings *s);
br_ways_stamps br_ways_stamps_of(const br_settings *s);
bool br_ways_stamps_eq(const br_ways_stamps *a, const br_ways_stamps *b);
/*
** The way as the files are now, roles of the options on top, in place of `old`. Where they cannot be
** used, it is a base of kind NOTHING that says why. What Roles Anywhere needs is read by connect alone:
** a line that asks for it must be the old one, which then stays as it is. false: that, or no memory.
*/
bool br_ways_find_again(const br_settings *s, const br_model *m, int64_t now_ms, const br_way *old,
                        br_way *out);

#endif
