#include "engine/files/file_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_SIZE (BR_LOCK_STEM_MAX + sizeof(".2.lock"))

void br_file_lock_init(br_file_lock *l, int dir, const char *stem)
{
    *l = (br_file_lock){.dir = dir, .fd = -1, .delay_ms = BR_LOCK_RETRY_MIN_MS};
    snprintf(l->stem, sizeof(l->stem), "%s", stem);
}

static void close_file(br_file_lock *l)
{
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
    l->held = false;
    l->watching = false;
}

/* O_NONBLOCK: a FIFO put in the file's place must not hold us. */
static bool open_file(br_file_lock *l)
{
    char name[NAME_SIZE];
    struct stat st;
    if (l->dir < 0)
        return false;
    snprintf(name, sizeof(name), "%s%s", l->stem, l->second ? ".2.lock" : ".lock");
    l->fd = openat(l->dir, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (l->fd < 0)
        return false;
    if (fstat(l->fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid())
        return true;
    close_file(l);
    return false;
}

static void watch_from(br_file_lock *l, int64_t mono_ms, const struct stat *st)
{
    l->watching = true;
    l->started_ms = l->tried_ms = mono_ms;
    l->silent_ms = 0;
    l->touched = st->st_mtim;
}

static void count_silence(br_file_lock *l, int64_t mono_ms, const struct stat *st)
{
    int64_t gap = mono_ms - l->tried_ms;
    l->tried_ms = mono_ms;
    if (st->st_mtim.tv_sec == l->touched.tv_sec && st->st_mtim.tv_nsec == l->touched.tv_nsec) {
        l->silent_ms += gap < BR_LOCK_TOUCH_MS ? gap : BR_LOCK_TOUCH_MS;
        return;
    }
    l->touched = st->st_mtim;
    l->silent_ms = 0;
}

static br_lock_state judge_holder(br_file_lock *l, int64_t mono_ms, const struct stat *st)
{
    if (!l->watching)
        watch_from(l, mono_ms, st);
    else
        count_silence(l, mono_ms, st);
    if (l->silent_ms < BR_LOCK_SILENCE_MS && mono_ms - l->started_ms < BR_LOCK_WAIT_MS)
        return BR_LOCK_BUSY;
    close_file(l);
    if (l->second)
        return BR_LOCK_GIVEN_UP;
    l->second = true;
    l->delay_ms = BR_LOCK_RETRY_MIN_MS;
    return br_file_lock_try(l, mono_ms);
}

/* A file that somebody removed is no lock any more: others open another one of that name. */
br_lock_state br_file_lock_try(br_file_lock *l, int64_t mono_ms)
{
    struct stat st;
    if (l->held)
        return BR_LOCK_GOT;
    if (l->fd < 0 && !open_file(l))
        return BR_LOCK_NONE;
    bool got = flock(l->fd, LOCK_EX | LOCK_NB) == 0;
    bool busy = !got && (errno == EWOULDBLOCK || errno == EINTR);
    if ((!got && !busy) || fstat(l->fd, &st) != 0) {
        close_file(l);
        return BR_LOCK_NONE;
    }
    if (st.st_nlink == 0) {
        close_file(l);
        return BR_LOCK_BUSY;
    }
    if (busy)
        return judge_holder(l, mono_ms, &st);
    l->held = true;
    br_file_lock_touch(l);
    return BR_LOCK_GOT;
}

int br_file_lock_delay_ms(br_file_lock *l, double random01)
{
    int delay = l->delay_ms;
    l->delay_ms = delay * 2 < BR_LOCK_RETRY_MAX_MS ? delay * 2 : BR_LOCK_RETRY_MAX_MS;
    return delay - (int)(random01 * (delay / 2));
}

void br_file_lock_touch(br_file_lock *l)
{
    if (l->held)
        (void)futimens(l->fd, NULL);
}

void br_file_lock_release(br_file_lock *l)
{
    if (l->held)
        (void)flock(l->fd, LOCK_UN);
    close_file(l);
}

void br_file_lock_abandon(br_file_lock *l)
{
    close_file(l);
}
