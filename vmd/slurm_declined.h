/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests that a job's prolog told and vmd has not taken. Slurm's record says nothing of them: to
 * everybody else such a job never asked for a VM. The last DECLINED_MAX are known, since vmd began.
 * Pure. */
#ifndef VMD_SLURM_DECLINED_H
#define VMD_SLURM_DECLINED_H

#include "vmd/base/err.h"

#include <stdint.h>

#define DECLINED_MAX 64

struct declined {
	uint32_t job_id, uid; /* the job's owner */
	struct err why;
};

struct declined_list {
	struct declined last[DECLINED_MAX];
	size_t n; /* the next one's place is that modulo DECLINED_MAX */
};

void declined_add(struct declined_list *l, uint32_t job_id, uint32_t uid, const struct err *why);
/* The newest of that job; NULL: none. Borrowed until the next one. */
const struct declined *declined_find(const struct declined_list *l, uint32_t job_id);

#endif
