/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the script or step is told of its VM. In the task's process, as the user. */
#ifndef SLURM_PLUGIN_ENVIRONMENT_H
#define SLURM_PLUGIN_ENVIRONMENT_H

#include "slurm-plugin/plugin.h"
#include "slurm-plugin/wait.h"

/* all: as vmd told it last, of all machines of the job; a step has the one on its node.
 * patience_us: so long a vmd is asked again that cannot hand out the key at the moment. */
void environment_fill(spank_t spank, const struct plugin *p, uint32_t job,
		      const struct vm_report *all, int64_t patience_us);

#endif
