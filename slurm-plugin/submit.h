/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In sbatch, salloc and srun, as the user. */
#ifndef SLURM_PLUGIN_SUBMIT_H
#define SLURM_PLUGIN_SUBMIT_H

#include "slurm-plugin/plugin.h"

/* Forgets the VM of the job this sbatch or salloc runs in: a new job gets one by its own --vm only.
 * Before Slurm reads options from the environment, so in slurm_spank_init. */
void submit_forget_outer_job(const struct plugin_settings *s);

/* All options are known: checks that they make sense together, applies the user's defaults from the
 * environment and gives a new VM job its nonce. 0 without --vm. */
int submit_options_complete(spank_t spank, struct plugin *p, struct err *e);

#endif
