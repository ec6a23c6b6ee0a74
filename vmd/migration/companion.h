/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The second allocation of a move. Pure. */
#ifndef VMD_MIGRATION_COMPANION_H
#define VMD_MIGRATION_COMPANION_H

#include "vmd/job/job.h"

#define COMPANION_NODES_MAX 767
/* The allocation on the node a VM moves to, made by vmd for the job's owner. Slurm's record of it
 * names the job it is for ("slurm-vm-companion{job=17-9f3c12ab45de6701}" in admin_comment; with
 * " size=8/17179869184" behind the key when the VM is to grow). */
struct companion {
	uint32_t id;
	char job_key[JOB_KEY_MAX + 1];
	enum job_phase phase;
	char node[JOB_NODE_MAX + 1];   /* "" while pending */
	int64_t start_s;               /* wall clock */
	char reason[JOB_NAME_MAX + 1]; /* why Slurm has not started it yet */
	bool limited;                  /* ... for a limit of its owner's association or QOS */
	char not_on[COMPANION_NODES_MAX + 1]; /* nodes it must not get, "n1,n3"; cut */
	struct job_size size; /* larger than its job, which is to become so; 0 CPUs: it is not */
	uint32_t cpus;  /* that it holds: Slurm gives whole cores, or a whole node; 0 not known */
	uint32_t after; /* its record says that it takes the place of that allocation; 0: not */
};

/* The one of several that counts (a request whose answer was lost may have made a second): the one
 * with the lowest id that has not ended. NULL: none. */
const struct companion *companion_of(const struct companion *all, size_t n, const char *job_key);
bool companion_is_live(const struct companion *c);
/* May it be ended, as was planned when it waited for room, or had it? To be asked right before. One
 * that has got it since may have its VM by now, which had no need of it then. */
bool companion_may_end(bool waited, enum job_phase now);
/* Finds the mark in an admin_comment. ret_size 0 CPUs: as its job. */
bool companion_find(const char *admin_comment, char ret_key[JOB_KEY_MAX + 1],
		    struct job_size *ret_size);
/* job_size NULL or of 0 CPUs: as its job. */
int companion_mark(const char *job_key, const struct job_size *job_size, char *buf, size_t size);

#endif
