/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far a job's move is, read from the world. Pure. */
#ifndef VMD_RECONCILE_MOVE_VIEW_H
#define VMD_RECONCILE_MOVE_VIEW_H

#include "vmd/reconcile/progress.h"

/* All of it is borrowed. */
struct move_source {
	const struct job *job;
	const struct holdings *have; /* of job */
	size_t n_companion;
	const struct companion *companion;
	const struct progress *progress; /* NULL: at its beginning */
	const struct desired *want;      /* of its nodes; NULL: nothing is known of them */
	const struct inflight *flight;   /* NULL: none */
	const struct policy *policy;
	bool over; /* limit_is_near() */
	int64_t mono_us, wall_s;
};
/* What ret names of the world is borrowed from s. */
void move_view_read(const struct observed *seen, const struct move_source *s, struct move *ret);

#endif
