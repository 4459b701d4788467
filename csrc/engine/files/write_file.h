/*
** Replacing a small file of the user's that holds secrets.
*/
#ifndef BR_ENGINE_FILES_WRITE_FILE_H
#define BR_ENGINE_FILES_WRITE_FILE_H

#include "core/base/slice.h"

#include <stdint.h>

#define BR_WRITE_FILE_RANDOM 8

/*
** Writes a temporary file beside it (0600) and renames that, so that a reader sees the old contents
** or the new; the random bytes make its name unique. A link is followed, and stays. false: all is as it
** was, and errno says why: ENOTSUP where it is neither a file nor a directory.
*/
bool br_write_file(const char *path, br_slice bytes, const uint8_t random[BR_WRITE_FILE_RANDOM]);

/* All of it, through signals and short writes. */
bool br_write_all(int fd, br_slice bytes);

#endif
