/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slurmd's epilog, as root, in a process of its own. */
#ifndef SLURM_PLUGIN_EPILOG_H
#define SLURM_PLUGIN_EPILOG_H

#include "slurm-plugin/plugin.h"

/* Waits until no VM of the job is on this node; -1 (the node is drained) when that does not come
 * true within epilog_timeout. */
int epilog_run(spank_t spank, const struct plugin *p);

#endif
