/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules for disks, and the PVs and PVCs by which a VM finds them. Pure, allocates nothing.
 *
 * Made in the order disk, PV, PVC; removed the other way round, each only when what uses it is
 * gone: a view that does not know the user of a thing says nothing about the thing. */
#include "vmd/reconcile/plan_rules.h"

#include "vmd/base/str.h"

static const struct disk_seen *disk_find(const struct holdings *h, const char *name)
{
	for (size_t i = 0; i < h->n_disk; i++)
		if (str_eq(h->disk[i].name, name))
			return &h->disk[i];
	return NULL;
}

static const struct volume_seen *volume_find(const struct volume_seen *v, size_t n,
					     const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(v[i].name, name))
			return &v[i];
	return NULL;
}

static void plan_disk_remove(struct planner *p, const struct task *t, const struct disk_seen *d)
{
	struct action *a;

	if (d->watchers)
		return; /* somebody has it open */
	a = plan_add(p, t, ACT_REMOVE_DISK, d->name);
	if (a)
		(void)str_copy(a->pool, sizeof(a->pool), d->pool);
}

/* How far one thing is that is wanted. */
enum wanted { WANTED_THERE, WANTED_ABSENT, WANTED_WAIT };

static enum wanted wanted_state(const struct planner *p, const struct task *t, const char *name,
				enum action_class class, bool seen)
{
	if (!seen)
		return inflight_believes_made(p->c->flight, t->have.key, name, class, p->c->mono_us)
			       ? WANTED_THERE
			       : WANTED_ABSENT;
	return inflight_may_vanish(p->c->flight, t->have.key, name, class, p->c->mono_us)
		       ? WANTED_WAIT
		       : WANTED_THERE;
}

static void spec_fill(const struct planner *p, const struct task *t, enum disk_role role,
		      struct action *a)
{
	struct disk_spec *d = &a->disk;

	(void)str_copy(d->name, sizeof(d->name), a->object);
	(void)str_copy(d->job_key, sizeof(d->job_key), t->have.key);
	(void)str_copy(d->pool, sizeof(d->pool), p->c->policy->pool);
	(void)str_copy(a->pool, sizeof(a->pool), p->c->policy->pool);
	d->job_id = t->job_id;
	d->role = role;
	switch (role) {
	case DISK_ROOT:
		d->size_bytes = t->request.disk_bytes;
		d->golden = *image_revision_find(t->image, t->request.revision);
		break;
	case DISK_SCRATCH: d->size_bytes = t->request.scratch_bytes; break;
	}
}

static bool plan_make(struct planner *p, const struct task *t, enum disk_role role,
		      enum action_kind k, const char *name)
{
	struct action *a = plan_add(p, t, k, name);

	if (a)
		spec_fill(p, t, role, a);
	return false; /* not there yet */
}

static bool plan_volume(struct planner *p, const struct task *t, enum disk_role role,
			enum action_kind k, const char *name, const struct volume_seen *v)
{
	if (v && v->deleting)
		return false;
	switch (wanted_state(p, t, name, action_class(k), v != NULL)) {
	case WANTED_THERE: return true;
	case WANTED_ABSENT: return plan_make(p, t, role, k, name);
	case WANTED_WAIT: break;
	}
	return false;
}

static bool plan_image(struct planner *p, const struct task *t, enum disk_role role,
		       const char *name)
{
	const struct disk_seen *d = disk_find(&t->have, name);

	if (d && d->removing) {
		plan_disk_remove(p, t, d); /* what is left of it is no disk */
		return false;
	}
	switch (wanted_state(p, t, name, CLASS_DISK, d != NULL)) {
	case WANTED_THERE: return true;
	case WANTED_ABSENT:
		return plan_make(p, t, role, role == DISK_ROOT ? ACT_CLONE_DISK : ACT_CREATE_DISK,
				 name);
	case WANTED_WAIT: break;
	}
	return false;
}

static bool plan_disk_wanted(struct planner *p, const struct task *t, enum disk_role role)
{
	char name[VM_NAME_MAX + 1];

	(void)disk_name(t->job, role, name, sizeof(name));
	return p->seen->disks_known && plan_image(p, t, role, name) && p->seen->pvs_known &&
	       plan_volume(p, t, role, ACT_CREATE_PV, name,
			   volume_find(t->have.pv, t->have.n_pv, name)) &&
	       p->seen->pvcs_known &&
	       plan_volume(p, t, role, ACT_CREATE_PVC, name,
			   volume_find(t->have.pvc, t->have.n_pvc, name));
}

