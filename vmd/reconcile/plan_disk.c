/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules for disks. Pure, allocates nothing.
 *
 * A disk is made before the PV that leads to it, and removed only when PV and PVC are gone: a view
 * that does not know the user of a thing says nothing about the thing. */
#include "vmd/reconcile/plan_rules.h"

#include "vmd/base/str.h"
#include "vmd/reconcile/recover.h"

static void plan_disk_remove(struct planner *p, const struct turn *t, const struct disk_seen *d)
{
	struct action *a;

	if (d->watchers)
		return; /* somebody has it open */
	a = plan_add(p, t, ACT_REMOVE_DISK, d->name);
	if (a)
		(void)str_copy(a->pool, sizeof(a->pool), d->pool);
}

enum wanted plan_wanted(const struct planner *p, const struct turn *t, const char *name,
			enum action_class class, bool seen)
{
	if (!seen)
		return plan_believes_made(p, t, name, class) ? WANTED_THERE : WANTED_ABSENT;
	return plan_may_vanish(p, t, name, class) ? WANTED_WAIT : WANTED_THERE;
}

static void origin_fill(const struct turn *t, struct disk_origin *o)
{
	const struct job *j = t->job;

	*o = (struct disk_origin){.known = true,
				  .uid = j->uid,
				  .cpus = j->cpus,
				  .memory_bytes = j->memory_bytes,
				  .limit_s = j->end_s > j->start_s ? j->end_s - j->start_s : 0};
	(void)str_copy(o->image, sizeof(o->image), t->request.image);
	(void)str_copy(o->revision, sizeof(o->revision), t->request.revision);
}

/* A disk that was taken over keeps its name, and so has its PV: of one disk there is one PV. */
static void image_name(const struct turn *t, enum disk_role role, char *buf, size_t size)
{
	if (role == DISK_ROOT && t->root)
		(void)str_copy(buf, size, t->root->name);
	else
		(void)disk_name(t->job, role, buf, size);
}

/* What a taken over disk was; the revision's golden image only tells whether the
 * guest is Windows. */
static void root_fill(const struct turn *t, struct disk_spec *d)
{
	d->origin = t->root->origin;
	(void)str_copy(d->pool, sizeof(d->pool), t->root->pool);
	(void)str_copy(d->from, sizeof(d->from), t->root->job_key);
	if (t->root->size_bytes > d->size_bytes)
		d->size_bytes = t->root->size_bytes;
	d->golden = *image_revision_find(t->image, "");
}

static void spec_fill(const struct planner *p, const struct turn *t, enum disk_role role,
		      struct disk_spec *d)
{
	*d = (struct disk_spec){.job_id = job_key_id(t->job), .role = role};
	image_name(t, role, d->name, sizeof(d->name));
	(void)disk_claim_name(t->job, role, d->claim, sizeof(d->claim));
	(void)str_copy(d->job_key, sizeof(d->job_key), t->have.key);
	(void)str_copy(d->pool, sizeof(d->pool), p->c->policy->pool);
	origin_fill(t, &d->origin);
	switch (role) {
	case DISK_ROOT:
		d->size_bytes = t->request.disk_bytes;
		if (t->root)
			root_fill(t, d);
		else
			d->golden = *image_revision_find(t->image, t->request.revision);
		break;
	case DISK_SCRATCH: d->size_bytes = t->request.scratch_bytes; break;
	case DISK_NAMED: break; /* attachment_spec() */
	}
}

struct action *plan_make(struct planner *p, const struct turn *t, const struct disk_spec *d,
			 enum action_kind k, const char *name)
{
	struct action *a = plan_add(p, t, k, name);

	if (!a)
		return NULL;
	a->disk = *d;
	(void)str_copy(a->pool, sizeof(a->pool), d->pool);
	return a;
}

static enum action_kind maker(const struct turn *t, enum disk_role role)
{
	if (role == DISK_SCRATCH)
		return ACT_CREATE_DISK;
	return t->root ? ACT_TAKE_DISK : ACT_CLONE_DISK;
}

