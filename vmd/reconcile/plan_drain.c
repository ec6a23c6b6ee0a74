/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes that are out of service on one side only: the other side follows. What follows from what is
 * in node/drain.c. Pure, allocates nothing. Only nodes that are drained, cordoned or marked are
 * looked at; those that just one side knows are nobody's business. */
#include "vmd/reconcile/plan_rules.h"

#include "vmd/base/str.h"

/* Does the eviction that was taken back still hold a VM of ours? Its mark stays until none does: it
 * is what tells such a VM from one that was evicted alone. */
static bool is_busy(const struct planner *p, const struct node_seen *k)
{
	for (size_t i = 0; i < p->seen->n_vm; i++) {
		const struct vm_seen *vm = &p->seen->vm[i];

		if (*vm->job_key && str_eq(vm->node, k->name) && vm_is_evicted(vm) &&
		    !inflight_is_refused(p->c->flight, vm->job_key, vm->name, CLASS_MIGRATION))
			return true;
	}
	return false;
}

static void plan_mark(struct planner *p, const struct turn *t, const struct node_seen *k,
		      bool cordon, enum node_mark mark)
{
	struct action *a = plan_add(p, t, ACT_MARK_NODE, k->name);

	if (!a)
		return;
	a->mark_node.cordon = cordon;
	a->mark_node.mark = mark;
	(void)str_copy(a->version, sizeof(a->version), k->version);
}

static void plan_slurm(struct planner *p, const struct turn *t, const struct slurm_node *s,
		       const char *reason)
{
	struct action *a = plan_add(p, t, ACT_DRAIN_NODE, s->name);

	if (a)
		(void)str_copy(a->reason, sizeof(a->reason), reason);
}

static void plan_host(struct planner *p, const struct node_seen *k, const struct slurm_node *s)
{
	const struct turn none = {.have = {.key = ""}}; /* of no job */

	switch (drain_read(k, s, &p->c->policy->drain)) {
	case DRAIN_NOTHING: break;
	case DRAIN_CORDON: plan_mark(p, &none, k, true, NODE_FROM_SLURM); break;
	case DRAIN_UNCORDON:
		if (!drain_is_taken_back(k) || (p->seen->vms_known && !is_busy(p, k)))
			plan_mark(p, &none, k, false, NODE_UNMARKED);
		break;
	case DRAIN_MARK: plan_mark(p, &none, k, true, NODE_FROM_KUBE); break;
	case DRAIN_OVERRULED: plan_mark(p, &none, k, false, NODE_OVERRULED); break;
	case DRAIN_SLURM: plan_slurm(p, &none, s, DRAIN_REASON); break;
	case DRAIN_RESUME: plan_slurm(p, &none, s, ""); break;
	}
}

void plan_drains(struct planner *p)
{
	if (!p->seen->nodes_known)
		return;
	for (size_t i = 0; i < p->want->n_node; i++) {
		const struct slurm_node *s = &p->want->node[i];
		const struct node_seen *k = s->drained ? world_host(p->seen, s->name) : NULL;

		if (k)
			plan_host(p, k, s);
	}
	for (size_t i = 0; i < p->seen->n_node; i++) {
		const struct node_seen *k = &p->seen->node[i];
		const struct slurm_node *s =
			k->cordoned || k->mark ? world_slurm_node(p->want, k->name) : NULL;

		if (s && !s->drained)
			plan_host(p, k, s);
	}
}
