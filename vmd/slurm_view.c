/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeps the list of jobs with a VM up to date; see slurm_view.h.
 *
 * slurmctld must never feel vmd: one full load per poll interval, not more than five a second when
 * something asks for more, and those transfer nothing when no job has changed. A hint loads its one
 * job. Two hints for a job while its load is under way make one more load, not two. */
#include "vmd/slurm_view.h"

#include "vmd/base/clock.h"
#include "vmd/base/str.h"
#include "vmd/base/worker.h"
#include "vmd/lease/lease_gate.h"
#include "vmd/slurm/slurm_jobs.h"
#include "vmd/slurm/slurm_move.h"
#include "vmd/slurm/slurm_node.h"
#include "vmd/slurm_ending.h"

#include <string.h>
#include <systemd/sd-event.h>

#define QUEUE_MAX   1024
#define HINTS_MAX   256
#define LOAD_GAP_US (200 * MSEC_US)
#define RETRY_US    (2 * SEC_US)

struct hint {
	struct hint *next;
	uint32_t job_id;
	bool again; /* another hint came while this one's load was under way */
	bool has_request;
	struct vm_request request;
	uint32_t uid;
};

struct slurm_view {
	struct slurm_view_settings settings;
	struct worker *worker;
	struct slurm_jobs *jobs; /* the worker thread's, but for its pointer */
	struct desired want;
	uint32_t *live;              /* want.live */
	struct companion *companion; /* want.companion */
	struct slurm_node *node;     /* want.node */
	sd_event_source *timer;      /* the next full load */
	bool loading;
	bool load_again;
	bool load_now;     /* ... without a gap */
	int64_t loaded_us; /* when the last full load began */
	int64_t asked_us;  /* when the one that want is of began */
	uint32_t bad;      /* last job with a malformed request: told once */
	bool in_trouble;
	bool cluster_known;
	struct hint *hints; /* loads under way */
	size_t n_hint;
	struct endings *endings;
};

static void *need(void *p)
{
	if (!p)
		abort();
	return p;
}

static void trouble(struct slurm_view *v, const struct err *e)
{
	if (e || v->in_trouble)
		v->settings.trouble(v->settings.ctx, e ? e->msg : NULL);
	v->in_trouble = e != NULL;
}

static void load_at(struct slurm_view *v, int64_t when_us)
{
	(void)sd_event_source_set_time(v->timer, (uint64_t)when_us);
	(void)sd_event_source_set_enabled(v->timer, SD_EVENT_ONESHOT);
}

/* ---- ClusterName and SlurmUser ---- */

struct cluster_work {
	struct work work;
	struct slurm_view *view;
	char name[64];
	uint32_t slurm_uid;
	struct err e;
};

static void cluster_run(struct work *w)
{
	struct cluster_work *c = (struct cluster_work *)w;

	c->e.kind = ERR_NONE;
	(void)slurm_cluster(c->name, sizeof(c->name), &c->slurm_uid, &c->e);
}

static void cluster_done(struct work *w)
{
	struct cluster_work *c = (struct cluster_work *)w;
	struct slurm_view *v = c->view;

	if (c->e.kind == ERR_NONE && !v->cluster_known) {
		v->cluster_known = true;
		v->settings.cluster(v->settings.ctx, c->name, c->slurm_uid);
	}
	free(c); /* on failure the next load asks again, and tells the trouble */
}

static void cluster_ask(struct slurm_view *v)
{
	struct cluster_work *c = need(calloc(1, sizeof(*c)));
	struct err e;

	*c = (struct cluster_work){
		.work = {.run = cluster_run, .done = cluster_done},
                  .view = v
        };
	if (worker_submit(v->worker, &c->work, &e) < 0)
		free(c);
}

/* ---- the whole list ---- */

struct load_work {
	struct work work;
	struct slurm_view *view;
	struct slurm_list list;
	struct err e;
};

static void load_run(struct work *w)
{
	struct load_work *l = (struct load_work *)w;

	l->e.kind = ERR_NONE;
	(void)slurm_jobs_load(l->view->jobs, &l->list, &l->e);
}

