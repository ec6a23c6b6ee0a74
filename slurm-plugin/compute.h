/* SPDX-License-Identifier: GPL-2.0-or-later */
/* On the compute node: what slurmd's epilog (root) and slurmstepd's tasks have in common. */
#ifndef SLURM_PLUGIN_COMPUTE_H
#define SLURM_PLUGIN_COMPUTE_H

#include "slurm-plugin/plugin.h"

uint32_t compute_job_id(spank_t spank); /* 0: Slurm does not say */
bool compute_is_batch_script(spank_t spank);
/* The node as Slurm calls it: several slurmd may run on one host. told: SLURMD_NODENAME, NULL or ""
 * if it is not set; then the host's name. */
void compute_node_name(const char *told, char *buf, size_t size);
void compute_pause_us(int64_t us);

/* In slurmstepd: one option, as Slurm hands it on; and, when all are there, those it did not. A bad
 * one can only come from a forged submission. Failing here would drain the node, so it is noted and
 * the task fails later, with the reason. */
void compute_option(struct plugin *p, enum vm_option option, const char *value);
void compute_options_complete(spank_t spank, struct plugin *p);

#endif
