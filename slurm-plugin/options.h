/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The --vm options: their table, their names in the environment, and what was asked for. */
#ifndef SLURM_PLUGIN_OPTIONS_H
#define SLURM_PLUGIN_OPTIONS_H

#include "slurm-plugin/settings.h"
#include "vmd/job/job.h"

#include <slurm/spank.h>

/* Names of the SPANK plugin, of the nonce, and of the word that there is no shell ("no"): part of
 * environment variables that job_submit.lua reads too. */
#define PLUGIN_NAME    "slurm_vm"
#define NONCE_VARIABLE "VM_NONCE"
#define SHELL_VARIABLE "VM_SHELL"

/* Longest value of an option: longer ones are refused, wherever they come from. */
#define OPTION_VALUE_MAX 160
#define OPTION_NAME_MAX  (SETTINGS_PREFIX_MAX + 16)
#define OPTION_VAR_MAX   (OPTION_NAME_MAX + 64)

enum vm_option {
	OPTION_IMAGE, /* --vm itself: all others need it */
	OPTION_DISK,
	OPTION_SCRATCH,
	OPTION_NETWORK,
	OPTION_ATTACH,
	OPTION_WAIT,
	OPTION_KEEP,
	OPTION_ON_DRAIN,
	OPTION_COUNT
};

/* Values as they were given; "" is "not given" (no option takes an empty value). */
struct vm_options {
	char value[OPTION_COUNT][OPTION_VALUE_MAX + 1];
	struct vm_request request; /* the same, checked */
};

/* One option's value, checked into o. ERR_INVALID names the option and the values allowed. */
int vm_options_set(struct vm_options *o, const char *prefix, enum vm_option option,
		   const char *value, struct err *e);
bool vm_options_given(const struct vm_options *o, enum vm_option option);

/* "vm-disk"; buf of OPTION_NAME_MAX + 1. Returns buf. */
const char *vm_option_name(const char *prefix, enum vm_option option, char *buf, size_t size);
/* The variable in which Slurm carries the option, behind before ("", "SPANK_", "SLURM_SPANK_"):
 * "SPANK__SLURM_SPANK_OPTION_slurm_vm_vm_disk"; buf of OPTION_VAR_MAX + 1. Returns buf. */
const char *vm_option_variable(const char *before, const char *prefix, enum vm_option option,
			       char *buf, size_t size);
/* Variable that a user may set as default of the option: "SLURM_VM_DISK"; NULL: none (--vm). */
const char *vm_option_default_variable(enum vm_option option);

/* Reads the options and the nonce from a job's SPANK variables in this process's environment, as
 * the prolog gets them. 1: this job has a VM, 0: it has none, -1: it asks for one in
 * a way that cannot be right (any user can send any variable). */
int vm_options_from_job_environment(const char *prefix, struct vm_options *ret, struct err *e);

/* Registers all options; cb gets the enum as val. */
int vm_options_register(spank_t spank, const char *prefix, spank_opt_cb_f cb, struct err *e);

#endif
