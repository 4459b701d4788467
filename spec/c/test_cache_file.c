/* The cache directory and its files: where, with which rights, and what is refused. */
#define _DEFAULT_SOURCE
#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/files/cache_file.h"

#define HOUR_MS ((int64_t)3600 * 1000)

static char place[] = "/tmp/test-cache-file-XXXXXX";
static char stem[BR_CACHE_STEM_SIZE], other[BR_CACHE_STEM_SIZE];
static const uint8_t unique[BR_CACHE_RANDOM] = {1, 2, 3};
static int64_t now_ms = 1790000000000;

static char *in_place(const char *name)
{
    static char path[8][400];
    static int turn;
    turn = (turn + 1) % 8;
    snprintf(path[turn], sizeof(path[turn]), "%s/%s", place, name);
    return path[turn];
}

static const char *file_of(const char *s, const char *suffix)
{
    static char name[4][120];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(name[turn], sizeof(name[turn]), "%s%s", s, suffix);
    return name[turn];
}

static bool is_at(int fd, const char *path)
{
    struct stat a, b;
    return fd >= 0 && fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_ino == b.st_ino &&
           a.st_dev == b.st_dev;
}

static void check_place(int fd, const char *path)
{
    struct stat st;
    CHECK(is_at(fd, path));
    CHECK(fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0700);
    CHECK(fd >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    if (fd >= 0)
        close(fd);
}

static void test_order(void)
{
    CHECK_INT(mkdir(in_place("home"), 0755), 0);
    setenv("HOME", in_place("home"), 1);
    setenv("XDG_CACHE_HOME", in_place("xdg/deep"), 1);
    check_place(br_cache_dir_open(in_place("own/dir/"), NULL), in_place("own/dir"));
    CHECK_INT(access(in_place("xdg"), F_OK), -1);
    check_place(br_cache_dir_open(NULL, NULL), in_place("xdg/deep/lua-bedrock"));
    check_place(br_cache_dir_open("", NULL), in_place("xdg/deep/lua-bedrock"));
    CHECK_INT(access(in_place("home/.cache"), F_OK), -1);
    setenv("XDG_CACHE_HOME", "relative", 1);
    check_place(br_cache_dir_open(NULL, NULL), in_place("home/.cache/lua-bedrock"));
    CHECK_INT(access("relative", F_OK), -1);
    unsetenv("XDG_CACHE_HOME");
    check_place(br_cache_dir_open(NULL, NULL), in_place("home/.cache/lua-bedrock"));
}

/* The directories outside `place` that calls without a usable HOME may choose, and make. */
static char elsewhere[2][400];
static bool was_there[2];

static void note_elsewhere(void)
{
    struct passwd *entry = getpwuid(geteuid());
    snprintf(elsewhere[0], sizeof(elsewhere[0]), "/tmp/lua-bedrock-%lu", (unsigned long)geteuid());
    if (entry != NULL)
        snprintf(elsewhere[1], sizeof(elsewhere[1]), "%s/.cache/lua-bedrock", entry->pw_dir);
    for (int i = 0; i < 2; i++)
        was_there[i] = access(elsewhere[i], F_OK) == 0;
}

static void leave_no_trace(void)
{
    for (int i = 0; i < 2; i++)
        if (!was_there[i])
            rmdir(elsewhere[i]);
}

static void test_no_home(void)
{
    setenv("HOME", in_place("no-such-home"), 1);
    int fd = br_cache_dir_open(NULL, NULL);
    CHECK(is_at(fd, elsewhere[1]) || is_at(fd, elsewhere[0]));
    close(fd);
    CHECK_INT(access(in_place("no-such-home"), F_OK), -1);
    setenv("HOME", in_place("home"), 1);
}

static void test_unusable_directories(void)
{
    char path[400];
    CHECK_INT(mkdir(in_place("open"), 0755), 0);
    CHECK_INT(br_cache_dir_open(in_place("open"), NULL), -1);
    CHECK_INT(chmod(in_place("open"), 0710), 0);
    CHECK_INT(br_cache_dir_open(in_place("open"), NULL), -1);
    CHECK_INT(symlink(in_place("own/dir"), in_place("link")), 0);
    CHECK_INT(br_cache_dir_open(in_place("link"), NULL), -1);
    CHECK_INT(br_cache_dir_open(in_place("link/"), NULL), -1);
    close(open(in_place("file"), O_CREAT | O_WRONLY, 0600));
    CHECK_INT(br_cache_dir_open(in_place("file"), NULL), -1);
    CHECK_INT(br_cache_dir_open(in_place("file/below"), NULL), -1);
    memset(path, 'x', sizeof(path));
    path[0] = '/';
    path[sizeof(path) - 1] = '\0';
    CHECK_INT(br_cache_dir_open(path, NULL), -1);
}

static void check_why(const char *path, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void check_why(const char *path, const char *format, ...)
{
    char why[BR_CACHE_WHY_SIZE] = "", want[BR_CACHE_WHY_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(want, sizeof want, format, arguments);
    va_end(arguments);
    CHECK_INT(br_cache_dir_open(path, why), -1);
    CHECK_STR(why, want);
}

/* Each with the path, and what is wrong with it. */
static void test_why(void)
{
    char path[400];
    CHECK_INT(chmod(in_place("open"), 0755), 0);
    check_why(in_place("open"),
              "%s/open is open to others: it has the mode 0755, and must have 0700", place);
    check_why(in_place("link"), "%s/link is a symbolic link, not a directory", place);
    check_why(in_place("file"), "%s/file is a file, not a directory", place);
    check_why(in_place("file/below"), "%s/file/below cannot be opened by the user %lu (%s)", place,
              (unsigned long)geteuid(), strerror(ENOTDIR));
    memset(path, 'x', sizeof(path));
    path[0] = '/';
    path[sizeof(path) - 1] = '\0';
    check_why(path, "…%s cannot be opened by the user %lu (%s)", path + sizeof(path) - 301,
              (unsigned long)geteuid(), strerror(ENAMETOOLONG));
    if (geteuid() != 0)
        return;
    CHECK_INT(mkdir(in_place("theirs"), 0700), 0);
    CHECK_INT(chown(in_place("theirs"), 12345, 12345), 0);
    check_why(in_place("theirs"),
              "%s/theirs belongs to the user 12345, and this process runs as the user 0", place);
}

/* A directory that is ours, and full of rights, but not the one to write. */
static void test_unwritable(void)
{
    char why[BR_CACHE_WHY_SIZE] = "";
    CHECK_INT(mkdir(in_place("fixed"), 0700), 0);
    int dir = br_cache_dir_open(in_place("fixed"), why);
    CHECK(br_cache_dir_writable(dir, why));
    CHECK_STR(why, "");
    if (geteuid() != 0) {
        CHECK_INT(chmod(in_place("fixed"), 0500), 0);
        CHECK(!br_cache_dir_writable(dir, why));
        CHECK_STR(why, "its directory cannot be written to (Permission denied)");
    }
    close(dir);
}

/* An unusable directory is passed over for the next one. */
static void test_next_one(void)
{
    CHECK_INT(mkdir(in_place("xdg2"), 0700), 0);
    CHECK_INT(mkdir(in_place("xdg2/lua-bedrock"), 0777), 0);
    CHECK_INT(chmod(in_place("xdg2/lua-bedrock"), 0777), 0);
    setenv("XDG_CACHE_HOME", in_place("xdg2"), 1);
    check_place(br_cache_dir_open(NULL, NULL), in_place("home/.cache/lua-bedrock"));
    unsetenv("XDG_CACHE_HOME");
}

/* Nothing is made or used in a home that belongs to somebody else. */
static void test_foreign_home(void)
{
    if (geteuid() != 0)
        return;
    CHECK_INT(mkdir(in_place("foreign"), 0755), 0);
    CHECK_INT(chown(in_place("foreign"), 12345, 12345), 0);
    CHECK_INT(mkdir(in_place("foreign-cache"), 0700), 0);
    CHECK_INT(chown(in_place("foreign-cache"), 12345, 12345), 0);
    CHECK_INT(br_cache_dir_open(in_place("foreign-cache"), NULL), -1);
    setenv("HOME", in_place("foreign"), 1);
    int fd = br_cache_dir_open(NULL, NULL);
    CHECK_INT(access(in_place("foreign/.cache"), F_OK), -1);
    close(fd);
    setenv("HOME", in_place("home"), 1);
}

static bool reads(int dir, const char *s, const char *want)
{
    br_buf b;
    br_buf_init(&b, BR_CACHE_RECORD_MAX + 1);
    bool ok = br_cache_file_read(dir, s, &b);
    if (ok && want != NULL)
        CHECK_SLICE(br_buf_slice(&b), want);
    br_buf_free(&b);
    return ok;
}

static bool writes(int dir, const char *s, const char *text)
{
    return br_cache_file_write(dir, s, br_slice_of(text), now_ms + HOUR_MS, now_ms, unique);
}

/* After 2038 a time_t of 32 bits is before 1970, and the file would be removed as an old one. */
static void test_far_expiry(int dir)
{
    int64_t far_ms = INT64_C(4102444800000); /* 2100 */
    struct stat st;
    CHECK(br_cache_file_write(dir, other, br_slice_of("far"), far_ms, now_ms, unique));
    CHECK(reads(dir, other, "far"));
    CHECK_INT(fstatat(dir, file_of(other, ".cache"), &st, AT_SYMLINK_NOFOLLOW), 0);
    CHECK_INT(st.st_mtim.tv_sec, far_ms / 1000);
    CHECK(br_cache_file_remove(dir, other));
}

static int count_files(void)
{
    int n = 0;
    DIR *d = opendir(in_place("cache"));
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void test_round_trip(int dir)
{
    struct stat st;
    CHECK(!reads(dir, stem, NULL));
    umask(0777);
    CHECK(writes(dir, stem, "first"));
    umask(022);
    CHECK(reads(dir, stem, "first"));
    CHECK(writes(dir, stem, "second"));
    CHECK(reads(dir, stem, "second"));
    CHECK(!reads(dir, other, NULL));
    CHECK_INT(count_files(), 1);
    CHECK_INT(fstatat(dir, file_of(stem, ".cache"), &st, AT_SYMLINK_NOFOLLOW), 0);
    CHECK_INT(st.st_mode & 07777, 0600);
    CHECK_INT(st.st_mtim.tv_sec, (now_ms + HOUR_MS) / 1000);
}

static void test_refused_files(int dir)
{
    const char *name = file_of(stem, ".cache"), *moved = file_of(other, ".cache");
    CHECK_INT(fchmodat(dir, name, 0640, 0), 0);
    CHECK(!reads(dir, stem, NULL));
    CHECK_INT(fchmodat(dir, name, 0600, 0), 0);
    CHECK_INT(linkat(dir, name, dir, moved, 0), 0);
    CHECK(!reads(dir, stem, NULL));
    CHECK_INT(unlinkat(dir, name, 0), 0);
    CHECK(reads(dir, other, "second"));
    CHECK_INT(symlinkat(moved, dir, name), 0);
    CHECK(!reads(dir, stem, NULL));
    CHECK(writes(dir, stem, "third"));
    CHECK(reads(dir, stem, "third"));
    CHECK(reads(dir, other, "second"));
    unlinkat(dir, name, 0);
    CHECK_INT(mkfifoat(dir, name, 0600), 0);
    CHECK(!reads(dir, stem, NULL));
    unlinkat(dir, name, 0);
    CHECK_INT(mkdirat(dir, name, 0700), 0);
    CHECK(!reads(dir, stem, NULL));
    CHECK(!writes(dir, stem, "fourth"));
    CHECK_INT(unlinkat(dir, name, AT_REMOVEDIR), 0);
    CHECK_INT(count_files(), 1);
}

static void test_sizes(int dir)
{
    char *big = calloc(1, BR_CACHE_RECORD_MAX + 2);
    memset(big, 'x', BR_CACHE_RECORD_MAX + 1);
    CHECK(!writes(dir, stem, big));
    big[BR_CACHE_RECORD_MAX] = '\0';
    CHECK(writes(dir, stem, big));
    CHECK(reads(dir, stem, big));
    int fd = openat(dir, file_of(stem, ".cache"), O_WRONLY | O_APPEND);
    CHECK_INT(write(fd, "y", 1), 1);
    close(fd);
    CHECK(!reads(dir, stem, NULL));
    CHECK(writes(dir, stem, ""));
    CHECK(reads(dir, stem, ""));
    free(big);
}

/* A file system with no room left, played by a limit on the size of files. */
static void test_full_disk(int dir)
{
    CHECK(writes(dir, stem, "before"));
    pid_t child = fork();
    if (child == 0) {
        struct rlimit none = {4, 4};
        signal(SIGXFSZ, SIG_IGN);
        char why[BR_CACHE_WHY_SIZE];
        _exit(setrlimit(RLIMIT_FSIZE, &none) == 0 && !writes(dir, stem, "too long") &&
                      !br_cache_dir_writable(dir, why) &&
                      strcmp(why, "its directory cannot be written to (File too large)") == 0
                  ? 0
                  : 1);
    }
    int status = -1;
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(status, 0);
    CHECK(reads(dir, stem, "before"));
    CHECK_INT(count_files(), 2);
}

static void age(int dir, const char *name, int64_t mtime_ms)
{
    struct timespec t[2] = {{.tv_sec = mtime_ms / 1000}, {.tv_sec = mtime_ms / 1000}};
    int fd = openat(dir, name, O_CREAT | O_WRONLY, 0600);
    CHECK_INT(futimens(fd, t), 0);
    close(fd);
}

static void test_clean_up(int dir)
{
    int64_t old = now_ms - BR_CACHE_KEPT_MS - 1000, young = now_ms - BR_CACHE_KEPT_MS;
    age(dir, file_of(other, ".cache"), old);
    age(dir, file_of(other, ".lock"), old);
    age(dir, file_of(other, ".2.lock"), old);
    age(dir, file_of(other, ".0011223344556677.tmp"), old);
    age(dir, "someone-elses.cache", old);
    CHECK(writes(dir, stem, "x"));
    CHECK_INT(faccessat(dir, file_of(other, ".cache"), F_OK, 0), -1);
    CHECK_INT(faccessat(dir, file_of(other, ".0011223344556677.tmp"), F_OK, 0), -1);
    CHECK_INT(faccessat(dir, file_of(other, ".lock"), F_OK, 0), 0);
    CHECK_INT(faccessat(dir, file_of(other, ".2.lock"), F_OK, 0), 0);
    CHECK_INT(faccessat(dir, "someone-elses.cache", F_OK, 0), 0);
    age(dir, file_of(other, ".cache"), young);
    CHECK(writes(dir, stem, "x"));
    CHECK_INT(faccessat(dir, file_of(other, ".cache"), F_OK, 0), 0);
    CHECK(reads(dir, stem, "x"));
}

static void remove_tree(const char *path)
{
    pid_t child = fork();
    if (child == 0) {
        execlp("rm", "rm", "-rf", "--", path, (char *)NULL);
        _exit(127);
    }
    int status;
    waitpid(child, &status, 0);
}

int main(void)
{
    static const uint8_t a[BR_IDENTITY_SIZE] = {0xab, 0x01}, b[BR_IDENTITY_SIZE] = {0xcd};
    CHECK(mkdtemp(place) != NULL);
    umask(022);
    br_cache_stem(a, stem);
    br_cache_stem(b, other);
    CHECK_INT(strlen(stem), 64);
    CHECK_INT(strncmp(stem, "ab010000", 8), 0);
    note_elsewhere();
    test_order();
    test_no_home();
    test_unusable_directories();
    test_why();
    test_unwritable();
    test_next_one();
    test_foreign_home();
    leave_no_trace();
    int dir = br_cache_dir_open(in_place("cache"), NULL);
    CHECK(dir >= 0);
    test_round_trip(dir);
    test_far_expiry(dir);
    test_refused_files(dir);
    test_sizes(dir);
    test_full_disk(dir);
    test_clean_up(dir);
    close(dir);
    remove_tree(place);
    return check_done();
}
