/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is done about each phase of a move; what a phase is and how it is known is in
 * migration/move.c, the table of both in DESIGN.md, "The move". Pure, allocates nothing.
 *
 * Every step may be repeated and none is remembered: the next one begins when the world shows the
 * last one's effect. A companion is ended only when no VM is on its node, or the job has taken its
 * place; one whose job nobody knows any more likewise. */
#include "vmd/reconcile/plan_rules.h"

#include "vmd/base/str.h"
#include "vmd/migration/heir.h"
#include "vmd/reconcile/limit.h"
#include "vmd/reconcile/move_view.h"

#include <string.h>

void plan_move_read(const struct planner *p, const struct turn *t, struct move *ret)
{
	move_view_read(
		p->seen,
		&(struct move_source){.job = t->job,
				      .have = &t->have,
				      .n_companion = p->want->n_companion,
				      .companion = p->want->companion,
				      .progress = t->progress,
				      .want = p->want,
				      .flight = p->c->flight,
				      .policy = p->c->policy,
				      .over = limit_is_near(t->job, p->c->policy, p->c->wall_s),
				      .mono_us = p->c->mono_us,
				      .wall_s = p->c->wall_s},
		ret);
}

/* Nodes that Slurm would give and no VM can get on are left out. A list that is too long is cut;
 * what lands there is given back (MOVE_DROP). */
static void not_on_add(struct action *a, const char *name)
{
	size_t len = strlen(a->allocate.not_on);

	(void)str_fmt(a->allocate.not_on + len, sizeof(a->allocate.not_on) - len, "%s%s",
		      len ? "," : "", name);
}

static void plan_closed(const struct planner *p, const struct turn *t, struct action *a)
{
	const struct companion *with = t->move.companion;

	if (with) /* it is to leave that place, too */
		not_on_add(a, with->node);
	for (size_t i = 0; i < p->want->n_node; i++) {
		const char *name = p->want->node[i].name;
		const struct node_seen *k = world_host(p->seen, name);

		if (k && !p->want->node[i].drained && !drain_takes_vms(k) &&
		    !(with && job_node_same(with->node, name)))
			not_on_add(a, name);
	}
}

static void plan_allocate(struct planner *p, const struct turn *t, const struct vm_seen *vm)
{
	/* Slurm's name of it: where a VM is, is Kubernetes' word. */
	const struct slurm_node *to = world_slurm_node(p->want, t->move.to);
	struct action *a;

	/* One that was made just now, or whose making had no answer, need not be in the list yet.
	 */
	if (plan_may_appear(p, t, CLASS_COMPANION))
		return;
	a = plan_add(p, t, ACT_ALLOCATE, t->have.key);
	if (!a)
		return;
	(void)str_copy(a->node, sizeof(a->node), to ? to->name : t->move.to);
	/* One that may become the job is of its QOS: Slurm changes that of none that runs, and by
	 * moves its user would get past limits for good. */
	if (!heir_may_be(t->job))
		(void)str_copy(a->allocate.qos, sizeof(a->allocate.qos), p->c->policy->move_qos);
	a->size = t->move.room;
	if (vm) {
		(void)str_copy(a->uid, sizeof(a->uid), vm->uid);
		growth_need(&vm->size, &a->allocate.least);
	}
	plan_closed(p, t, a);
}

static struct action *plan_companion_end(struct planner *p, const struct turn *t,
					 const struct companion *c, const struct companion *stays)
{
	char object[16];
	struct action *a;

	(void)str_fmt(object, sizeof(object), "%u", c->id);
	a = plan_add(p, t, ACT_END_COMPANION, object);
	if (!a)
		return NULL;
	a->companion = c->id;
	a->end_companion.stays = stays ? stays->id : 0;
	a->end_companion.waited = c->phase == JOB_PENDING;
	a->end_companion.job_over =
		!t->job || t->job->phase == JOB_ENDING || t->job->phase == JOB_ENDED;
	return a;
}

/* Its job takes its place. Whoever was stopped with an older move in his hands may have aimed the
 * job elsewhere since. */
static void plan_release(struct planner *p, const struct turn *t, const struct companion *h)
{
	struct action *a = plan_companion_end(p, t, h, NULL);

	if (!a)
		return;
	(void)str_copy(a->node, sizeof(a->node), h->node);
	a->end_companion.follows = true;
}

