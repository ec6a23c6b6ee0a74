/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One host is a node of Slurm and of Kubernetes, and somebody takes it out of service on one side:
 * the other side follows, and follows back. Who began is not remembered but written down where it
 * was done: on Slurm's side in the node's reason, on Kubernetes' side in an annotation of the node.
 * What people did is never undone. The table of states is in DESIGN.md, "Drain and cordon". Pure.
 */
#ifndef VMD_NODE_DRAIN_H
#define VMD_NODE_DRAIN_H

#include "vmd/node/node.h"

/* The reason vmd gives Slurm; a node whose reason begins so was drained by vmd. */
#define DRAIN_REASON "slurm-vm: cordoned in Kubernetes"

/* A node of Slurm. */
struct slurm_node {
	char name[JOB_NODE_MAX + 1];
	uint32_t cpus;                  /* 0: not known */
	bool drained;                   /* it takes no new jobs */
	char reason[JOB_TITLE_MAX + 1]; /* cut */
	uint32_t by;                    /* the uid of who gave the reason */
	char by_name[JOB_USER_MAX];     /* "" not known */
};

enum drain_step {
	DRAIN_NOTHING,
	DRAIN_CORDON,    /* Kubernetes: unschedulable, marked as from Slurm */
	DRAIN_UNCORDON,  /* Kubernetes: schedulable, the mark off */
	DRAIN_MARK,      /* Kubernetes: marked as from Kubernetes */
	DRAIN_OVERRULED, /* Kubernetes: left schedulable, and marked so */
	DRAIN_SLURM,     /* Slurm: drained with DRAIN_REASON */
	DRAIN_RESUME     /* Slurm: what vmd had drained takes jobs again */
};

struct drain_policy {
	bool follow_cordon; /* Slurm follows Kubernetes */
	bool follow_drain;  /* Kubernetes follows Slurm */
};

/* The one step that the table has for both sides as they are seen now. */
enum drain_step drain_read(const struct node_seen *k, const struct slurm_node *s,
			   const struct drain_policy *policy);
bool drain_is_ours(const char *reason); /* of a node that is drained in Slurm */
/* It was cordoned in Kubernetes, and is no longer: an eviction that has not begun is to end, too.
 */
bool drain_is_taken_back(const struct node_seen *k);
/* Why no VM should be sent to this host now, "" it may; either side may be NULL (not known). What
 * vmd has cordoned for Slurm is as open as Slurm says: it is uncordoned when Slurm resumes it. */
const char *drain_closed(const struct node_seen *k, const struct slurm_node *s);
/* Would a VM get on it, if Slurm gave room there? */
bool drain_takes_vms(const struct node_seen *k);
const char *drain_mark_name(enum node_mark m); /* the annotation's value, "" none */
enum node_mark drain_mark_parse(const char *text);

#endif
