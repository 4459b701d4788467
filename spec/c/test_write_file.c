/* What is replaced by a file that is written, and what is not. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/files/write_file.h"

#include "check.h"

static bool save_for(br_write_file_for who, const char *path, const char *text)
{
    static uint8_t random[BR_WRITE_FILE_RANDOM];
    random[0]++;
    errno = 0;
    return br_write_file(path, br_slice_of(text), who, random);
}

static bool save(const char *path, const char *text)
{
    return save_for(BR_WRITE_FILE_FOR_OWNER, path, text);
}

static void check_holds(const char *path, const char *text)
{
    char held[64];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, held, sizeof held);
    close(fd);
    check_that(n == (ssize_t)strlen(text) && memcmp(held, text, strlen(text)) == 0, path, __FILE__,
               __LINE__);
}

static mode_t mode_of(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 ? st.st_mode : 0;
}

static void test_files(void)
{
    CHECK(save("new", "first"));
    check_holds("new", "first");
    CHECK_INT(mode_of("new") & 0777, 0600);
    CHECK(save("new", "second"));
    check_holds("new", "second");
}

static void test_files_of_anybody(void)
{
    mode_t before = umask(0022);
    CHECK(save_for(BR_WRITE_FILE_FOR_ANYBODY, "picture", "first"));
    CHECK_INT(mode_of("picture") & 0777, 0644);
    CHECK(chmod("picture", 0660) == 0 && save_for(BR_WRITE_FILE_FOR_ANYBODY, "picture", "second"));
    check_holds("picture", "second");
    CHECK_INT(mode_of("picture") & 0777, 0660);
    CHECK(chmod("picture", 0) == 0 && save_for(BR_WRITE_FILE_FOR_ANYBODY, "picture", "third"));
    CHECK_INT(mode_of("picture") & 0777, 0);
    umask(before);
}

/* Who may do so writes a file that stays its owner's; who may not is told. */
static void test_files_of_others(void)
{
    struct stat st;
    CHECK(save_for(BR_WRITE_FILE_FOR_ANYBODY, "another's", "first") &&
          chmod("another's", 0640) == 0);
    if (chown("another's", 12345, 23456) != 0)
        return;
    CHECK(save_for(BR_WRITE_FILE_FOR_ANYBODY, "another's", "second"));
    CHECK(stat("another's", &st) == 0 && st.st_uid == 12345 && st.st_gid == 23456);
    CHECK_INT(st.st_mode & 0777, 0640);
    check_holds("another's", "second");
}

static void test_links(void)
{
    CHECK(mkdir("far", 0700) == 0 && save("far/target", "old"));
    CHECK(symlink("far/target", "link") == 0 && symlink("link", "link to it") == 0);
    CHECK(save("link to it", "new"));
    check_holds("far/target", "new");
    CHECK(S_ISLNK(mode_of("link")) && S_ISLNK(mode_of("link to it")));
    CHECK(symlink("nowhere", "dangling") == 0 && !save("dangling", "new"));
    CHECK_INT(errno, ENOENT);
    CHECK(S_ISLNK(mode_of("dangling")));
}

static void test_no_files(void)
{
    CHECK(mkfifo("fifo", 0600) == 0 && !save("fifo", "new"));
    CHECK_INT(errno, ENOTSUP);
    CHECK(S_ISFIFO(mode_of("fifo")));
    CHECK(symlink("fifo", "link to a fifo") == 0 && !save("link to a fifo", "new"));
    CHECK(S_ISFIFO(mode_of("fifo")) && S_ISLNK(mode_of("link to a fifo")));
    CHECK(!save("far", "new"));
    CHECK_INT(errno, EISDIR);
    int ends[2];
    char name[32];
    CHECK(pipe(ends) == 0);
    snprintf(name, sizeof name, "/dev/fd/%d", ends[1]);
    CHECK(!save(name, "new"));
    CHECK_INT(errno, ENOTSUP);
    close(ends[0]);
    close(ends[1]);
    CHECK(!save("no/such/folder", "new"));
    CHECK_INT(errno, ENOENT);
}

int main(void)
{
    char place[] = "/tmp/bedrock-write-XXXXXX";
    CHECK(mkdtemp(place) != NULL && chdir(place) == 0);
    test_files();
    test_files_of_anybody();
    test_files_of_others();
    test_links();
    test_no_files();
    /* A folder goes only if nothing else was left in it. */
    static const char *const left[] = {"new",      "far/target", "link",           "link to it",
                                       "dangling", "fifo",       "link to a fifo", "picture",
                                       "another's"};
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++)
        CHECK(unlink(left[i]) == 0);
    CHECK(rmdir("far") == 0 && chdir("/") == 0 && rmdir(place) == 0);
    return check_done();
}
