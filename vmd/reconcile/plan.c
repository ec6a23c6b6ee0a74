/* SPDX-License-Identifier: GPL-2.0-or-later */
/* plan(): walks the jobs that Slurm told of, then what is seen of jobs that Slurm does not know,
 * and asks the rules of each object. Pure, allocates nothing. The rules are written down in
 * DESIGN.md, "Reconcile rules"; each has a row in tests/unit/unit_plan.c. */
#include "vmd/reconcile/plan.h"

#include "vmd/base/str.h"
#include "vmd/reconcile/plan_rules.h"
#include "vmd/reconcile/ranks.h"
#include "vmd/reconcile/recover.h"

/* Two rules may want different things of one object, such as a VM that is to move and whose job's
 * time is over: the first one counts. A job's actions stand together. */
static bool is_planned(const struct planner *p, const char *key, const char *object,
		       enum action_class class)
{
	for (size_t i = p->out->n; i > 0; i--) {
		const struct action *a = &p->out->act[i - 1];

		if (!str_eq(a->job_key, key))
			return false;
		if (action_class(a->kind) == class && str_eq(a->object, object))
			return true;
	}
	return false;
}

struct action *plan_add(struct planner *p, const struct turn *t, enum action_kind k,
			const char *object)
{
	struct action *a;

	if (inflight_busy(p->c->flight, t->have.key, object, action_class(k), p->c->mono_us) ||
	    is_planned(p, t->have.key, object, action_class(k)))
		return NULL;
	if (p->out->n == p->limit) {
		p->out->cut = true;
		return NULL;
	}
	a = &p->out->act[p->out->n++];
	*a = (struct action){.kind = k, .job_id = t->job_id};
	(void)str_copy(a->job_key, sizeof(a->job_key), t->have.key);
	(void)str_copy(a->object, sizeof(a->object), object);
	return a;
}

bool plan_believes_made(const struct planner *p, const struct turn *t, const char *object,
			enum action_class class)
{
	return inflight_believes_made(p->c->flight, t->have.key, object, class, p->c->mono_us);
}

bool plan_may_vanish(const struct planner *p, const struct turn *t, const char *object,
		     enum action_class class)
{
	return inflight_may_vanish(p->c->flight, t->have.key, object, class, p->c->mono_us);
}

bool plan_may_appear(const struct planner *p, const struct turn *t, enum action_class class)
{
	return inflight_may_appear(p->c->flight, t->have.key, class, p->c->mono_us);
}

static void plan_end(struct planner *p, const struct turn *t, bool failed, const char *reason)
{
	struct action *a = plan_add(p, t, ACT_END_JOB, t->have.key);

	if (!a)
		return;
	a->end_job.failed = failed;
	(void)str_copy(a->reason, sizeof(a->reason), reason);
}

static void plan_record(struct planner *p, const struct turn *t)
{
	char text[ACTION_TEXT_MAX + 1];
	struct action *a;

	if (!t->progress || t->progress->record_ticket ||
	    !progress_is_worth_recording(t->progress, p->c->mono_us))
		return;
	(void)progress_text(t->progress, text);
	if (str_eq(text, t->progress->recorded))
		return;
	a = plan_add(p, t, ACT_RECORD, t->have.key);
	if (!a)
		return;
	(void)str_copy(a->reason, sizeof(a->reason), text);
	a->record.look = t->move.phase == MOVE_MARK; /* the next step waits for it */
}

/* The job cannot have one of its VMs. What the others' guests have computed is kept like its own;
 * then it is ended: at once if nobody waits in it, else after the waiting step had time to say why.
 */
static void plan_failed(struct planner *p, const struct turn *t, const struct progress *failed)
{
	int64_t failed_us = p->c->mono_us - failed->failed_us;
	bool kept = !t->progress->status.since_s[VM_STATE_READY] || plan_disks_keep(p, t);

	if (failed != t->progress)
		return; /* who failed says why */
	if (!(kept && ranks_are_kept(p, t, true)) &&
	    failed_us < p->c->policy->trouble_timeout_s * 1000000)
		return;
	if (t->job->batch && failed_us < FAILED_GRACE_US)
		return;
	plan_end(p, t, true, t->progress->status.reason);
}

