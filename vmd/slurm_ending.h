/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jobs whose end is expected, and when to look at them again. Loop thread. */
#ifndef VMD_SLURM_ENDING_H
#define VMD_SLURM_ENDING_H

#include "vmd/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct sd_event;
struct endings;

/* is_ending: is this job still on its way to its end? look: look at it now. Both are called from
 * the loop, never from within the functions below. Lives as long as the program. */
int endings_new(struct sd_event *loop, bool (*is_ending)(void *ctx, uint32_t job_id),
		void (*look)(void *ctx, uint32_t job_id), void *ctx, struct endings **ret,
		struct err *e);
/* Look at this job soon, again after pauses that double up to pause_max_us, until it is not ending
 * any more. May be repeated. */
void endings_expect(struct endings *n, uint32_t job_id, int64_t pause_max_us);

#endif
