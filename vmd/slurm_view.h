/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slurm as vmd sees it: the jobs that carry a VM, kept up to date by slow polls and by hints, and
 * the changes vmd makes to jobs. Loop thread; libslurm itself runs on one worker thread, so what
 * was asked first is answered first. */
#ifndef VMD_SLURM_VIEW_H
#define VMD_SLURM_VIEW_H

#include "vmd/reconcile/action.h"

struct sd_event;
struct declined;
struct lease_gate;
struct slurm_view;

struct slurm_view_settings {
	int64_t poll_s;
	void *ctx;
	void (*changed)(void *ctx);                    /* jobs are not what they were */
	void (*loaded)(void *ctx, enum err_kind kind); /* each full load, for the metrics */
	void (*trouble)(void *ctx, const char *text);  /* NULL: slurmctld answers */
	void (*cluster)(void *ctx, const char *name, uint32_t slurm_uid); /* once */
	/* A hint's look at its job begins, ends; for the timing of starts. */
	void (*asking)(void *ctx, uint32_t job_id, bool begins);
	void (*log)(void *ctx, uint32_t job_id,
		    const char *text); /* worth an administrator's eye */
	const struct lease_gate *gate; /* jobs are changed while it is open; NULL: always */
};

/* Starts asking at once. slurm_jobs_start() must have been called. */
int slurm_view_new(struct sd_event *loop, const struct slurm_view_settings *s,
		   struct slurm_view **ret, struct err *e);
void slurm_view_set_poll(struct slurm_view *v, int64_t poll_s);
/* Borrowed until the loop goes on. known is false until a full load succeeded, and after one that
 * failed. */
const struct desired *slurm_view_desired(const struct slurm_view *v);
struct desired *slurm_view_world(struct slurm_view *v); /* the same, for world_sort() */

/* Load all jobs now. */
void slurm_view_refresh(struct slurm_view *v);
/* The same for a user who asks, if slurmctld can stand it: true, a load begins after this moment.
 */
bool slurm_view_look(struct slurm_view *v);
/* When the list there is was asked for, monotonic; 0: there is none. */
int64_t slurm_view_asked_us(const struct slurm_view *v);

/* Look at this job now. request (or NULL) comes with uid from root on the job's node: a job that
 * has none in its record gets it written there, if it is uid's. From there on it is a job like any
 * other: one that asks for what it may not have fails with the reason. */
void slurm_view_hint(struct slurm_view *v, uint32_t job_id, const struct vm_request *request,
		     uint32_t uid);

/* The request of this job that was not taken, with its owner and why; NULL: none is known of.
 * Borrowed until the loop goes on. */
const struct declined *slurm_view_declined(const struct slurm_view *v, uint32_t job_id);

/* Nothing of vmd's holds up the end of this job (JOB_ENDING) any more: look at it soon, again after
 * pauses that double up to the poll interval, until it has ended. May be repeated. */
void slurm_view_expect_end(struct slurm_view *v, uint32_t job_id);

/* The script of this job that was told to end has ended: its told_to_end_s is 0 from now on. */
void slurm_view_script_over(struct slurm_view *v, const struct job *j);

/* ACT_END_JOB, ACT_RECORD, ACT_DRAIN_NODE and the steps of a move that are Slurm's. done is called
 * from the loop, never from within. */
typedef void (*slurm_done_fn)(void *ctx, const struct err *e);
int slurm_view_apply(struct slurm_view *v, const struct action *a, slurm_done_fn done, void *ctx,
		     struct err *e);
int64_t slurm_view_age_us(const struct slurm_view *v); /* worker_age_us() */

#endif
