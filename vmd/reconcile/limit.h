/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A job's time limit, and what comes before it: its guest is warned, then shut down, so that it is
 * off before Slurm takes the node away. Pure: the wall clock is an argument.
 *
 * Everything follows from the limit's end as Slurm tells it now: an administrator who raises it
 * moves all of it, and a new vmd finds the same. */
#ifndef VMD_RECONCILE_LIMIT_H
#define VMD_RECONCILE_LIMIT_H

#include "vmd/reconcile/world.h"

/* When the guest of a running job is to be shut down: `limits: shutdown` before its time is over,
 * but no more than a tenth of it. 0: never, the job has no limit or the site wants none of it. */
int64_t limit_stop_s(const struct job *j, const struct policy *p);
/* Is it time? */
bool limit_is_near(const struct job *j, const struct policy *p, int64_t wall_s);
/* In the first half of the time that is left for it: until then what is to come before waits. */
bool limit_has_time(const struct job *j, const struct policy *p, int64_t wall_s);

/* The time of the warning that is due now, and what the guest's user is told; 0: none is due.
 * warned_s: the time of the last one that was given. The warnings count from the shutdown, or from
 * the end where there is none. */
int64_t limit_warning_s(const struct job *j, const struct policy *p, int64_t warned_s,
			int64_t wall_s);
/* The next one that will be; 0: none. */
int64_t limit_next_warning_s(const struct job *j, const struct policy *p, int64_t wall_s);
const char *limit_warning_text(const struct job *j, const struct policy *p, int64_t wall_s,
			       char *buf, size_t size);

#endif
