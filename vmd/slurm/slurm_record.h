/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the files of this folder only: one job's record as slurmctld has it now, and updates of it.
 * Worker thread; blocks. */
#ifndef VMD_SLURM_SLURM_RECORD_H
#define VMD_SLURM_SLURM_RECORD_H

#include "vmd/slurm/compat.h"
#include "vmd/slurm/slurm_state.h"

DEFINE_AUTO(job_info_msg_t *, slurm_free_job_info_msg)

/* What libslurm left in errno, as a kind; returns -1. what: "load jobs". */
int slurm_failed(struct err *e, int code, const char *what);
/* slurm_jobs.c. By NSS, which may block; "" if there is no such user, or its name is longer than
 * buf. */
void slurm_user_name(uint32_t uid, char *buf, size_t size);
/* One record, borrowed from *ret_msg. ERR_ABSENT: no such job. */
int slurm_record_load(uint32_t job_id, job_info_msg_t **ret_msg, slurm_job_info_t **ret,
		      struct err *e);
/* slurm_job_read(), and the request; ERR_CONFLICT: it is another job than that of nonce. */
int slurm_record_check(const slurm_job_info_t *info, const char *nonce, struct job *ret,
		       struct err *e);
int slurm_record_update(job_desc_msg_t *d, struct err *e);
/* Tells why, once: whoever sits in front of the job (salloc's terminal, a batch job's stderr), and
 * its Comment, behind what the user keeps there. That neither works holds up nothing: AdminComment
 * or vmd's log have the reason too. comment: as it is now; NULL none. */
void slurm_job_explain(uint32_t job_id, const char *comment, const char *why);

#endif
