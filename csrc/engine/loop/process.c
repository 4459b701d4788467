#define _GNU_SOURCE
#include "engine/loop/process.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

typedef _Atomic(pid_t) kept_pid;

static kept_pid *kept; /* 0: not asked yet; NULL: no such page to be had */
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Never unmapped: it is one page, and any thread may be about to read it. */
static void map_page(void)
{
#ifdef MADV_WIPEONFORK
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return;
    if (madvise(page, size, MADV_WIPEONFORK) == 0)
        kept = page;
    else
        munmap(page, size);
#endif
}

pid_t br_process_id(void)
{
    pthread_once(&once, map_page);
    if (kept == NULL)
        return getpid();
    pid_t pid = atomic_load_explicit(kept, memory_order_relaxed);
    if (pid == 0) {
        pid = getpid();
        atomic_store_explicit(kept, pid, memory_order_relaxed);
    }
    return pid;
}
