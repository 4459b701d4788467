#include "engine/files/read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_LENGTH_MIN 32

bool br_looks_like_data(br_slice text)
{
    static const char begin[] = "-----BEGIN";
    const unsigned char *u = (const unsigned char *)text.p;
    if (text.n > 128 && u[0] == 0x30 && u[1] >= 0x81 && u[1] <= 0x84)
        return true;
    for (size_t i = 0; i + sizeof(begin) - 1 <= text.n; i++)
        if (memcmp(text.p + i, begin, sizeof(begin) - 1) == 0)
            return true;
    return text.n > 0 && (memchr(text.p, '\n', text.n) != NULL || memchr(text.p, 0, text.n));
}

/*
** A key given without its PEM lines is taken for a path that does not exist, and must not be told.
** Paths of that length have a dot or begin with a slash, which base64 and DER do not.
*/
static bool may_be_secret(const char *path)
{
    size_t n = strlen(path);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)path[i] < 0x20 || (unsigned char)path[i] >= 0x7f)
            return n >= SECRET_LENGTH_MIN;
    return n >= SECRET_LENGTH_MIN && path[0] != '/' && strchr(path, '.') == NULL;
}

static bool problem(const char *option, const char *path, const char *why, br_problems *problems)
{
    if (may_be_secret(path))
        return br_problems_add(problems, "file", br_slice_of(option),
                               "cannot read the file; its name is not shown, because it may be a "
                               "key: %s (give a key as PEM or DER, or as a path)",
                               why);
    return br_problems_add(problems, "file", br_slice_of(option), "cannot read \"%.300s\": %s%s",
                           path, why,
                           path[0] == '~' ? " (\"~\" is not expanded: give the whole path)" : "");
}

bool br_read_all(int fd, br_buf *out)
{
    for (;;) {
        char *space = br_buf_reserve(out, 4096);
        if (space == NULL)
            return false;
        ssize_t n = read(fd, space, 4096);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0;
        br_buf_commit(out, (size_t)n);
    }
}

bool br_read_file(const char *option, const char *path, br_buf *out, br_problems *problems)
{
    struct stat st;
    /* O_NONBLOCK: opening a FIFO must not wait for its writer. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return problem(option, path, strerror(errno), problems);
    const char *why = NULL;
    if (fstat(fd, &st) != 0)
        why = strerror(errno);
    else if (!S_ISREG(st.st_mode))
        why = S_ISDIR(st.st_mode) ? "it is a directory" : "it is not a regular file";
    else if ((uintmax_t)st.st_size + 4096 > out->max)
        why = "it is too large";
    else if (!br_read_all(fd, out))
        why = out->failed ? "out of memory, or it grew too large" : strerror(errno);
    close(fd);
    return why == NULL || problem(option, path, why, problems);
}

static int64_t nanoseconds(struct timespec t)
{
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

br_file_stamp br_file_stamp_of(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return (br_file_stamp){0};
    return (br_file_stamp){
        .device = st.st_dev,
        .inode = st.st_ino,
        .size = st.st_size,
        .modified_ns = nanoseconds(st.st_mtim),
        .changed_ns = nanoseconds(st.st_ctim),
    };
}

bool br_file_stamp_eq(const br_file_stamp *a, const br_file_stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->modified_ns == b->modified_ns && a->changed_ns == b->changed_ns;
}
