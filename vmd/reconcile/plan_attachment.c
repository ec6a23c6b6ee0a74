/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules for named disks: a job's claim on one, before its VM has it, to after it can have it. Pure,
 * allocates nothing.
 *
 * A disk itself is never made or removed here. What is wanted is what the claims say, so that a
 * requeue, a move or another vmd finds the same; a job's request only adds claims, before its VM is
 * made. A claim is taken off when no PVC of the job leads to the disk any more: without one no
 * guest has it or can get it (plan_volume.c). */
#include "vmd/reconcile/plan_rules.h"

#include "vmd/base/str.h"

static void order_fill(const struct turn *t, const struct named_disk *d, enum disk_claim_step step,
		       struct disk_order *o)
{
	o->kind = NAMED_CLAIM;
	o->step = step;
	o->disk = *d;
	(void)str_copy(o->job_key, sizeof(o->job_key), t->have.key);
	o->run = t->job ? job_incarnation(t->job) : 0;
}

static void plan_claim(struct planner *p, const struct turn *t, const struct named_disk *d,
		       bool read_only)
{
	struct action *a = plan_add(p, t, ACT_CLAIM_DISK, d->image);

	if (a)
		order_fill(t, d, read_only ? CLAIM_READ : CLAIM_WRITE, &a->order);
}

static const struct named_disk *disk_of(const struct observed *seen, const char *image)
{
	for (size_t i = 0; i < seen->n_named; i++)
		if (str_eq(seen->named[i].image, image))
			return &seen->named[i];
	return NULL;
}

/* Nobody can have it any more: the claim goes, or the job's own disk. */
static void plan_claim_drop(struct planner *p, const struct turn *t, const struct attachment *claim)
{
	const struct named_disk *d = claim->own ? NULL : disk_of(p->seen, claim->name);
	struct action *a = NULL;

	if (claim->own) {
		a = plan_add(p, t, ACT_REMOVE_DISK, claim->name);
		if (a)
			(void)str_copy(a->pool, sizeof(a->pool), claim->pool);
		return;
	}
	a = d ? plan_add(p, t, ACT_DROP_CLAIM, claim->name) : NULL;
	if (a)
		order_fill(t, d, CLAIM_DROP, &a->order);
}

/* May a volume of the VM's lead to that disk? vm: NULL, there is none. */
static bool vm_leads_to(const struct vm_seen *vm, const struct named_disk *d)
{
	char volume[VM_NAME_MAX + 1];

	if (!vm)
		return false;
	return attachment_volume(d->name, volume, sizeof(volume)) < 0 || vm_volume_find(vm, volume);
}

/* A writer's PV of a disk that the job has let go of: its creation was late. Of that name there is
 * one, so the job that has the claim now waits for it to go. With its PVC, which keeps it. */
static void plan_strays(struct planner *p, const struct turn *t, const struct vm_seen *vm)
{
	if (!p->seen->named_known || plan_may_appear(p, t, CLASS_CLAIM))
		return;
	for (size_t i = 0; p->seen->pvs_known && i < t->have.n_pv; i++) {
		const struct volume_seen *pv = &t->have.pv[i];
		const struct named_disk *d = str_starts(pv->name, NAMED_IMAGE_PREFIX)
						     ? disk_of(p->seen, pv->name)
						     : NULL;
		struct disk_spec spec = {.size_bytes = 0};

		if (!d || d->claims.n == 0 || holdings_attachment(&t->have, d->image) ||
		    vm_leads_to(vm, d))
			continue;
		(void)str_copy(spec.name, sizeof(spec.name), pv->name);
		(void)str_copy(spec.claim, sizeof(spec.claim), pv->claim);
		(void)plan_volume_gone(p, t, &spec);
	}
}

/* Is the claim this run's? It is renewed before a VM of the run can have the disk: so an order of
 * an earlier run's end that comes late, when the job lives again, does not take it off. */
static bool plan_renewed(struct planner *p, const struct turn *t, const struct attachment *claim)
{
	uint32_t run = job_incarnation(t->job);
	const struct named_disk *d;

	if (claim->own || claim->run == run)
		return true;
	if (!p->seen->named_known || claim->run > run) /* what is known of the job is older */
		return false;
	d = disk_of(p->seen, claim->name);
	if (d)
		plan_claim(p, t, d, claim->read_only);
	return false;
}

