/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What differs between Slurm releases, and nothing else: 22.05 to 26.05. 25.11 put the job id into
 * a step id (in records and in job_complete), 26.05 also in the calls for one job.
 * For the files in slurm/ and their tests only. */
#ifndef VMD_SLURM_COMPAT_H
#define VMD_SLURM_COMPAT_H

/* slurm.h's enum job_states has two names that job/job.h has as well. */
#define JOB_PENDING SLURM_JOB_PENDING
#define JOB_RUNNING SLURM_JOB_RUNNING
#include <slurm/slurm.h>
#undef JOB_PENDING
#undef JOB_RUNNING
#include <signal.h>
#include <slurm/slurm_errno.h>
#include <slurm/slurm_version.h>
#include <stdint.h>

#define COMPAT_STEP_ID (SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(25, 11, 0))
#define COMPAT_26_05   (SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(26, 5, 0))

#if COMPAT_STEP_ID
static inline slurm_step_id_t compat_step_id(uint32_t job_id)
{
	slurm_step_id_t id = SLURM_STEP_ID_INITIALIZER;

	id.job_id = job_id;
	return id;
}
#endif

static inline uint32_t compat_job_id(const slurm_job_info_t *j)
{
#if COMPAT_STEP_ID
	return j->step_id.job_id;
#else
	return j->job_id;
#endif
}

static inline void compat_set_job_id(slurm_job_info_t *j, uint32_t job_id)
{
#if COMPAT_STEP_ID
	j->step_id.job_id = job_id;
#else
	j->job_id = job_id;
#endif
}

static inline int compat_load_job(job_info_msg_t **ret, uint32_t job_id)
{
#if COMPAT_26_05
	return slurm_load_job(ret, compat_step_id(job_id), SHOW_ALL);
#else
	return slurm_load_job(ret, job_id, SHOW_ALL);
#endif
}

static inline int compat_requeue_with(uint32_t job_id, uint32_t flags)
{
#if COMPAT_26_05
	return slurm_requeue(compat_step_id(job_id), flags);
#else
	return slurm_requeue(job_id, flags);
#endif
}

/* Queues a running batch job again ... */
static inline int compat_requeue(uint32_t job_id)
{
	return compat_requeue_with(job_id, 0);
}

/* ... and holds it there. */
static inline int compat_requeue_held(uint32_t job_id)
{
	return compat_requeue_with(job_id, (uint32_t)JOB_REQUEUE_HOLD);
}

/* Cancels a job that waits. */
static inline int compat_cancel_job(uint32_t job_id)
{
#if COMPAT_26_05
	return slurm_kill_job(compat_step_id(job_id), SIGKILL, 0);
#else
	return slurm_kill_job(job_id, SIGKILL, 0);
#endif
}

static inline int compat_complete_job(uint32_t job_id, uint32_t status)
{
#if COMPAT_STEP_ID
	slurm_step_id_t id = compat_step_id(job_id);

	return slurm_complete_job(&id, status);
#else
	return slurm_complete_job(job_id, status);
#endif
}

static inline int compat_notify_job(uint32_t job_id, char *message)
{
#if COMPAT_26_05
	return slurm_notify_job(compat_step_id(job_id), message);
#else
	return slurm_notify_job(job_id, message);
#endif
}

static inline void compat_update_for(job_desc_msg_t *d, uint32_t job_id)
{
	slurm_init_job_desc_msg(d);
#if COMPAT_STEP_ID
	d->step_id = compat_step_id(job_id);
#else
	d->job_id = job_id;
#endif
}

/* Who gives the reason: 26.05 takes it from the credential. */
static inline void compat_set_reason_uid(update_node_msg_t *u, uint32_t uid)
{
#if COMPAT_26_05
	(void)u, (void)uid;
#else
	u->reason_uid = uid;
#endif
}

/* In select_type_param: CR_MEMORY, and by now SELECT_MEMORY, which is no macro. */
#define COMPAT_SELECT_MEMORY 0x0010

/* See slurm_prolog_check(). Slurm adds Alloc to other flags that need it. */
static inline bool compat_prolog_is_told(const slurm_conf_t *c)
{
	return (c->prolog_flags & PROLOG_FLAG_ALLOC) && !(c->prolog_flags & PROLOG_FLAG_NOHOLD);
}

/* How long an epilog may take: PrologEpilogTimeout, which 25.11 made two of. */
static inline uint16_t compat_epilog_timeout(const slurm_conf_t *c)
{
#if COMPAT_STEP_ID
	return c->epilog_timeout;
#else
	return c->prolog_epilog_timeout;
#endif
}

static inline void compat_free_conf(slurm_conf_t *c)
{
#if COMPAT_26_05
	slurm_free_conf(c);
#else
	slurm_free_ctl_conf(c);
#endif
}

#endif
