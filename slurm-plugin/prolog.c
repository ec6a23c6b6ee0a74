/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slurm_vm_prolog.so: a plugin by itself, for a site without job_submit.lua. There nothing but the
 * job's SPANK variables tells of its VM, and of all programs in the cluster only a prolog and an
 * epilog see them as they were submitted. So root's word from here stands for two things that the
 * owner's would not: the job was submitted with --vm, and its epilog will hold the node until the
 * VM is off it, for both go by the same variable.
 *
 * It is not part of slurm_vm.so, because slurmd starts a process for every job of the cluster as
 * soon as one plugin has this callback. */
#include "slurm-plugin/ask.h"
#include "slurm-plugin/options.h"

SPANK_PLUGIN(slurm_vm_prolog, 1)

/* A mistake in plugstack.conf is told with the first job that has a VM. */
static int request_tell(spank_t spank, const struct plugin_settings *s, const struct vm_options *o,
			uint32_t job, struct err *e)
{
	uid_t uid = (uid_t)-1;

	if (spank_get_item(spank, S_JOB_UID, &uid) != ESPANK_SUCCESS)
		return err_set(e, ERR_INVALID, "Slurm does not say whose job it is");
	return ask_hint(s, job, &o->request, uid, ASK_HINT_TIMEOUT_MS, e);
}

/* Tells vmd that the job starts, and with which request. Never fails, never waits longer than a
 * second: a prolog that fails drains the node and holds the job. Slurm calls no init before it. */
int slurm_spank_job_prolog(spank_t spank, int ac, char **av)
{
	struct err bad_settings, e;
	struct plugin_settings s;
	struct vm_options o;
	uint32_t job = 0;
	int has_settings = plugin_settings_read(ac, av, &s, &bad_settings);
	int has_vm = vm_options_from_job_environment(s.prefix, &o, &e);

	if (has_vm == 0)
		return 0;
	if (has_settings < 0) {
		e = bad_settings;
		has_vm = err_wrap(&e, "plugstack.conf");
	}
	(void)spank_get_item(spank, S_JOB_ID, &job);
	if (has_vm < 0 || request_tell(spank, &s, &o, job, &e) < 0)
		slurm_info("slurm-vm: job=%u prolog: vmd was not told: %s", job, e.msg);
	return 0;
}
