/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan(): what to do next. Pure, allocates nothing; equal input gives equal output. The rules are
 * in DESIGN.md, "Reconcile rules"; plan_vm.c, plan_disk.c and plan_volume.c hold those of one
 * object each. */
#ifndef VMD_RECONCILE_PLAN_H
#define VMD_RECONCILE_PLAN_H

#include "vmd/reconcile/progress.h"

struct plan_context {
	const struct catalogue *catalogue;
	const struct policy *policy;
	const struct inflight *flight;   /* objects with an action in flight or backing off are left
					    out; NULL: none */
	const struct progress *progress; /* of want->job, one each, same order; NULL: all at their
					    beginning */
	int64_t mono_us;
	int64_t wall_s;
	bool approved; /* many deletions at once are wanted */
};

/* want and seen are sorted (world_sort()); out is overwritten, and borrows nothing. */
void plan(const struct desired *want, const struct observed *seen, const struct plan_context *c,
	  struct plan *out);

#endif
