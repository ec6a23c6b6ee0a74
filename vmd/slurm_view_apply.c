/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What vmd changes in Slurm: an action goes to the worker, behind the Lease's gate. */
#include "vmd/slurm_view_parts.h"

#include "vmd/base/clock.h"
#include "vmd/base/str.h"
#include "vmd/lease/lease_gate.h"
#include "vmd/slurm/slurm_jobs.h"
#include "vmd/slurm/slurm_move.h"
#include "vmd/slurm/slurm_node.h"

struct act_work {
	struct work work;
	struct slurm_view *view;
	struct action action;
	struct vm_request request;
	uint32_t rank;
	slurm_done_fn done;
	void *ctx;
	struct err e;
};

static void act_run(struct work *w)
{
	struct act_work *a = (struct act_work *)w;
	const struct action *what = &a->action;

	a->e.kind = ERR_NONE;
	if (!lease_gate_open(a->view->settings.gate, clock_mono_us()))
		(void)err_set(&a->e, ERR_RETRY, LEASE_GATE_SHUT);
	else if (what->kind == ACT_END_JOB)
		(void)slurm_job_end(what->job_id, what->end_job.failed, what->reason, &a->e);
	else if (what->kind == ACT_RECORD)
		(void)slurm_job_record(what->job_id, a->rank, &a->request, what->reason, &a->e);
	else if (what->kind == ACT_TELL_JOB)
		(void)slurm_job_tell(what->job_id, a->request.nonce, what->reason, &a->e);
	else if (what->kind == ACT_DRAIN_NODE)
		(void)slurm_node_apply(what, &a->e);
	else
		(void)slurm_move_apply(what, a->request.nonce, clock_wall_s(), &a->e);
}

/* What the action has changed is looked at, whether it worked or not: a companion, a reservation
 * and a node are in the whole list only. */
static void act_look(struct slurm_view *v, const struct action *a)
{
	if (a->kind == ACT_ALLOCATE || a->kind == ACT_END_COMPANION || a->kind == ACT_BEQUEATH ||
	    a->kind == ACT_GIVE_WAY || a->kind == ACT_DRAIN_NODE || a->kind == ACT_END_RESERVATION)
		slurm_view_load_soon(v);
	else if (a->kind != ACT_TELL_JOB && (a->kind != ACT_RECORD || a->record.look))
		slurm_view_hint(v, a->job_id, NULL, 0);
}

static void act_done(struct work *w)
{
	struct act_work *a = (struct act_work *)w;

	/* A record that cannot be written any more, since the job is over, is no failure: there is
	 * nothing to try again. */
	if (a->action.kind == ACT_RECORD && a->e.kind == ERR_ABSENT)
		a->e.kind = ERR_NONE;
	act_look(a->view, &a->action);
	a->done(a->ctx, &a->e);
	free(a);
}

int slurm_view_apply(struct slurm_view *v, const struct action *a, slurm_done_fn done, void *ctx,
		     struct err *e)
{
	struct act_work *w = NULL;
	const struct job *job = NULL;

	for (size_t i = 0; i < v->want.n && !job; i++) {
		char key[JOB_KEY_MAX + 1];

		if (str_eq(job_key(&v->want.job[i], key, sizeof(key)), a->job_key))
			job = &v->want.job[i];
	}
	/* A companion and a reservation outlive the memory of their job; a node is of none. */
	if (!job && a->kind != ACT_END_COMPANION && a->kind != ACT_END_RESERVATION &&
	    a->kind != ACT_DRAIN_NODE)
		return err_set(e, ERR_ABSENT, "job %u is not in Slurm's list", a->job_id);
	w = slurm_view_need(calloc(1, sizeof(*w)));
	*w = (struct act_work){.work = {.run = act_run, .done = act_done},
			       .view = v,
			       .action = *a,
			       .request = job ? job->request : (struct vm_request){.image = ""},
			       .rank = job ? job->rank : 0,
			       .done = done,
			       .ctx = ctx};
	if (worker_submit(v->worker, &w->work, e) < 0) {
		free(w);
		return -1;
	}
	return 0;
}
