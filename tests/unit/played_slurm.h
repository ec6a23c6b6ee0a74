/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A Slurm that a test plays: the functions of slurm_jobs.h, slurm_move.h and slurm_node.h. They run
 * on a worker's thread; the loop's end of each call orders them with the test, which changes and
 * reads this in between. */
#ifndef TESTS_UNIT_PLAYED_SLURM_H
#define TESTS_UNIT_PLAYED_SLURM_H

#include "vmd/reconcile/action.h"
#include "vmd/slurm/slurm_jobs.h"

extern struct played_slurm {
	struct job job[4];
	size_t n;
	bool down;
	unsigned loads, singles, records, ends, moves;
	char moved[64];
	const char *drained, *companion_of; /* a node; the job's key of an allocation on n2 */
	bool reserves;                      /* and n2 is reserved for job 17 */
	char recorded[ACTION_TEXT_MAX + 1];
	uint32_t recorded_rank;
	bool ended_failed;
	bool forges; /* a prolog says what its job's owner says */
} slurm;

#endif
