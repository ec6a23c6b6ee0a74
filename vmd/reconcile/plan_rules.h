/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between plan.c and plan_*.c only. */
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

/* A job's turn in the round: all that the rules ask about it. */
struct turn {
	struct holdings have;
	uint32_t job_id;
	const struct job *job;           /* NULL: Slurm does not know it */
	const struct progress *progress; /* NULL: at its beginning */
	const struct image *image;       /* wanted only: from the catalogue */
	struct vm_request request;       /* wanted only: with the image's defaults */
	struct move move;                /* of job */
	const struct disk_seen *root;    /* wanted only: taken over or to be taken over; NULL: its
					    root disk is a clone of the image */
};

/* Adds an action on object, zeroed but for its identity. NULL: an action on that object is in
 * flight or backs off, or the plan is full. */
struct action *plan_add(struct planner *p, const struct turn *t, enum action_kind k,
			const char *object);

/* inflight.h's questions, of the job's object of that name, or of all its objects of that class. */
bool plan_believes_made(const struct planner *p, const struct turn *t, const char *object,
			enum action_class class);
bool plan_may_vanish(const struct planner *p, const struct turn *t, const char *object,
		     enum action_class class);
bool plan_may_appear(const struct planner *p, const struct turn *t, enum action_class class);

/* Of a run that this vmd has not heard of yet, by the incarnation in its name. What it knows of the
 * job is old, and says nothing about that. */
bool plan_is_later(const struct turn *t, const char *name);

/* plan_vm.c. Each is repeated every round until nothing is left to do. */
void plan_vm_remove(struct planner *p, const struct turn *t, const struct vm_seen *vm);
/* All VMs of the job but keep (NULL: none); true: none is seen. */
bool plan_vms_remove(struct planner *p, const struct turn *t, const char *keep);
/* Its disks and its Secret are there, no VM of it is seen. */
void plan_vm_wanted(struct planner *p, const struct turn *t);
/* true: it is there, with all its parts. */
bool plan_secret_wanted(struct planner *p, const struct turn *t);
void plan_secrets_remove(struct planner *p, const struct turn *t);

/* plan_fence.c: of a VM that is being deleted on a node that is lost; of others nothing. */
void plan_pod_force_delete(struct planner *p, const struct turn *t, const struct vm_seen *vm);

/* plan_move.c. t->move is read first. */
void plan_move_read(const struct planner *p, const struct turn *t, struct move *ret);
/* What the phase of its move asks for; also of a job that has ended, whose companion is to go. */
void plan_move(struct planner *p, const struct turn *t);
/* Companions of jobs that Slurm does not know any more. */
void plan_companions(struct planner *p);

/* plan_reservation.c */
/* The companion's node is reserved for the job, which waits in that. */
void plan_reserve(struct planner *p, const struct turn *t, const struct companion *h);
/* Those of the job that its move has no use for, or no more; t->move is read. */
void plan_reservations_of(struct planner *p, const struct turn *t);
/* Those of jobs that Slurm does not know any more. */
void plan_reservations(struct planner *p);

/* plan_drain.c: nodes that are drained in Slurm or cordoned in Kubernetes. */
void plan_drains(struct planner *p);

/* plan_volume.c: PV and PVC of one disk. name is the disk's. */
/* true: the PV is there and lets this incarnation's PVC have the disk. */
bool plan_volume_wanted(struct planner *p, const struct turn *t, const struct disk_spec *d,
			bool disk_there);
/* The PVC of one disk goes, then its PV. true: neither is there, and none can come up. */
bool plan_volume_gone(struct planner *p, const struct turn *t, const struct disk_spec *d);
/* The earlier runs' PVCs have no use any more. */
void plan_claims_remove(struct planner *p, const struct turn *t);
/* No VM is there: PVCs, then PVs. true: none is there, and none can come up. */
bool plan_volumes_gone(struct planner *p, const struct turn *t);

/* plan_limit.c: true: the job's time is nearly over, its guest goes, and nothing is made. */
bool plan_limit(struct planner *p, const struct turn *t);
/* ... and before that its users are warned. */
void plan_warning(struct planner *p, const struct turn *t, const struct vm_seen *vm);
/* plan_ready.c: the site's program is told that it is READY. */
void plan_ready(struct planner *p, const struct turn *t, const struct vm_seen *vm);

/* plan_disk.c */
enum wanted { WANTED_THERE, WANTED_ABSENT, WANTED_WAIT };
/* How far one thing is that is wanted. */
enum wanted plan_wanted(const struct planner *p, const struct turn *t, const char *name,
			enum action_class class, bool seen);
/* An action on a disk, its PV or PVC, with what it needs to make that; NULL as plan_add. */
struct action *plan_make(struct planner *p, const struct turn *t, const struct disk_spec *d,
			 enum action_kind k, const char *name);
/* true: all disks are there, and this incarnation's VM may have them. */
bool plan_disks_wanted(struct planner *p, const struct turn *t);
/* No VM is there any more: PVCs, then PVs, then disks. true: nothing but kept disks is left. */
bool plan_disks_remove(struct planner *p, const struct turn *t);
/* A job that lives again has no use for the mark of its earlier end. */
void plan_disks_unkeep(struct planner *p, const struct turn *t);
/* Is there nothing of one machine's that plan_disks_keep() would mark? */
bool plan_disks_are_kept(const struct holdings *h);
/* plan_attachment.c: named disks. */
/* true: the job has its claims, and this incarnation's VM may have the disks. */
bool plan_attachments_wanted(struct planner *p, const struct turn *t);
/* Adds them to what a new VM has. */
void plan_attachments_fill(const struct turn *t, struct vm_spec *vm);
/* The VM runs: it gets what has been claimed since, and gives back what leaves. */
void plan_attachments_live(struct planner *p, const struct turn *t, const struct vm_seen *vm);
/* No PVC of the job is there: its claims go. true: none is left, and none can come up. */
bool plan_claims_drop(struct planner *p, const struct turn *t);
/* What a failing job's guest has computed is kept before the job is ended. */
bool plan_disks_keep(struct planner *p, const struct turn *t);

#endif
