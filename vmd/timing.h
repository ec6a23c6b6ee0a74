/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a job's first hint to its VM accepted by Kubernetes: how long, and how much of it was spent
 * waiting for Kubernetes and Ceph. Pure; remembers a bounded number of jobs. */
#ifndef VMD_TIMING_H
#define VMD_TIMING_H

#include <stdbool.h>
#include <stdint.h>

#define TIMINGS_MAX 512

enum timing_part { TIMING_KUBE, TIMING_CEPH, TIMING_SLURM, TIMING_PARTS };

struct timing {
	uint32_t job_id; /* 0: free */
	int64_t hint_us;
	/* Waits of one part may overlap: the wall time during which at least one is going on. */
	unsigned waiting[TIMING_PARTS];
	int64_t since_us[TIMING_PARTS];
	int64_t part_us[TIMING_PARTS];
	unsigned any_waiting;
	int64_t any_since_us;
	int64_t any_us;
};

struct timings {
	struct timing job[TIMINGS_MAX];
};

/* The first hint of a job begins its timing; later ones change nothing. When the table is full the
 * oldest is forgotten. */
void timing_hint(struct timings *t, uint32_t job_id, int64_t now_us);
/* A request to a part begins, ends. Unknown jobs are ignored. */
void timing_begin(struct timings *t, uint32_t job_id, enum timing_part part, int64_t now_us);
void timing_end(struct timings *t, uint32_t job_id, enum timing_part part, int64_t now_us);

/* It does not start now after all. */
void timing_forget(struct timings *t, uint32_t job_id);

struct timing_result {
	int64_t total_us;
	int64_t part_us[TIMING_PARTS];
	int64_t own_us; /* total without any wait for Kubernetes, Ceph or Slurm */
};
/* The VM was accepted: ends the job's timing. false: it had none. */
bool timing_finish(struct timings *t, uint32_t job_id, int64_t now_us, struct timing_result *ret);

#endif
