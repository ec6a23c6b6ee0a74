/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests between a vmd and the true world, with their faults: what is wrong to ask for is found
 * here, when it is asked; what comes of it later, and who hears of it. */
#include "tests/sim/sim_world.h"

#include "vmd/base/str.h"

/* What is removed is removed because it was seen, in a list that was whole. */
static void check_known(struct sim *w, const struct sim_view *v, const struct action *a)
{
	bool known = true;

	switch (action_class(a->kind)) {
	case CLASS_POD:
	case CLASS_VM: known = v->vms_known; break;
	case CLASS_CLAIM: known = v->named_known && v->volumes_known && v->vms_known; break;
	case CLASS_DISK: known = v->disks_known && v->vms_known; break;
	case CLASS_PV:
	case CLASS_PVC:
	case CLASS_SECRET: known = v->volumes_known && v->vms_known; break;
	case CLASS_VOLUME:
	case CLASS_JOB_END:
	case CLASS_JOB_RECORD:
	case CLASS_JOB_WORD:
	case CLASS_JOB_MOVE:
	case CLASS_COMPANION:
	case CLASS_RESERVATION:
	case CLASS_GUEST:
	case CLASS_HOOK:
	case CLASS_NODE:
	case CLASS_SLURM_NODE:
	case CLASS_MIGRATION: break;
	}
	if (!v->jobs_known || (action_removes(a->kind) && !known))
		sim_wrong(w, "%s of %s from a list that is not whole", action_name(a->kind),
			  a->object);
}

/* A root disk that is to be kept is marked before it may go. By what vmd saw: a removal that hangs
 * in librbd may end when the job has lived and ended again. */
static void check_kept(struct sim *w, const struct sim_view *v, const struct action *a)
{
	char key[JOB_KEY_MAX + 1];

	if (a->kind != ACT_REMOVE_DISK || !disk_is_root(a->object))
		return;
	for (size_t i = 0; i < v->n_disk; i++)
		if (str_eq(v->disk[i].name, a->object) && v->disk[i].kept_until_s)
			return;
	for (size_t i = 0; i < v->n_job; i++)
		if (str_eq(job_key(&v->job[i], key, sizeof(key)), a->job_key) &&
		    v->job[i].phase == JOB_ENDED && v->job[i].end == JOB_END_ABNORMAL)
			sim_wrong(w, "%s is removed and was not kept", a->object);
}

/* Nothing is done to a disk that could not be read when it was looked at last. */
static void check_readable(struct sim *w, const struct sim_view *v, const struct action *a)
{
	bool hidden = false;

	for (size_t i = 0; sim_is_disk(a) && i < v->n_disk; i++)
		hidden |= *v->disk[i].unreadable && str_eq(v->disk[i].name, a->object);
	for (size_t i = 0; sim_is_disk(a) && i < v->n_named; i++)
		hidden |= *v->named[i].unreadable && str_eq(v->named[i].image, a->object);
	if (hidden)
		sim_wrong(w, "%s of %s, which cannot be read", action_name(a->kind), a->object);
}

/* Of a named disk the core changes claims, and shuts out who had it; it never gives one up. From a
 * guest it takes what is to be given back, or what is nobody's claim and has not arrived. */
static void check_named(struct sim *w, const struct sim_view *v, const struct action *a)
{
	char name[VM_NAME_MAX + 1];

	if (str_starts(a->object, NAMED_IMAGE_PREFIX) && action_class(a->kind) == CLASS_DISK &&
	    a->kind != ACT_FENCE_DISK)
		sim_wrong(w, "%s of %s", action_name(a->kind), a->object);
	if (action_class(a->kind) == CLASS_CLAIM &&
	    (a->order.kind != NAMED_CLAIM || !v->named_known))
		sim_wrong(w, "%s of %s, which is not known", action_name(a->kind), a->object);
	for (size_t i = 0; a->kind == ACT_DETACH_DISK && i < v->n_attachment; i++) {
		const struct attachment *d = &v->attachment[i];

		(void)attachment_volume(d->label, name, sizeof(name));
		if (str_eq(d->job_key, a->job_key) && str_eq(name, a->object) && !d->leaving)
			sim_wrong(w, "%s is taken from its guest unasked", d->name);
	}
}

