/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules for VMs and their Secrets. Pure, allocates nothing.
 *
 * Two VMs of one job must never have its disks at once. That does not rest on what is seen here: a
 * VM finds its disks by the PVCs of its own incarnation, and plan_volume.c sees to it that only one
 * incarnation's can be bound. A VM that comes up late never starts. */
#include "vmd/reconcile/plan_rules.h"

#include "vmd/base/str.h"

void plan_vm_remove(struct planner *p, const struct turn *t, const struct vm_seen *vm)
{
	struct action *a;

	if (!*vm->uid)
		return;                  /* nothing that a precondition could name */
	plan_pod_force_delete(p, t, vm); /* one that is on its way, when nobody is there to do it */
	if (vm->phase == VM_DELETING)
		return;
	a = plan_add(p, t, ACT_DELETE_VM, vm->name);
	if (!a)
		return;
	(void)str_copy(a->uid, sizeof(a->uid), vm->uid);
	(void)str_copy(a->version, sizeof(a->version), vm->version);
}

bool plan_is_later(const struct turn *t, const char *name)
{
	uint32_t run;

	if (!t->job || vm_incarnation(name, t->have.key, &run) < 0)
		return false;
	if (t->job->phase == JOB_PENDING) /* of the run that is to come nothing can be there */
		return run >= t->job->restarts;
	return run > job_incarnation(t->job);
}

bool plan_vms_remove(struct planner *p, const struct turn *t, const char *keep)
{
	bool none = true;

	for (size_t i = 0; i < t->have.n_vm; i++) {
		if (keep && str_eq(t->have.vm[i].name, keep))
			continue;
		none = false;
		if (!plan_is_later(t, t->have.vm[i].name))
			plan_vm_remove(p, t, &t->have.vm[i]);
	}
	return none;
}

static void disk_attach(struct vm_spec *vm, const struct job *j, enum disk_role role)
{
	struct vm_disk_spec *d = &vm->disk[vm->n_disk++];

	(void)str_copy(d->name, sizeof(d->name), disk_role_name(role));
	(void)str_copy(d->serial, sizeof(d->serial), disk_role_name(role));
	(void)disk_claim_name(j, role, d->claim, sizeof(d->claim));
}

static void spec_fill(struct vm_spec *vm, const struct turn *t)
{
	const struct job *j = t->job;
	const struct image *i = t->image;

	vm->job_id = job_key_id(j);
	vm->job_uid = j->uid;
	vm->incarnation = job_incarnation(j);
	(void)str_copy(vm->job_key, sizeof(vm->job_key), t->have.key);
	(void)str_copy(vm->user, sizeof(vm->user), image_account(i, j));
	(void)str_copy(vm->owner, sizeof(vm->owner), j->user);
	(void)str_copy(vm->image, sizeof(vm->image), i->name);
	vm->profile = i->profile;
	vm->user_data = image_has_user_data(i);
	vm->firmware_efi = i->firmware_efi;
	vm->secure_boot = i->secure_boot;
	vm->tpm = i->tpm;
	vm->cpus = j->cpus;
	vm->grace_s = i->grace_s;
	vm->memory_bytes = vm_guest_memory_bytes(j->memory_bytes, j->cpus, i->tpm);
	vm_growth_limits(i, j->cpus, vm->memory_bytes, &vm->sockets_max, &vm->memory_max_bytes);
	(void)str_copy(vm->node, sizeof(vm->node), j->node);
	(void)str_copy(vm->network, sizeof(vm->network), t->request.network);
	(void)vm_secret_name(j, vm->secret, sizeof(vm->secret));
	disk_attach(vm, j, DISK_ROOT);
	if (t->request.scratch_bytes)
		disk_attach(vm, j, DISK_SCRATCH);
	plan_attachments_fill(t, vm);
}

void plan_vm_wanted(struct planner *p, const struct turn *t)
{
	char name[VM_NAME_MAX + 1];
	struct action *a;

	(void)vm_name(t->job, name, sizeof(name));
	if (plan_believes_made(p, t, name, CLASS_VM))
		return;
	a = plan_add(p, t, ACT_CREATE_VM, name);
	if (!a)
		return;
	(void)str_copy(a->vm.name, sizeof(a->vm.name), name);
	(void)str_copy(a->user, sizeof(a->user), image_account(t->image, t->job));
	spec_fill(&a->vm, t);
}

bool plan_secret_wanted(struct planner *p, const struct turn *t)
{
	char name[VM_NAME_MAX + 1];
	struct action *a;

	if (!p->seen->secrets_known)
		return false;
	(void)vm_secret_name(t->job, name, sizeof(name));
	for (size_t i = 0; i < t->have.n_secret; i++) {
		if (!str_eq(t->have.secret[i].name, name))
			continue;
		if (t->have.secret[i].deleting || plan_may_vanish(p, t, name, CLASS_SECRET))
			return false;
		if (!t->have.secret[i].incomplete)
			return true;
	}
	if (plan_believes_made(p, t, name, CLASS_SECRET))
		return true;
	a = plan_add(p, t, ACT_CREATE_SECRET, name);
	if (!a)
		return false;
	(void)str_copy(a->user, sizeof(a->user), image_account(t->image, t->job));
	/* What its parts say beside that is the job's own, however often they are made. */
	(void)str_copy(a->vm.image, sizeof(a->vm.image), t->image->name);
	(void)str_copy(a->vm.owner, sizeof(a->vm.owner), t->job->user);
	return false;
}

void plan_secrets_remove(struct planner *p, const struct turn *t)
{
	if (!p->seen->secrets_known)
		return;
	for (size_t i = 0; i < t->have.n_secret; i++) {
		const struct volume_seen *s = &t->have.secret[i];
		struct action *a;

		if (s->deleting || !*s->uid)
			continue;
		a = plan_add(p, t, ACT_DELETE_SECRET, s->name);
		if (!a)
			continue;
		(void)str_copy(a->uid, sizeof(a->uid), s->uid);
	}
}
