#define _GNU_SOURCE
#include "engine/files/write_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/hex.h"

bool br_write_all(int fd, br_slice bytes)
{
    while (bytes.n > 0) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes.p += n;
        bytes.n -= (size_t)n;
    }
    return true;
}

/*
** What is to be replaced: a link leads to it, and stays. Renaming over what is no file would take away a
** device, or what another program reads from.
*/
static bool find_place(const char *path, char place[PATH_MAX])
{
    struct stat st;
    if (lstat(path, &st) != 0) {
        size_t n = strlen(path);
        if (errno != ENOENT || n >= PATH_MAX)
            return false;
        memcpy(place, path, n + 1);
        return true;
    }
    if (realpath(path, place) == NULL || lstat(place, &st) != 0)
        return false;
    if (S_ISREG(st.st_mode))
        return true;
    errno = S_ISDIR(st.st_mode) ? EISDIR : ENOTSUP;
    return false;
}

/* fchmod: a umask that takes the owner's rights would leave a file nobody can read. */
bool br_write_file(const char *path, br_slice bytes, const uint8_t random[BR_WRITE_FILE_RANDOM])
{
    char place[PATH_MAX], temporary[PATH_MAX + 32], unique[2 * BR_WRITE_FILE_RANDOM + 1];
    br_hex(unique, random, BR_WRITE_FILE_RANDOM);
    unique[sizeof unique - 1] = '\0';
    if (!find_place(path, place))
        return false;
    snprintf(temporary, sizeof temporary, "%s.%s.tmp", place, unique);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return false;
    bool ok = fchmod(fd, 0600) == 0 && br_write_all(fd, bytes);
    ok &= close(fd) == 0;
    if (ok && rename(temporary, place) == 0)
        return true;
    int why = errno;
    (void)unlink(temporary);
    errno = why;
    return false;
}
