/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slurm's nodes: which take no new jobs, and the drains that vmd makes and ends for Kubernetes'
 * sake; see DESIGN.md, "Drain and cordon". Worker thread; blocks. */
#ifndef VMD_SLURM_SLURM_NODE_H
#define VMD_SLURM_SLURM_NODE_H

#include "vmd/reconcile/port.h"
#include "vmd/slurm/compat.h"

/* The last list, so that an unchanged one costs a small RPC. Zeroed is empty. */
struct slurm_nodes {
	time_t last_update; /* slurmctld's clock */
	size_t n;
	struct slurm_node *node;
};

void slurm_nodes_done(struct slurm_nodes *s);
/* ERR_RETRY: slurmctld did not answer. */
int slurm_nodes_load(struct slurm_nodes *s, struct err *e);
/* One record of a list -> struct slurm_node. Pure. ERR_INVALID: its name is too long. */
int slurm_node_read(const node_info_t *info, struct slurm_node *ret, struct err *e);
/* ACT_DRAIN_NODE. Looks at the node first: one that somebody else has drained is left as it is, and
 * only a drain of vmd's own is ended. */
int slurm_node_apply(const struct action *a, struct err *e);

#endif
