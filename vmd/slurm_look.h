/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How often a user's question may make vmd ask slurmctld for the list of jobs: ten times at once,
 * then every two seconds, of all users together. Pure. */
#ifndef VMD_SLURM_LOOK_H
#define VMD_SLURM_LOOK_H

#include <stdbool.h>
#include <stdint.h>

struct slurm_look {
	int64_t paid_until_us; /* monotonic: later than that, all ten are there again */
};

/* true: this one may; it is counted. */
bool slurm_look_take(struct slurm_look *l, int64_t now_us);

#endif
