/*
** Options that are a file path or the thing itself, and reading such files.
*/
#ifndef BR_ENGINE_FILES_READ_FILE_H
#define BR_ENGINE_FILES_READ_FILE_H

#include "core/base/buffer.h"
#include "core/base/error.h"
#include "core/base/problems.h"

#include <stdint.h>

/* PEM text, or DER (a SEQUENCE of more than 127 bytes), rather than a path. */
bool br_looks_like_data(br_slice text);

/*
** Appends a whole regular file (symbolic links are followed: the user named it) to out, whose
** maximum holds. A failure is one problem of kind "file" under that option's name.
*/
bool br_read_file(const char *option, const char *path, br_buf *out, br_problems *problems);

/* Appends all that is left of it, through signals; out's maximum holds. */
bool br_read_all(int fd, br_buf *out);

/* What tells a file's content of now from that of then, without reading it. All 0: no file. */
typedef struct br_file_stamp {
    uint64_t device, inode;
    int64_t size, modified_ns, changed_ns;
} br_file_stamp;

br_file_stamp br_file_stamp_of(const char *path);
bool br_file_stamp_eq(const br_file_stamp *a, const br_file_stamp *b);

#endif
