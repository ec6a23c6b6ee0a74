/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One round: look, plan, start. Keeps what is in flight and how far each job is; both may be lost
 * at any moment and are found again in the world. Effects go through the port, time is an argument;
 * pure but for malloc. Runs on the loop thread. */
#include "vmd/reconcile/reconciler.h"

#include "vmd/base/str.h"
#include "vmd/reconcile/plan.h"

#include <assert.h>
#include <string.h>

#define SECOND_US INT64_C(1000000)

struct reconciler {
	const struct catalogue *catalogue;
	const struct policy *policy;
	struct action_port port;
	struct inflight flight;
	struct trouble trouble[TROUBLE_COUNT];
	size_t n_progress;
	struct progress *progress; /* of the last known list of jobs, same order */
	struct plan plan;
	struct reconciler_counts counts;
	bool started;
	bool approved;
	bool looks; /* and does nothing */
};

static void *alloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	if (!p)
		abort();
	return p;
}

struct reconciler *reconciler_new(const struct catalogue *c, const struct policy *p,
				  const struct action_port *port)
{
	struct reconciler *r = alloc(1, sizeof(*r));

	r->port = *port;
	reconciler_configure(r, c, p);
	return r;
}

void reconciler_free(struct reconciler *r)
{
	if (!r)
		return;
	inflight_done(&r->flight);
	free(r->progress);
	free(r);
}

void reconciler_configure(struct reconciler *r, const struct catalogue *c, const struct policy *p)
{
	r->catalogue = c;
	r->policy = p;
}

/* As job_key_compare(). */
static int progress_order(const struct progress *p, const struct job *j)
{
	if (p->key_id != job_key_id(j))
		return p->key_id < job_key_id(j) ? -1 : 1;
	if (!str_eq(p->nonce, j->request.nonce))
		return strcmp(p->nonce, j->request.nonce);
	return (p->rank > j->rank) - (p->rank < j->rank);
}

/* The progress of every job that is wanted, in their order; that of others is dropped. */
static void progress_merge(struct reconciler *r, const struct desired *want,
			   const struct progress_view *v)
{
	struct progress *next = alloc(want->n, sizeof(*next));
	size_t old = 0;

	for (size_t i = 0; i < want->n; i++) {
		const struct job *j = &want->job[i];

		while (old < r->n_progress && progress_order(&r->progress[old], j) < 0)
			old++;
		if (old < r->n_progress && progress_order(&r->progress[old], j) == 0)
			next[i] = r->progress[old];
		progress_step(&next[i], j, v);
		/* Who only looks does not know what is under way; nor does one that has just begun
		 * to lead, until it has looked itself. */
		if (r->looks)
			next[i].status.node_clear = false;
	}
	free(r->progress);
	r->progress = next;
	r->n_progress = want->n;
}

/* A companion that is listed need not be believed in any more: once it has ended the next one is
 * asked for at once. Its id need not be higher than that of the last one: slurmctld may have lost
 * its state. */
static void companions_see(struct reconciler *r, const struct desired *want)
{
	char key[JOB_KEY_MAX + 1];

	for (size_t i = 0; want->n_companion && i < r->n_progress; i++) {
		struct progress *p = &r->progress[i];
		uint32_t last = 0;

		(void)job_key(&want->job[i], key, sizeof(key));
		for (size_t k = 0; k < want->n_companion; k++)
			if (want->companion[k].id > last && str_eq(want->companion[k].job_key, key))
				last = want->companion[k].id;
		if (!last || last == p->companion_seen)
			continue;
		p->companion_seen = last;
		inflight_landed(&r->flight, key, key, CLASS_COMPANION);
	}
}

static struct progress *progress_of(struct reconciler *r, const char *job_key)
{
	struct job j = {.id = 0};
	int rank = job_key_rank(job_key);

	if (job_key_parse(job_key, &j.id, j.request.nonce) < 0)
		return NULL;
	j.rank = rank > 0 ? (uint32_t)rank : 0;
	for (size_t i = 0; i < r->n_progress; i++)
		if (progress_order(&r->progress[i], &j) == 0)
			return &r->progress[i];
	return NULL;
}

