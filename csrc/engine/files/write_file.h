/*
** Replacing a file of the user's, as a whole.
*/
#ifndef BR_ENGINE_FILES_WRITE_FILE_H
#define BR_ENGINE_FILES_WRITE_FILE_H

#include "core/base/slice.h"

#include <stdint.h>

#define BR_WRITE_FILE_RANDOM 8

typedef enum br_write_file_for {
    BR_WRITE_FILE_FOR_OWNER, /* 0600: it may hold secrets */
    /* As any program's: by the umask, or with the mode, the owner and the group of the file before. */
    BR_WRITE_FILE_FOR_ANYBODY
} br_write_file_for;

/*
** Writes a temporary file beside it and renames that, so that a reader sees the old contents
** or the new; the random bytes make its name unique. A link is followed, and stays. false: all is as it
** was, and errno says why: ENOTSUP where it is neither a file nor a directory. Another name of the same
** file (a hard link) keeps the old contents; access lists are not copied.
*/
bool br_write_file(const char *path, br_slice bytes, br_write_file_for who,
                   const uint8_t random[BR_WRITE_FILE_RANDOM]);

/* All of it, through signals and short writes. */
bool br_write_all(int fd, br_slice bytes);

#endif