bool plan_disks_wanted(struct planner *p, const struct task *t)
{
	bool all = plan_disk_wanted(p, t, DISK_ROOT);

	if (t->request.scratch_bytes)
		all = plan_disk_wanted(p, t, DISK_SCRATCH) && all;
	return all;
}

/* true: none is there, and none can come up. */
static bool plan_volumes_remove(struct planner *p, const struct task *t, enum action_kind k,
				const struct volume_seen *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct action *a;

		if (v[i].deleting || !*v[i].uid)
			continue;
		a = plan_add(p, t, k, v[i].name);
		if (!a)
			continue;
		(void)str_copy(a->uid, sizeof(a->uid), v[i].uid);
	}
	return n == 0 && !inflight_may_appear(p->c->flight, t->have.key, action_class(k), NULL,
					      p->c->mono_us);
}

/* Is the disk to be kept after the job's end? What a guest computed is in its root disk. */
static bool is_kept(const struct task *t, const struct disk_seen *d)
{
	if (d->removing || !disk_name_is(d->name, t->have.key, DISK_ROOT))
		return false;
	if (!t->job)
		return true; /* nobody knows how it ended: as if abnormally */
	switch (t->job->request.keep) {
	case VM_KEEP_NEVER: return false;
	case VM_KEEP_ALWAYS: return true;
	case VM_KEEP_UNSET:
	case VM_KEEP_ABNORMAL: break;
	}
	/* A mark that is there was set when the VM failed, before the job was ended. */
	return t->job->end != JOB_END_NORMAL || d->kept_until_s;
}

static bool plan_disk_gone(struct planner *p, const struct task *t, const struct disk_seen *d)
{
	struct action *a;

	if (p->c->policy->keep_s > 0 && is_kept(t, d) &&
	    (!d->kept_until_s || d->kept_until_s > p->c->wall_s)) {
		if (d->kept_until_s)
			return true;
		a = plan_add(p, t, ACT_KEEP_DISK, d->name);
		if (a) {
			(void)str_copy(a->pool, sizeof(a->pool), d->pool);
			a->keep_until_s = p->c->wall_s + p->c->policy->keep_s;
		}
		return false;
	}
	plan_disk_remove(p, t, d);
	return false;
}

bool plan_disks_remove(struct planner *p, const struct task *t)
{
	bool all = true;

	if (!p->seen->pvcs_known ||
	    !plan_volumes_remove(p, t, ACT_DELETE_PVC, t->have.pvc, t->have.n_pvc))
		return false;
	if (!p->seen->pvs_known ||
	    !plan_volumes_remove(p, t, ACT_DELETE_PV, t->have.pv, t->have.n_pv))
		return false;
	if (!p->seen->disks_known ||
	    inflight_may_appear(p->c->flight, t->have.key, CLASS_DISK, NULL, p->c->mono_us))
		return false;
	for (size_t i = 0; i < t->have.n_disk; i++)
		all = plan_disk_gone(p, t, &t->have.disk[i]) && all;
	return all;
}

void plan_disks_unkeep(struct planner *p, const struct task *t)
{
	struct action *a;

	for (size_t i = 0; p->seen->disks_known && i < t->have.n_disk; i++)
		if (t->have.disk[i].kept_until_s) {
			a = plan_add(p, t, ACT_KEEP_DISK, t->have.disk[i].name);
			if (a)
				(void)str_copy(a->pool, sizeof(a->pool), t->have.disk[i].pool);
		}
}

bool plan_disks_keep(struct planner *p, const struct task *t)
{
	bool all = true;

	if (p->c->policy->keep_s == 0 || t->job->request.keep == VM_KEEP_NEVER)
		return true;
	for (size_t i = 0; p->seen->disks_known && i < t->have.n_disk; i++) {
		const struct disk_seen *d = &t->have.disk[i];
		struct action *a;

		if (d->kept_until_s || d->removing ||
		    !disk_name_is(d->name, t->have.key, DISK_ROOT))
			continue;
		all = false;
		a = plan_add(p, t, ACT_KEEP_DISK, d->name);
		if (a) {
			(void)str_copy(a->pool, sizeof(a->pool), d->pool);
			a->keep_until_s = p->c->wall_s + p->c->policy->keep_s;
		}
	}
	return all && p->seen->disks_known;
}
