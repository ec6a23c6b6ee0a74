/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the plugin's processes on a compute node have in common: whose job, which node, which of our
 * options. Whatever a job carries in its SPANK variables may be forged, but for job id and uid. */
#include "slurm-plugin/compute.h"

#include "slurm-plugin/step.h"
#include "vmd/base/clock.h"
#include "vmd/base/str.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

void compute_pause_us(int64_t us)
{
	struct timespec t = {.tv_sec = us / SEC_US, .tv_nsec = us % SEC_US * 1000};

	(void)nanosleep(&t, NULL);
}

uint32_t compute_job_id(spank_t spank)
{
	uint32_t id = 0;

	(void)spank_get_item(spank, S_JOB_ID, &id);
	return id;
}

bool compute_is_batch_script(spank_t spank)
{
	uint32_t step = 0;

	return spank_get_item(spank, S_JOB_STEPID, &step) == ESPANK_SUCCESS &&
	       step == STEP_BATCH_SCRIPT;
}

void compute_node_name(const char *told, char *buf, size_t size)
{
	if (told && *told)
		(void)snprintf(buf, size, "%s", told);
	else if (gethostname(buf, size) < 0)
		buf[0] = '\0';
	buf[size - 1] = '\0';
}

/* sbatch --export=NONE, and defaults from SLURM_VM_*, reach the step in the job's environment only:
 * Slurm itself looks for the options under a name that does not pass --export=NONE. */
void compute_options_complete(spank_t spank, struct plugin *p)
{
	char value[OPTION_VALUE_MAX + 2]; /* one more: too long is seen as too long */
	char var[OPTION_VAR_MAX + 1];

	for (int i = 0; i < OPTION_COUNT; i++) {
		enum vm_option option = (enum vm_option)i;
		spank_err_t rc;

		if (vm_options_given(&p->options, option))
			continue;
		(void)vm_option_variable("SLURM_SPANK_", p->settings.prefix, option, var,
					 sizeof(var));
		rc = spank_getenv(spank, var, value, sizeof(value));
		if (rc == ESPANK_SUCCESS || rc == ESPANK_NOSPACE)
			compute_option(p, option, value);
	}
}

void compute_option(struct plugin *p, enum vm_option option, const char *value)
{
	struct err e;

	if (vm_options_set(&p->options, p->settings.prefix, option, value, &e) == 0)
		return;
	if (p->options_error.kind == ERR_NONE)
		p->options_error = e;
	/* the wait must see that a VM was asked for */
	if (option == OPTION_IMAGE)
		(void)str_copy(p->options.value[OPTION_IMAGE], OPTION_VALUE_MAX, "?");
}
