/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the machines of one job on several nodes mean to each other. Each of them is a job to the
 * rules; that they end together is said here and nowhere else. Of a job with one machine all of it
 * is about that one. Pure, allocates nothing. */
#ifndef VMD_RECONCILE_RANKS_H
#define VMD_RECONCILE_RANKS_H

#include "vmd/reconcile/plan_rules.h"

/* Has the guest of each of them shut down? Only then the job's work is done. */
bool ranks_are_off(const struct planner *p, const struct turn *t);
/* The one that is FAILED, its own first; NULL: none is. All go with it. */
const struct progress *ranks_failed(const struct planner *p, const struct turn *t);
/* Are the root disks of all of them marked as kept, as far as they are to be? Who ends a job must
 * know: its end alone says nothing of the others' guests. ready: of those that were READY once. */
bool ranks_are_kept(const struct planner *p, const struct turn *t, bool ready);
/* Since when all of them are READY, wall clock; 0: they are not. */
int64_t ranks_ready_s(const struct planner *p, const struct turn *t);

#endif
