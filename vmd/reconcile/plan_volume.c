/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules for the PVs and PVCs by which a VM finds its disks. Pure, allocates nothing.
 *
 * Here it is decided which incarnation may have a disk, and by preconditions of the API server, not
 * by what is seen. A PVC belongs to one incarnation. A PV has its disk's name, so there is one, and
 * it names the PVC by uid: that claim alone is bound, and a guest starts on bound claims only. A
 * claim stays while a pod uses it, a PV while it is bound; so when the PV can be made for the next
 * incarnation's claim, no guest of an earlier one runs, and since a uid never comes again, none
 * ever will: whatever requests for its VM, PVC or PV are still under way. */
#include "vmd/reconcile/plan_rules.h"

#include "vmd/base/str.h"

/* This incarnation's PVC, once it is seen: only then its uid is known. */
static const struct volume_seen *plan_claim(struct planner *p, const struct turn *t,
					    const struct disk_spec *d)
{
	const struct volume_seen *v;

	if (!p->seen->pvcs_known)
		return NULL;
	v = holdings_pvc(&t->have, d->claim);
	if (v && (v->deleting || !*v->uid))
		return NULL;
	switch (plan_wanted(p, t, d->claim, CLASS_PVC, v != NULL)) {
	case WANTED_THERE: return v;
	case WANTED_ABSENT: (void)plan_make(p, t, d, ACT_CREATE_PVC, d->claim); break;
	case WANTED_WAIT: break;
	}
	return NULL;
}

static void plan_volume_remove(struct planner *p, const struct turn *t, enum action_kind k,
			       const struct volume_seen *v)
{
	struct action *a;

	if (v->deleting || !*v->uid || plan_is_later(t, *v->claim ? v->claim : v->name))
		return;
	a = plan_add(p, t, k, v->name);
	if (a)
		(void)str_copy(a->uid, sizeof(a->uid), v->uid);
}

static bool plan_pv(struct planner *p, const struct turn *t, const struct disk_spec *d,
		    const struct volume_seen *claim)
{
	const struct volume_seen *v = holdings_pv(&t->have, d->name);
	struct action *a;

	if (v && !str_eq(v->claim_uid, claim->uid)) {
		plan_volume_remove(p, t, ACT_DELETE_PV, v); /* another run's */
		return false;
	}
	if (v && v->deleting)
		return false;
	switch (plan_wanted(p, t, d->name, CLASS_PV, v != NULL)) {
	case WANTED_THERE: return v != NULL;
	case WANTED_ABSENT:
		a = plan_make(p, t, d, ACT_CREATE_PV, d->name);
		if (a)
			(void)str_copy(a->disk.claim_uid, sizeof(a->disk.claim_uid), claim->uid);
		break;
	case WANTED_WAIT: break;
	}
	return false;
}

bool plan_volume_wanted(struct planner *p, const struct turn *t, const struct disk_spec *d,
			bool disk_there)
{
	const struct volume_seen *claim = plan_claim(p, t, d);

	return disk_there && claim && p->seen->pvs_known && plan_pv(p, t, d, claim);
}

/* true: it is not there, and none can come up. */
static bool plan_one_gone(struct planner *p, const struct turn *t, enum action_kind k,
			  const struct volume_seen *v)
{
	if (v)
		plan_volume_remove(p, t, k, v);
	return !v && !plan_may_appear(p, t, action_class(k));
}

bool plan_volume_gone(struct planner *p, const struct turn *t, const struct disk_spec *d)
{
	return p->seen->pvcs_known &&
	       plan_one_gone(p, t, ACT_DELETE_PVC, holdings_pvc(&t->have, d->claim)) &&
	       p->seen->pvs_known &&
	       plan_one_gone(p, t, ACT_DELETE_PV, holdings_pv(&t->have, d->name));
}

void plan_claims_remove(struct planner *p, const struct turn *t)
{
	uint32_t run;

	for (size_t i = 0; p->seen->pvcs_known && i < t->have.n_pvc; i++)
		if (vm_incarnation(t->have.pvc[i].name, t->have.key, &run) < 0 ||
		    run < job_incarnation(t->job))
			plan_volume_remove(p, t, ACT_DELETE_PVC, &t->have.pvc[i]);
}

static bool plan_volumes_remove(struct planner *p, const struct turn *t, enum action_kind k,
				const struct volume_seen *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		plan_volume_remove(p, t, k, &v[i]);
	return n == 0 && !plan_may_appear(p, t, action_class(k));
}

bool plan_volumes_gone(struct planner *p, const struct turn *t)
{
	return p->seen->pvcs_known &&
	       plan_volumes_remove(p, t, ACT_DELETE_PVC, t->have.pvc, t->have.n_pvc) &&
	       p->seen->pvs_known &&
	       plan_volumes_remove(p, t, ACT_DELETE_PV, t->have.pv, t->have.n_pv);
}
