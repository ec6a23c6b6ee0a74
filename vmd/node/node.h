/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A node of the Kubernetes cluster, as far as the rules for lost and for drained ones ask. Pure. */
#ifndef VMD_NODE_NODE_H
#define VMD_NODE_NODE_H

#include "vmd/job/job.h"

/* Who took the node out of service, by the annotation slurm-vm.io/drain that vmd gave it. */
enum node_mark {
	NODE_UNMARKED,
	NODE_FROM_SLURM, /* drained in Slurm: vmd cordoned it */
	NODE_FROM_KUBE,  /* cordoned in Kubernetes: vmd drained it in Slurm */
	NODE_OVERRULED,  /* drained in Slurm, and uncordoned by somebody: a cordon is not vmd's */
	NODE_FOREIGN     /* a word that this vmd does not know: left alone */
};

struct node_seen {
	char name[JOB_NODE_MAX + 1];
	char version[32]; /* resourceVersion */
	bool cordoned;    /* no new pods: spec.unschedulable */
	enum node_mark mark;
	/* Since when vmd sees that it is not Ready (its condition is False or Unknown), monotonic;
	 * 0: it is Ready. A vmd that starts counts from its start: clocks of others are not asked,
	 * and the wait only gets longer. */
	int64_t lost_us;
	/* Taint node.kubernetes.io/out-of-service: an administrator vouches that it is off. */
	bool out_of_service;
};

/* Not Ready for after_s, or out of service; after_s 0: no node is ever taken for lost. */
bool node_is_lost(const struct node_seen *n, int64_t after_s, int64_t mono_us);

#endif
