/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slurmstepd's tasks: the process that becomes the script. */
#ifndef SLURM_PLUGIN_TASK_H
#define SLURM_PLUGIN_TASK_H

#include "slurm-plugin/plugin.h"

/* Exit codes of a script or step that did not start, as in sysexits.h. */
#define EXIT_VM_FAILED 69 /* EX_UNAVAILABLE: the VM will not come; the reason is on stderr */
#define EXIT_VM_LATE   75 /* EX_TEMPFAIL: it did not come within ready_timeout */

/* Still as root: makes what the user may not. Never fails. */
void task_prepare(spank_t spank, struct plugin *p);
/* As the user, with the task's stderr: waits for the VM and sets the environment. Ends the process
 * when the VM does not come. */
void task_wait(spank_t spank, const struct plugin *p);

#endif