static void plan_running(struct planner *p, struct turn *t)
{
	const struct vm_seen *vm = world_vm(&t->have, t->job);
	const struct recover_view kept = {
		.want = p->want, .seen = p->seen, .slurm_uid = p->c->policy->slurm_uid};
	const struct progress *failed = ranks_failed(p, t);
	char name[VM_NAME_MAX + 1];
	bool disks;
	struct err e;

	(void)vm_name(t->job, name, sizeof(name));
	plan_record(p, t);
	if (!p->seen->vms_known)
		return;
	if (failed) {
		plan_failed(p, t, failed);
		return;
	}
	if (vm && vm->phase == VM_STOPPED && ranks_are_off(p, t)) {
		if (t->job->rank == 0)
			plan_end(p, t, false, "the guest shut down");
		return;
	}
	if (plan_limit(p, t))
		return;
	plan_warning(p, t, vm);
	plan_ready(p, t, vm);
	plan_disks_unkeep(p, t);
	if (!plan_vms_remove(p, t, name))
		return; /* another incarnation holds the disks */
	plan_claims_remove(p, t);
	if (vm) {
		if (vm_is_astray(vm, t->job) && !t->move.keeps_vm)
			plan_vm_remove(p, t, vm);
		else
			plan_attachments_live(p, t, vm);
		return;
	}
	if (recover_request(&kept, p->c->catalogue, t->job, &t->request, &t->image, &e) < 0)
		return; /* progress_step made it FAILED with the reason, or it waits */
	if (*t->request.from && recover_find(&kept, t->job, &t->root, &e) < 0)
		return;
	disks = plan_disks_wanted(p, t);
	disks = plan_attachments_wanted(p, t) && disks;
	if (plan_secret_wanted(p, t) && disks)
		plan_vm_wanted(p, t);
}

/* Nothing of the job is wanted any more. */
static void plan_gone(struct planner *p, const struct turn *t)
{
	if (p->seen->vms_known && plan_vms_remove(p, t, NULL) && plan_disks_remove(p, t))
		plan_secrets_remove(p, t);
}

/* What its script still does in the guest, and says, it can. A VM that is in a companion's
 * allocation has nothing to do with the node where the script ends. */
static bool script_ends(const struct planner *p, const struct turn *t)
{
	return !t->move.companion && job_script_ends(t->job, p->c->wall_s);
}

static void plan_job(struct planner *p, size_t i)
{
	struct turn t = {.job = &p->want->job[i],
			 .job_id = p->want->job[i].id,
			 .progress = p->c->progress ? &p->c->progress[i] : NULL};
	char key[JOB_KEY_MAX + 1], name[VM_NAME_MAX + 1];

	world_of(p->seen, job_key(t.job, key, sizeof(key)), &t.have);
	plan_move_read(p, &t, &t.move);
	switch (t.job->phase) {
	case JOB_PENDING:
	case JOB_ENDING:
		/* It may run again: disks and Secret stay. Its VM does when the next run has it. */
		(void)vm_name(t.job, name, sizeof(name));
		if (!p->seen->vms_known || script_ends(p, &t))
			break;
		if (t.move.keeps_vm || t.move.binds_vm)
			(void)plan_vms_remove(p, &t, name);
		else if (plan_vms_remove(p, &t, NULL))
			(void)plan_volumes_gone(p, &t);
		break;
	case JOB_RUNNING: plan_running(p, &t); break;
	case JOB_ENDED: plan_gone(p, &t); break;
	}
	plan_move(p, &t);
}

/* Objects with our mark, but Slurm told of no such job: only a whole list may say so. */
static bool is_orphan(const struct planner *p, const struct holdings *h, uint32_t *ret_id)
{
	char nonce[JOB_NONCE_LEN + 1];

	return job_key_parse(h->key, ret_id, nonce) == 0 && !world_job(p->want, h->key) &&
	       !world_is_live(p->want, *ret_id);
}

/* Many VMs whose jobs Slurm suddenly does not know: more likely Slurm's loss than so many ends,
 * for the end of a job that Slurm tells of is no orphan. */
static void plan_brake(struct planner *p)
{
	const struct policy *policy = p->c->policy;
	size_t orphans = 0, all = 0;
	uint32_t id;

	for (struct holdings h = {.key = ""}; world_next(p->seen, &h);)
		for (size_t i = 0; i < h.n_vm; i++) {
			if (h.vm[i].phase == VM_DELETING)
				continue;
			all++;
			if (!is_orphan(p, &h, &id))
				continue;
			if (orphans < PLAN_HELD)
				(void)str_copy(p->out->held_vm[orphans], sizeof(p->out->held_vm[0]),
					       h.vm[i].name);
			orphans++;
		}
	p->out->many = orphans > policy->delete_share_min &&
		       orphans * 100 > all * policy->delete_share_percent;
	p->out->approval = p->out->many && !p->c->approved;
	p->out->held = p->out->approval ? orphans : 0;
}

void plan(const struct desired *want, const struct observed *seen, const struct plan_context *c,
	  struct plan *out)
{
	struct planner p = {.want = want, .seen = seen, .c = c, .out = out, .limit = PLAN_ACTIONS};

	out->n = 0;
	out->cut = out->many = out->approval = false;
	out->held = 0;
	if (c->policy->actions_per_round && c->policy->actions_per_round < p.limit)
		p.limit = c->policy->actions_per_round;
	if (!want->known)
		return; /* unknown is not empty */
	for (size_t i = 0; i < want->n; i++)
		plan_job(&p, i);
	plan_companions(&p);
	plan_reservations(&p);
	plan_drains(&p);
	if (seen->vms_known)
		plan_brake(&p);
	if (out->approval)
		return;
	for (struct holdings h = {.key = ""}; world_next(seen, &h);) {
		struct turn t = {.have = h};

		if (is_orphan(&p, &h, &t.job_id))
			plan_gone(&p, &t);
	}
}
