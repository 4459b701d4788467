/*
** The files of AWS's tools in a user's home: where they are, and their contents. What they say is
** core/ways/ways.h's.
*/
#ifndef BR_ENGINE_FILES_AWS_FILES_H
#define BR_ENGINE_FILES_AWS_FILES_H

#include "core/base/buffer.h"

#define BR_AWS_PATH_MAX 4096

/* A variable of the environment; NULL with raised privileges, too. `user` is not looked at. */
const char *br_aws_variable(void *user, const char *name);

/*
** An option's path, else a variable's (both may begin with ~/; in a variable's, $NAME and ${NAME} stand
** for other variables, as in botocore: one that is not set stays as it is written), else the one below
** the home directory, which is HOME or else the user's entry in passwd. false: too long, or there is no
** home.
*/
bool br_aws_path(const char *option, const char *variable, const char *below_home,
                 char out[BR_AWS_PATH_MAX]);

/*
** Appends a regular file's contents. Otherwise static text of why not: " (no such file)" or " (cannot be
** read)". NULL: it was read.
*/
const char *br_aws_read(const char *path, br_buf *out);

#endif
