/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hints: one job is loaded now. Two for a job while its load is under way make one more load, not
 * two. */
#include "vmd/slurm_view_parts.h"

#include "vmd/migration/heir.h"
#include "vmd/slurm/slurm_jobs.h"

#include <string.h>

#define HINTS_MAX 256

struct hint {
	struct hint *next;
	uint32_t job_id;
	bool again; /* another hint came while this one's load was under way */
	bool has_request;
	struct vm_request request;
	uint32_t uid;
};

struct one_work {
	struct work work;
	struct slurm_view *view;
	struct hint *hint;
	struct job *job; /* one, or one for each of its machines */
	size_t n_job;
	struct err e;
};

static void hint_submit(struct slurm_view *v, struct hint *h);

static void one_run(struct work *w)
{
	struct one_work *o = (struct one_work *)w;

	o->e.kind = ERR_NONE;
	(void)slurm_job_load(o->hint->job_id, &o->job, &o->n_job, &o->e);
}

/* Which of an allocation and its heir is the job, the whole list tells. */
static bool is_of_heirs(const struct slurm_view *v, const struct job *j)
{
	for (size_t i = 0; i < v->want.n; i++)
		if (job_key_compare(&v->want.job[i], j) == 0)
			return heir_is_concerned(j) || heir_is_concerned(&v->want.job[i]);
	return heir_is_concerned(j);
}

static void want_put(struct slurm_view *v, struct job *j)
{
	struct desired *want = &v->want;

	if (is_of_heirs(v, j)) {
		slurm_view_load_soon(v);
		return;
	}
	slurm_view_node_set(v, j);
	slurm_view_script_set(v, j);
	for (size_t i = 0; i < want->n; i++) {
		if (job_key_compare(&want->job[i], j) != 0)
			continue;
		if (memcmp(&want->job[i], j, sizeof(*j)) == 0)
			return;
		want->job[i] = *j;
		v->settings.changed(v->settings.ctx);
		return;
	}
	want->job = slurm_view_need(realloc(want->job, (want->n + 1) * sizeof(*j)));
	want->job[want->n++] = *j;
	v->settings.changed(v->settings.ctx);
}

static void hint_free(struct slurm_view *v, struct hint *h)
{
	struct hint **at = &v->hints;

	while (*at != h)
		at = &(*at)->next;
	*at = h->next;
	v->n_hint--;
	free(h);
}

/* A request that only the hint told is written into the job's record. */
struct adopt_work {
	struct work work;
	struct slurm_view *view;
	uint32_t job_id, uid;
	struct vm_request request;
	struct err e;
};

static void adopt_run(struct work *w)
{
	struct adopt_work *a = (struct adopt_work *)w;

	a->e.kind = ERR_NONE;
	if (slurm_prolog_check(&a->e) == 0)
		(void)slurm_job_record(a->job_id, 0, &a->request, "", &a->e);
}

static void adopt_done(struct work *w)
{
	struct adopt_work *a = (struct adopt_work *)w;
	struct slurm_view *v = a->view;

	if (a->e.kind == ERR_NONE) {
		slurm_view_hint(v, a->job_id, NULL, 0);
	} else {
		v->settings.log(v->settings.ctx, a->job_id, a->e.msg);
		declined_add(&v->declined, a->job_id, a->uid, &a->e);
	}
	free(a);
}

static void adopt(struct slurm_view *v, const struct hint *h, const struct job *j)
{
	struct adopt_work *a;
	uint32_t machines = 0;
	struct err e;

	if (j->uid != h->uid) {
		v->settings.log(v->settings.ctx, j->id,
				"a hint names another owner than Slurm: ignored");
		return;
	}
	if (j->phase != JOB_RUNNING)
		return;
	/* What job_submit.lua would have written: a machine on each node, for good. */
	if (j->n_nodes > 1 && j->n_nodes <= JOB_MACHINES_MAX)
		machines = j->n_nodes;
	a = slurm_view_need(calloc(1, sizeof(*a)));
	*a = (struct adopt_work){.work = {.run = adopt_run, .done = adopt_done},
				 .view = v,
				 .job_id = j->id,
				 .uid = j->uid,
				 .request = h->request};
	a->request.machines = machines;
	a->request.as = a->request.after = 0; /* only vmd itself says that */
	if (worker_submit(v->worker, &a->work, &e) < 0) {
		v->settings.log(v->settings.ctx, j->id, e.msg);
		free(a);
	}
}

const struct declined *slurm_view_declined(const struct slurm_view *v, uint32_t job_id)
{
	return declined_find(&v->declined, job_id);
}

static void one_done(struct work *w)
{
	struct one_work *o = (struct one_work *)w;
	struct slurm_view *v = o->view;
	struct hint *h = o->hint;
	bool again = h->again;

	if (o->e.kind == ERR_NONE && o->job->request.nonce[0]) {
		for (size_t i = 0; i < o->n_job; i++)
			want_put(v, &o->job[i]);
	} else if (o->e.kind == ERR_NONE && h->has_request) {
		adopt(v, h, o->job);
	} else if (o->e.kind != ERR_NONE) {
		slurm_view_load_soon(
			v); /* gone, or slurmctld does not answer: the full load tells which */
	}
	v->settings.asking(v->settings.ctx, h->job_id, false);
	free(o->job);
	free(o);
	if (again) {
		h->again = false;
		hint_submit(v, h);
	} else {
		hint_free(v, h);
	}
}

static void hint_submit(struct slurm_view *v, struct hint *h)
{
	struct one_work *o = slurm_view_need(calloc(1, sizeof(*o)));
	struct err e;

	*o = (struct one_work){.work = {.run = one_run, .done = one_done}, .view = v, .hint = h};
	if (worker_submit(v->worker, &o->work, &e) < 0) {
		free(o);
		hint_free(v, h);
		slurm_view_load_soon(v);
		return;
	}
	v->settings.asking(v->settings.ctx, h->job_id, true);
}

void slurm_view_hint(struct slurm_view *v, uint32_t job_id, const struct vm_request *request,
		     uint32_t uid)
{
	struct hint *h = v->hints;

	while (h && h->job_id != job_id)
		h = h->next;
	if (h) {
		h->again = true;
	} else if (v->n_hint >= HINTS_MAX) {
		slurm_view_load_soon(v); /* so many at once: the whole list is cheaper */
		return;
	} else {
		h = slurm_view_need(calloc(1, sizeof(*h)));
		h->job_id = job_id;
		h->next = v->hints;
		v->hints = h;
		v->n_hint++;
	}
	if (request) {
		h->has_request = true;
		h->request = *request;
		h->uid = uid;
	}
	if (!h->again)
		hint_submit(v, h);
}
