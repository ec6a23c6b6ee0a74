/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a job's time: its root disk is marked as kept, then its VM is deleted, which shuts the
 * guest down by its power button. Pure, allocates nothing.
 *
 * The mark comes first. A script that works with the guest may well end by its going, and to Slurm
 * that is a script that ended (FAILED or COMPLETED), not a time-out: the mark tells that it was the
 * time: so none of a job's guests goes before all of them are marked. Only a guest that could not
 * be marked in half of the time goes without. When the limit is raised meanwhile, the VM is wanted
 * as before, and made again on its disk. */
#include "vmd/base/str.h"
#include "vmd/reconcile/limit.h"
#include "vmd/reconcile/plan_rules.h"
#include "vmd/reconcile/ranks.h"

bool plan_limit(struct planner *p, const struct turn *t)
{
	const struct policy *policy = p->c->policy;

	if (!limit_is_near(t->job, policy, p->c->wall_s))
		return false;
	if ((plan_disks_keep(p, t) && ranks_are_kept(p, t, false)) ||
	    !limit_has_time(t->job, policy, p->c->wall_s))
		(void)plan_vms_remove(p, t, NULL);
	return true;
}

/* Best effort: a guest without an agent is not told, and what went wrong is not tried again. */
void plan_warning(struct planner *p, const struct turn *t, const struct vm_seen *vm)
{
	const struct image *image = catalogue_find(p->c->catalogue, t->job->request.image);
	struct action *a;

	if (!t->progress || !vm || vm->phase != VM_RUNNING || !vm->agent || !image ||
	    !limit_warning_s(t->job, p->c->policy, t->progress->warned_s, p->c->wall_s))
		return;
	a = plan_add(p, t, ACT_WARN_GUEST, vm->name);
	if (!a)
		return;
	a->vm.profile = image->profile;
	(void)limit_warning_text(t->job, p->c->policy, p->c->wall_s, a->reason, sizeof(a->reason));
}