/* Once, whatever the program made of it; again only if it could not be started for the moment. */
static void note_told(struct reconciler *r, const struct flight *f, const struct err *e,
		      int64_t wall_s)
{
	struct progress *p = f->class == CLASS_HOOK ? progress_of(r, f->job_key) : NULL;

	if (p && e->kind != ERR_RETRY)
		p->told_s = wall_s;
}

static void finish(struct reconciler *r, uint64_t ticket, const struct err *e, struct now now)
{
	const struct flight *f = inflight_finish(&r->flight, ticket, e, now.mono_us);

	if (!f)
		return;
	if (e->kind == ERR_CONFLICT)
		r->counts.conflicts++;
	else if (e->kind != ERR_NONE)
		r->counts.failures++;
	note_told(r, f, e, now.wall_s);
	for (size_t i = 0; f->class == CLASS_JOB_RECORD && i < r->n_progress; i++)
		if (r->progress[i].record_ticket == ticket) {
			r->progress[i].record_ticket = 0;
			if (e->kind == ERR_NONE)
				memcpy(r->progress[i].recorded, r->progress[i].recording,
				       sizeof(r->progress[i].recorded));
		}
}

/* Given, whatever comes of it: the wall clock's now lies behind what was due. */
static void note_warned(struct reconciler *r, const struct action *a, int64_t wall_s)
{
	struct progress *p = progress_of(r, a->job_key);

	if (p)
		p->warned_s = wall_s;
}

/* Told, whatever comes of it: `vmctl show` says it all the while. */
static void note_job_told(struct reconciler *r, const struct action *a)
{
	struct progress *p = progress_of(r, a->job_key);

	if (p)
		(void)str_copy(p->drain_told, sizeof(p->drain_told), a->reason);
}

static void apply(struct reconciler *r, const struct action *a, struct now now)
{
	struct err e = {.kind = ERR_NONE};
	uint64_t ticket = inflight_start(&r->flight, a, now.mono_us);
	struct progress *p = a->kind == ACT_RECORD ? progress_of(r, a->job_key) : NULL;

	r->counts.actions++;
	if (a->kind == ACT_WARN_GUEST)
		note_warned(r, a, now.wall_s);
	if (a->kind == ACT_TELL_JOB)
		note_job_told(r, a);
	if (p) {
		p->record_ticket = ticket;
		(void)str_copy(p->recording, sizeof(p->recording), a->reason);
	}
	if (r->port.apply(r->port.self, a, ticket, &e) < 0)
		finish(r, ticket, &e, now);
}

