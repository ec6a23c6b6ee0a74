/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between plan.c, plan_vm.c, plan_disk.c and plan_move.c only. */
#ifndef VMD_RECONCILE_PLAN_RULES_H
#define VMD_RECONCILE_PLAN_RULES_H

#include "vmd/reconcile/plan.h"

struct planner {
	const struct desired *want;
	const struct observed *seen;
	const struct plan_context *c;
	struct plan *out;
	size_t limit;
};

/* What the rules ask about one job. */
struct task {
	struct holdings have;
	uint32_t job_id;
	const struct job *job;           /* NULL: Slurm does not know it */
	const struct progress *progress; /* NULL: at its beginning */
	const struct image *image;       /* wanted only: from the catalogue */
	struct vm_request request;       /* wanted only: with the image's defaults */
	struct move move;                /* of job */
};

/* Adds an action on object, zeroed but for its identity. NULL: an action on that object is in
 * flight or backs off, or the plan is full. */
struct action *plan_add(struct planner *p, const struct task *t, enum action_kind k,
			const char *object);

/* plan_vm.c. Each is repeated every round until nothing is left to do. */
void plan_vm_remove(struct planner *p, const struct task *t, const struct vm_seen *vm);
/* All VMs of the job but keep (NULL: none); true: there are none, and none can come up. */
bool plan_vms_remove(struct planner *p, const struct task *t, const char *keep);
void plan_vm_wanted(struct planner *p, const struct task *t);
bool plan_secret_wanted(struct planner *p, const struct task *t);
void plan_secrets_remove(struct planner *p, const struct task *t);

/* plan_move.c. t->move is read first. */
void plan_move_read(const struct planner *p, const struct task *t, struct move *ret);
void plan_move(struct planner *p, const struct task *t);
/* Companions of jobs that Slurm does not know any more. */
void plan_companions(struct planner *p);

/* plan_disk.c */
/* true: all disks with PV and PVC are there. */
bool plan_disks_wanted(struct planner *p, const struct task *t);
/* No VM is there any more: PVCs, then PVs, then disks. true: nothing but kept disks is left. */
bool plan_disks_remove(struct planner *p, const struct task *t);
/* A job that lives again has no use for the mark of its earlier end. */
void plan_disks_unkeep(struct planner *p, const struct task *t);
/* What a failing job's guest has computed is kept before the job is ended. */
bool plan_disks_keep(struct planner *p, const struct task *t);

#endif
