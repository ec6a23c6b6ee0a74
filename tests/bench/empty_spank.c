/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A SPANK plugin that does nothing, with the callbacks of slurm_vm.so: what Slurm itself pays for
 * having any such plugin. slurmd starts a process for every job's epilog as soon as one
 * plugin has that callback. For the benchmark "jobs" only. */
#include <slurm/spank.h>

SPANK_PLUGIN(empty, 1)

#define CALLBACK(name)                                                                             \
	int name(spank_t spank, int ac, char **av);                                                \
	int name(spank_t spank, int ac, char **av)                                                 \
	{                                                                                          \
		(void)spank, (void)ac, (void)av;                                                   \
		return 0;                                                                          \
	}

CALLBACK(slurm_spank_init)
CALLBACK(slurm_spank_init_post_opt)
CALLBACK(slurm_spank_job_epilog)
CALLBACK(slurm_spank_task_init_privileged)
CALLBACK(slurm_spank_task_init)
