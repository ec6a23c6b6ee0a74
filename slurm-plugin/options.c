/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The option table. Every text that comes in here was typed by a user or sent by one in a job's
 * environment, so it is checked the same way in every context. No state but what the caller holds.
 */
#include "slurm-plugin/options.h"

#include "vmd/base/str.h"
#include "vmd/job/job_option.h"

#include <string.h>

/* A plain number is megabytes, as with sbatch's --mem and --tmp. */
#define SIZE_UNIT_BYTES (UINT64_C(1) << 20)

static const struct {
	const char *suffix; /* behind the prefix */
	const char *argument;
	const char *usage;
	const char *default_variable;
} table[OPTION_COUNT] = {
	[OPTION_IMAGE] = {"", "IMAGE[@REVISION]|@JOB",
			  "[slurm-vm] run a virtual machine from this image as the job (`vmctl "
			  "images' lists them), or from the kept disk of a job",
			  NULL},
	[OPTION_DISK] = {"-disk", "SIZE", "[slurm-vm] grow the guest's root disk to SIZE, as 40G",
			 "SLURM_VM_DISK"},
	[OPTION_SCRATCH] = {"-scratch", "SIZE",
			    "[slurm-vm] a second, empty disk of SIZE for the job",
			    "SLURM_VM_SCRATCH"},
	[OPTION_NETWORK] = {"-network", "NAME", "[slurm-vm] network of the guest",
			    "SLURM_VM_NETWORK"},
	[OPTION_ATTACH] = {"-attach", "NAME[:ro],...",
			   "[slurm-vm] disks of yours that the guest gets (`vmctl disk list')",
			   "SLURM_VM_ATTACH"},
	[OPTION_WAIT] = {"-wait", "ready|running|none",
			 "[slurm-vm] what the script waits for (default: ready)", "SLURM_VM_WAIT"},
	[OPTION_KEEP] = {"-keep", "never|abnormal|always",
			 "[slurm-vm] when the root disk is kept for a while after the job "
			 "(default: abnormal)",
			 "SLURM_VM_KEEP"},
	[OPTION_ON_DRAIN] = {"-on-drain", "migrate|requeue|stay",
			     "[slurm-vm] what becomes of it when its node is drained (default: the "
			     "site's)",
			     "SLURM_VM_ON_DRAIN"},
};

const char *vm_option_name(const char *prefix, enum vm_option option, char *buf, size_t size)
{
	(void)str_fmt(buf, size, "%s%s", prefix, table[option].suffix);
	return buf;
}

const char *vm_option_variable(const char *before, const char *prefix, enum vm_option option,
			       char *buf, size_t size)
{
	(void)str_fmt(buf, size, "%s_SLURM_SPANK_OPTION_" PLUGIN_NAME "_%s%s", before, prefix,
		      table[option].suffix);
	for (char *c = buf; *c; c++)
		if (*c == '-')
			*c = '_';
	return buf;
}

const char *vm_option_default_variable(enum vm_option option)
{
	return table[option].default_variable;
}

bool vm_options_given(const struct vm_options *o, enum vm_option option)
{
	return o->value[option][0] != '\0';
}

static int size_set(const char *value, uint64_t *ret_bytes, struct err *e)
{
	return str_to_bytes(value, SIZE_UNIT_BYTES, ret_bytes, e);
}

static int network_set(const char *value, struct vm_request *r, struct err *e)
{
	if (!str_is_name(value, JOB_NAME_MAX))
		return err_set(e, ERR_INVALID, "'%.40s' is not a name of a network", value);
	return str_copy(r->network, sizeof(r->network), value);
}

