#define _GNU_SOURCE
#include "engine/files/cache_file.h"
#include "core/base/hex.h"
#include "core/base/variable.h"
#include "engine/files/write_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PASSWD_TEXT_MAX 16384
#define PATH_SHOWN_MAX 300
#define STEM_LEN (BR_CACHE_STEM_SIZE - 1)
#define CACHE_SUFFIX ".cache"
#define TEMPORARY_SUFFIX ".tmp"
#define PROBE_BYTES 4096 /* a block of most file systems */
#define NAME_SIZE (BR_CACHE_STEM_SIZE + 2 * BR_CACHE_RANDOM + 8)

void br_cache_stem(const uint8_t identity[BR_IDENTITY_SIZE], char out[BR_CACHE_STEM_SIZE])
{
    br_hex(out, identity, BR_IDENTITY_SIZE);
    out[STEM_LEN] = '\0';
}

/* Says it where somebody wants to hear it; the end of a long path counts. */
static int unusable(char *why, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static int unusable(char *why, const char *path, const char *format, ...)
{
    size_t n = strlen(path);
    if (why == NULL)
        return -1;
    const char *end = n > PATH_SHOWN_MAX ? path + n - PATH_SHOWN_MAX : path;
    int at = snprintf(why, BR_CACHE_WHY_SIZE, "%s%s ", end == path ? "" : "…", end);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why + at, BR_CACHE_WHY_SIZE - (size_t)at, format, arguments);
    va_end(arguments);
    return -1;
}

/*
** Makes the missing directories of a path, beyond its first `existing` bytes. The error number of
** the last one, 0: it is there.
*/
static int make_directories(char *path, size_t existing)
{
    for (char *p = path + existing + 1;; p++) {
        if (*p != '/' && *p != '\0')
            continue;
        char end = *p;
        *p = '\0';
        int failure = mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : errno;
        *p = end;
        if (end == '\0')
            return failure;
    }
}

static bool is_private(const struct stat *st)
{
    return st->st_uid == geteuid() && (st->st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

/* Checks what was opened, not the name, so nothing can be exchanged in between. */
static int check_directory(int fd, const char *path, char *why)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        unusable(why, path, "cannot be looked at (%s)", strerror(errno));
    else if (is_private(&st))
        return fd;
    else if (st.st_uid != geteuid())
        unusable(why, path, "belongs to the user %lu, and this process runs as the user %lu",
                 (unsigned long)st.st_uid, (unsigned long)geteuid());
    else
        unusable(why, path, "is open to others: it has the mode %04o, and must have 0700",
                 (unsigned)(st.st_mode & 07777));
    close(fd);
    return -1;
}

static int open_directory(const char *path, char *why)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0)
        return check_directory(fd, path, why);
    int failure = errno;
    if (lstat(path, &st) == 0 && !S_ISDIR(st.st_mode))
        return unusable(why, path, "is %s, not a directory",
                        S_ISLNK(st.st_mode) ? "a symbolic link" : "a file");
    return unusable(why, path, "cannot be opened by the user %lu (%s)", (unsigned long)geteuid(),
                    strerror(failure));
}

/* base + tail; what is missing of it beyond `existing` bytes is made. */
static int directory_below(const char *base, const char *tail, size_t existing, char *why)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s%s", base, tail);
    if (n <= 0 || (size_t)n >= sizeof(path))
        return unusable(why, base, "is too long a path");
    while (n > 1 && path[n - 1] == '/')
        path[--n] = '\0';
    int failure = (size_t)n > existing ? make_directories(path, existing) : 0;
    struct stat st;
    if (failure != 0 && lstat(path, &st) != 0 && errno == ENOENT)
        return unusable(why, path, "cannot be made by the user %lu (%s)", (unsigned long)geteuid(),
                        strerror(failure));
    return open_directory(path, why);
}