static int64_t earliest(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* When something may have to be done though nothing changes. */
static int64_t next_us(const struct reconciler *r, const struct desired *want,
		       const struct observed *seen, struct now now)
{
	int64_t next = inflight_next(&r->flight, now.mono_us);

	if (r->plan.cut && !r->looks)
		return now.mono_us;
	for (size_t i = 0; want->known && i < r->n_progress; i++)
		if (r->progress[i].deadline_us > now.mono_us)
			next = earliest(next, r->progress[i].deadline_us);
	for (size_t i = 0; i < seen->n_node; i++) /* it will be lost by time alone */
		if (seen->node[i].lost_us &&
		    seen->node[i].lost_us + r->policy->fence_after_s * SECOND_US > now.mono_us)
			next = earliest(next, seen->node[i].lost_us +
						      r->policy->fence_after_s * SECOND_US);
	for (size_t i = 0; i < seen->n_disk; i++)
		if (seen->disk[i].kept_until_s > now.wall_s)
			next = earliest(next,
					now.mono_us + (seen->disk[i].kept_until_s - now.wall_s) *
							      SECOND_US);
	return next;
}

void reconciler_lead(struct reconciler *r, bool acts)
{
	/* What another vmd did meanwhile may have been seen in part only. */
	for (size_t i = 0; acts && r->looks && i < r->n_progress; i++)
		r->progress[i].alone_since_us = 0;
	r->looks = !acts;
}

int64_t reconciler_round(struct reconciler *r, const struct desired *want,
			 const struct observed *seen, struct now now)
{
	struct progress_view v = {.want = want,
				  .seen = seen,
				  .flight = &r->flight,
				  .catalogue = r->catalogue,
				  .policy = r->policy,
				  .trouble = r->trouble,
				  .mono_us = now.mono_us,
				  .wall_s = now.wall_s};
	struct plan_context c;

	assert(world_is_sorted(want, seen));
	if (!r->started) {
		r->started = true;
		r->flight.seed = (uint64_t)now.mono_us;
	}
	v.n_companion = want->n_companion;
	v.companion = want->companion;
	inflight_expire(&r->flight, now.mono_us);
	inflight_see(&r->flight, seen);
	if (want->known) {
		progress_merge(r, want, &v);
		companions_see(r, want);
	}
	c = (struct plan_context){.catalogue = r->catalogue,
				  .policy = r->policy,
				  .flight = &r->flight,
				  .progress = r->progress,
				  .mono_us = now.mono_us,
				  .wall_s = now.wall_s,
				  .approved = r->approved};
	plan(want, seen, &c, &r->plan);
	if (want->known && seen->vms_known && !r->plan.many)
		r->approved = false; /* the wave it was for is over */
	for (size_t i = 0; i < r->plan.n && !r->looks; i++)
		apply(r, &r->plan.act[i], now);
	r->counts.rounds++;
	r->counts.in_flight = r->flight.in_flight;
	r->counts.approval_wanted = r->plan.approval;
	return next_us(r, want, seen, now);
}

void reconciler_done(struct reconciler *r, uint64_t ticket, const struct err *e, struct now now)
{
	finish(r, ticket, e, now);
	r->counts.in_flight = r->flight.in_flight;
}

const struct vm_status *reconciler_status(const struct reconciler *r, uint32_t job_id)
{
	return reconciler_rank_status(r, job_id, 0);
}

const struct vm_status *reconciler_rank_status(const struct reconciler *r, uint32_t job_id,
					       uint32_t rank)
{
	const struct vm_status *found = NULL;

	/* A job id comes again after slurmctld lost its state: the one that has not ended. */
	for (size_t i = 0; i < r->n_progress; i++)
		if (r->progress[i].job_id == job_id && r->progress[i].rank == rank &&
		    (!found || r->progress[i].status.state != VM_STATE_STOPPED))
			found = &r->progress[i].status;
	return found;
}

void reconciler_trouble(struct reconciler *r, enum trouble_source source, const char *text,
			struct now now)
{
	struct trouble *t = &r->trouble[source];

	if (!text || !*t->text)
		t->since_us = now.mono_us;
	(void)snprintf(t->text, sizeof(t->text), "%s", text ? text : "");
}

const struct plan *reconciler_plan(const struct reconciler *r)
{
	return &r->plan;
}

void reconciler_approve(struct reconciler *r)
{
	r->approved = true;
}

void reconciler_migrate(struct reconciler *r, uint32_t job_id, const char *to)
{
	for (size_t i = 0; i < r->n_progress; i++) {
		struct progress *p = &r->progress[i];

		if (p->job_id != job_id || p->status.state == VM_STATE_STOPPED)
			continue;
		(void)str_copy(p->move_to, sizeof(p->move_to), to);
		p->asked_over = !*to; /* what the record says is over, too */
		p->pause_until_us = 0;
	}
}

void reconciler_resize(struct reconciler *r, uint32_t job_id, const struct job_size *size)
{
	for (size_t i = 0; i < r->n_progress; i++) {
		struct progress *p = &r->progress[i];

		if (p->job_id != job_id || p->status.state == VM_STATE_STOPPED)
			continue;
		p->grow = *size;
		p->grow_over = !size->cpus;
		p->pause_until_us = 0;
	}
}

struct reconciler_counts reconciler_counts(const struct reconciler *r)
{
	return r->counts;
}