static int request_set(struct vm_request *r, enum vm_option option, const char *value,
		       struct err *e)
{
	switch (option) {
	case OPTION_IMAGE: r->revision[0] = '\0'; return job_option_image(value, r, e);
	case OPTION_DISK: return size_set(value, &r->disk_bytes, e);
	case OPTION_SCRATCH: return size_set(value, &r->scratch_bytes, e);
	case OPTION_NETWORK: return network_set(value, r, e);
	case OPTION_ATTACH: return vm_attach_list_parse(value, &r->attach, e);
	case OPTION_WAIT: return job_option_wait(value, &r->wait, e);
	case OPTION_KEEP: return job_option_keep(value, &r->keep, e);
	case OPTION_ON_DRAIN: return job_option_on_drain(value, &r->on_drain, e);
	case OPTION_COUNT: break;
	}
	return err_set(e, ERR_INVALID, "no such option");
}

/* Every proper value is visible ASCII. Anything else is not even shown: it would let a user write
 * lines of his own into slurmd's log. */
static bool is_visible(const char *s)
{
	for (; *s; s++)
		if (*s <= ' ' || *s > '~')
			return false;
	return true;
}

int vm_options_set(struct vm_options *o, const char *prefix, enum vm_option option,
		   const char *value, struct err *e)
{
	struct vm_request request = o->request;
	char name[OPTION_NAME_MAX + 1];

	if ((unsigned)option >= OPTION_COUNT)
		return err_set(e, ERR_INVALID, "no such option");
	(void)vm_option_name(prefix, option, name, sizeof(name));
	if (!value || !*value)
		return err_set(e, ERR_INVALID, "--%s needs a value: --%s=%s", name, name,
			       table[option].argument);
	if (strlen(value) > OPTION_VALUE_MAX)
		return err_set(e, ERR_INVALID, "--%s: value is longer than %d characters", name,
			       OPTION_VALUE_MAX);
	if (!is_visible(value))
		return err_set(e, ERR_INVALID,
			       "--%s: value holds spaces or characters that none has", name);
	if (request_set(&request, option, value, e) < 0)
		return err_wrap(e, "--%s", name);
	o->request = request;
	return str_copy(o->value[option], sizeof(o->value[option]), value);
}

int vm_options_from_job_environment(const char *prefix, struct vm_options *ret, struct err *e)
{
	struct vm_options o = {.request.disk_bytes = 0};
	char var[OPTION_VAR_MAX + 1];
	const char *nonce, *shell = getenv("SPANK_" SHELL_VARIABLE);

	if (!getenv(vm_option_variable("SPANK_", prefix, OPTION_IMAGE, var, sizeof(var))))
		return 0;
	for (int i = 0; i < OPTION_COUNT; i++) {
		enum vm_option option = (enum vm_option)i;
		const char *value =
			getenv(vm_option_variable("SPANK_", prefix, option, var, sizeof(var)));

		if (value && vm_options_set(&o, prefix, option, value, e) < 0)
			return -1;
	}
	nonce = getenv("SPANK_" NONCE_VARIABLE);
	if (!nonce || !job_nonce_ok(nonce))
		return err_set(e, ERR_INVALID, "the submission carries no proper nonce");
	if (str_copy(o.request.nonce, sizeof(o.request.nonce), nonce) < 0)
		return err_set(e, ERR_INVALID, "nonce too long");
	o.request.no_shell = shell && str_eq(shell, "no");
	*ret = o;
	return 1;
}

int vm_options_register(spank_t spank, const char *prefix, spank_opt_cb_f cb, struct err *e)
{
	for (int i = 0; i < OPTION_COUNT; i++) {
		char name[OPTION_NAME_MAX + 1], argument[40], usage[160];
		/* Slurm copies it all; its struct only lacks the const. */
		struct spank_option option = {.name = name,
					      .arginfo = argument,
					      .usage = usage,
					      .has_arg = 1,
					      .val = i,
					      .cb = cb};

		(void)vm_option_name(prefix, (enum vm_option)i, name, sizeof(name));
		if (str_copy(argument, sizeof(argument), table[i].argument) < 0 ||
		    str_copy(usage, sizeof(usage), table[i].usage) < 0 ||
		    spank_option_register(spank, &option) != ESPANK_SUCCESS)
			return err_set(e, ERR_INVALID, "option --%s cannot be registered", name);
	}
	return 0;
}
