#define _GNU_SOURCE
#include "engine/files/write_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
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

/* fchmod: a umask that takes the owner's rights would leave a file nobody can read. */
bool br_write_file(const char *path, br_slice bytes, const uint8_t random[BR_WRITE_FILE_RANDOM])
{
    char temporary[PATH_MAX], unique[2 * BR_WRITE_FILE_RANDOM + 1];
    br_hex(unique, random, BR_WRITE_FILE_RANDOM);
    unique[sizeof unique - 1] = '\0';
    int n = snprintf(temporary, sizeof temporary, "%s.%s.tmp", path, unique);
    if (n < 0 || (size_t)n >= sizeof temporary)
        return false;
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return false;
    bool ok = fchmod(fd, 0600) == 0 && br_write_all(fd, bytes);
    ok &= close(fd) == 0;
    if (ok && rename(temporary, path) == 0)
        return true;
    int why = errno;
    (void)unlink(temporary);
    errno = why;
    return false;
}
