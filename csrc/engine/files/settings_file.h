/*
** Files that decide with which rights a program acts: nobody but their user may have a hand in them.
*/
#ifndef BR_ENGINE_FILES_SETTINGS_FILE_H
#define BR_ENGINE_FILES_SETTINGS_FILE_H

#include "core/base/buffer.h"

/*
** Appends the file to out. Its owner is the user or root, and neither it nor its directory may be
** written by others (sticky directories apart). NULL: it was read; otherwise static text of why not,
** and errno is 0, or the system's reason behind that.
*/
const char *br_read_settings_file(const char *path, br_buf *out);

#endif