static int directory_in_home(const char *home)
{
    struct stat st;
    if (home == NULL || home[0] != '/' || stat(home, &st) != 0 || st.st_uid != geteuid())
        return -1;
    return directory_below(home, "/.cache/lua-bedrock", strlen(home), NULL);
}

static int directory_in_passwd_home(void)
{
    struct passwd entry, *found = NULL;
    char *text = malloc(PASSWD_TEXT_MAX);
    int fd = -1;
    if (text != NULL && getpwuid_r(geteuid(), &entry, text, PASSWD_TEXT_MAX, &found) == 0 &&
        found != NULL)
        fd = directory_in_home(found->pw_dir);
    free(text);
    return fd;
}

static int directory_in_tmp(char *why)
{
    char path[sizeof("/tmp/lua-bedrock-") + 20];
    snprintf(path, sizeof(path), "/tmp/lua-bedrock-%lu", (unsigned long)geteuid());
    return directory_below(path, "", strlen("/tmp"), why);
}

int br_cache_dir_open(const char *cache_dir, char why[BR_CACHE_WHY_SIZE])
{
    if (cache_dir != NULL && *cache_dir != '\0')
        return directory_below(cache_dir, "", 0, why);
    const char *xdg = br_variable("XDG_CACHE_HOME");
    int fd = xdg != NULL && xdg[0] == '/' ? directory_below(xdg, "/lua-bedrock", 0, NULL) : -1;
    if (fd < 0)
        fd = directory_in_home(br_variable("HOME"));
    if (fd < 0)
        fd = directory_in_passwd_home();
    return fd >= 0 ? fd : directory_in_tmp(why);
}

/* No link at all is fine: the file was replaced just after it was opened. */
static bool is_ours(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && is_private(&st) && st.st_nlink <= 1 &&
           st.st_size <= (off_t)BR_CACHE_RECORD_MAX;
}

/* One byte more than the maximum is asked for, so a file that grows is noticed. */
static bool read_whole(int fd, br_buf *out)
{
    size_t total = 0;
    while (total <= BR_CACHE_RECORD_MAX) {
        char *to = br_buf_reserve(out, BR_CACHE_RECORD_MAX + 1 - total);
        if (to == NULL)
            return false;
        ssize_t n = read(fd, to, BR_CACHE_RECORD_MAX + 1 - total);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        if (n == 0)
            return true;
        br_buf_commit(out, (size_t)n);
        total += (size_t)n;
    }
    return false;
}

bool br_cache_file_read(int dir, const char *stem, br_buf *out)
{
    char name[NAME_SIZE];
    snprintf(name, sizeof(name), "%s" CACHE_SUFFIX, stem);
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return false;
    bool ok = is_ours(fd) && read_whole(fd, out);
    close(fd);
    return ok;
}

static bool set_expiry(int fd, int64_t expires_ms)
{
    struct timespec when = {.tv_sec = (time_t)(expires_ms / 1000)};
    const struct timespec times[2] = {when, when};
    return futimens(fd, times) == 0;
}

/* A cache file or the temporary of one; locks are never removed. */
static bool may_be_removed(const char *name)
{
    return strspn(name, "0123456789abcdef") == STEM_LEN && name[STEM_LEN] == '.' &&
           (strcmp(name + STEM_LEN, CACHE_SUFFIX) == 0 ||
            br_slice_ends(br_slice_of(name), TEMPORARY_SUFFIX));
}

static void remove_if_old(int dir, const char *name, int64_t now_ms)
{
    struct stat st;
    if (!may_be_removed(name) || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return;
    if (S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
        (int64_t)st.st_mtim.tv_sec < (now_ms - BR_CACHE_KEPT_MS) / 1000)
        (void)unlinkat(dir, name, 0);
}

/* Reads the directory through a description of its own: a dup would share its position. */
static DIR *open_list(int dir)
{
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
    if (list == NULL && fd >= 0)
        close(fd);
    return list;
}

static void remove_old_files(int dir, int64_t now_ms)
{
    DIR *list = open_list(dir);
    if (list == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(list)) != NULL;)
        remove_if_old(dir, entry->d_name, now_ms);
    closedir(list);
}

