/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between progress.c and progress_*.c only. */
#ifndef VMD_RECONCILE_PROGRESS_PARTS_H
#define VMD_RECONCILE_PROGRESS_PARTS_H

#include "vmd/reconcile/progress.h"

/* For people: what is waited for, or went wrong. */
void progress_reason(struct progress *p, const char *fmt, ...) PRINTF(2, 3);
void progress_state(struct progress *p, enum vm_state s, const struct progress_view *v);
/* FAILED, for this incarnation for ever. reason may be the one that p has. */
void progress_fail(struct progress *p, const struct progress_view *v, const char *reason);
/* The next step is due then, or sooner. */
void progress_due(struct progress *p, int64_t at_us);

/* progress_making.c: PROVISIONING, FAILED: the VM is wanted and not there. */
void progress_making(struct progress *p, const struct job *j, const struct holdings *h,
		     const struct progress_view *v);
/* A VM of an earlier run is there: what becomes of it. */
void progress_removing(struct progress *p, const struct holdings *h, const struct progress_view *v);

/* progress_trouble.c. One of the job's disks that cannot be read is remembered, with the time. */
void progress_disk(struct progress *p, const struct job *j, const struct holdings *h,
		   const struct progress_view *v);
/* What hinders the job from outside, borrowed from p and v, and since when; NULL: nothing. */
const char *progress_trouble(const struct progress *p, const struct progress_view *v,
			     const struct holdings *h, int64_t *ret_since);
/* Time limits of a job that waits for READY. */
void progress_limits(struct progress *p, const struct holdings *h, const struct progress_view *v);

/* progress_move.c: how far its move is. */
void progress_move(struct progress *p, const struct job *j, const struct holdings *h,
		   const struct progress_view *v, struct move *ret);

#endif
