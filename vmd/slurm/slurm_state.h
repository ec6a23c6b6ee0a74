/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slurm's record of a job -> struct job. Pure (but for the malloc inside libslurm's host lists):
 * tests call it with records of their own. */
#ifndef VMD_SLURM_SLURM_STATE_H
#define VMD_SLURM_SLURM_STATE_H

#include "vmd/job/job.h"
#include "vmd/slurm/compat.h"

/* Phase and end of a job_state with its flags. ERR_INVALID: a state this vmd does not know; nothing
 * may be concluded from it. */
int slurm_state_read(uint32_t job_state, enum job_phase *ret_phase, enum job_end *ret_end,
		     struct err *e);
/* "cpu=2,mem=512M,node=1,billing=2,gres/vm=1": the value of one key; 0 if it is not there or not a
 * number. mem is in bytes. */
uint64_t slurm_tres_count(const char *tres, const char *key);
/* Why a job waits, as squeue says it; libslurm has no such function in its headers. */
void slurm_reason_text(uint32_t reason, char *buf, size_t size);
/* Is it a limit of an association or a QOS? */
bool slurm_reason_is_limit(uint32_t reason);
/* "n[1-3]" as "n1,n2,n3"; NULL is none, and what does not fit is left out. */
void slurm_nodes_text(const char *nodes, char *buf, size_t size);
/* The nodes that the user of a job with that request has excluded, "n[1-3]"; "" none. Of an heir
 * they are in the request: its record has those that vmd did not want, too. Borrowed. */
const char *slurm_excluded(const slurm_job_info_t *info, const struct vm_request *r);
/* j->not_on becomes that. */
void slurm_excluded_read(const char *nodes, struct job *j);
/* All but request, and user when Slurm did not tell it. memory_bytes 0: Slurm did not say. */
int slurm_job_read(const slurm_job_info_t *info, struct job *ret, struct err *e);
/* j, which was read from info, becomes that of one of the job's machines: its node, by rank, and
 * its share. No release that is supported tells what a node has given: see slurm_state.c. */
int slurm_rank_read(const slurm_job_info_t *info, uint32_t rank, struct job *j, struct err *e);

#endif