/* A word for the VM as it was seen. NULL: none can be added. */
static struct action *plan_word(struct planner *p, const struct turn *t, const struct vm_seen *vm,
				const char *node, bool gives_up)
{
	struct action *a = *vm->uid ? plan_add(p, t, ACT_POINT_VM, vm->name) : NULL;

	if (!a)
		return NULL;
	(void)str_copy(a->uid, sizeof(a->uid), vm->uid);
	(void)str_copy(a->version, sizeof(a->version), vm->version);
	(void)str_copy(a->node, sizeof(a->node), node);
	a->point_vm.gives_up = gives_up;
	return a;
}

static void plan_point(struct planner *p, const struct turn *t, const struct vm_seen *vm,
		       const char *node)
{
	struct action *a = plan_word(p, t, vm, node, t->move.gives_up);

	if (a)
		a->point_vm.target = t->move.target;
}

/* Slurm knows no preconditions: whoever is stopped just before he ends a companion ends it though
 * its VM has gone there since. So the VM says first that it never will, which is noted on the VM as
 * it was seen. */
static void plan_turn_down(struct planner *p, const struct turn *t, const struct companion *c,
			   const struct vm_seen *vm)
{
	const struct vm_moving *k = &vm->moving;
	struct action *a =
		plan_word(p, t, vm, *k->wanted_node ? k->wanted_node : vm->node, k->given_up);

	if (!a)
		return;
	memcpy(a->point_vm.turned_down, k->turned_down, sizeof(k->turned_down));
	turned_down_add(a->point_vm.turned_down, c->id);
}

/* Nobody needs it. stays: see plan_surplus(). */
static void plan_companion_drop(struct planner *p, const struct turn *t, const struct companion *c,
				const struct companion *stays, const struct vm_seen *vm)
{
	if (vm && move_must_turn_down(c, vm))
		plan_turn_down(p, t, c, vm);
	else
		(void)plan_companion_end(p, t, c, stays);
}

static void plan_migrate(struct planner *p, const struct turn *t, const struct vm_seen *vm)
{
	char name[VM_NAME_MAX + 1];
	struct action *a;

	(void)vm_migration_name(vm->name, t->move.attempt_for, t->move.attempt, name, sizeof(name));
	if (plan_believes_made(p, t, name, CLASS_MIGRATION))
		return;
	a = plan_add(p, t, ACT_MIGRATE_VM, name);
	if (!a)
		return;
	(void)str_copy(a->vm.name, sizeof(a->vm.name), vm->name);
	(void)str_copy(a->uid, sizeof(a->uid), vm->uid); /* its owner: it goes with the VM */
}

static void plan_cancel(struct planner *p, const struct turn *t, const struct vm_seen *vm)
{
	struct action *a = plan_add(p, t, ACT_CANCEL_MIGRATION, vm->moving.name);

	if (a)
		(void)str_copy(a->uid, sizeof(a->uid), vm->moving.uid);
}

static void plan_aim(struct planner *p, const struct turn *t, const char *node)
{
	struct action *a = plan_add(p, t, ACT_AIM_JOB, t->have.key);

	if (!a)
		return;
	(void)str_copy(a->node, sizeof(a->node), node);
	a->aim_job.until_s = *node ? t->job->request.moved_until_s : 0;
	if (*node)
		a->size = t->move.room;
	else if (t->job->request.moved_limit_s > t->job->limit_s) /* whoever raised it since knew */
		a->aim_job.limit_s = t->job->request.moved_limit_s;
}

/* In the job's own words, on its stderr or its salloc's terminal. */
static void plan_tell(struct planner *p, const struct turn *t)
{
	struct action *a;

	if (!t->move.tell || !t->progress || str_eq(t->progress->drain_told, t->move.reason))
		return;
	a = plan_add(p, t, ACT_TELL_JOB, t->have.key);
	if (a)
		(void)str_copy(a->reason, sizeof(a->reason), t->move.reason);
}

/* Whoever has forgotten the companion since (slurmctld started anew) must not queue the job again;
 * nor may it be when the VM was told to go elsewhere since it was seen. */
static void plan_follow(struct planner *p, const struct turn *t, const struct companion *h,
			const struct vm_seen *vm)
{
	struct action *a = *vm->uid ? plan_add(p, t, ACT_REQUEUE_JOB, t->have.key) : NULL;

	if (!a)
		return;
	a->companion = h->id;
	a->requeue_job.companion_start_s = h->start_s;
	(void)str_copy(a->vm.name, sizeof(a->vm.name), vm->name);
	(void)str_copy(a->uid, sizeof(a->uid), vm->uid);
	(void)str_copy(a->version, sizeof(a->version), vm->version);
	(void)str_copy(a->node, sizeof(a->node), vm->moving.wanted_node);
}

