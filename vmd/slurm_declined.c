/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See slurm_declined.h. */
#include "vmd/slurm_declined.h"

void declined_add(struct declined_list *l, uint32_t job_id, uint32_t uid, const struct err *why)
{
	l->last[l->n++ % DECLINED_MAX] =
		(struct declined){.job_id = job_id, .uid = uid, .why = *why};
}

const struct declined *declined_find(const struct declined_list *l, uint32_t job_id)
{
	for (size_t i = 0; i < l->n && i < DECLINED_MAX; i++) {
		const struct declined *d = &l->last[(l->n - 1 - i) % DECLINED_MAX];

		if (d->job_id == job_id)
			return d;
	}
	return NULL;
}
