/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The second allocation of a move. Pure. */
#ifndef VMD_MIGRATION_COMPANION_H
#define VMD_MIGRATION_COMPANION_H

#include "vmd/job/job_spec.h"
#include "vmd/vm/vm.h"

#define COMPANION_NODES_MAX 767
/* The allocation on the node a VM moves to, made by vmd for the job's owner. Slurm's record of it
 * says what it is for (admin_comment: "slurm-vm-companion{job=17-9f3c12ab45de6701 vm=25c1...}";
 * with " size=8/17179869184" behind that when the VM is to grow). */
struct companion {
	uint32_t id;
	char job_key[JOB_KEY_MAX + 1];
	/* That VM goes there, by its uid, and no other one, as the next that its job gets. "": any,
	 * which vmd says no more. */
	char vm_uid[VM_UID_MAX + 1];
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

bool companion_is_live(const struct companion *c);
bool companion_is_of(const struct companion *c,
		     const char *job_key); /* it is live, and that job's */
/* May it be ended, as was planned when it waited for room, or had it? To be asked right before. One
 * that has got it since may have its VM by now, which had no need of it then. */
bool companion_may_end(bool waited, enum job_phase now);
/* The mark in an admin_comment: *ret gets job_key, vm_uid and size (0 CPUs: as its job), and is
 * otherwise untouched. false: there is none, or it is no such mark. */
bool companion_find(const char *admin_comment, struct companion *ret);
#define COMPANION_MARK_MAX (48 + JOB_KEY_MAX + VM_UID_MAX + JOB_SIZE_TEXT)
/* The mark that says these of c. -1: buf is too small. */
int companion_mark(const struct companion *c, char *buf, size_t size);

#endif
