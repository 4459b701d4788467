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
static bool find_place(const char *path, char place[PATH_MAX], mode_t *mode)
{
    struct stat st;
    *mode = 0;
    if (lstat(path, &st) != 0) {
        size_t n = strlen(path);
        if (errno != ENOENT || n >= PATH_MAX)
            return false;
        memcpy(place, path, n + 1);
        return true;
    }
    if (realpath(path, place) == NULL || lstat(place, &st) != 0)
        return false;
    *mode = st.st_mode & 0777;
    if (S_ISREG(st.st_mode))
        return true;
    errno = S_ISDIR(st.st_mode) ? EISDIR : ENOTSUP;
    return false;
}

/* A umask that takes the owner's rights would leave a secret that nobody can read. */
static bool let_in(int fd, br_write_file_for who, mode_t before)
{
    if (who == BR_WRITE_FILE_FOR_OWNER)
        return fchmod(fd, 0600) == 0;
    return before == 0 || fchmod(fd, before) == 0;
}

bool br_write_file(const char *path, br_slice bytes, br_write_file_for who,
                   const uint8_t random[BR_WRITE_FILE_RANDOM])
{
    mode_t before, made = who == BR_WRITE_FILE_FOR_OWNER ? 0600 : 0666;
    char place[PATH_MAX], temporary[PATH_MAX + 32], unique[2 * BR_WRITE_FILE_RANDOM + 1];
    br_hex(unique, random, BR_WRITE_FILE_RANDOM);
    unique[sizeof unique - 1] = '\0';
    if (!find_place(path, place, &before))
        return false;
    snprintf(temporary, sizeof temporary, "%s.%s.tmp", place, unique);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, made);
    if (fd < 0)
        return false;
    bool ok = let_in(fd, who, before) && br_write_all(fd, bytes);
    ok &= close(fd) == 0;
    if (ok && rename(temporary, place) == 0)
        return true;
    int why = errno;
    (void)unlink(temporary);
    errno = why;
    return false;
}
