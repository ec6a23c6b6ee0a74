/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Slurm calls: one plugin for sbatch, salloc and srun (submit.c), for slurmd's epilog
 * (epilog.c) and slurmstepd's tasks (task.c). Which callback runs in which context, and what a
 * failure there does, is in slurm-vm(8). A job without --vm passes through here without a single
 * system call. Nothing here aborts, and no failure of ours ever fails somebody else's job. */
#include "slurm-plugin/compute.h"
#include "slurm-plugin/epilog.h"
#include "slurm-plugin/submit.h"
#include "slurm-plugin/task.h"

SPANK_PLUGIN(slurm_vm, 1)

/* Slurm's option callback has no argument of ours, so there is one plugin per process. */
static struct plugin plugin;

static int option_given(int val, const char *value, int remote)
{
	struct err e;

	if (remote) {
		compute_option(&plugin, (enum vm_option)val, value);
		return 0;
	}
	if (vm_options_set(&plugin.options, plugin.settings.prefix, (enum vm_option)val, value,
			   &e) == 0)
		return 0;
	slurm_error("slurm-vm: %s", e.msg);
	return -1;
}

static void settings_read(int ac, char **av)
{
	plugin = (struct plugin){.settings_error.kind = ERR_NONE};
	if (plugin_settings_read(ac, av, &plugin.settings, &plugin.settings_error) < 0) {
		(void)err_wrap(&plugin.settings_error, "plugstack.conf");
		slurm_error("slurm-vm: %s", plugin.settings_error.msg);
	}
}

int slurm_spank_init(spank_t spank, int ac, char **av)
{
	struct err e = {.kind = ERR_NONE};

	settings_read(ac, av);
	if (spank_context() == S_CTX_ALLOCATOR)
		submit_forget_outer_job(&plugin.settings);
	if (vm_options_register(spank, plugin.settings.prefix, option_given, &e) < 0)
		slurm_error("slurm-vm: %s", e.msg);
	return 0;
}

int slurm_spank_init_post_opt(spank_t spank, int ac, char **av)
{
	struct err e = {.kind = ERR_NONE};

	(void)ac, (void)av;
	switch (spank_context()) {
	case S_CTX_LOCAL:
	case S_CTX_ALLOCATOR:
		if (submit_options_complete(spank, &plugin, &e) == 0)
			return 0;
		slurm_error("slurm-vm: %s", e.msg);
		return -1;
	case S_CTX_REMOTE: compute_options_complete(spank, &plugin); return 0;
	default: return 0; /* Slurm's enum: nothing to do elsewhere */
	}
}

/* The epilog runs in a process of its own ("slurmd spank epilog"), where Slurm calls neither init
 * nor an option's callback. There is no prolog here: slurmd would start such a process at the
 * beginning of every job, too. What it would be for is in prolog.c, a plugin by itself. */
int slurm_spank_job_epilog(spank_t spank, int ac, char **av)
{
	settings_read(ac, av);
	return epilog_run(spank, &plugin);
}

int slurm_spank_task_init_privileged(spank_t spank, int ac, char **av)
{
	(void)ac, (void)av;
	task_prepare(spank, &plugin);
	return 0;
}

int slurm_spank_task_init(spank_t spank, int ac, char **av)
{
	(void)ac, (void)av;
	task_wait(spank, &plugin);
	return 0;
}
