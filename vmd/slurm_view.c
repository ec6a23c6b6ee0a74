/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeps the list of jobs with a VM up to date; see slurm_view.h.
 *
 * slurmctld must never feel vmd: one full load per poll interval, not more than five a second when
 * something asks for more, and those transfer nothing when no job has changed. */
#include "vmd/slurm_view_parts.h"

#include "vmd/base/clock.h"
#include "vmd/base/str.h"
#include "vmd/migration/heir.h"
#include "vmd/slurm/slurm_jobs.h"
#include "vmd/slurm_ending.h"

#include <string.h>
#include <systemd/sd-event.h>

#define QUEUE_MAX   1024
#define LOAD_GAP_US (200 * MSEC_US)
#define RETRY_US    (2 * SEC_US)

void *slurm_view_need(void *p)
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
	struct cluster_work *c = slurm_view_need(calloc(1, sizeof(*c)));
	struct err e;

	*c = (struct cluster_work){.work = {.run = cluster_run, .done = cluster_done}, .view = v};
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

void slurm_view_node_set(const struct slurm_view *v, struct job *j)
{
	j->drained = false;
	j->drain_reason[0] = j->drained_by[0] = '\0';
	for (size_t i = 0; i < v->want.n_node && j->phase == JOB_RUNNING; i++)
		if (str_eq(v->node[i].name, j->node)) {
			if (v->node[i].drained) {
				j->drained = true;
				memcpy(j->drain_reason, v->node[i].reason, sizeof(j->drain_reason));
				memcpy(j->drained_by, v->node[i].by_name, sizeof(j->drained_by));
			}
			/* Whole nodes of different sizes, which happen to divide. */
			if (v->node[i].cpus && j->cpus > v->node[i].cpus)
				j->uneven = true;
		}
}

static bool is_same(const struct slurm_view *v, const struct slurm_list *l)
{
	const struct desired *w = &v->want;

	return w->known && w->n == l->n && w->n_live == l->n_live &&
	       w->n_companion == l->n_companion && w->n_reservation == l->n_reservation &&
	       memcmp(w->job, l->job, l->n * sizeof(*l->job)) == 0 &&
	       memcmp(v->live, l->live, l->n_live * sizeof(*l->live)) == 0 &&
	       (!l->n_companion ||
		memcmp(v->companion, l->companion, l->n_companion * sizeof(*l->companion)) == 0) &&
	       (!l->n_reservation || memcmp(v->reservation, l->reservation,
					    l->n_reservation * sizeof(*l->reservation)) == 0);
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

	heirs_settle(l->job, &l->n, l->companion, &l->n_companion);
	for (size_t i = 0; i < l->n; i++) {
		slurm_view_node_set(v, &l->job[i]);
		slurm_view_script_set(v, &l->job[i]);
	}
	same = same && is_same(v, l);
	free(v->want.job);
	free(v->live);
	free(v->companion);
	free(v->reservation);
	v->live = l->live;
	v->companion = l->companion;
	v->reservation = l->reservation;
	v->want = (struct desired){.known = true,
				   .asked_us = v->asked_us,
				   .n = l->n,
				   .job = l->job,
				   .n_live = l->n_live,
				   .live = v->live,
				   .n_companion = l->n_companion,
				   .companion = v->companion,
				   .n_reservation = l->n_reservation,
				   .reservation = v->reservation,
				   .n_node = v->want.n_node,
				   .node = v->node};
	l->live = NULL;
	l->job = NULL;
	l->companion = NULL;
	l->reservation = NULL;
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
	struct load_work *l = slurm_view_need(calloc(1, sizeof(*l)));
	struct err e;

	(void)source, (void)usec;
	if (!v->cluster_known)
		cluster_ask(v);
	*l = (struct load_work){.work = {.run = load_run, .done = load_done}, .view = v};
	if (worker_submit(v->worker, &l->work, &e) < 0) {
		free(l);
		load_at(v, clock_mono_us() + RETRY_US);
		return 0;
	}
	v->loading = true;
	v->loaded_us = clock_mono_us();
	return 0;
}

void slurm_view_load_soon(struct slurm_view *v)
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

/* Of all who ask while one load is under way, one more load begins after it. */
bool slurm_view_look(struct slurm_view *v)
{
	if (v->load_again)
		return true;
	if (!slurm_look_take(&v->look, clock_mono_us()))
		return false;
	slurm_view_refresh(v);
	return true;
}

int64_t slurm_view_asked_us(const struct slurm_view *v)
{
	return v->want.known ? v->asked_us : 0;
}

/* ---- scripts that have ended ---- */

void slurm_view_script_set(const struct slurm_view *v, struct job *j)
{
	for (size_t i = 0; j->told_to_end_s && i < SCRIPTS_MAX; i++)
		if (v->script[i].job_id == j->id && v->script[i].told_s == j->told_to_end_s)
			j->told_to_end_s = 0;
}

void slurm_view_script_over(struct slurm_view *v, const struct job *j)
{
	const uint32_t id = j->id;

	v->script[v->n_script++ % SCRIPTS_MAX] =
		(struct script_over){.job_id = id, .told_s = j->told_to_end_s};
	for (size_t i = 0; i < v->want.n; i++)
		if (v->want.job[i].id == id)
			slurm_view_script_set(v, &v->want.job[i]);
	v->settings.changed(v->settings.ctx);
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

/* ---- the whole ---- */

int slurm_view_new(struct sd_event *loop, const struct slurm_view_settings *s,
		   struct slurm_view **ret, struct err *e)
{
	struct slurm_view *v = slurm_view_need(calloc(1, sizeof(*v)));

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
	slurm_view_load_soon(v);
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