/* The record of a job does not say that its node is drained. */
static void drained_set(const struct slurm_view *v, struct job *j)
{
	j->drained = false;
	j->drain_reason[0] = '\0';
	for (size_t i = 0; i < v->want.n_node && j->phase == JOB_RUNNING; i++)
		if (v->node[i].drained && str_eq(v->node[i].name, j->node)) {
			j->drained = true;
			memcpy(j->drain_reason, v->node[i].reason, sizeof(j->drain_reason));
		}
}

static bool is_same(const struct slurm_view *v, const struct slurm_list *l)
{
	const struct desired *w = &v->want;

	return w->known && w->n == l->n && w->n_live == l->n_live &&
	       w->n_companion == l->n_companion &&
	       memcmp(w->job, l->job, l->n * sizeof(*l->job)) == 0 &&
	       memcmp(v->live, l->live, l->n_live * sizeof(*l->live)) == 0 &&
	       (!l->n_companion ||
		memcmp(v->companion, l->companion, l->n_companion * sizeof(*l->companion)) == 0);
}

/* true: they are what they were. */
static bool nodes_take(struct slurm_view *v, struct slurm_list *l)
{
	bool same = v->want.n_node == l->n_node &&
		    (!l->n_node || memcmp(v->node, l->node, l->n_node * sizeof(*l->node)) == 0);

	free(v->node);
	v->node = l->node;
	v->want.node = v->node;
	v->want.n_node = l->n_node;
	l->node = NULL;
	return same;
}

static void load_take(struct slurm_view *v, struct slurm_list *l)
{
	bool same = nodes_take(v, l);

	for (size_t i = 0; i < l->n; i++)
		drained_set(v, &l->job[i]);
	same = same && is_same(v, l);
	free(v->want.job);
	free(v->live);
	free(v->companion);
	v->live = l->live;
	v->companion = l->companion;
	v->want = (struct desired){.known = true,
				   .n = l->n,
				   .job = l->job,
				   .n_live = l->n_live,
				   .live = v->live,
				   .n_companion = l->n_companion,
				   .companion = v->companion,
				   .n_node = v->want.n_node,
				   .node = v->node};
	l->live = NULL;
	l->job = NULL;
	l->companion = NULL;
	if (l->bad && l->bad != v->bad)
		v->settings.log(v->settings.ctx, l->bad,
				"AdminComment has a malformed request; the job gets no VM");
	v->bad = l->bad;
	if (!same)
		v->settings.changed(v->settings.ctx);
}

static void load_done(struct work *w)
{
	struct load_work *l = (struct load_work *)w;
	struct slurm_view *v = l->view;
	bool failed = l->e.kind != ERR_NONE;

	v->loading = false;
	v->settings.loaded(v->settings.ctx, l->e.kind);
	trouble(v, failed ? &l->e : NULL);
	if (failed) {
		v->want.known = false;
	} else {
		v->asked_us = v->loaded_us;
		load_take(v, &l->list);
	}
	slurm_list_done(&l->list);
	free(l);
	if (failed)
		load_at(v, clock_mono_us() + RETRY_US);
	else if (v->load_again)
		load_at(v, v->load_now ? 0 : v->loaded_us + LOAD_GAP_US);
	else
		load_at(v, v->loaded_us + v->settings.poll_s * SEC_US);
	v->load_again = v->load_now = false;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct slurm_view *v = userdata;
	struct load_work *l = need(calloc(1, sizeof(*l)));
	struct err e;

	(void)source, (void)usec;
	if (!v->cluster_known)
		cluster_ask(v);
	*l = (struct load_work){
		.work = {.run = load_run, .done = load_done},
                  .view = v
        };
	if (worker_submit(v->worker, &l->work, &e) < 0) {
		free(l);
		load_at(v, clock_mono_us() + RETRY_US);
		return 0;
	}
	v->loading = true;
	v->loaded_us = clock_mono_us();
	return 0;
}

