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
static bool find_place(const char *path, char place[PATH_MAX], struct stat *before, bool *existed)
{
    *existed = lstat(path, before) == 0;
    if (!*existed) {
        size_t n = strlen(path);
        if (errno != ENOENT || n >= PATH_MAX)
            return false;
        memcpy(place, path, n + 1);
        return true;
    }
    if (realpath(path, place) == NULL) {
        /* What the link of a pipe in /proc says is no path, but leads somewhere. */
        if (errno == ENOENT && stat(path, before) == 0)
            errno = ENOTSUP;
        return false;
    }
    if (lstat(place, before) != 0)
        return false;
    if (S_ISREG(before->st_mode))
        return true;
    errno = S_ISDIR(before->st_mode) ? EISDIR : ENOTSUP;
    return false;
}

/* A umask that takes the owner's rights would leave a secret that nobody can read. */
static bool keep_private(int fd)
{
    return fchmod(fd, 0600) == 0;
}

/* Once it is written, as nobody may read in it who could not read what it replaces. */
static bool make_as(int fd, const struct stat *before)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return false;
    bool same = st.st_uid == before->st_uid && st.st_gid == before->st_gid;
    return (same || fchown(fd, before->st_uid, before->st_gid) == 0) &&
           fchmod(fd, before->st_mode & 0777) == 0;
}

static bool write_temporary(const char *name, br_slice bytes, const struct stat *as, bool private)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                  private || as != NULL ? 0600 : 0666);
    if (fd < 0)
        return false;
    bool ok = (!private || keep_private(fd)) && br_write_all(fd, bytes) &&
              (private || as == NULL || make_as(fd, as));
    int why = errno;
    if (close(fd) != 0 && ok) {
        why = errno;
        ok = false;
    }
    if (!ok)
        (void)unlink(name);
    errno = why;
    return ok;
}

bool br_write_file(const char *path, br_slice bytes, br_write_file_for who,
                   const uint8_t random[BR_WRITE_FILE_RANDOM])
{
    struct stat before;
    bool existed;
    char place[PATH_MAX], temporary[PATH_MAX + 32], unique[2 * BR_WRITE_FILE_RANDOM + 1];
    br_hex(unique, random, BR_WRITE_FILE_RANDOM);
    unique[sizeof unique - 1] = '\0';
    if (!find_place(path, place, &before, &existed))
        return false;
    snprintf(temporary, sizeof temporary, "%s.%s.tmp", place, unique);
    if (!write_temporary(temporary, bytes, existed ? &before : NULL,
                         who == BR_WRITE_FILE_FOR_OWNER))
        return false;
    if (rename(temporary, place) == 0)
        return true;
    int why = errno;
    (void)unlink(temporary);
    errno = why;
    return false;
}
