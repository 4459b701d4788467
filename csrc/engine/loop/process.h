/*
** The number of this process without asking the kernel each time, for the checks after forks.
*/
#ifndef BR_ENGINE_LOOP_PROCESS_H
#define BR_ENGINE_LOOP_PROCESS_H

#include <sys/types.h>

/*
** As getpid. Kept in a page that the kernel empties in every child, also in those of forks that
** run no handlers.
*/
pid_t br_process_id(void);

#endif
