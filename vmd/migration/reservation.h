/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slurm's reservation of the node that a job follows its VM to. The job waits in it, so nobody is
 * faster in the moment between the end of its companion and its start: neither a partition of a
 * higher PriorityTier nor a higher priority. It is made right before, and ended when the job has
 * started; Slurm ends it by itself after RESERVATION_S. Pure. */
#ifndef VMD_MIGRATION_RESERVATION_H
#define VMD_MIGRATION_RESERVATION_H

#include "vmd/job/job.h"

#define RESERVATION_NAME_MAX 55 /* "vm-move-4294967295-9f3c12ab45de6701-4294967295" */
/* Longer than a job is waited for (MOVE_GAP_S), and no longer than a node may be kept from others
 * in vain, should every vmd be gone. */
#define RESERVATION_S 180

struct reservation {
	uint32_t job_id;
	char nonce[JOB_NONCE_LEN + 1];
	uint32_t companion; /* on whose node it is */
};

/* The one of the job's that is for taking the place of companion. */
struct reservation reservation_of(const struct job *j, uint32_t companion);
int reservation_name(const struct reservation *r, char *buf, size_t size);
/* false: it is not one of ours; ret is not touched. */
bool reservation_parse(const char *name, struct reservation *ret);

#endif
