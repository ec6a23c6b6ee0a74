/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one load of the plugin knows: made by slurm_spank_init, then passed along. */
#ifndef SLURM_PLUGIN_PLUGIN_H
#define SLURM_PLUGIN_PLUGIN_H

#include "slurm-plugin/options.h"
#include "slurm-plugin/settings.h"

struct plugin {
	struct plugin_settings settings;
	struct err settings_error; /* of plugstack.conf: VM jobs fail with it, others run on */
	struct vm_options options; /* given on the command line, or handed on to the compute node */
	struct err options_error;  /* first of them that cannot be right, on the compute node */
};

#endif
