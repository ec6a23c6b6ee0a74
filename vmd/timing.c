/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Times between hint and VM; see timing.h. Pure: the time is an argument. */
#include "vmd/timing.h"

#include <stddef.h>

static struct timing *find(struct timings *t, uint32_t job_id)
{
	for (size_t i = 0; job_id && i < TIMINGS_MAX; i++)
		if (t->job[i].job_id == job_id)
			return &t->job[i];
	return NULL;
}

void timing_hint(struct timings *t, uint32_t job_id, int64_t now_us)
{
	struct timing *oldest = &t->job[0];

	if (job_id == 0 || find(t, job_id))
		return;
	for (size_t i = 1; i < TIMINGS_MAX && oldest->job_id; i++)
		if (!t->job[i].job_id || t->job[i].hint_us < oldest->hint_us)
			oldest = &t->job[i];
	*oldest = (struct timing){.job_id = job_id, .hint_us = now_us};
}

void timing_begin(struct timings *t, uint32_t job_id, enum timing_part part, int64_t now_us)
{
	struct timing *j = find(t, job_id);

	if (!j)
		return;
	if (j->waiting[part]++ == 0)
		j->since_us[part] = now_us;
	if (j->any_waiting++ == 0)
		j->any_since_us = now_us;
}

void timing_end(struct timings *t, uint32_t job_id, enum timing_part part, int64_t now_us)
{
	struct timing *j = find(t, job_id);

	if (!j || j->waiting[part] == 0)
		return; /* it began before the hint */
	if (--j->waiting[part] == 0)
		j->part_us[part] += now_us - j->since_us[part];
	if (--j->any_waiting == 0)
		j->any_us += now_us - j->any_since_us;
}

void timing_forget(struct timings *t, uint32_t job_id)
{
	struct timing *j = find(t, job_id);

	if (j)
		j->job_id = 0;
}

bool timing_finish(struct timings *t, uint32_t job_id, int64_t now_us, struct timing_result *ret)
{
	struct timing *j = find(t, job_id);

	if (!j)
		return false;
	ret->total_us = now_us - j->hint_us;
	ret->own_us = ret->total_us - j->any_us;
	if (j->any_waiting)
		ret->own_us -= now_us - j->any_since_us;
	for (int p = 0; p < TIMING_PARTS; p++) {
		ret->part_us[p] = j->part_us[p];
		if (j->waiting[p])
			ret->part_us[p] += now_us - j->since_us[p];
	}
	j->job_id = 0;
	return true;
}