/* One of the request's. true: the job has its claim. */
static bool plan_asked(struct planner *p, const struct turn *t, const struct vm_attach *asked)
{
	const struct named_disk *d =
		named_find(p->seen->named, p->seen->n_named, t->job->uid, asked->name);
	struct disk_claim wish = {.read_only = asked->read_only};
	const struct attachment *claim;
	struct disk_claims claims;
	struct disk_spec spec;
	struct err e;

	if (!d || *d->unreadable)
		return false; /* progress_step made it FAILED, or it waits */
	(void)str_copy(wish.job_key, sizeof(wish.job_key), t->have.key);
	claim = holdings_attachment(&t->have, d->image);
	claims = d->claims;
	if (!claim && disk_claims_add(&claims, d->name, &wish, &e) < 0)
		return false; /* who has it is seen to let go of it: that need not be tried */
	if (claim && claim->leaving) { /* of an earlier run: it is let go of, then had again */
		attachment_spec(claim, t->job, &spec);
		if (plan_volume_gone(p, t, &spec))
			plan_claim_drop(p, t, claim);
		return false;
	}
	switch (plan_wanted(p, t, d->image, CLASS_CLAIM, claim != NULL)) {
	case WANTED_THERE: return claim != NULL;
	case WANTED_ABSENT: plan_claim(p, t, d, asked->read_only); break;
	case WANTED_WAIT: break;
	}
	return false;
}

bool plan_attachments_wanted(struct planner *p, const struct turn *t)
{
	struct disk_spec spec;
	bool all = true;

	plan_strays(p, t, NULL);
	if (!p->seen->named_known && t->request.attach.n)
		return false;
	for (size_t i = 0; i < t->request.attach.n; i++)
		all = plan_asked(p, t, &t->request.attach.at[i]) && all;
	for (size_t i = 0; i < t->have.n_attachment; i++) {
		const struct attachment *claim = &t->have.attachment[i];

		if (claim->leaving)
			continue;
		attachment_spec(claim, t->job, &spec);
		all = plan_renewed(p, t, claim) && plan_volume_wanted(p, t, &spec, true) && all;
	}
	return all;
}

static void disk_fill(const struct turn *t, const struct attachment *a, struct vm_disk_spec *d)
{
	struct disk_spec spec;

	attachment_spec(a, t->job, &spec);
	*d = (struct vm_disk_spec){.read_only = a->read_only, .comes_and_goes = true};
	(void)attachment_volume(a->label, d->name, sizeof(d->name));
	(void)str_copy(d->claim, sizeof(d->claim), spec.claim);
	(void)str_copy(d->serial, sizeof(d->serial), a->label);
}

void plan_attachments_fill(const struct turn *t, struct vm_spec *vm)
{
	for (size_t i = 0; i < t->have.n_attachment && vm->n_disk < VM_DISK_MAX; i++)
		if (!t->have.attachment[i].leaving)
			disk_fill(t, &t->have.attachment[i], &vm->disk[vm->n_disk++]);
}

/* ---- when its VM is there ---- */

static struct action *plan_volume(struct planner *p, const struct turn *t, const struct vm_seen *vm,
				  enum action_kind k, const char *name)
{
	struct action *a = plan_add(p, t, k, name);

	if (a)
		(void)str_copy(a->vm.name, sizeof(a->vm.name), vm->name);
	return a;
}

/* Claimed, and the VM does not have it: as with its own disks PVC and PV come first. */
static void plan_give(struct planner *p, const struct turn *t, const struct vm_seen *vm,
		      const struct attachment *claim, const char *name)
{
	struct disk_spec spec;
	struct action *a;

	attachment_spec(claim, t->job, &spec);
	if (!plan_volume_wanted(p, t, &spec, true))
		return;
	a = plan_volume(p, t, vm, ACT_ATTACH_DISK, name);
	if (!a)
		return;
	a->vm.n_disk = 1;
	disk_fill(t, claim, &a->vm.disk[0]);
}

/* To be given back: from the VM, then PVC and PV, each when the one before is seen to be gone; the
 * claim last. */
static void plan_take(struct planner *p, const struct turn *t, const struct vm_seen *vm,
		      const struct attachment *claim, const struct vm_volume *v, const char *name)
{
	struct disk_spec spec;

	if (v && v->wanted)
		(void)plan_volume(p, t, vm, ACT_DETACH_DISK, name);
	if (v)
		return; /* KubeVirt takes it from the guest */
	attachment_spec(claim, t->job, &spec);
	if (plan_volume_gone(p, t, &spec))
		plan_claim_drop(p, t, claim);
}

