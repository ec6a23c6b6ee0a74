/* SPDX-License-Identifier: GPL-2.0-or-later */
/* On the compute node: slurmd's epilog (root), slurmstepd's tasks. */
#ifndef SLURM_PLUGIN_COMPUTE_H
#define SLURM_PLUGIN_COMPUTE_H

#include "slurm-plugin/plugin.h"

/* Exit codes of a script or step that did not start, as in sysexits.h. */
#define EXIT_VM_FAILED 69 /* EX_UNAVAILABLE: the VM will not come; the reason is on stderr */
#define EXIT_VM_LATE   75 /* EX_TEMPFAIL: it did not come within ready_timeout */

/* Waits until no VM of the job is on this node; -1 (the node is drained) when that does not come
 * true within epilog_timeout. */
int compute_epilog(spank_t spank, const struct plugin *p);
/* In slurmstepd: one option, as Slurm hands it on; and, when all are there, those it did not. A bad
 * one can only come from a forged submission. Failing here would drain the node, so it is noted and
 * the task fails later, with the reason. */
void compute_option(struct plugin *p, enum vm_option option, const char *value);
void compute_options_complete(spank_t spank, struct plugin *p);
/* In the task's process, still as root: makes what the user may not. Never fails. */
void compute_task_prepare(spank_t spank, struct plugin *p);
/* In the task's process, as the user, with the task's stderr: waits for the VM and sets the
 * environment. Ends the process when the VM does not come. */
void compute_task_wait(spank_t spank, const struct plugin *p);

#endif
