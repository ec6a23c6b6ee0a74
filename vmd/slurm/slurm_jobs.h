/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slurm by libslurm: jobs that carry a VM request, and changes to them. The functions block and run
 * on one worker thread. Differences between Slurm releases are in slurm/compat.h only. */
#ifndef VMD_SLURM_SLURM_JOBS_H
#define VMD_SLURM_SLURM_JOBS_H

#include "vmd/migration/move.h"
#include "vmd/migration/reservation.h"

struct slurm_jobs; /* the last load, so that an unchanged list costs one small RPC */

void slurm_jobs_start(void); /* slurm_init(): once, before the worker starts */
int slurm_jobs_new(struct slurm_jobs **ret, struct err *e);
void slurm_jobs_free(struct slurm_jobs *s);
DEFINE_AUTO(struct slurm_jobs *, slurm_jobs_free)

/* What one load found. Arrays are the owner's to free (slurm_list_done), and sorted. */
struct slurm_list {
	size_t n;
	struct job *job; /* with "slurm-vm{...}" in admin_comment */
	size_t n_live;
	uint32_t *live; /* ids of all jobs that have not ended, with a request or without */
	size_t n_companion;
	struct companion *companion; /* allocations that vmd made for moves */
	size_t n_reservation;
	struct reservation *reservation; /* that vmd made for moves */
	size_t n_node;
	struct slurm_node *node; /* all of them */
	uint32_t bad; /* a job whose request is malformed: it is left out of job; 0 none */
};

void slurm_list_done(struct slurm_list *l);

/* ERR_RETRY: slurmctld did not answer. A record that cannot be understood fails the whole load. */
int slurm_jobs_load(struct slurm_jobs *s, struct slurm_list *ret, struct err *e);
/* One, or as many as it has machines; the caller frees them. ERR_ABSENT: no such job now. Also
 * tells the owner of a job without a request (request.image ""). */
int slurm_job_load(uint32_t job_id, struct job **ret, size_t *ret_n, struct err *e);
/* Writes the request into admin_comment of a job that has none (its site has no job_submit.lua), or
 * the status behind it: of one of several machines beside that of the others (job_words.h). The job
 * must still be the one of nonce; ERR_CONFLICT: that, or its mark would be lost
 * (move_may_record()). */
int slurm_job_record(uint32_t job_id, uint32_t rank, const struct vm_request *r, const char *status,
		     struct err *e);
/* Ends a job whose guest shut down (failed false: COMPLETED) or cannot start (failed true: FAILED,
 * with comment in the job's record). Success if it has ended already. */
int slurm_job_end(uint32_t job_id, bool failed, const char *comment, struct err *e);
/* Shows text to whoever sits in front of the running job of nonce: on salloc's terminal, in a batch
 * job's stderr. */
int slurm_job_tell(uint32_t job_id, const char *nonce, const char *text, struct err *e);
/* Does slurmctld tell a job's prologs what was submitted (PrologFlags=Alloc)? Else the prolog of a
 * job's first step has the SPANK variables that its owner's srun sends (slurmd's
 * _rpc_launch_tasks()), also with NoHold, where that step may come first. ERR_DENIED: it does not.
 */
int slurm_prolog_check(struct err *e);
/* ClusterName of slurm.conf and the uid of SlurmUser. */
int slurm_cluster(char *ret_name, size_t size, uint32_t *ret_slurm_uid, struct err *e);

#endif