static bool is_claimed(const struct turn *t, const char *label)
{
	for (size_t i = 0; i < t->have.n_attachment; i++)
		if (str_eq(t->have.attachment[i].label, label))
			return true;
	return false;
}

/* A volume that the VM's template wants and its guest does not have yet: its disk's name; NULL: it
 * is none of those, or is there. */
static const char *awaited(const struct vm_volume *v)
{
	return v->wanted && !v->ready ? attachment_label(v->name) : NULL;
}

static bool is_bindable_to(const struct volume_seen *pv, const struct volume_seen *pvc)
{
	return !pv->deleting && str_eq(pv->claim, pvc->name) && str_eq(pv->claim_uid, pvc->uid);
}

/* Is there a PVC of that name, and a PV for that very one? */
static bool is_bindable(const struct turn *t, const char *name)
{
	const struct volume_seen *pvc = holdings_pvc(&t->have, name);

	for (size_t i = 0; pvc && !pvc->deleting && i < t->have.n_pv; i++)
		if (is_bindable_to(&t->have.pv[i], pvc))
			return true;
	return false;
}

/* A VM boots when all volumes of its template are there, and it is made when they are. One whose
 * create was late may want a disk that its job has let go of since. What it waits for is not made
 * then: by claims that are old another job's disk would be. It goes, and is made anew by what is
 * claimed. It has computed nothing, and is not this version any more when it has booted. */
static bool waits_in_vain(const struct planner *p, const struct turn *t, const struct vm_seen *vm)
{
	char claim[VM_NAME_MAX + 1];

	if (vm->phase != VM_STARTING || !p->seen->pvcs_known || !p->seen->pvs_known ||
	    plan_may_appear(p, t, CLASS_PVC) || plan_may_appear(p, t, CLASS_PV))
		return false;
	for (size_t i = 0; i < vm->n_volume; i++) {
		const char *label = awaited(&vm->volume[i]);

		if (!label)
			continue;
		(void)attachment_claim(vm->name, label, claim, sizeof(claim));
		if (!is_bindable(t, claim))
			return true;
	}
	return false;
}

/* KubeVirt changes no disks of a VM that migrates, and its template is told one thing at a time. */
static bool is_on_its_way(const struct turn *t, const struct vm_seen *vm)
{
	return *vm->moving.name || t->move.phase == MOVE_POINT || t->move.phase == MOVE_POINTED ||
	       t->move.phase == MOVE_SEND || t->move.phase == MOVE_SENDING ||
	       t->move.phase == MOVE_STUCK || t->move.phase == MOVE_BACK;
}

void plan_attachments_live(struct planner *p, const struct turn *t, const struct vm_seen *vm)
{
	char name[VM_NAME_MAX + 1];

	plan_strays(p, t, vm);
	if (!p->seen->named_known || !p->seen->disks_known)
		return;
	if (waits_in_vain(p, t, vm))
		plan_vm_remove(p, t, vm);
	if (vm->phase != VM_RUNNING || is_on_its_way(t, vm))
		return;
	for (size_t i = 0; i < t->have.n_attachment; i++) {
		const struct attachment *claim = &t->have.attachment[i];
		const struct vm_volume *v;

		(void)attachment_volume(claim->label, name, sizeof(name));
		v = vm_volume_find(vm, name);
		if (claim->leaving)
			plan_take(p, t, vm, claim, v, name);
		else if (!v || !v->wanted)
			plan_give(p, t, vm, claim, name);
	}
	/* An order to attach that came when the disk had been given back: it leads nowhere. One
	 * that the guest has is left alone, whatever became of its claim. */
	for (size_t i = 0; i < vm->n_volume; i++) {
		const char *label = awaited(&vm->volume[i]);

		if (label && !is_claimed(t, label))
			(void)plan_volume(p, t, vm, ACT_DETACH_DISK, vm->volume[i].name);
	}
}

bool plan_claims_drop(struct planner *p, const struct turn *t)
{
	bool none = true;

	/* Where they are not known, one that is there is found when they are. */
	for (size_t i = 0; p->seen->named_known && i < t->have.n_attachment; i++) {
		if (t->have.attachment[i].own)
			continue; /* plan_disks_remove() */
		none = false;
		plan_claim_drop(p, t, &t->have.attachment[i]);
	}
	return none && !plan_may_appear(p, t, CLASS_CLAIM);
}
