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

/* Its claim; NULL: the job has none. */
static const struct attachment *claim_find(const struct task *t, const char *image)
{
	for (size_t i = 0; i < t->have.n_attachment; i++)
		if (str_eq(t->have.attachment[i].name, image))
			return &t->have.attachment[i];
	return NULL;
}

static void order_fill(const struct task *t, const struct named_disk *d, enum disk_claim_step step,
		       struct disk_order *o)
{
	o->kind = NAMED_CLAIM;
	o->step = step;
	o->disk = *d;
	(void)str_copy(o->job_key, sizeof(o->job_key), t->have.key);
}

static void plan_claim(struct planner *p, const struct task *t, const struct named_disk *d,
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

static void plan_release(struct planner *p, const struct task *t, const struct attachment *claim)
{
	const struct named_disk *d = disk_of(p->seen, claim->name);
	struct action *a = d ? plan_add(p, t, ACT_RELEASE_DISK, claim->name) : NULL;

	if (a)
		order_fill(t, d, CLAIM_DROP, &a->order);
}

/* One of the request's. true: the job has its claim. */
static bool plan_asked(struct planner *p, const struct task *t, const struct vm_attach *asked)
{
	const struct named_disk *d =
		named_find(p->seen->named, p->seen->n_named, t->job->uid, asked->name);
	const struct attachment *claim;

	if (!d || *d->unreadable)
		return false; /* progress_step made it FAILED, or it waits */
	claim = claim_find(t, d->image);
	if (claim && claim->leaving) { /* of an earlier run: it is let go of, then had again */
		plan_release(p, t, claim);
		return false;
	}
	switch (plan_wanted(p, t, d->image, CLASS_CLAIM, claim != NULL)) {
	case WANTED_THERE: return claim != NULL;
	case WANTED_ABSENT: plan_claim(p, t, d, asked->read_only); break;
	case WANTED_WAIT: break;
	}
	return false;
}

bool plan_attachments_wanted(struct planner *p, const struct task *t)
{
	struct disk_spec spec;
	bool all = true;

	if (!p->seen->named_known)
		return t->request.attach.n == 0;
	for (size_t i = 0; i < t->request.attach.n; i++)
		all = plan_asked(p, t, &t->request.attach.at[i]) && all;
	for (size_t i = 0; i < t->have.n_attachment; i++) {
		if (t->have.attachment[i].leaving)
			continue;
		attachment_spec(&t->have.attachment[i], t->job, &spec);
		all = plan_volume_wanted(p, t, &spec, true) && all;
	}
	return all;
}

void plan_attachments_fill(const struct task *t, struct vm_spec *vm)
{
	struct disk_spec spec;

	for (size_t i = 0; i < t->have.n_attachment && vm->n_disk < VM_DISK_MAX; i++) {
		const struct attachment *a = &t->have.attachment[i];
		struct vm_disk_spec *d = &vm->disk[vm->n_disk];

		if (a->leaving)
			continue;
		attachment_spec(a, t->job, &spec);
		*d = (struct vm_disk_spec){.read_only = a->read_only, .comes_and_goes = true};
		(void)attachment_volume(a, d->name, sizeof(d->name));
		(void)str_copy(d->claim, sizeof(d->claim), spec.claim);
		(void)str_copy(d->serial, sizeof(d->serial), a->label);
		vm->n_disk++;
	}
}

bool plan_claims_drop(struct planner *p, const struct task *t)
{
	for (size_t i = 0; i < t->have.n_attachment; i++)
		plan_release(p, t, &t->have.attachment[i]);
	/* Where they are not known, none is seen; one that is there is found when they are. */
	return t->have.n_attachment == 0 &&
	       !inflight_may_appear(p->c->flight, t->have.key, CLASS_CLAIM, p->c->mono_us);
}
