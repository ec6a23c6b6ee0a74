/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happens before the job exists. Everything here is for the user's convenience and none of it
 * is a protection: users can send Slurm any request by other means, so job_submit.lua and vmd check
 * again. A command without --vm pays for some getenv() and nothing else. */
#include "slurm-plugin/submit.h"

#include "slurm-plugin/shell.h"
#include "vmd/base/str.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

/* Made for the script of a VM job; stale in a job submitted from there. */
static const char *const guest_variables[] = {"VM_NAME",    "VM_HOST",     "VM_ADDRESS", "VM_USER",
					      "VM_PROFILE", "VM_SSH_KEY",  "VM_RANK",    "VM_NAMES",
					      "VM_HOSTS",   "VM_ADDRESSES"};

static bool in_allocation(void)
{
	return getenv("SLURM_JOB_ID") != NULL;
}

void submit_forget_outer_job(const struct plugin_settings *s)
{
	char var[OPTION_VAR_MAX + 1];

	if (!in_allocation() ||
	    !getenv(vm_option_variable("SLURM_SPANK_", s->prefix, OPTION_IMAGE, var, sizeof(var))))
		return;
	for (int i = 0; i < OPTION_COUNT; i++) {
		enum vm_option option = (enum vm_option)i;

		unsetenv(vm_option_variable("SLURM_SPANK_", s->prefix, option, var, sizeof(var)));
		/* srun puts its options there as well, see plugstack.c of Slurm */
		unsetenv(vm_option_variable("", s->prefix, option, var, sizeof(var)));
	}
	unsetenv("SLURM_SPANK_" NONCE_VARIABLE);
	unsetenv("SLURM_SPANK_" SHELL_VARIABLE);
	for (size_t i = 0; i < ARRAY_LEN(guest_variables); i++)
		unsetenv(guest_variables[i]);
}

/* Sets an option that was not given from SLURM_VM_*. Slurm has collected the options already, so it
 * is put where Slurm itself puts them: into the job's SPANK environment (job_submit, prolog) and
 * this process's (the steps). */
static int default_apply(spank_t spank, struct plugin *p, enum vm_option option, struct err *e)
{
	const char *variable = vm_option_default_variable(option);
	const char *prefix = p->settings.prefix;
	const char *value = variable ? getenv(variable) : NULL;
	char var[OPTION_VAR_MAX + 1];

	if (!value || !*value || vm_options_given(&p->options, option))
		return 0;
	if (vm_options_set(&p->options, prefix, option, value, e) < 0)
		return err_wrap(e, "%s in the environment", variable);
	(void)vm_option_variable("", prefix, option, var, sizeof(var));
	if (spank_job_control_setenv(spank, var, value, 1) != ESPANK_SUCCESS)
		return err_set(e, ERR_RETRY, "%s cannot be passed to the job", variable);
	(void)vm_option_variable("SLURM_SPANK_", prefix, option, var, sizeof(var));
	if (setenv(var, value, 1) < 0)
		return err_set(e, ERR_RETRY, "%s: %s", var, strerror(errno));
	return 0;
}

static int nonce_make(char *buf, size_t size, struct err *e)
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return err_set(e, ERR_RETRY, "getrandom: %s", strerror(errno));
	return str_fmt(buf, size, "%016llx", (unsigned long long)random);
}

/* A step inside an allocation: the job's VM is what it is. */
static int step_check(const struct plugin *p, struct err *e)
{
	const char *prefix = p->settings.prefix;
	char var[OPTION_VAR_MAX + 1];
	const char *of_job =
		getenv(vm_option_variable("SLURM_SPANK_", prefix, OPTION_IMAGE, var, sizeof(var)));

	if (!of_job)
		return err_set(e, ERR_INVALID,
			       "--%s starts a new job, and this is a step of job %s, which has no "
			       "virtual machine; use sbatch or salloc",
			       prefix, getenv("SLURM_JOB_ID"));
	if (!str_eq(of_job, p->options.value[OPTION_IMAGE]))
		return err_set(e, ERR_INVALID,
			       "job %s runs on image %s; another one (%s) needs a job of its own",
			       getenv("SLURM_JOB_ID"), of_job, p->options.value[OPTION_IMAGE]);
	return 0;
}

int submit_options_complete(spank_t spank, struct plugin *p, struct err *e)
{
	const char *prefix = p->settings.prefix;
	struct vm_request *r = &p->options.request;
	char name[OPTION_NAME_MAX + 1];

	if (!vm_options_given(&p->options, OPTION_IMAGE)) {
		for (int i = 0; i < OPTION_COUNT; i++)
			if (vm_options_given(&p->options, (enum vm_option)i))
				return err_set(e, ERR_INVALID, "--%s needs --%s=IMAGE",
					       vm_option_name(prefix, (enum vm_option)i, name,
							      sizeof(name)),
					       prefix);
		return 0;
	}
	if (p->settings_error.kind != ERR_NONE) {
		*e = p->settings_error;
		return -1;
	}
	if (spank_context() == S_CTX_LOCAL && in_allocation())
		return step_check(p, e);
	for (int i = 0; i < OPTION_COUNT; i++)
		if (default_apply(spank, p, (enum vm_option)i, e) < 0)
			return -1;
	if (nonce_make(r->nonce, sizeof(r->nonce), e) < 0)
		return -1;
	if (spank_job_control_setenv(spank, NONCE_VARIABLE, r->nonce, 1) != ESPANK_SUCCESS)
		return err_set(e, ERR_RETRY, "the nonce cannot be passed to the job");
	if (spank_context() == S_CTX_ALLOCATOR && shell_is_refused_here() &&
	    spank_job_control_setenv(spank, SHELL_VARIABLE, "no", 1) != ESPANK_SUCCESS)
		return err_set(e, ERR_RETRY, "--no-shell cannot be told to the job");
	return 0;
}
