/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When a guest has to go because of its job's time limit; see limit.h. Pure. */
#include "vmd/reconcile/limit.h"

#include "vmd/base/str.h"

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

/* When the guest is gone: shut down, or cut off. */
static int64_t gone_s(const struct job *j, const struct policy *p)
{
	int64_t stop_s = limit_stop_s(j, p);

	return stop_s > 0 ? stop_s : j->phase == JOB_RUNNING ? j->end_s : 0;
}

int64_t limit_warning_s(const struct job *j, const struct policy *p, int64_t warned_s,
			int64_t wall_s)
{
	int64_t end_s = gone_s(j, p);
	int64_t last_s = 0;

	if (end_s <= 0 || wall_s >= end_s)
		return 0;
	for (size_t i = 0; i < p->n_warn; i++) {
		int64_t at_s = end_s - p->warn_s[i];

		/* One that was due before the job began says nothing new to who asked for it. */
		if (at_s > j->start_s && at_s <= wall_s && at_s > last_s)
			last_s = at_s;
	}
	return last_s > warned_s ? last_s : 0;
}

int64_t limit_next_warning_s(const struct job *j, const struct policy *p, int64_t wall_s)
{
	int64_t end_s = gone_s(j, p);
	int64_t next_s = 0;

	for (size_t i = 0; end_s > 0 && i < p->n_warn; i++) {
		int64_t at_s = end_s - p->warn_s[i];

		if (at_s > wall_s && (!next_s || at_s < next_s))
			next_s = at_s;
	}
	return next_s;
}

const char *limit_warning_text(const struct job *j, const struct policy *p, int64_t wall_s,
			       char *buf, size_t size)
{
	int64_t left_s = gone_s(j, p) - wall_s;
	bool minutes = left_s >= 90;

	(void)str_fmt(buf, size,
		      "This machine will be shut down in %lld %s: the time of job %u is over "
		      "then. Save your work.",
		      (long long)(minutes ? (left_s + 30) / 60 : left_s),
		      minutes       ? "minutes"
		      : left_s == 1 ? "second"
				    : "seconds",
		      j->id);
	return buf;
}
