/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two drains of one host mean together. Pure. The branches are the rows of the table in
 * DESIGN.md, "Drain and cordon". Each step makes another row true, and without new deeds of people
 * a few of them come to rest: tests/unit/unit_drain.c tries them all. */
#include "vmd/node/drain.h"

#include "vmd/base/str.h"

bool drain_is_ours(const char *reason)
{
	return str_starts(reason, DRAIN_REASON);
}

bool drain_is_taken_back(const struct node_seen *k)
{
	return k->mark == NODE_FROM_KUBE && !k->cordoned;
}

/* Nobody's deed is marked yet. */
static enum drain_step read_unmarked(const struct node_seen *k, const struct slurm_node *s,
				     bool ours, const struct drain_policy *policy)
{
	if (k->cordoned) {
		if (ours)
			return DRAIN_MARK;
		return !s->drained && policy->follow_cordon ? DRAIN_SLURM : DRAIN_NOTHING;
	}
	if (ours) /* taken back before the mark was written */
		return DRAIN_RESUME;
	return s->drained && policy->follow_drain ? DRAIN_CORDON : DRAIN_NOTHING;
}

enum drain_step drain_read(const struct node_seen *k, const struct slurm_node *s,
			   const struct drain_policy *policy)
{
	bool ours = s->drained && drain_is_ours(s->reason);

	switch (k->mark) {
	case NODE_UNMARKED: return read_unmarked(k, s, ours, policy);
	case NODE_FROM_SLURM:
		if (ours) /* nobody wants that: a request came late */
			return DRAIN_RESUME;
		if (!s->drained)
			return DRAIN_UNCORDON;
		/* Schedulable: an admin has overruled vmd, which stays away. That is written down,
		 * or a cordon of his would look like vmd's. */
		return k->cordoned ? DRAIN_NOTHING : DRAIN_OVERRULED;
	case NODE_FROM_KUBE:
		/* Cordoned and not drained: an admin has overruled vmd likewise. */
		if (k->cordoned)
			return DRAIN_NOTHING;
		if (ours)
			return DRAIN_RESUME;
		/* An admin of Slurm has made the drain his own, one of Kubernetes wants the node.
		 */
		return s->drained ? DRAIN_OVERRULED : DRAIN_UNCORDON;
	case NODE_OVERRULED:
		if (k->cordoned || ours) /* his own cordon, which nobody has marked */
			return read_unmarked(k, s, ours, policy);
		return s->drained ? DRAIN_NOTHING : DRAIN_UNCORDON;
	case NODE_FOREIGN: break;
	}
	return DRAIN_NOTHING;
}

const char *drain_closed(const struct node_seen *k, const struct slurm_node *s)
{
	if (k && k->cordoned && k->mark != NODE_FROM_SLURM)
		return "is cordoned in Kubernetes";
	if (s && s->drained)
		return "is drained in Slurm";
	return "";
}

bool drain_takes_vms(const struct node_seen *k)
{
	return !*drain_closed(k, NULL) && !k->lost_us && !k->out_of_service;
}

const char *drain_mark_name(enum node_mark m)
{
	switch (m) {
	case NODE_UNMARKED: return "";
	case NODE_FROM_SLURM: return "slurm";
	case NODE_FROM_KUBE: return "kubernetes";
	case NODE_OVERRULED: return "overruled";
	case NODE_FOREIGN: return "?"; /* never written */
	}
	return "?"; /* a number that is no node_mark */
}

enum node_mark drain_mark_parse(const char *text)
{
	static const enum node_mark ours[] = {NODE_FROM_SLURM, NODE_FROM_KUBE, NODE_OVERRULED};

	if (!text || !*text)
		return NODE_UNMARKED;
	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		if (str_eq(text, drain_mark_name(ours[i])))
			return ours[i];
	return NODE_FOREIGN;
}
