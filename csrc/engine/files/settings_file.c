#define _DEFAULT_SOURCE /* S_ISVTX, realpath */
#include "engine/files/settings_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/files/read_file.h"

#define CANNOT "it cannot be read"

static bool is_own(const struct stat *st)
{
    return st->st_uid == geteuid() || st->st_uid == 0;
}

static bool others_write(const struct stat *st)
{
    return (st->st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

static const char *check_file(int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return "it is no regular file";
    if (!is_own(&st))
        return "it belongs to another user";
    return others_write(&st) ? "others may write it: chmod go-w" : NULL;
}

/* That of the file itself, where a link led to it. */
static const char *check_directory(const char *path)
{
    struct stat st;
    char directory[PATH_MAX];
    if (realpath(path, directory) == NULL)
        return CANNOT;
    char *slash = strrchr(directory, '/');
    slash[slash == directory] = '\0';
    if (stat(directory, &st) != 0)
        return "its directory cannot be looked at";
    if ((st.st_mode & S_ISVTX) != 0)
        return NULL;
    if (!is_own(&st))
        return "its directory belongs to another user";
    return others_write(&st) ? "others may write its directory: chmod go-w" : NULL;
}

static const char *read_checked(int fd, const char *path, br_buf *out)
{
    const char *why = check_file(fd);
    if (why == NULL)
        why = check_directory(path);
    if (why != NULL) {
        errno = 0;
        return why;
    }
    if (br_read_all(fd, out))
        return NULL;
    if (!out->failed)
        return CANNOT;
    errno = 0;
    return "it is too large";
}

/* What is checked is what was opened. A pipe would keep an open waiting. */
const char *br_read_settings_file(const char *path, br_buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && errno != ENOENT && errno != ENOTDIR)
        return CANNOT;
    if (fd < 0) {
        errno = 0;
        return "there is no such file";
    }
    const char *why = read_checked(fd, path, out);
    int number = errno;
    close(fd);
    errno = number;
    return why;
}