/* fchmod: a umask that takes the owner's rights would leave a file nobody can read. */
static bool write_temporary(int dir, const char *name, br_slice bytes, int64_t expires_ms)
{
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
    int fd = openat(dir, name, flags, 0600);
    if (fd < 0)
        return false;
    bool ok = fchmod(fd, 0600) == 0 && br_write_all(fd, bytes) && set_expiry(fd, expires_ms);
    int why = errno;
    if (close(fd) != 0 && ok) {
        why = errno;
        ok = false;
    }
    if (!ok)
        (void)unlinkat(dir, name, 0);
    errno = why;
    return ok;
}

/*
** Only a file that is written shows that there is room. One of that name is what a process left that was killed, or
** another's that looks just now: it does as well.
*/
bool br_cache_dir_writable(int dir, char why[BR_CACHE_WHY_SIZE])
{
    static const char bytes[PROBE_BYTES];
    char name[NAME_SIZE];
    snprintf(name, sizeof name, "%0*lx.0" TEMPORARY_SUFFIX, (int)STEM_LEN, (unsigned long)getpid());
    bool ok = write_temporary(dir, name, (br_slice){bytes, sizeof bytes}, 0);
    if (!ok && errno == EEXIST && (unlinkat(dir, name, 0) == 0 || errno == ENOENT))
        ok = write_temporary(dir, name, (br_slice){bytes, sizeof bytes}, 0) || errno == EEXIST;
    if (ok) {
        (void)unlinkat(dir, name, 0);
        return true;
    }
    snprintf(why, BR_CACHE_WHY_SIZE, "its directory cannot be written to (%s)", strerror(errno));
    return false;
}

bool br_cache_file_write(int dir, const char *stem, br_slice bytes, int64_t expires_ms,
                         int64_t now_ms, const uint8_t random[BR_CACHE_RANDOM])
{
    char name[NAME_SIZE], temporary[NAME_SIZE], unique[2 * BR_CACHE_RANDOM + 1];
    br_hex(unique, random, BR_CACHE_RANDOM);
    unique[2 * BR_CACHE_RANDOM] = '\0';
    snprintf(name, sizeof(name), "%s" CACHE_SUFFIX, stem);
    snprintf(temporary, sizeof(temporary), "%s.%s" TEMPORARY_SUFFIX, stem, unique);
    if (bytes.n > BR_CACHE_RECORD_MAX || !write_temporary(dir, temporary, bytes, expires_ms))
        return false;
    if (renameat(dir, temporary, dir, name) != 0) {
        int why = errno;
        (void)unlinkat(dir, temporary, 0);
        errno = why;
        return false;
    }
    remove_old_files(dir, now_ms);
    return true;
}

static void look_at(int dir, const char *name, void (*each)(void *, const char *, int64_t),
                    void *user)
{
    struct stat st;
    char stem[BR_CACHE_STEM_SIZE];
    if (!may_be_removed(name) || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(st.st_mode) || st.st_uid != geteuid())
        return;
    memcpy(stem, name, STEM_LEN);
    stem[STEM_LEN] = '\0';
    if (strcmp(name + STEM_LEN, CACHE_SUFFIX) == 0)
        each(user, stem, (int64_t)st.st_mtim.tv_sec * 1000);
}

void br_cache_files(int dir, void (*each)(void *user, const char *stem, int64_t expires_ms),
                    void *user)
{
    DIR *list = open_list(dir);
    if (list == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(list)) != NULL;)
        look_at(dir, entry->d_name, each, user);
    closedir(list);
}

bool br_cache_file_remove(int dir, const char *stem)
{
    char name[NAME_SIZE];
    snprintf(name, sizeof(name), "%s" CACHE_SUFFIX, stem);
    return unlinkat(dir, name, 0) == 0;
}