/* The companion's record gets the status with it: who takes its place knows that it was READY. */
static void plan_heir(struct planner *p, const struct turn *t, enum action_kind kind)
{
	struct action *a = t->progress ? plan_add(p, t, kind, t->have.key) : NULL;

	if (!a)
		return;
	a->companion = t->move.companion->id;
	if (kind == ACT_BEQUEATH)
		(void)progress_text(t->progress, a->reason);
}

/* Its VM goes as that of every run that has ended; its disks stay for the next one. */
static void plan_anew(struct planner *p, const struct turn *t)
{
	struct action *a = plan_add(p, t, ACT_REQUEUE_JOB, t->have.key);

	if (!a)
		return;
	a->requeue_job.anew = true;
	a->requeue_job.run = t->job->restarts;
	(void)str_copy(a->reason, sizeof(a->reason), t->move.reason);
}

/* A request whose answer was lost may have made a second one; or the VM has moved on from it. Who
 * looks at an older list must not end the one that counts now: so the other one must be there
 * still. */
static void plan_surplus(struct planner *p, const struct turn *t, const struct vm_seen *vm)
{
	for (size_t i = 0; i < p->want->n_companion; i++) {
		const struct companion *c = &p->want->companion[i];

		if (companion_is_of(c, t->have.key) && move_is_spare(c, &t->move, vm))
			plan_companion_drop(p, t, c, t->move.companion, vm);
	}
}

void plan_move(struct planner *p, const struct turn *t)
{
	const struct vm_seen *vm = world_vm(&t->have, t->job);
	const struct companion *h = t->move.companion;

	if (!p->seen->vms_known)
		return;
	plan_reservations_of(p, t);
	plan_tell(p, t);
	switch (t->move.phase) {
	case MOVE_ALLOCATE: plan_allocate(p, t, vm); break;
	case MOVE_POINT:
	case MOVE_BACK: plan_point(p, t, vm, t->move.to); break;
	case MOVE_TAKEN_BACK: (void)plan_add(p, t, ACT_KEEP_VM, vm->name); break;
	case MOVE_ANEW: plan_anew(p, t); break;
	case MOVE_SEND: plan_migrate(p, t, vm); break;
	case MOVE_STUCK: plan_cancel(p, t, vm); break;
	case MOVE_BEQUEATH: plan_heir(p, t, ACT_BEQUEATH); break;
	case MOVE_GIVE_WAY: plan_heir(p, t, ACT_GIVE_WAY); break;
	case MOVE_REQUEUE: plan_follow(p, t, h, vm); break;
	case MOVE_AIM: plan_aim(p, t, t->move.to); break;
	case MOVE_UNAIM: plan_aim(p, t, ""); break;
	case MOVE_RESERVE: plan_reserve(p, t, h); break;
	case MOVE_RELEASE: plan_release(p, t, h); break;
	case MOVE_DROP: plan_companion_drop(p, t, h, NULL, vm); break;
	case MOVE_MARK: /* the job's record says it: plan.c */
	case MOVE_NONE:
	case MOVE_BLOCKED:
	case MOVE_STAY:
	case MOVE_QUEUED:
	case MOVE_POINTED:
	case MOVE_SENDING:
	case MOVE_LEAVING:
	case MOVE_STARTING:
	case MOVE_HELD: break;
	}
	if (t->move.phase != MOVE_REQUEUE) /* which counts on the VM as it is */
		plan_surplus(p, t, vm);
}

void plan_companions(struct planner *p)
{
	for (size_t i = 0; i < p->want->n_companion; i++) {
		const struct companion *c = &p->want->companion[i];
		char nonce[JOB_NONCE_LEN + 1];
		struct turn t = {.job = NULL};

		if (!companion_is_live(c) || world_job(p->want, c->job_key) ||
		    job_key_parse(c->job_key, &t.job_id, nonce) < 0 ||
		    world_is_live(p->want, t.job_id))
			continue;
		world_of(p->seen, c->job_key, &t.have);
		if (p->seen->vms_known && t.have.n_vm == 0)
			(void)plan_companion_end(p, &t, c, NULL);
	}
}
