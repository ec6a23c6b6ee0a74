/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan(): what to do next. Pure, allocates nothing; equal input gives equal output. The rules are
 * in DESIGN.md, "Reconcile rules"; plan_vm.c, plan_disk.c hold those of one object each. */
#ifndef VMD_RECONCILE_PLAN_H
#define VMD_RECONCILE_PLAN_H

#include "vmd/reconcile/action.h"

/* busy: names of objects with an action in flight or backing off; they are left out. NULL: none. */
struct plan_context {
	const struct catalogue *catalogue;
	const struct policy *policy;
	int64_t wall_s;
	bool approved;
	bool (*busy)(const void *ctx, const char *object);
	const void *busy_ctx;
};

void plan(const struct desired *want, const struct observed *seen, const struct plan_context *c,
	  struct plan *out);

#endif
