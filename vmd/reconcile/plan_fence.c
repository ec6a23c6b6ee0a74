/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules for VMs on lost nodes. Pure, allocates nothing.
 *
 * A node that is lost confirms nothing: a VM that was deleted there stays, and with it the job's
 * next run waits for ever. It may be off; or only the network between us is, and the guest still
 * writes. So first every client of its disks is shut out of Ceph, and only when all disks bear the
 * mark of that (which outlives vmd) is Kubernetes made to let go of the VM. Then the other rules go
 * on as after any end.
 *
 * Nothing here is asked of a VM that is wanted where it is: only of those that the other rules have
 * deleted, which cannot be taken back. */
#include "vmd/reconcile/plan_rules.h"

#include "vmd/base/str.h"
#include "vmd/reconcile/unreadable.h"

/* With krbd all disks that a host has mapped have one client, the host's kernel: shut out for one
 * disk, it is for all. A guest of a job that lives must not lose its disk by that, so the fence
 * waits until Slurm has given up that job, too. */
static bool is_shared(const struct planner *p, const struct turn *t, const struct vm_seen *vm,
		      const struct disk_clients *clients)
{
	if (unreadable_is_on(p->want, p->seen, vm->node, t->have.key))
		return true; /* nobody can say who its clients are */
	for (size_t i = 0; i < p->seen->n_disk; i++) {
		const struct disk_seen *other = &p->seen->disk[i];
		const struct job *j;

		if (str_eq(other->job_key, t->have.key))
			continue;
		for (size_t k = 0; k < clients->n; k++) {
			if (!disk_clients_have(&other->clients, clients->address[k]))
				continue;
			j = world_job(p->want, other->job_key);
			if (j && j->phase == JOB_RUNNING)
				return true;
		}
	}
	return false;
}

static void plan_fence(struct planner *p, const struct turn *t, const struct vm_seen *vm,
		       const char *image, const char *pool, const struct disk_clients *clients)
{
	struct action *a =
		is_shared(p, t, vm, clients) ? NULL : plan_add(p, t, ACT_FENCE_DISK, image);

	if (!a)
		return;
	(void)str_copy(a->pool, sizeof(a->pool), pool);
	(void)str_copy(a->uid, sizeof(a->uid), vm->uid);
}

/* true: none of the VM's clients can write to any disk of the job. A job without a disk has a list
 * of disks that is wrong, for its VM has run; one that cannot be read cannot be fenced. */
static bool plan_disks_fence(struct planner *p, const struct turn *t, const struct vm_seen *vm)
{
	bool all = t->have.n_disk > 0 && !unreadable_hides_disk(p->seen, &t->have);

	for (size_t i = 0; i < t->have.n_disk; i++) {
		const struct disk_seen *d = &t->have.disk[i];

		if (*d->unreadable || str_eq(d->fenced, vm->uid))
			continue;
		all = false;
		plan_fence(p, t, vm, d->name, d->pool, &d->clients);
	}
	return all;
}

static bool is_readable(const struct observed *seen, const char *image)
{
	for (size_t i = 0; i < seen->n_named; i++)
		if (*seen->named[i].unreadable && str_eq(seen->named[i].image, image))
			return false;
	return seen->named_known;
}

/* The PV of a writer tells of a claim that the image itself does not tell now. A job without one
 * does not wait for the pool of named disks, which may be ill, or wrong in the settings. */
static bool is_hidden(const struct planner *p, const struct turn *t)
{
	for (size_t i = 0; i < t->have.n_pv; i++)
		if (str_starts(t->have.pv[i].name, NAMED_IMAGE_PREFIX) &&
		    !is_readable(p->seen, t->have.pv[i].name))
			return true;
	return !p->seen->pvs_known;
}

/* The same of named disks that the job writes; who only reads does no harm. */
static bool plan_named_fence(struct planner *p, const struct turn *t, const struct vm_seen *vm)
{
	bool all = !is_hidden(p, t);

	for (size_t i = 0; i < t->have.n_attachment; i++) {
		const struct attachment *d = &t->have.attachment[i];

		if (d->own || d->read_only || str_eq(d->fenced, vm->uid))
			continue;
		all = false;
		plan_fence(p, t, vm, d->name, d->pool, &d->clients);
	}
	return all;
}

static bool is_lost(const struct planner *p, const struct vm_seen *vm)
{
	return world_vm_is_lost(p->seen, vm, p->c->policy->fence_after_s, p->c->mono_us);
}

/* Of two VMs of one job that are lost, the first is shut out and let go of first: a disk bears one
 * mark, so two that are fenced at once would take it from each other for ever. */
static bool is_first_lost(const struct planner *p, const struct turn *t, const struct vm_seen *vm)
{
	for (size_t i = 0; i < t->have.n_vm && &t->have.vm[i] != vm; i++)
		if (is_lost(p, &t->have.vm[i]))
			return false;
	return true;
}

void plan_pod_force_delete(struct planner *p, const struct turn *t, const struct vm_seen *vm)
{
	struct action *a;
	bool named;

	if (!is_first_lost(p, t, vm) || !is_lost(p, vm))
		return;
	named = plan_named_fence(p, t, vm);
	if (!p->seen->disks_known || !plan_disks_fence(p, t, vm) || !named)
		return;
	a = plan_add(p, t, ACT_FORCE_DELETE_POD, vm->name);
	if (!a)
		return;
	(void)str_copy(a->uid, sizeof(a->uid), vm->uid);
	(void)str_copy(a->node, sizeof(a->node), vm->node);
}
