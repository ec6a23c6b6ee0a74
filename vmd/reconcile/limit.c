/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When a guest has to go because of its job's time limit; see limit.h. Pure. */
#include "vmd/reconcile/limit.h"

#define LEAD_SHARE 10 /* a tenth of the limit at most: a short job shall not be all farewell */

/* How long before its end the guest is shut down; 0: not at all. */
static int64_t lead_s(const struct job *j, const struct policy *p)
{
	int64_t limit_s = j->end_s - j->start_s;
	int64_t most_s = limit_s / LEAD_SHARE;

	if (j->phase != JOB_RUNNING || j->end_s <= 0 || j->start_s <= 0 || limit_s <= 0)
		return 0;
	return p->shutdown_s < most_s ? p->shutdown_s : most_s;
}

int64_t limit_stop_s(const struct job *j, const struct policy *p)
{
	int64_t lead = lead_s(j, p);

	return lead > 0 ? j->end_s - lead : 0;
}

bool limit_is_near(const struct job *j, const struct policy *p, int64_t wall_s)
{
	int64_t stop_s = limit_stop_s(j, p);

	return stop_s > 0 && wall_s >= stop_s;
}

bool limit_has_time(const struct job *j, const struct policy *p, int64_t wall_s)
{
	return wall_s < j->end_s - lead_s(j, p) / 2;
}
