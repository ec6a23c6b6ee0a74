/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a program of the site, by its path and without a shell: under vmd's account, in a process
 * group of its own, with the environment given and nothing else, no open files but standard input
 * from /dev/null and vmd's standard error for both outputs. One that takes longer than its time is
 * killed with its group. SIGCHLD must be blocked in all threads. Loop thread. */
#ifndef VMD_HOOK_H
#define VMD_HOOK_H

#include "vmd/base/err.h"

#include <stdint.h>

#define HOOKS_MAX 8 /* at a time */

struct sd_event;
struct hooks;

/* Told once, later: ERR_NONE, exit code 0; ERR_INVALID: another end. */
typedef void (*hook_done_fn)(void *ctx, const struct err *e);

/* limit_us: of one program, then it is killed. */
void hooks_new(struct sd_event *loop, int64_t limit_us, struct hooks **ret);
/* Ends the programs that run, without telling. */
void hooks_free(struct hooks *h);
/* On failure done is not called: ERR_RETRY: too many run, or no process; ERR_INVALID: no program
 * there. Borrows path and env for the call. */
int hook_run(struct hooks *h, const char *path, char *const *env, hook_done_fn done, void *ctx,
	     struct err *e);

#endif
