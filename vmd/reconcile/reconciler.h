/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Observe -> plan -> apply, one round at a time; keeps what is in flight, back-off, and each job's
 * status. Pure: time is an argument, effects go through the port. */
#ifndef VMD_RECONCILE_RECONCILER_H
#define VMD_RECONCILE_RECONCILER_H

#include "vmd/reconcile/port.h"
#include "vmd/reconcile/trouble.h"
#include "vmd/vm/vm_status.h"

struct reconciler;
struct now {
	int64_t mono_us;
	int64_t wall_s;
};

/* Borrows catalogue and policy until replaced by reconciler_configure. */
struct reconciler *reconciler_new(const struct catalogue *c, const struct policy *p,
				  const struct action_port *port);
void reconciler_free(struct reconciler *r);
void reconciler_configure(struct reconciler *r, const struct catalogue *c, const struct policy *p);

/* Whether the next rounds do what they plan; at first they do. One that only looks keeps each job's
 * status and the plan, and starts nothing. For who begins to lead (again) the time that a VM has
 * been without an allocation begins anew. */
void reconciler_lead(struct reconciler *r, bool acts);
/* One round on this view of the world (borrowed for the call). Returns when to run again at the
 * latest, monotonic microseconds (back-off, time-outs); INT64_MAX: when something changes. */
int64_t reconciler_round(struct reconciler *r, const struct desired *want,
			 const struct observed *seen, struct now now);
/* The outcome of an action; e->kind ERR_NONE is success. The next round should come soon. */
void reconciler_done(struct reconciler *r, uint64_t ticket, const struct err *e, struct now now);

/* Status of a job as of the last round: NULL if that round did not know it. Borrowed until the next
 * call. */
const struct vm_status *reconciler_status(const struct reconciler *r, uint32_t job_id);
/* The same of one of its machines; that above is of the first. */
const struct vm_status *reconciler_rank_status(const struct reconciler *r, uint32_t job_id,
					       uint32_t rank);
/* Trouble outside, told by adapters ("Kubernetes API: connection refused"): shown as reason of jobs
 * that wait for it. NULL text: it works again. */
void reconciler_trouble(struct reconciler *r, enum trouble_source source, const char *text,
			struct now now);
/* The last plan, for vmctl plan and metrics; borrowed until the next round. */
const struct plan *reconciler_plan(const struct reconciler *r);
/* Allows the deletions that the last round held back (policy.delete_share_percent), once. */
void reconciler_approve(struct reconciler *r);

/* Somebody wants the job's VM on another node: to (MOVE_ANYWHERE: any; "": not any more). Written
 * into the job's record in the next round. */
void reconciler_migrate(struct reconciler *r, uint32_t job_id, const char *to);
/* The job is to become so large, which growth_check() allows; 0 CPUs: not any more. */
void reconciler_resize(struct reconciler *r, uint32_t job_id, const struct job_size *size);

struct reconciler_counts {
	uint64_t rounds, actions, failures, conflicts;
	size_t in_flight;
	bool approval_wanted;
};
struct reconciler_counts reconciler_counts(const struct reconciler *r);

#endif