static bool plan_image(struct planner *p, const struct turn *t, const struct disk_spec *spec)
{
	const struct disk_seen *d = holdings_disk(&t->have, spec->name);

	if (d && *d->unreadable)
		return false; /* what is in it, and whose it is, is not known */
	if (d && d->removing) {
		plan_disk_remove(p, t, d); /* what is left of it is no disk */
		return false;
	}
	switch (plan_wanted(p, t, spec->name, CLASS_DISK, d != NULL)) {
	case WANTED_THERE: return true;
	case WANTED_ABSENT: (void)plan_make(p, t, spec, maker(t, spec->role), spec->name); break;
	case WANTED_WAIT: break;
	}
	return false;
}

static bool plan_disk_wanted(struct planner *p, const struct turn *t, enum disk_role role)
{
	struct disk_spec d;
	bool there;

	spec_fill(p, t, role, &d);
	there = p->seen->disks_known && plan_image(p, t, &d);
	return plan_volume_wanted(p, t, &d, there);
}

bool plan_disks_wanted(struct planner *p, const struct turn *t)
{
	bool all = plan_disk_wanted(p, t, DISK_ROOT);

	if (t->request.scratch_bytes)
		all = plan_disk_wanted(p, t, DISK_SCRATCH) && all;
	return all;
}

/* Marks it as kept for as long as the site wants; kept false: takes the mark off. */
static void plan_keep(struct planner *p, const struct turn *t, const struct disk_seen *d, bool kept)
{
	struct action *a = plan_add(p, t, ACT_KEEP_DISK, d->name);

	if (!a)
		return;
	(void)str_copy(a->pool, sizeof(a->pool), d->pool);
	a->keep_disk.until_s = kept ? p->c->wall_s + p->c->policy->keep_s : 0;
}

/* Is the disk to be kept after the job's end? What a guest computed is in its root disk. */
static bool is_kept(const struct turn *t, const struct disk_seen *d)
{
	if (d->removing || !disk_is_root(d->name))
		return false;
	if (!t->job)
		return true; /* nobody knows how it ended: as if abnormally */
	switch (vm_request_keep(&t->job->request)) {
	case VM_KEEP_NEVER: return false;
	case VM_KEEP_ALWAYS: return true;
	case VM_KEEP_UNSET:
	case VM_KEEP_ABNORMAL: break;
	}
	/* A mark that is there was set when the VM failed, before the job was ended. */
	return t->job->end != JOB_END_NORMAL || d->kept_until_s;
}

static bool plan_disk_gone(struct planner *p, const struct turn *t, const struct disk_seen *d)
{
	if (*d->unreadable)
		return false; /* it may be kept, or another job's by now */
	if (p->c->policy->keep_s > 0 && is_kept(t, d) &&
	    (!d->kept_until_s || d->kept_until_s > p->c->wall_s ||
	     recover_claimer(p->want, p->c->policy->slurm_uid, d))) {
		if (d->kept_until_s)
			return true;
		plan_keep(p, t, d, true);
		return false;
	}
	plan_disk_remove(p, t, d);
	return false;
}

bool plan_disks_remove(struct planner *p, const struct turn *t)
{
	bool all;

	if (!plan_volumes_gone(p, t))
		return false;
	all = plan_claims_drop(p, t);
	if (!p->seen->disks_known || plan_may_appear(p, t, CLASS_DISK))
		return false;
	for (size_t i = 0; i < t->have.n_disk; i++)
		all = plan_disk_gone(p, t, &t->have.disk[i]) && all;
	return all;
}

void plan_disks_unkeep(struct planner *p, const struct turn *t)
{
	for (size_t i = 0; p->seen->disks_known && i < t->have.n_disk; i++)
		if (t->have.disk[i].kept_until_s)
			plan_keep(p, t, &t->have.disk[i], false);
}

static bool is_to_keep(const struct disk_seen *d)
{
	return !d->kept_until_s && !d->removing && disk_is_root(d->name);
}

bool plan_disks_are_kept(const struct holdings *h)
{
	for (size_t i = 0; i < h->n_disk; i++)
		if (is_to_keep(&h->disk[i]))
			return false;
	return true;
}

bool plan_disks_keep(struct planner *p, const struct turn *t)
{
	if (p->c->policy->keep_s == 0 || t->job->request.keep == VM_KEEP_NEVER)
		return true;
	for (size_t i = 0; p->seen->disks_known && i < t->have.n_disk; i++) {
		const struct disk_seen *d = &t->have.disk[i];

		if (is_to_keep(d) && !*d->unreadable)
			plan_keep(p, t, d, true);
	}
	return p->seen->disks_known && plan_disks_are_kept(&t->have);
}