/* As soon as the gap allows. */
static void load_soon(struct slurm_view *v)
{
	if (v->loading)
		v->load_again = true;
	else
		load_at(v, v->loaded_us + LOAD_GAP_US);
}

void slurm_view_refresh(struct slurm_view *v)
{
	v->load_again = v->load_now = v->loading;
	if (!v->loading)
		load_at(v, 0);
}

int64_t slurm_view_asked_us(const struct slurm_view *v)
{
	return v->want.known ? v->asked_us : 0;
}

/* ---- one job ---- */

struct one_work {
	struct work work;
	struct slurm_view *view;
	struct hint *hint;
	struct job job;
	struct err e;
};

static void hint_submit(struct slurm_view *v, struct hint *h);

static void one_run(struct work *w)
{
	struct one_work *o = (struct one_work *)w;

	o->e.kind = ERR_NONE;
	(void)slurm_job_load(o->hint->job_id, &o->job, &o->e);
}

static void want_put(struct slurm_view *v, struct job *j)
{
	struct desired *want = &v->want;

	drained_set(v, j);
	for (size_t i = 0; i < want->n; i++) {
		if (job_key_compare(&want->job[i], j) != 0)
			continue;
		if (memcmp(&want->job[i], j, sizeof(*j)) == 0)
			return;
		want->job[i] = *j;
		v->settings.changed(v->settings.ctx);
		return;
	}
	want->job = need(realloc(want->job, (want->n + 1) * sizeof(*j)));
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
	uint32_t job_id;
	struct vm_request request;
	struct err e;
};

static void adopt_run(struct work *w)
{
	struct adopt_work *a = (struct adopt_work *)w;

	a->e.kind = ERR_NONE;
	(void)slurm_job_record(a->job_id, &a->request, "", &a->e);
}

static void adopt_done(struct work *w)
{
	struct adopt_work *a = (struct adopt_work *)w;
	struct slurm_view *v = a->view;

	if (a->e.kind == ERR_NONE)
		slurm_view_hint(v, a->job_id, NULL, 0);
	else
		v->settings.log(v->settings.ctx, a->job_id, a->e.msg);
	free(a);
}

static void adopt(struct slurm_view *v, const struct hint *h, const struct job *j)
{
	struct adopt_work *a;
	struct err e;

	if (j->uid != h->uid) {
		v->settings.log(v->settings.ctx, j->id,
				"a hint names another owner than Slurm: ignored");
		return;
	}
	if (j->phase != JOB_RUNNING)
		return;
	a = need(calloc(1, sizeof(*a)));
	*a = (struct adopt_work){
		.work = {.run = adopt_run, .done = adopt_done},
		.view = v,
		.job_id = j->id,
		.request = h->request
        };
	if (worker_submit(v->worker, &a->work, &e) < 0) {
		v->settings.log(v->settings.ctx, j->id, e.msg);
		free(a);
	}
}