static bool is_of_node(const struct action *a)
{
	enum action_class c = action_class(a->kind);

	return c == CLASS_NODE || c == CLASS_SLURM_NODE;
}

int sim_request(void *self, const struct action *a, uint64_t ticket, struct err *e)
{
	struct sim_vmd *d = self;
	struct sim *w = d->world;
	struct sim_request *r = NULL;

	if (!sim_leads(w, d))
		return err_set(e, ERR_RETRY, "this vmd does not lead any more");
	if (w->faults_percent && sim_chance(w, 200) == 0)
		return err_set(e, ERR_RETRY, "queue full");
	if (!is_of_node(a) && !sim_is_ours(w, a->job_key))
		sim_wrong(w, "%s of something that is not ours", action_name(a->kind));
	check_known(w, &d->view, a);
	check_kept(w, &d->view, a);
	check_readable(w, &d->view, a);
	check_named(w, &d->view, a);
	sim_several_check_end(w, &d->view, a);
	for (size_t i = 0; i < SIM_FLYING && !r; i++)
		if (!w->request[i].used)
			r = &w->request[i];
	if (!r)
		return err_set(e, ERR_RETRY, "queue full");
	*r = (struct sim_request){.used = true,
				  .asked_us = w->now_us,
				  .ticket = ticket,
				  .life = d->life,
				  .action = *a};
	sim_fate(w, r);
	return 0;
}

/* The vmd that sent it; NULL: that one is dead. */
static struct sim_vmd *sender_of(struct sim *w, const struct sim_request *r)
{
	for (size_t i = 0; i < w->n_vmd; i++)
		if (w->vmd[i].life == r->life)
			return &w->vmd[i];
	return NULL;
}

/* Adapters that call Slurm and Ceph ask the gate right before; requests to Kubernetes have a
 * precondition, and may have been on the wire already. */
static bool is_gated(const struct action *a)
{
	switch (action_class(a->kind)) {
	case CLASS_DISK:
	case CLASS_CLAIM:
	case CLASS_JOB_END:
	case CLASS_JOB_RECORD:
	case CLASS_JOB_MOVE:
	case CLASS_JOB_WORD:
	case CLASS_SLURM_NODE:
	case CLASS_COMPANION:
	case CLASS_RESERVATION:
	case CLASS_HOOK: return true;
	case CLASS_VOLUME:
	case CLASS_PV:
	case CLASS_PVC:
	case CLASS_SECRET:
	case CLASS_VM:
	case CLASS_POD:
	case CLASS_MIGRATION:
	case CLASS_NODE:
	case CLASS_GUEST: break;
	}
	return false;
}

static void request_apply(struct sim *w, struct sim_request *r, const struct sim_vmd *from)
{
	struct err e = {.kind = ERR_NONE};
	bool refused = r->unsent && is_gated(&r->action) && (!from || !sim_leads(w, from));

	w->asked_us = r->asked_us;
	r->apply_us = r->twice ? r->reply_us : INT64_MAX;
	r->twice = false;
	if (refused)
		(void)err_set(&e, ERR_RETRY, "this vmd does not lead any more");
	else
		(void)sim_effect(w, &r->action, &e);
	if (e.kind != ERR_NONE && r->outcome.kind == ERR_NONE)
		r->outcome = e;
	if (!refused && ++w->effects == w->crash_at)
		w->crashed = true; /* before vmd hears of it */
}

void sim_requests_move(struct sim *w)
{
	for (size_t i = 0; i < SIM_FLYING && !w->crashed; i++) {
		struct sim_request *r = &w->request[i];
		struct sim_vmd *from = r->used ? sender_of(w, r) : NULL;
		bool stopped = from && from->stopped_us;

		if (!r->used || (stopped && r->unsent))
			continue;
		if (r->apply_us <= w->now_us)
			request_apply(w, r, from);
		if (r->reply_us <= w->now_us && !stopped && !w->crashed) {
			r->reply_us = INT64_MAX;
			if (from) {
				reconciler_done(from->reconciler, r->ticket, &r->outcome,
						sim_now(w));
				from->wake_us = w->now_us;
			}
		}
		if (r->apply_us == INT64_MAX && (r->reply_us == INT64_MAX || !from))
			r->used = false;
	}
}