static void one_done(struct work *w)
{
	struct one_work *o = (struct one_work *)w;
	struct slurm_view *v = o->view;
	struct hint *h = o->hint;
	bool again = h->again;

	if (o->e.kind == ERR_NONE && o->job.request.nonce[0]) {
		want_put(v, &o->job);
	} else if (o->e.kind == ERR_NONE && h->has_request) {
		adopt(v, h, &o->job);
	} else if (o->e.kind != ERR_NONE) {
		load_soon(v); /* gone, or slurmctld does not answer: the full load tells which */
	}
	v->settings.asking(v->settings.ctx, h->job_id, false);
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
	struct one_work *o = need(calloc(1, sizeof(*o)));
	struct err e;

	*o = (struct one_work){
		.work = {.run = one_run, .done = one_done},
                  .view = v, .hint = h
        };
	if (worker_submit(v->worker, &o->work, &e) < 0) {
		free(o);
		hint_free(v, h);
		load_soon(v);
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
		load_soon(v); /* so many at once: the whole list is cheaper */
		return;
	} else {
		h = need(calloc(1, sizeof(*h)));
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

/* ---- ends that are expected ---- */

static bool is_ending(void *ctx, uint32_t job_id)
{
	const struct slurm_view *v = ctx;

	for (size_t i = 0; i < v->want.n; i++)
		if (v->want.job[i].id == job_id && v->want.job[i].phase == JOB_ENDING)
			return true;
	return false;
}

static void look_again(void *ctx, uint32_t job_id)
{
	slurm_view_hint(ctx, job_id, NULL, 0);
}

void slurm_view_expect_end(struct slurm_view *v, uint32_t job_id)
{
	endings_expect(v->endings, job_id, v->settings.poll_s * SEC_US);
}

/* ---- actions ---- */

struct act_work {
	struct work work;
	struct slurm_view *view;
	struct action action;
	struct vm_request request;
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
		(void)slurm_job_end(what->job_id, what->job_failed, what->reason, &a->e);
	else if (what->kind == ACT_RECORD)
		(void)slurm_job_record(what->job_id, &a->request, what->reason, &a->e);
	else if (what->kind == ACT_TELL_JOB)
		(void)slurm_job_tell(what->job_id, a->request.nonce, what->reason, &a->e);
	else if (what->kind == ACT_DRAIN_NODE)
		(void)slurm_node_apply(what, &a->e);
	else
		(void)slurm_move_apply(what, a->request.nonce, clock_wall_s(), &a->e);
}

/* What the action has changed is looked at, whether it worked or not: a companion and a node are in
 * the whole list only. */
static void act_look(struct slurm_view *v, const struct action *a)
{
	if (a->kind == ACT_ALLOCATE || a->kind == ACT_END_COMPANION || a->kind == ACT_DRAIN_NODE)
		load_soon(v);
	else if (a->kind != ACT_TELL_JOB && (a->kind != ACT_RECORD || a->look))
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
	/* A companion outlives the memory of its job; a node is of none. */
	if (!job && a->kind != ACT_END_COMPANION && a->kind != ACT_DRAIN_NODE)
		return err_set(e, ERR_ABSENT, "job %u is not in Slurm's list", a->job_id);
	w = need(calloc(1, sizeof(*w)));
	*w = (struct act_work){
		.work = {.run = act_run, .done = act_done},
		.view = v,
		.action = *a,
		.request = job ? job->request : (struct vm_request){.image = ""             },
		.done = done,
		.ctx = ctx
        };
	if (worker_submit(v->worker, &w->work, e) < 0) {
		free(w);
		return -1;
	}
	return 0;
}

/* ---- the whole ---- */

int slurm_view_new(struct sd_event *loop, const struct slurm_view_settings *s,
		   struct slurm_view **ret, struct err *e)
{
	struct slurm_view *v = need(calloc(1, sizeof(*v)));

	v->settings = *s;
	if (slurm_jobs_new(&v->jobs, e) < 0 ||
	    worker_new(loop, "slurm", 1, QUEUE_MAX, &v->worker, e) < 0) {
		slurm_jobs_free(v->jobs);
		free(v);
		return -1;
	}
	if (sd_event_add_time(loop, &v->timer, CLOCK_MONOTONIC, 0, 1000, on_timer, v) < 0 ||
	    sd_event_source_set_exit_on_failure(v->timer, true) < 0 ||
	    endings_new(loop, is_ending, look_again, v, &v->endings, e) < 0) {
		worker_free(v->worker);
		slurm_jobs_free(v->jobs);
		free(v);
		return err_set(e, ERR_RETRY, "cannot join the event loop");
	}
	*ret = v;
	return 0;
}

void slurm_view_set_poll(struct slurm_view *v, int64_t poll_s)
{
	v->settings.poll_s = poll_s;
	load_soon(v);
}

const struct desired *slurm_view_desired(const struct slurm_view *v)
{
	return &v->want;
}

struct desired *slurm_view_world(struct slurm_view *v)
{
	return &v->want;
}

int64_t slurm_view_age_us(const struct slurm_view *v)
{
	return worker_age_us(v->worker);
}
